// The independent check finds every way in which an allocation can be wrong, and lets an overload pass only where nobody is given anything.
import { describe, expect, test } from 'vitest';
import type { BaseLoad } from '../../../src/core/allocate/base-load.ts';
import type { Limits, StationLimit } from '../../../src/core/allocate/capacity.ts';
import type { Situation } from '../../../src/core/allocate/situation.ts';
import { verify } from '../../../src/core/allocate/verify.ts';
import { circuitLimits } from '../../../src/core/limits/caps.ts';
import { onEachPhase, type Phase } from '../../../src/core/model/units.ts';
import { candidateRole } from '../../support/candidates.ts';
import { buildSite, circuit, evse } from '../../support/site-builder.ts';
import { situationsOf } from '../../support/situation.ts';

/** A and B on board `east` of 32 A, C on `main` of 50 A with 2 A of margin and 30 kW. */
const site = buildSite({
  circuits: [
    circuit({
      id: 'main',
      meter: 'main',
      ratingAmps: onEachPhase(50),
      marginAmps: onEachPhase(2),
      limitWatts: 30_000,
    }),
    circuit({ id: 'east', parent: 'main', ratingAmps: onEachPhase(32) }),
  ],
  evses: [
    evse({ station: 'A', circuit: 'east' }),
    evse({ station: 'B', circuit: 'east' }),
    evse({ station: 'C', circuit: 'main' }),
  ],
});
const circuits = circuitLimits(site, [], 0);
const none = { groups: [], stations: [], surplusWatts: 0 };
const candidate = candidateRole({ upper: 20, isOn: true });
const neverZero: Situation['role'] = { ...candidate, neverZero: true };
const reserved = (amps: number): Situation['role'] => ({ kind: 'reserved', amps });

type Case = {
  /** Given to A, B, C. */
  readonly amps: readonly number[];
  readonly roles?: { readonly [evse: string]: Situation['role'] };
  readonly phases?: { readonly [evse: string]: readonly Phase[] };
  /** Base load of main and east on each phase; none when absent. */
  readonly base?: readonly [number, number];
  readonly stations?: readonly StationLimit[];
};

function fault({ amps, roles = {}, phases = {}, base = [0, 0], stations = [] }: Case): string | undefined {
  const parts = Object.fromEntries(
    site.evses.map(({ id, phases: wired }) => [id, { role: roles[id] ?? candidate, phases: phases[id] ?? wired }]),
  );
  const baseLoads = new Map(
    site.circuits.map(({ id }, at): [string, BaseLoad] => [id, { from: 'meter', amps: onEachPhase(base[at]!) }]),
  );
  return verify(site, { ...none, circuits, baseLoads, stations }, situationsOf(site, parts), amps);
}

describe('each EVSE for itself', () => {
  test.each([
    ['its minimum', [6, 0, 0], undefined],
    ['its maximum', [20, 0, 0], undefined],
    ['nothing', [0, 0, 0], undefined],
    ['a hair below its minimum is rounding', [6 - 1e-8, 0, 0], undefined],
    ['a hair above its maximum is rounding', [20 + 1e-8, 0, 0], undefined],
    ['less than its minimum', [5.9, 0, 0], 'A/1 would get 5.9 A, below its minimum of 6 A'],
    ['more than its maximum', [0, 20.1, 0], 'B/1 would get 20.1 A, above its maximum of 20 A'],
    ['between two steps', [0, 0, 6.05], 'C/1 would get 6.05 A, off its step of 0.1 A'],
    ['on a step as floating point has it', [0.1 * 61, 0, 0], undefined],
    ['a number below zero', [-0.1, 0, 0], 'A/1 would get -0.1 A'],
    ['no number', [0, Number.NaN, 0], 'B/1 would get NaN A'],
    ['an endless number', [0, 0, Number.POSITIVE_INFINITY], 'C/1 would get Infinity A'],
    ['an answer that forgets it', [0, 0], 'C/1 would get undefined A'],
  ])('%s', (_story, amps, expected) => {
    expect(fault({ amps })).toBe(expected);
  });

  test('a reserved one is bound to no minimum, maximum or step, and counts with what it may draw', () => {
    const roles = { 'A/1': reserved(25) };
    expect(fault({ amps: [1.23, 7, 0], roles })).toBeUndefined();
    expect(fault({ amps: [0, 7.1, 0], roles })).toBe('east L1 would carry 32.1 A of 32 A');
  });
});

