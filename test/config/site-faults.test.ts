// One slip at a time: what a person gets to read, and that one slip is one fault.
import { describe, expect, test } from 'vitest';
import { faultLines, type RawSite, rawSite } from './support.ts';

type Slip = readonly [what: string, slip: (raw: RawSite) => void, line: string];

const references: readonly Slip[] = [
  [
    'a circuit that feeds itself through another',
    (raw) => {
      raw.circuits.push({ id: 'x', parent: 'y', ratingAmps: 40, baseLoad: { worstAmps: 0, allowanceAmps: 0 } });
      raw.circuits.push({ id: 'y', parent: 'x', ratingAmps: 40, baseLoad: { worstAmps: 0, allowanceAmps: 0 } });
    },
    'circuits[2].parent: got "y", expected a circuit nearer to the grid; these feed each other: x → y → x',
  ],
  [
    'two connections to the grid',
    (raw) => delete raw.circuits[1].parent,
    'circuits[1].parent: got nothing, expected the id of the circuit that feeds it: "main" is the connection to the grid',
  ],
  [
    'a meter on two circuits',
    (raw) => (raw.circuits[1].meter = 'main'),
    'circuits[1].meter: got "main", expected a meter of its own: this one measures circuit "main" already',
  ],
  [
    'a meter that is not there',
    (raw) => (raw.circuits[0].meter = 'mein'),
    'circuits[0].meter: got "mein", expected the id of a meter of this file (did you mean main?): main',
  ],
  [
    'an EVSE on a circuit that is not there',
    (raw) => (raw.stations[2].evses[0].circuit = 'sup'),
    'stations[2].evses[0].circuit: got "sup", expected the id of a circuit of this file (did you mean sub?): main, sub',
  ],
  [
    'two EVSEs of one number',
    (raw) => raw.stations[0].evses.push({ ...raw.stations[0].evses[0], number: 1 }),
    'stations[0].evses[1].number: got 1, expected a number of its own: stations[0].evses[0] is EVSE A/1 already',
  ],
  [
    'a proof of a floor for a model that forgets',
    (raw) => Object.assign(raw.stations[2], { model: 'go-e', floorProvedOn: '2026-11-20' }),
    'stations[2].floorProvedOn: got "2026-11-20", expected no proof of a floor: go-e forgets its profiles when it reconnects',
  ],
];

const physics: readonly Slip[] = [
  [
    'a margin as wide as the rating',
    (raw) => (raw.circuits[1].marginAmps = 40),
    'circuits[1].marginAmps: got 40, expected a margin below the rating of 40 A on L1',
  ],
  [
    'a base load above that of the circuit that feeds it',
    (raw) => (raw.circuits[1].baseLoad.worstAmps = { L1: 5, L2: 21, L3: 5 }),
    'circuits[1].baseLoad.worstAmps: got {"L1":5,"L2":21,"L3":5}, expected at most that of "main" (20 A on L2), which includes it; raise one or lower the other',
  ],
  [
    'neither meter nor allowance',
    (raw) => delete raw.circuits[1].baseLoad.allowanceAmps,
    'circuits[1].baseLoad.allowanceAmps: got nothing, expected amperes to allow for other loads, because no meter measures "sub"; or give it a meter',
  ],
  [
    'an allowance above the worst',
    (raw) => (raw.circuits[0].baseLoad.allowanceAmps = 21),
    'circuits[0].baseLoad.allowanceAmps: got 21, expected at most the worst base load, 20 A on L1',
  ],
  [
    'a minimum above the maximum',
    (raw) => (raw.stations[0].evses[0].minAmps = 20),
    'stations[0].evses[0].minAmps: got 20, expected a minimum of at most the maximum, 16 A',
  ],
  [
    'a floor that is neither a pause nor a charge',
    (raw) => (raw.stations[0].evses[0].floorAmps = 4),
    'stations[0].evses[0].floorAmps: got 4, expected 0, or at least the minimum of 6 A: a charger treats anything between as a pause',
  ],
  [
    'a floor above the hardware',
    (raw) => (raw.stations[0].evses[0].floorAmps = 17),
    'stations[0].evses[0].floorAmps: got 17, expected a floor of at most the maximum, 16 A',
  ],
  [
    'a floor between two steps',
    (raw) => (raw.stations[0].evses[0].floorAmps = 6.05),
    'stations[0].evses[0].floorAmps: got 6.05, expected a multiple of 0.1 A, the step of generic-ac',
  ],
  [
    'a floor of 0 for a model that breaks on 0',
    (raw) => Object.assign(raw.stations[2], { model: 'go-e', evses: [{ ...raw.stations[2].evses[0], floorAmps: 0 }] }),
    'stations[2].evses[0].floorAmps: got 0, expected a floor above 0: after 0 A a go-e ignores its next limit',
  ],
  [
    'a power limit below what the floors need',
    (raw) => (raw.circuits[1].limitKilowatts = 9.5),
    'circuits[1].limitKilowatts: got 9.5, expected at least 9.87 kW for "sub" (floors 6.07 kW + worst base load 3.79 kW at the highest voltage)',
  ],
];

