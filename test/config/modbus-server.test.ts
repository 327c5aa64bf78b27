// Busbar as a Modbus device in the site file: closed by default, every slip told at its field, and what `busbar check` says of it.
import { describe, expect, test } from 'vitest';
import { runCheckVerb } from '../../src/wiring/check-verb.ts';
import {
  goodSite,
  groupedSite,
  type RawSite,
  rawSite,
  rememberingIo,
  type Slip,
  scratchFile,
  testSlips,
} from './support.ts';

/** The yard as a device that a building management system may cap. */
function deviceSite(part: object = {}): RawSite {
  const externalCap = { circuit: 'main', failsafeAmps: 60 };
  return { ...rawSite(), modbusServer: { externalCap, ...part } };
}

const address =
  'an IP address such as "192.0.2.7", or a range such as "192.0.2.0/28" that holds fewer than all addresses';

const slips: { readonly [kind: string]: readonly Slip[] } = {
  'who may connect': [
    [
      'all addresses without a list',
      (raw) => {
        raw.modbusServer.host = '0.0.0.0';
      },
      'modbusServer.allow: got nothing, expected who may connect, as IP addresses or ranges, because 0.0.0.0 can be reached from other machines and Modbus asks for no password',
    ],
    [
      'an empty list',
      (raw) => Object.assign(raw.modbusServer, { host: 'plant-room', allow: [] }),
      'modbusServer.allow: got [], expected who may connect, as IP addresses or ranges, because plant-room can be reached from other machines and Modbus asks for no password',
    ],
    ...(
      ['0.0.0.0/0', '::/0', 'bms.example.com', '192.0.2.1/33', '192.0.2.300', '192.0.2.1/', '::ffff:192.0.2.1'] as const
    ).map(
      (entry): Slip => [
        entry,
        (raw) => {
          raw.modbusServer.allow = [entry];
        },
        `modbusServer.allow[0]: got "${entry}", expected ${address}`,
      ],
    ),
    [
      'more than 64',
      (raw) => {
        raw.modbusServer.allow = Array.from({ length: 65 }, (_, at) => `192.0.2.${at}`);
      },
      `modbusServer.allow: got ${JSON.stringify(Array.from({ length: 65 }, (_, at) => `192.0.2.${at}`)).slice(0, 79)}…, expected at most 64 addresses and ranges`,
    ],
  ],
  'the place': [
    [
      'a unit id of a whole bus',
      (raw) => {
        raw.modbusServer.unitId = 0;
      },
      'modbusServer.unitId: got 0, expected a Modbus unit id from 1 to 247',
    ],
    [
      'a field that nobody knows',
      (raw) => {
        raw.modbusServer.allows = [];
      },
      'modbusServer.allows: got [], expected no field of this name (did you mean allow?); the fields here are host, port, unitId, allow, externalCap',
    ],
  ],
  'the external cap': [
    [
      'a circuit that is not there',
      (raw) => {
        raw.modbusServer.externalCap.circuit = 'maim';
      },
      'modbusServer.externalCap.circuit: got "maim", expected the id of a circuit of this file (did you mean main?): main, sub',
    ],
    [
      'no failsafe',
      (raw) => {
        delete raw.modbusServer.externalCap.failsafeAmps;
      },
      'modbusServer.externalCap.failsafeAmps: got nothing, expected either failsafeAmps or failsafeKilowatts, the unit in which the cap is set; not both, not neither',
    ],
    [
      'two of them',
      (raw) => {
        raw.modbusServer.externalCap.failsafeKilowatts = 10;
      },
      'modbusServer.externalCap.failsafeAmps: got 60, expected either failsafeAmps or failsafeKilowatts, the unit in which the cap is set; not both, not neither',
    ],
    [
      'a failsafe above the rating',
      (raw) => {
        raw.modbusServer.externalCap.failsafeAmps = 63.1;
      },
      'modbusServer.externalCap.failsafeAmps: got 63.1, expected at most the rating of "main", 63 A',
    ],
    [
      'a failsafe above what it can carry',
      (raw) => {
        raw.modbusServer.externalCap = { circuit: 'main', failsafeKilowatts: 47.818 };
      },
      'modbusServer.externalCap.failsafeKilowatts: got 47.818, expected at most what "main" can carry, 47.817 kW',
    ],
    [
      'a heartbeat that no master keeps',
      (raw) => {
        raw.modbusServer.externalCap.heartbeatMs = 999;
      },
      'modbusServer.externalCap.heartbeatMs: got 999, expected a whole number of milliseconds from 1000 to 3600000',
    ],
    [
      'an author of its own',
      (raw) => {
        raw.modbusServer.externalCap.author = 'bms';
      },
      'modbusServer.externalCap.author: got "bms", expected "facility-manager" or "utility"',
    ],
  ],
};
testSlips(slips, deviceSite);