describe('every circuit and phase', () => {
  test.each([
    ['a board filled to the last ampere', { amps: [16, 16, 0] }, undefined],
    ['a tenth more', { amps: [16, 16.1, 0] }, 'east L1 would carry 32.1 A of 32 A'],
    ['a board and its base load', { amps: [16, 16, 0], base: [0, 1] }, 'east L1 would carry 33 A of 32 A'],
    ['the main fuse less its margin', { amps: [10, 10, 18], base: [10, 0] }, undefined],
    ['the main fuse and its base load', { amps: [10, 10, 18], base: [11, 0] }, 'main L1 would carry 49 A of 48 A'],
    [
      'a base load that is not a number',
      { amps: [6, 0, 0], base: [Number.NaN, 0] },
      'main L1 would carry NaN A of 48 A',
    ],
  ] as [string, Case, string | undefined][])('%s', (_story, one, expected) => {
    const onL1 = { 'A/1': ['L1'], 'B/1': ['L1'], 'C/1': ['L1'] } as const;
    expect(fault({ ...one, phases: onL1 })).toBe(expected);
  });

  test('a board carries what hangs below it, at any depth, and not what hangs beside it', () => {
    const wide = buildSite({
      circuits: [
        circuit({ id: 'main' }),
        circuit({ id: 'east', parent: 'main', ratingAmps: onEachPhase(20) }),
        circuit({ id: 'west', parent: 'main', ratingAmps: onEachPhase(20) }),
        circuit({ id: 'deep', parent: 'east' }),
      ],
      evses: ['east', 'west', 'deep'].map((id) => evse({ station: id, circuit: id })),
    });
    const loads = new Map(
      wide.circuits.map(({ id }): [string, BaseLoad] => [id, { from: 'meter', amps: onEachPhase(0) }]),
    );
    const limits = { ...none, circuits: circuitLimits(wide, [], 0), baseLoads: loads };
    expect(verify(wide, limits, situationsOf(wide), [12, 20, 8])).toBeUndefined();
    expect(verify(wide, limits, situationsOf(wide), [12, 0, 8.1])).toBe('east L1 would carry 20.1 A of 20 A');
  });

  test('a phase that is over its limit is no fault of who does not load it', () => {
    const phases = { 'A/1': ['L1'], 'B/1': ['L2'], 'C/1': ['L3'] } as const;
    const roles = { 'B/1': reserved(34) };
    expect(fault({ amps: [20, 0, 20], phases, roles })).toBeUndefined();
    expect(fault({ amps: [20, 0, 20], phases: { ...phases, 'C/1': ['L2'] }, roles })).toBe(
      'main L2 would carry 54 A of 48 A',
    );
    expect(fault({ amps: [6, 0, 20], phases: { ...phases, 'A/1': ['L2', 'L3'] }, roles })).toBe(
      'east L2 would carry 40 A of 32 A',
    );
  });

  test.each([
    ['nobody gets anything', [0, 0, 0], {}, undefined],
    ['somebody gets something', [6, 0, 0], {}, 'main L1 would carry 66 A of 48 A'],
    ['only one that must never be told 0 A gets its minimum', [6, 0, 0], { 'A/1': neverZero }, undefined],
    ['it gets more than that', [6.1, 0, 0], { 'A/1': neverZero }, 'main L1 would carry 66.1 A of 48 A'],
    ['a reserved one is there', [6, 0, 0], { 'A/1': reserved(9) }, undefined],
  ] as [string, number[], { [evse: string]: Situation['role'] }, string | undefined][])(
    'a base load over the limit alone is accepted while %s',
    (_story, amps, roles, expected) => {
      expect(fault({ amps, roles, base: [60, 0] })).toBe(expected);
    },
  );

  test('the power cap counts all phases and the base load', () => {
    // 30 kW is 130.43 A over the three phases at 230 V.
    const one = { amps: [0, 0, 20], base: [23.4, 0] } as const;
    expect(fault(one)).toBeUndefined();
    expect(fault({ ...one, base: [24, 0] })).toBe('main would carry 30360 W of 30000 W');
    expect(fault({ ...one, base: [44, 0], amps: [0, 0, 0] })).toBeUndefined();
    expect(fault({ ...one, base: [24, 0], phases: { 'C/1': ['L1'] } })).toBeUndefined();
    expect(fault({ ...one, base: [24, 0], roles: { 'C/1': reserved(20) } })).toBeUndefined();
    expect(fault({ ...one, base: [24, 0], roles: { 'C/1': reserved(15) }, amps: [6, 0, 0] })).toMatch(
      /^main would carry/,
    );
  });

  test('a circuit of which nothing is known is a fault', () => {
    const base = new Map<string, BaseLoad>([['main', { from: 'meter', amps: onEachPhase(0) }]]);
    const all = new Map([...base, ['east', base.get('main')!] as const]);
    const withoutEast = new Map([...circuits].filter(([id]) => id !== 'east'));
    const of = (part: Pick<Limits, 'circuits' | 'baseLoads'>) =>
      verify(site, { ...none, ...part }, situationsOf(site), [0, 0, 0]);
    expect(of({ circuits, baseLoads: base })).toBe('east has no limit or no base load');
    expect(of({ circuits: withoutEast, baseLoads: all })).toBe('east has no limit or no base load');
    expect(of({ circuits, baseLoads: all })).toBeUndefined();
  });
});