const timing: readonly Slip[] = [
  [
    'a reading that is lost before it is held',
    (raw) => (raw.policy = { meter: { staleAfterMs: 2_000 } }),
    'policy.meter.staleAfterMs: got 2000, expected more than holdAfterMs, 2500 ms: a reading is fresh, then held, then lost',
  ],
  [
    'a meter polled more slowly than a reading stays fresh',
    (raw) => (raw.meters[0].pollMs = 2_500),
    'meters[0].pollMs: got 2500, expected less than policy.meter.holdAfterMs, 2500 ms: otherwise no reading stays fresh until the next',
  ],
  [
    'a cycle too long for the leases',
    (raw) => (raw.policy = { cycleMs: 15_001 }),
    'policy.cycleMs: got 15001, expected at most 15000 ms, a quarter of the shortest lease of its chargers',
  ],
  [
    'stations and console on one port',
    (raw) => (raw.listen = { http: { port: 9_220 } }),
    'listen.http.port: got 9220, expected a port of its own: listen.stations has this one',
  ],
];

const shape: readonly Slip[] = [
  [
    'amperes for a DC EVSE',
    (raw) => (raw.stations[0].evses[0].dc = { maxKilowatts: 11, minKilowatts: 5 }),
    'stations[0].evses[0].maxAmps: got 16, expected no amperes for a DC EVSE: its dc gives kilowatts',
  ],
  [
    'one phase that is no number',
    (raw) => (raw.circuits[0].ratingAmps = { L1: 63, L2: 63, L3: null }),
    'circuits[0].ratingAmps.L3: got null, expected a number of amperes above 0 and at most 10000',
  ],
  [
    'a password in the address',
    (raw) => (raw.upstream = { url: 'wss://me:secret@csms.example.com/ocpp' }),
    'upstream.url: got "wss://…@csms.example.com/ocpp", expected a ws:// or wss:// address without user, password, query or fragment; the password belongs in passwordEnv',
  ],
];

const secrets: readonly Slip[] = [
  [
    'a token in the address',
    (raw) => (raw.upstream = { url: 'wss://csms.example.com/ocpp?token=s3cret' }),
    'upstream.url: got "wss://csms.example.com/ocpp?…", expected a ws:// or wss:// address without user, password, query or fragment; the password belongs in passwordEnv',
  ],
  [
    'the key itself where its hash belongs',
    (raw) => (raw.stations[0].keySha256 = '0a905578b226f47988ef388508bb24c0cc5411be'),
    'stations[0].keySha256: got "40 characters, not shown", expected 64 hex digits in lower case, as printed by "busbar key"',
  ],
  [
    'the password itself where the name of its variable belongs',
    (raw) => (raw.upstream = { url: 'wss://csms.example.com', passwordEnv: 's3cret' }),
    'upstream.passwordEnv: got "6 characters, not shown", expected the name of an environment variable, such as CSMS_PASSWORD',
  ],
];

describe.each(Object.entries({ shape, references, physics, timing, secrets }))('%s', (_, slips) => {
  test.each(slips)('%s', (_what, slip, line) => {
    const raw = rawSite();
    expect(faultLines(raw)).toEqual([]);
    slip(raw);
    expect(faultLines(raw)).toEqual([`site.json: ${line}`]);
  });
});

test('a site of nothing, of null or of another kind is one fault or a few, never a crash', () => {
  for (const raw of [undefined, null, 3, 'site', [], {}, { circuits: 3 }, { circuits: [null], stations: [[]] }]) {
    expect(faultLines(raw).length).toBeGreaterThan(0);
  }
});
