// Lines that several Modbus devices share: what a site file may say of them, and where its devices are reached then.
import { expect, test } from 'vitest';
import { describeEndpoint } from '../../src/core/model/modbus-endpoint.ts';
import { modbusMeters } from '../../src/wiring/meters.ts';
import { goodSite, rawSite, type Slip, testSlips } from './support.ts';

const SERIAL = { id: 'cellar', serial: '/dev/ttyUSB0', baud: 9600, parity: 'even' };
const GATEWAY = { id: 'roof', host: '192.0.2.20', framing: 'rtu-over-tcp', port: 8899, baud: 19_200 };

function onBuses() {
  const raw = rawSite();
  raw.buses = [structuredClone(SERIAL), structuredClone(GATEWAY)];
  raw.meters = [
    { id: 'main', profile: 'eastron-sdm630', bus: 'cellar', unitId: 3 },
    { id: 'pv', profile: 'eastron-sdm630', bus: 'roof' },
  ];
  return raw;
}

test('devices are reached where their bus is', () => {
  const { site } = goodSite(onBuses());
  const meters = modbusMeters(site);
  expect(site.buses).toEqual([
    { id: 'cellar', name: 'cellar', endpoint: meters[0]!.connection.endpoint },
    { id: 'roof', name: 'roof', endpoint: meters[1]!.connection.endpoint, wireBaud: 19_200 },
  ]);
  expect(meters.map(({ connection: { endpoint, unitId, bus } }) => [describeEndpoint(endpoint), unitId, bus])).toEqual([
    ['/dev/ttyUSB0 9600 8E1', 3, 'cellar'],
    ['rtu-over-tcp 192.0.2.20:8899', 1, 'roof'],
  ]);
});

const slips: readonly Slip[] = [
  [
    'a bus that is not there',
    (raw) => (raw.meters[0].bus = 'seller'),
    'meters[0].bus: got "seller", expected the id of a bus of this file (did you mean cellar?): cellar, roof',
  ],
  [
    'a meter in two places',
    (raw) => (raw.meters[0].host = '192.0.2.10'),
    'meters[0].host: got "192.0.2.10", expected either "host", its own address, or "bus", the id of a bus of this file; not both, not neither',
  ],
  [
    'a meter nowhere',
    (raw) => delete raw.meters[0].bus,
    'meters[0].host: got nothing, expected either "host", its own address, or "bus", the id of a bus of this file; not both, not neither',
  ],
  [
    'a port beside a bus',
    (raw) => (raw.meters[0].port = 502),
    'meters[0].port: got 502, expected no port here: the bus has it',
  ],
  [
    'a serial line without its speed',
    (raw) => delete raw.buses[0].baud,
    'buses[0].baud: got nothing, expected the baud rate of the line, such as 9600: all devices on it have the same',
  ],
  [
    'a serial line with framing',
    (raw) => (raw.buses[0].framing = 'tcp'),
    'buses[0].framing: got "tcp", expected no framing for a serial line',
  ],
  [
    "a gateway with the line's parity",
    (raw) => (raw.buses[1].parity = 'even'),
    'buses[1].parity: got "even", expected no parity here: it is set in the gateway',
  ],
  [
    'a bus in two places',
    (raw) => (raw.buses[0].host = '192.0.2.10'),
    'buses[0].serial: got "/dev/ttyUSB0", expected either "serial", a device of this machine, or "host", a gateway; not both, not neither',
  ],
  [
    'two buses of one name',
    (raw) => raw.buses.push({ ...raw.buses[0] }),
    'buses[2].id: got "cellar", expected an id of its own: buses[0] is bus "cellar" already',
  ],
];

testSlips({ buses: slips }, onBuses);
