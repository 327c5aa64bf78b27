// Addresses as people type them: what each becomes, and what is said of a slip.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { describeEndpoint } from '../../src/core/model/modbus-endpoint.ts';
import type { ModbusEndpoint } from '../../src/core/model/site-meters.ts';
import { type LineSettings, parseModbusAddress } from '../../src/wiring/modbus-address.ts';

test.each<[string, LineSettings, string]>([
  // sockets
  ['192.0.2.10', {}, '192.0.2.10:502'],
  ['192.0.2.10:1502', {}, '192.0.2.10:1502'],
  ['meter.example', {}, 'meter.example:502'],
  ['[2001:db8::10]', {}, '[2001:db8::10]:502'],
  ['[2001:db8::10]:65535', {}, '[2001:db8::10]:65535'],
  ['tcp://192.0.2.10', {}, '192.0.2.10:502'],
  ['rtu-over-tcp://gateway:4196', {}, 'rtu-over-tcp gateway:4196'],
  ['udp://[::1]:503', {}, 'udp [::1]:503'],
  // serial lines
  ['/dev/ttyUSB0', {}, '/dev/ttyUSB0 9600 8N1'],
  ['/dev/ttyUSB0', { baud: 19_200, parity: 'even', stopBits: 2 }, '/dev/ttyUSB0 19200 8E2'],
  ['/dev/ttyUSB0:38400', {}, '/dev/ttyUSB0 38400 8N1'],
  ['/dev/ttyUSB0:38400', { parity: 'odd' }, '/dev/ttyUSB0 38400 8O1'],
  ['/dev/ttyUSB0:9600:8e1', {}, '/dev/ttyUSB0 9600 8E1'],
  [
    '/dev/serial/by-path/pci-0000:00:14.0-usb-0:1:1.0-port0',
    {},
    '/dev/serial/by-path/pci-0000:00:14.0-usb-0:1:1.0-port0 9600 8N1',
  ],
  ['/dev/ttyUSB0:300', {}, '/dev/ttyUSB0 300 8N1'],
  ['/dev/ttyUSB0:921600', {}, '/dev/ttyUSB0 921600 8N1'],
])('%s %j is %s', (address, line, described) => {
  const parsed = parseModbusAddress(address, line);
  expect(parsed.ok ? describeEndpoint(parsed.endpoint) : parsed.fault).toBe(described);
});

test.each<[string, LineSettings, RegExp]>([
  ['', {}, /^address: "", expected host:port such as 192\.0\.2\.10:502/],
  ['http://meter', {}, /^address: "http:\/\/meter", expected/],
  ['tcp://', {}, /^address: "tcp:\/\/", expected/],
  ['2001:db8::10', {}, /\[2001:db8::10\]:502/],
  ['meter:0', {}, /port 0, expected 1 to 65535/],
  ['meter:65536', {}, /port 65536, expected 1 to 65535/],
  ['meter:502/1', {}, /^address: /],
  ['ttyUSB0 ', {}, /^address: "ttyUSB0 ", expected .* a serial device such as \/dev\/ttyUSB0/],
  ['/', {}, /^address: "\/", expected/],
  [`/${'x'.repeat(200)}`, {}, /^address: /],
  ['/dev/ttyUSB0:299', {}, /baud: 299, expected a rate from 300 to 921600/],
  ['/dev/ttyUSB0:921601', {}, /baud: 921601/],
  ['/dev/ttyUSB0:9600:7E1', {}, /7 data bits, expected 8/],
  ['/dev/ttyUSB0:9600:8M1', {}, /parity: M, expected none, even or odd/],
  ['/dev/ttyUSB0:9600:8N3', {}, /stop bits: 3, expected 1 or 2/],
  ['/dev/ttyUSB0', { parity: 'mark' }, /parity: mark, expected none, even or odd/],
  ['/dev/ttyUSB0', { stopBits: 0 }, /stop bits: 0/],
  ['/dev/ttyUSB0:9600', { baud: 19_200 }, /--baud: 19200, expected nothing: the address says 9600 already/],
  ['/dev/ttyUSB0:9600:8N1', { stopBits: 1 }, /--stop-bits: 1, expected nothing/],
  ['192.0.2.10', { baud: 9_600 }, /--baud: 9600, expected nothing: only a serial device/],
  ['udp://192.0.2.10', { parity: 'none' }, /--parity: none, expected nothing/],
])('%s %j is refused: %s', (address, line, words) => {
  const parsed = parseModbusAddress(address, line);
  expect(parsed.ok ? parsed.endpoint : parsed.fault).toMatch(words);
});

test('what describes an endpoint of a socket is an address of the same endpoint', () => {
  const endpoints = fc.record({
    transport: fc.constantFrom('tcp' as const, 'rtu-over-tcp' as const, 'udp' as const),
    host: fc.oneof(fc.ipV4(), fc.ipV6(), fc.domain()),
    port: fc.integer({ min: 1, max: 65_535 }),
  });
  fc.assert(
    fc.property(endpoints, (endpoint: ModbusEndpoint) => {
      const parsed = parseModbusAddress(describeEndpoint(endpoint).replace(/^(rtu-over-tcp|udp) /, '$1://'));
      expect(parsed).toEqual({ ok: true, endpoint });
    }),
  );
});
