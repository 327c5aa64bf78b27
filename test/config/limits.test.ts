// The limits and manners that a file may state, as the core gets them, and what a person is told about them.
import { describe, expect, test } from 'vitest';
import { defaultPolicy } from '../../src/config/default-policy.ts';
import { proveFloors } from '../../src/config/floor-proof.ts';
import { unbalanceOfFloors } from '../../src/config/floor-unbalance.ts';
import type { Phase } from '../../src/core/model/units.ts';
import { modbusMeters } from '../../src/wiring/meters.ts';
import { buildSite, circuit, evse, genericAc } from '../support/site-builder.ts';
import { goodSite, rawSite } from './support.ts';

const notesAbout = (raw: unknown, about: string) =>
  goodSite(raw).notes.flatMap((note) => (note.about === about ? [note.text] : []));

describe('a circuit', () => {
  test('carries apparent power, unbalance and generation to the core, and nothing that the file does not state', () => {
    const raw = rawSite();
    const plain = goodSite(raw).site.circuits[0]!;
    for (const field of ['limitVoltAmperes', 'unbalanceAmps', 'usesGeneration'])
      expect(plain).not.toHaveProperty(field);
    Object.assign(raw.circuits[0], { limitKilovoltAmperes: 40.5, unbalanceAmps: 0 });
    raw.circuits[0].baseLoad.usesGeneration = true;
    expect(goodSite(raw).site.circuits[0]).toMatchObject({
      limitVoltAmperes: 40_500,
      unbalanceAmps: 0,
      usesGeneration: true,
    });
    raw.circuits[0].baseLoad.usesGeneration = false;
    expect(goodSite(raw).site.circuits[0]).not.toHaveProperty('usesGeneration');
  });

  test('with both power limits is proved against each', () => {
    const main = circuit({ id: 'main', limitWatts: 30_000, limitVoltAmperes: 20_000 });
    const rows = proveFloors(buildSite({ circuits: [main] })).filter((row) => row.kind === 'power');
    const common = { floorsWatts: 3 * 6 * 3 * 253, worstBaseLoadWatts: 60 * 253, evseCount: 3 };
    expect(rows).toMatchObject([
      { unit: 'W', limitWatts: 30_000, spareWatts: 30_000 - 54 * 253 - 60 * 253, ...common },
      { unit: 'VA', limitWatts: 20_000, spareWatts: 20_000 - 54 * 253 - 60 * 253, ...common },
    ]);
  });
});

test('each part of the policy replaces its default alone', () => {
  const raw = rawSite();
  raw.policy = {
    scarcity: 'earliest-departure-first',
    pause: { minOffMs: 60_000 },
    rampDown: { marginAmps: 3 },
    stopDisobedientAfterMs: 300_000,
  };
  expect(goodSite(raw).site.policy).toEqual({
    ...defaultPolicy,
    scarcity: 'earliest-departure-first',
    pause: { ...defaultPolicy.pause, minOffMs: 60_000 },
    rampDown: { ...defaultPolicy.rampDown, marginAmps: 3 },
    stopDisobedientAfterMs: 300_000,
  });
});

describe('floors may pull phases apart by', () => {
  const [L1, L2, L3] = [['L1'], ['L2'], ['L3']] as const;
  // phases of the EVSEs, each with a floor of 6 A → worst pair, amperes
  const table: readonly [string, readonly (readonly Phase[])[], Phase, Phase, number][] = [
    [
      'nothing where all have three phases',
      [
        ['L1', 'L2', 'L3'],
        ['L2', 'L3', 'L1'],
      ],
      'L1',
      'L2',
      0,
    ],
    ['one floor', [L2], 'L2', 'L1', 6],
    ['one floor each way: the other may be unused', [L1, L2, L3], 'L1', 'L2', 6],
    ['the sum of those on the worst phase', [L1, L3, L3, L3], 'L3', 'L1', 18],
    [
      'two phases, against the third',
      [
        ['L1', 'L2'],
        ['L2', 'L1'],
      ],
      'L1',
      'L3',
      12,
    ],
    ['one and two phases together', [['L1', 'L2'], L1, ['L3', 'L1']], 'L1', 'L2', 12],
  ];
  test.each(table)('%s', (_, wirings, phase, against, floorsAmps) => {
    const site = buildSite({
      circuits: [circuit({ id: 'main', unbalanceAmps: 20 })],
      evses: wirings.map((phases, at) => evse({ station: `S${at}`, phases })),
    });
    expect(unbalanceOfFloors(site)).toMatchObject([
      { phase, against, floorsAmps, limitAmps: 20, spareAmps: 20 - floorsAmps },
    ]);
  });

  test('the hardware maximum where a floor is not proved, and what stands on circuits below counts', () => {
    const site = buildSite({
      circuits: [circuit({ id: 'main', unbalanceAmps: 20 }), circuit({ id: 'sub', parent: 'main' })],
      evses: [evse({ station: 'A', circuit: 'sub', phases: ['L1'] })],
      profile: { ...genericAc, holdsFloor: false },
    });
    expect(unbalanceOfFloors(site)).toMatchObject([{ circuit: 'main', floorsAmps: 32, spareAmps: -12 }]);
  });
});