describe('a limit on a whole station', () => {
  const stations = [{ station: 'A', amps: 10, source: { kind: 'upstream' as const } }];
  test.each([
    ['is kept', [10, 20, 0], {}, undefined],
    ['is broken', [10.1, 0, 0], {}, 'station A would draw 10.1 A of 10 A'],
    ['is broken by what is reserved, and nobody can help it', [0, 0, 0], { 'A/1': reserved(16) }, undefined],
    ['is below the minimum of one that must never be told 0 A', [6, 0, 0], { 'A/1': neverZero }, undefined],
  ] as [string, number[], { [evse: string]: Situation['role'] }, string | undefined][])(
    '%s',
    (_story, amps, roles, expected) => {
      const most = roles['A/1'] === neverZero ? 5 : 10;
      expect(fault({ amps, roles, stations: [{ ...stations[0]!, amps: most }] })).toBe(expected);
    },
  );

  test('counts all EVSEs of the station, whoever of them gets something', () => {
    const twin = buildSite({ evses: [evse({ station: 'A' }), evse({ station: 'A', id: 'A/2', number: 2 })] });
    const base = new Map<string, BaseLoad>([['main', { from: 'meter', amps: onEachPhase(0) }]]);
    const situations = situationsOf(twin, { 'A/2': { role: reserved(8) } });
    const check = (given: number) =>
      verify(twin, { ...none, circuits: circuitLimits(twin, [], 0), baseLoads: base, stations }, situations, [
        given,
        0,
      ]);
    expect([check(0), check(6)]).toEqual([undefined, 'station A would draw 14 A of 10 A']);
  });
});

describe('at the edges', () => {
  const one = buildSite({ circuits: [circuit({ id: 'main' })], evses: [evse({ station: 'A' })] });
  const base = new Map<string, BaseLoad>([['main', { from: 'meter', amps: onEachPhase(0) }]]);
  const source = { kind: 'fuse' } as const;
  const check = (amps: number, watts: number, station: number) => {
    const phases = onEachPhase({ amps, source });
    const cut = new Map([['main', { phases, power: { watts, unit: 'W' as const, source } }]]);
    const stations = [{ station: 'A', amps: station, source }];
    return verify(one, { ...none, circuits: cut, baseLoads: base, stations }, situationsOf(one), [6]);
  };

  test.each([
    // limits in amperes, watts, and amperes of the station; 6 A on three phases are 4,140 W
    ['exactly what is there', 6, 4_140, 6, undefined],
    ['a ten-thousandth of an ampere less is rounding', 6 - 1e-4, 4_140 - 1e-4 * 230, 6 - 1e-4, undefined],
    ['a thousandth less of the fuse is not', 6 - 1e-3, 4_140, 6, /^main L1 would carry 6 A of 5.999/],
    ['nor of the power', 6, 4_140 - 1e-3 * 230, 6, /^main would carry 4140 W of 4139.77/],
    ['nor of the station', 6, 4_140, 6 - 1e-3, /^station A would draw 6 A of 5.999/],
  ])('%s', (_story, amps, watts, station, expected) => {
    if (expected) expect(check(amps, watts, station)).toMatch(expected);
    else expect(check(amps, watts, station)).toBeUndefined();
  });

  test('a tree that bites its own tail, which no checked site has, is walked a bounded way', () => {
    const circular = buildSite({
      circuits: [
        circuit({ id: 'main', parent: 'east' }),
        circuit({ id: 'east', parent: 'main' }),
        circuit({ id: 'west' }),
      ],
      evses: [evse({ station: 'A' })],
    });
    const loads = new Map(['main', 'east', 'west'].map((id) => [id, base.get('main')!]));
    const own = { ...none, circuits: circuitLimits(circular, [], 0), baseLoads: loads };
    const answer = verify(circular, own, situationsOf(circular), [32]);
    expect(answer).toBeUndefined();
  });
});
