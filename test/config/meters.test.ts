// Combined meters and sums in a site file: what they become, every way in which they may be wrong, and how "busbar check" shows them.
import { describe, expect, test } from 'vitest';
import { runCheckVerb } from '../../src/wiring/check-verb.ts';
import { goodSite, rawSite, rememberingIo, type Slip, scratchFile, testSlips } from './support.ts';

const modbus = (id: string, unitId: number, parts: object = {}) => ({
  id,
  profile: 'eastron-sdm630',
  host: `192.0.2.${unitId}`,
  unitId,
  ...parts,
});

/** The connection by two meters; the sub-board by a sum of a heat pump, a generator and what nobody measures. */
function meteredSite() {
  const raw = rawSite();
  raw.circuits[0].baseLoad = { worstAmps: 25 };
  raw.circuits[1].baseLoad = { worstAmps: 12, usesGeneration: true, sum: { meters: ['pump', 'roof'], otherAmps: 2 } };
  raw.meters = [
    { id: 'main', name: 'Both', combine: ['main-a', 'main-b'] },
    modbus('main-a', 1),
    modbus('main-b', 2),
    modbus('pump', 3, { of: 'load', worstAmps: 10 }),
    modbus('roof', 4, { of: 'pv', phases: 'L1 L2' }),
    modbus('shop', 5, { of: 'load' }),
  ];
  return raw;
}

test('they become what they say, with bounds of the circuit that they measure', () => {
  const { site, notes } = goodSite(meteredSite());
  expect(site.circuits[1]).toMatchObject({
    sum: { meters: ['pump', 'roof'], otherAmps: { L1: 2, L2: 2, L3: 2 } },
    allowanceAmps: { L1: 12 },
  });
  expect(site.meters.map(({ id, from, of }) => [id, from, of])).toEqual([
    ['main', 'combined', undefined],
    ['main-a', 'modbus', undefined],
    ['main-b', 'modbus', undefined],
    ['pump', 'modbus', 'load'],
    ['roof', 'modbus', 'pv'],
    ['shop', 'modbus', 'load'],
  ]);
  expect(site.meters[0]).toEqual({ from: 'combined', id: 'main', name: 'Both', members: ['main-a', 'main-b'] });
  // A part is bounded as the whole is; what generates anywhere may show at the connection, and never behind a load.
  expect(site.meters[1]).toMatchObject({ plausibleAmps: 315, mayExport: true });
  expect(site.meters[3]).toMatchObject({ plausibleAmps: 200, worstAmps: { L2: 10 } });
  expect(site.meters[3]).not.toHaveProperty('mayExport');
  expect(site.meters[4]).toMatchObject({ plausibleAmps: 200, mayExport: true, phases: ['L1', 'L2'] });
  expect(notes.filter(({ about }) => about.startsWith('meter'))).toEqual([
    { about: 'meter shop', text: 'it is shown, and nothing is decided by it.' },
  ]);
});

test('a meter in a sum without a worst of its own is remarked on', () => {
  const raw = meteredSite();
  delete raw.meters[3].worstAmps;
  expect(goodSite(raw).notes).toContainEqual({
    about: 'meter pump',
    text: 'it has no worstAmps: while it is lost, the worst of the whole circuit is taken.',
  });
});

