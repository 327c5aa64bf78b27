// Reads a Modbus address as a person types it; it opens nothing and never guesses a transport that the address does not name.

import type { ModbusEndpoint } from '../core/model/site-meters.ts';

/** What a serial address may say beside its path; each is a fault where the address is no serial device, or says it already. */
export type LineSettings = {
  readonly baud?: number;
  readonly parity?: string;
  readonly stopBits?: number;
};

export type ParsedAddress =
  | { readonly ok: true; readonly endpoint: ModbusEndpoint }
  /** What stands there and what was expected. */
  | { readonly ok: false; readonly fault: string };

export const MODBUS_PORT = 502;
/** What most meters leave the factory with. */
export const USUAL_BAUD = 9_600;
const BAUD_RANGE = { from: 300, to: 921_600 };
const PARITIES = { N: 'none', E: 'even', O: 'odd' } as const;
type Parity = (typeof PARITIES)[keyof typeof PARITIES];

const EXPECTED =
  'host:port such as 192.0.2.10:502 or [2001:db8::10]:502, rtu-over-tcp://host:port, udp://host:port, or a serial device such as /dev/ttyUSB0';

/**
 * `192.0.2.10`, `host:port`, `[v6]:port`, with `tcp://`, `rtu-over-tcp://` or `udp://` before it; `/dev/ttyUSB0`, also as
 * `/dev/ttyUSB0:9600:8N1`. The port is 502 and a serial line 9600 8N1 unless said.
 */
export function parseModbusAddress(address: string, line: LineSettings = {}): ParsedAddress {
  if (address.startsWith('/')) return parseSerial(address, line);
  for (const [option, value] of Object.entries({ baud: line.baud, parity: line.parity, 'stop-bits': line.stopBits }))
    if (value !== undefined)
      return fault(`--${option}: ${value}, expected nothing: only a serial device such as /dev/ttyUSB0 has one`);
  const [, scheme = 'tcp', place = ''] = /^(?:([a-z-]+):\/\/)?(.*)$/s.exec(address)!;
  if (scheme !== 'tcp' && scheme !== 'rtu-over-tcp' && scheme !== 'udp') return addressFault(address);
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:\s/[\]]+))(?::(\d{1,5}))?$/.exec(place);
  const host = match?.[1] ?? match?.[2];
  const port = match?.[3] === undefined ? MODBUS_PORT : Number(match[3]);
  if (host === undefined) return addressFault(address);
  if (port < 1 || port > 65_535) return fault(`address: port ${port}, expected 1 to 65535`);
  return { ok: true, endpoint: { transport: scheme, host, port } };
}

function parseSerial(address: string, line: LineSettings): ParsedAddress {
  const match = /^(\/[A-Za-z0-9_./:-]*?)(?::(\d{1,7})(?::([5-9])([A-Za-z])(\d))?)?$/.exec(address);
  const [, path = '', baudText, dataBits, parityLetter, stopText] = match ?? [];
  if (!match || path.length < 2 || path.length > 200) return addressFault(address);
  const said = { baud: baudText, parity: parityLetter, 'stop-bits': stopText };
  const given = { baud: line.baud, parity: line.parity, 'stop-bits': line.stopBits };
  for (const option of ['baud', 'parity', 'stop-bits'] as const)
    if (said[option] !== undefined && given[option] !== undefined)
      return fault(`--${option}: ${given[option]}, expected nothing: the address says ${said[option]} already`);
  const baud = baudText === undefined ? (line.baud ?? USUAL_BAUD) : Number(baudText);
  if (!isBaud(baud)) return fault(`baud: ${baud}, expected a rate from ${BAUD_RANGE.from} to ${BAUD_RANGE.to}`);
  if (dataBits !== undefined && dataBits !== '8')
    return fault(`address: ${dataBits} data bits, expected 8: Modbus RTU has no other`);
  const parity = parityLetter === undefined ? (line.parity ?? 'none') : PARITIES[parityLetter.toUpperCase() as 'N'];
  if (!isParity(parity)) return fault(`parity: ${parityLetter ?? line.parity}, expected none, even or odd (N, E, O)`);
  const stopBits = stopText === undefined ? (line.stopBits ?? 1) : Number(stopText);
  if (stopBits !== 1 && stopBits !== 2) return fault(`stop bits: ${stopBits}, expected 1 or 2`);
  return { ok: true, endpoint: { transport: 'rtu', path, baud, parity, stopBits } };
}

/** A rate that a serial line may have, in bits a second. */
export const isBaud = (baud: number): boolean =>
  Number.isInteger(baud) && baud >= BAUD_RANGE.from && baud <= BAUD_RANGE.to;

export const isParity = (text: string | undefined): text is Parity =>
  text === 'none' || text === 'even' || text === 'odd';

const fault = (text: string): ParsedAddress => ({ ok: false, fault: text });
const addressFault = (address: string) => fault(`address: ${JSON.stringify(address)}, expected ${EXPECTED}`);