describe('a person is told', () => {
  test('nothing of limits that are in order', () => {
    const raw = rawSite();
    Object.assign(raw.circuits[0], { limitKilowatts: 30, limitKilovoltAmperes: 40, unbalanceAmps: 20 });
    expect(notesAbout(raw, 'circuit main')).toEqual([]);
  });

  test('that generation on top of the rating is a matter for an electrician', () => {
    const raw = rawSite();
    raw.circuits[0].baseLoad.usesGeneration = true;
    expect(notesAbout(raw, 'circuit main')).toEqual([
      'what is generated on it is used on top of its rating: the busbar behind the fuse must be rated for both sources together; without the word of an electrician take usesGeneration out.',
    ]);
  });

  test('that apparent power ends before active power, and that a limit is larger than the fuse', () => {
    const raw = rawSite();
    Object.assign(raw.circuits[0], { limitKilowatts: 35, limitKilovoltAmperes: 34.9 });
    expect(notesAbout(raw, 'circuit main')).toEqual(['its 35 kW are never reached: its 34.9 kVA end before.']);
    Object.assign(raw.circuits[0], { limitKilowatts: 34.9, limitKilovoltAmperes: 400 });
    expect(notesAbout(raw, 'circuit main')).toEqual([
      'its limitKilovoltAmperes of 400 kVA never binds: its rating carries 47.8 kVA at the highest voltage; check the number.',
    ]);
  });

  test('that floors alone may differ by more than is allowed, which no breaker minds', () => {
    const raw = rawSite();
    raw.circuits[0].unbalanceAmps = 8;
    raw.stations.push({ ...raw.stations[2], id: 'D' });
    expect(notesAbout(raw, 'circuit main')).toEqual([
      'with no controller L3 may carry 12 A more than L1, above its unbalanceAmps of 8 A: lower floors, or spread the EVSEs that are wired to one or two phases.',
    ]);
  });

  test('that an EVSE on one phase cannot begin alone', () => {
    const raw = rawSite();
    raw.circuits[0].unbalanceAmps = 5;
    raw.stations[2].evses[0].floorAmps = 0;
    expect(notesAbout(raw, 'circuit main')).toEqual([
      'its unbalanceAmps of 5 A let EVSE C/1 begin only while cars on the other phases draw: 6 A is its least.',
    ]);
    raw.circuits[0].unbalanceAmps = 6;
    expect(notesAbout(raw, 'circuit main')).toEqual([]);
  });
});

test.each([
  ['a plain consumer', () => {}, undefined],
  [
    'generation on a circuit',
    (raw: ReturnType<typeof rawSite>) => (raw.circuits[0].baseLoad.usesGeneration = true),
    true,
  ],
  ['told so', (raw: ReturnType<typeof rawSite>) => (raw.meters[0].mayExport = true), true],
  [
    'told that it does not, whatever else generates',
    (raw: ReturnType<typeof rawSite>) => {
      raw.circuits[0].baseLoad.usesGeneration = true;
      raw.meters[0].mayExport = false;
    },
    undefined,
  ],
])('whether a meter may show export: %s', (_name, change, mayExport) => {
  const raw = rawSite();
  change(raw);
  expect(modbusMeters(goodSite(raw).site)[0]!.mayExport).toBe(mayExport);
});