const combine = 'meters[0].combine';
const sum = 'circuits[1].baseLoad.sum';
const slips: { readonly [kind: string]: readonly Slip[] } = {
  'a combined meter': [
    [
      'of itself',
      (raw) => raw.meters[0].combine.push('main'),
      `${combine}[2]: got "main", expected another meter: this is the combined one itself`,
    ],
    [
      'of one that is not there',
      (raw) => raw.meters[0].combine.push('main-c'),
      `${combine}[2]: got "main-c", expected the id of a meter of this file (did you mean main-a?): main, main-a, main-b, pump, roof, shop`,
    ],
    [
      'of a combined one, which might be a ring',
      (raw) => {
        raw.meters[5] = { id: 'shop', combine: ['pump', 'main'], of: 'load' };
        raw.circuits[1].baseLoad.sum.meters = ['shop', 'roof'];
      },
      'meters[5].combine[1]: got "main", expected a meter that is no combination itself: name the parts of "main" here',
    ],
    [
      'of a meter that another one has',
      (raw) => {
        raw.meters[5] = { id: 'shop', combine: ['pump', 'main-a'], of: 'load' };
        raw.circuits[1].baseLoad.sum.meters = ['shop', 'roof'];
      },
      'meters[5].combine[1]: got "main-a", expected a meter of its own: this one is part of "main" already',
    ],
    [
      'of one alone',
      (raw) => raw.meters[0].combine.pop(),
      `${combine}: got ["main-a"], expected the ids of 2 to 12 meters of this file, each once`,
    ],
    [
      'of one twice',
      (raw) => raw.meters[0].combine.push('main-a'),
      `${combine}: got ["main-a","main-b","main-a"], expected the ids of 2 to 12 meters of this file, each once`,
    ],
    [
      'that leaves a phase out',
      (raw) => {
        raw.meters[1].phases = 'L1';
        raw.meters[2].phases = 'L3 L1';
      },
      `${combine}: got ["main-a","main-b"], expected at least one meter on L2 among them`,
    ],
    [
      'with a field of a Modbus meter',
      (raw) => (raw.meters[0].host = '192.0.2.1'),
      'meters[0].host: got "192.0.2.1", expected no field of this name; the fields here are id, name, of, worstAmps, combine',
    ],
  ],
  'the meter of a circuit': [
    [
      'that is only a part',
      (raw) => (raw.circuits[0].meter = 'main-a'),
      'circuits[0].meter: got "main-a", expected the combined meter "main": this one is only a part of it',
    ],
    [
      'that measures a load only',
      (raw) => (raw.circuits[0].meter = 'shop'),
      'circuits[0].meter: got "shop", expected a meter of the circuit as a whole: this one is told to measure load only',
    ],
    [
      'that does not measure every phase',
      (raw) => {
        raw.meters.push(modbus('one', 9, { phases: 'L2' }));
        raw.circuits[0].meter = 'one';
      },
      'circuits[0].meter: got "one", expected a meter of all three phases: "one" measures L2 alone; combine it with others',
    ],
  ],
  'a sum': [
    [
      'of a meter that is not there',
      (raw) => (raw.circuits[1].baseLoad.sum.meters[0] = 'pumpe'),
      `${sum}.meters[0]: got "pumpe", expected the id of a meter of this file (did you mean pump?): main, main-a, main-b, pump, roof, shop`,
    ],
    [
      'that counts a circuit a second time',
      (raw) => (raw.circuits[1].baseLoad.sum.meters[0] = 'main'),
      `${sum}.meters[0]: got "main", expected a meter of no circuit: this one measures "main", which counts by itself where it is below`,
    ],
    [
      'of a part',
      (raw) => (raw.circuits[1].baseLoad.sum.meters[0] = 'main-b'),
      `${sum}.meters[0]: got "main-b", expected the combined meter "main": this one is only a part of it`,
    ],
    [
      'of a meter in another sum',
      (raw) => {
        raw.circuits[0].baseLoad.sum = { meters: ['pump'], otherAmps: 0 };
        delete raw.circuits[0].meter;
      },
      `${sum}.meters[0]: got "pump", expected a meter in no other sum: circuit "main" counts it already`,
    ],
    [
      'of a meter that does not say what it measures',
      (raw) => delete raw.meters[3].of,
      `${sum}.meters[0]: got "pump", expected a meter that says what it measures: give "pump" the field "of": "load", "pv" or "storage"`,
    ],
    [
      'where a meter measures the whole',
      (raw) => (raw.circuits[0].baseLoad.sum = { otherAmps: 1 }),
      'circuits[0].baseLoad.sum: got {"otherAmps":1}, expected no sum: the meter "main" measures "main" as a whole',
    ],
    [
      'of nothing',
      (raw) => (raw.circuits[1].baseLoad.sum.meters = []),
      `${sum}.meters: got [], expected at least one meter, or a circuit below: there is nothing to add up`,
    ],
    [
      'beside an allowance',
      (raw) => (raw.circuits[1].baseLoad.allowanceAmps = 3),
      'circuits[1].baseLoad.allowanceAmps: got 3, expected no allowance beside a sum: what nobody measures belongs in sum.otherAmps',
    ],
    [
      'that may say more than the worst with which the floors are proved',
      (raw) => (raw.circuits[1].baseLoad.worstAmps = 11.9),
      'circuits[1].baseLoad.worstAmps: got 11.9, expected at least 12 A on L1, which its sum says once every meter is lost: 0 A of the circuits below, 10 A of its meters and 2 A of others',
    ],
  ],
};
testSlips(slips, meteredSite);

describe('busbar check', () => {
  test('draws combined meters with their parts, sums with their meters, and the others below the tree', async () => {
    const io = rememberingIo();
    const file = scratchFile(JSON.stringify(meteredSite()));
    expect(await runCheckVerb({ file, json: false }, io)).toBe(0);
    const at = (unit: number) => `eastron-sdm630 at 192.0.2.${unit}:502, unit ${unit}, each 1000 ms`;
    const lines = io.outLines.map((line) => line.replace(/^[ │├└─]+/, ''));
    for (const line of [
      'meter main "Both": the larger load of 2 meters on each phase',
      `meter main-a: ${at(1)}`,
      `meter main-b: ${at(2)}`,
      'base load: the circuits below, 2 A that nobody measures, and these meters',
      `load meter pump: ${at(3)}, at worst 10 A`,
      `pv meter roof: ${at(4)}, L1 L2 only`,
      `load meter shop: ${at(5)}`,
    ])
      expect(lines).toContain(line);
    expect(io.outLines).toContain(`load meter shop: ${at(5)}`);
  });
});