describe('a file in order', () => {
  test('without modbusServer there is no device', () => {
    expect(goodSite(rawSite()).site).not.toHaveProperty('modbusServer');
  });

  test('takes its defaults, and the bounds of the cap from its circuit', () => {
    expect(goodSite(deviceSite()).site.modbusServer).toEqual({
      host: '127.0.0.1',
      port: 1_502,
      unitId: 1,
      allow: [],
      circuits: ['main', 'sub'],
      externalCap: {
        circuit: 'main',
        author: 'facility-manager',
        unit: 'A',
        failsafe: 60,
        most: 63,
        heartbeatMs: 60_000,
      },
    });
  });

  test('a circuit with a power limit can be capped up to it, another up to its rating at the highest voltage', () => {
    const externalCap = { circuit: 'sub', failsafeKilowatts: 4.2, author: 'utility', maxAgeMs: 300_000, note: '§14a' };
    const raw = deviceSite({ externalCap });
    expect(goodSite(raw).site.modbusServer?.externalCap).toMatchObject({ unit: 'W', failsafe: 4_200, most: 30_360 });
    raw.circuits[1].limitKilowatts = 20;
    expect(goodSite(raw).site.modbusServer?.externalCap).toMatchObject({
      most: 20_000,
      maxAgeMs: 300_000,
      note: '§14a',
    });
  });

  test('circuits keep the order of the file', () => {
    const raw = deviceSite();
    raw.circuits.reverse();
    const { site } = goodSite(raw);
    expect(site.circuits.map(({ id }) => id)).toEqual(['main', 'sub']);
    expect(site.modbusServer?.circuits).toEqual(['sub', 'main']);
  });

  test('beyond this machine it is told', () => {
    const raw = deviceSite({ host: '0.0.0.0', allow: ['192.0.2.7', '2001:db8::/48'] });
    const notes = goodSite(raw).notes.filter(({ about }) => about === 'modbusServer');
    expect(notes.map(({ text }) => text)).toEqual([
      "0.0.0.0:1502 answers 192.0.2.7, 2001:db8::/48 and asks for no password: Modbus has none. Keep it in the building's technical network, behind its firewall.",
    ]);
    expect(goodSite(deviceSite()).notes.filter(({ about }) => about === 'modbusServer')).toEqual([]);
  });
});

describe('busbar check', () => {
  const file = () => scratchFile(JSON.stringify({ ...groupedSite(), ...{ modbusServer: deviceSite().modbusServer } }));

  test('draws it', async () => {
    const io = rememberingIo();
    expect(await runCheckVerb({ file: file(), json: false }, io)).toBe(0);
    const at = io.outLines.findIndex((line) => line.startsWith('Modbus'));
    expect(io.outLines.slice(at, at + 7)).toEqual([
      'Modbus TCP server on 127.0.0.1:1502, unit 1, for this machine alone',
      '├─ external cap at 100: circuit main to 0 to 63 A; failsafe 60 A, heartbeat each 60000 ms',
      '├─ circuits: main at 1000, sub at 1050',
      '├─ EVSEs: A/1 at 12000, B/1 at 12012, C/1 at 12024',
      '├─ groups: tenant at 36000',
      '└─ SunSpec from 40000; all registers in docs/modbus-server.md',
      '',
    ]);
  });

  test('tells programs each first register', async () => {
    const io = rememberingIo();
    expect(await runCheckVerb({ file: file(), json: true }, io)).toBe(0);
    expect(JSON.parse(io.outLines[0]!).modbusServer).toMatchObject({
      port: 1_502,
      registers: {
        evses: [{ id: 'A/1', register: 12_000 }, { register: 12_012 }, { register: 12_024 }],
        sunspec: 40_000,
      },
    });
  });

  test('says nothing of it where there is none', async () => {
    const io = rememberingIo();
    await runCheckVerb({ file: scratchFile(JSON.stringify(rawSite())), json: false }, io);
    expect(io.outLines.join('\n')).not.toContain('Modbus');
  });
});
