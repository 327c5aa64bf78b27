// One slip at a time: what a person gets to read, and that one slip is one fault.
import { expect, test } from 'vitest';
import { faultLines, rawSite, type Slip, testSlips } from './support.ts';

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

const versions: readonly Slip[] = [
  [
    'a version that the model does not speak',
    (raw) => Object.assign(raw.stations[2], { model: 'generic-ac-201', ocpp: ['1.6'] }),
    'stations[2].ocpp: got ["1.6"], expected what generic-ac-201 speaks: 2.0.1',
  ],
  [
    'a version that nobody speaks here',
    (raw) => Object.assign(raw.stations[2], { ocpp: ['1.5'] }),
    'stations[2].ocpp[0]: got "1.5", expected a list of "2.0.1" and "1.6", each once',
  ],
  [
    'a version twice',
    (raw) => Object.assign(raw.stations[2], { ocpp: ['1.6', '1.6'] }),
    'stations[2].ocpp: got ["1.6","1.6"], expected a list of "2.0.1" and "1.6", each once',
  ],
];

const units: readonly Slip[] = [
  [
    'a DC EVSE whose model takes amperes',
    (raw) => Object.assign(raw.stations[2], { evses: [{ circuit: 'sub', dc: { maxKilowatts: 11, minKilowatts: 5 } }] }),
    'stations[2].model: got "generic-ac", expected a model that takes watts, because EVSE C/1 is DC and amperes may mean its output: generic-dc-201, generic-dc',
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
  [
    'a limit on apparent power below what the floors need',
    (raw) => Object.assign(raw.circuits[1], { limitKilowatts: 9.87, limitKilovoltAmperes: 9.5 }),
    'circuits[1].limitKilovoltAmperes: got 9.5, expected at least 9.87 kVA for "sub" (floors 6.07 kVA + worst base load 3.79 kVA at the highest voltage)',
  ],
  [
    'generation that no meter shows',
    (raw) => (raw.circuits[1].baseLoad.usesGeneration = true),
    'circuits[1].baseLoad.usesGeneration: got true, expected a meter on "sub", which alone can show what is generated; or no usesGeneration',
  ],
];

const shape: readonly Slip[] = [
  [
    'no apparent power at all',
    (raw) => (raw.circuits[0].limitKilovoltAmperes = 0),
    'circuits[0].limitKilovoltAmperes: got 0, expected a number of kilovolt-amperes above 0 and at most 10000',
  ],
  [
    'an unbalance below zero',
    (raw) => (raw.circuits[0].unbalanceAmps = -1),
    'circuits[0].unbalanceAmps: got -1, expected a number of amperes from 0 to 1000',
  ],
  [
    'an unbalance in watts',
    (raw) => (raw.circuits[0].unbalanceAmps = 4_600),
    'circuits[0].unbalanceAmps: got 4600, expected a number of amperes from 0 to 1000',
  ],
  [
    'a word for yes',
    (raw) => (raw.circuits[0].baseLoad.usesGeneration = 'yes'),
    'circuits[0].baseLoad.usesGeneration: got "yes", expected true or false',
  ],
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

testSlips({ shape, references, versions, units, physics, secrets }, rawSite);

test('a site of nothing, of null or of another kind is one fault or a few, never a crash', () => {
  for (const raw of [undefined, null, 3, 'site', [], {}, { circuits: 3 }, { circuits: [null], stations: [[]] }]) {
    expect(faultLines(raw).length).toBeGreaterThan(0);
  }
});
