// The independent check of what binds EVSEs to each other beyond the fuses: groups, unbalance between phases, and the surplus.
import { describe, expect, test } from 'vitest';
import type { BaseLoad } from '../../../src/core/allocate/base-load.ts';
import type { CandidateRole, Situation } from '../../../src/core/allocate/situation.ts';
import { verify } from '../../../src/core/allocate/verify.ts';
import { circuitLimits, type GroupLimit } from '../../../src/core/limits/caps.ts';
import type { Circuit } from '../../../src/core/model/site.ts';
import { onEachPhase, type Phase } from '../../../src/core/model/units.ts';
import { candidateRole } from '../../support/candidates.ts';
import { buildSite, circuit, evse } from '../../support/site-builder.ts';
import { situationsOf } from '../../support/situation.ts';

const L1: readonly Phase[] = ['L1'];
const L2: readonly Phase[] = ['L2'];
const L3: readonly Phase[] = ['L3'];
const ALL: readonly Phase[] = ['L1', 'L2', 'L3'];

type Part = {
  readonly amps: number;
  /** All three when absent. */
  readonly phases?: readonly Phase[];
  /** Reserved at `amps`, of which it certainly draws so much. */
  readonly assured?: number;
  /** Seen to draw in earnest. */
  readonly balances?: boolean;
  readonly drawnPart?: number;
  readonly role?: Partial<CandidateRole>;
};
type Limit = {
  readonly main?: Partial<Circuit>;
  readonly groups?: readonly GroupLimit[];
  readonly surplusWatts?: number;
};

const given = (amps: number, part: Omit<Part, 'amps'> = {}): Part => ({ amps, ...part });

/** What the check says of giving A, B, … these amperes on a connection of 200 A without base load. */
function fault(parts: readonly Part[], { main, groups = [], surplusWatts = 0 }: Limit): string | undefined {
  const site = buildSite({
    circuits: [circuit({ id: 'main', ratingAmps: onEachPhase(200), ...main })],
    evses: parts.map((_part, at) => evse({ station: String.fromCharCode(65 + at) })),
  });
  const situation = ({
    amps,
    phases = ALL,
    assured,
    balances = false,
    drawnPart = 1,
    role,
  }: Part): Partial<Situation> => ({
    phases,
    balances,
    drawnPart,
    ...(assured === undefined
      ? { role: candidateRole(role) }
      : { role: { kind: 'reserved', amps }, assuredAmps: assured }),
  });
  const situations = situationsOf(
    site,
    Object.fromEntries(parts.map((part, at) => [site.evses[at]!.id, situation(part)])),
  );
  const baseLoads = new Map<string, BaseLoad>([['main', { from: 'meter', amps: onEachPhase(0) }]]);
  const limits = { circuits: circuitLimits(site, [], 0), baseLoads, groups, stations: [], surplusWatts };
  return verify(
    site,
    limits,
    situations,
    // A reserved one counts with what it is reserved at, whatever the answer says of it.
    parts.map(({ amps, assured }) => (assured === undefined ? amps : 0)),
  );
}

describe('a group of A and B', () => {
  const group = (limit: Partial<GroupLimit>): Limit => ({
    groups: [{ group: 'g', members: ['A/1', 'B/1'], source: { kind: 'permit' }, netOfSurplus: false, ...limit }],
    ...(limit.netOfSurplus === undefined ? {} : { surplusWatts: 2_300 }),
  });
  const amps = { L1: 20, L2: 30, L3: 40 };

  test.each<readonly [string, readonly Part[], string | undefined]>([
    ['may draw its limit on each phase', [given(10), given(10), given(32)], undefined],
    ['may draw a ten-thousandth more, which is rounding', [given(10), given(10 + 1e-8)], undefined],
    ['may not draw more on one', [given(10), given(10.1)], 'group g would draw 20.1 A of 20 A on L1'],
    [
      'is held on each of its phases',
      [given(20, { phases: L2 }), given(10.1, { phases: ['L2', 'L3'] })],
      'group g would draw 30.1 A of 30 A on L2',
    ],
    ['may draw on one phase what another has not', [given(32, { phases: L3 }), given(8, { phases: L3 })], undefined],
    [
      'is held with what is reserved in it',
      [given(6, { phases: L1 }), given(14.1, { assured: 0 })],
      'group g would draw 20.1 A of 20 A on L1',
    ],
    ['is over its limit by what is reserved alone', [given(0), given(25, { assured: 0 })], undefined],
    [
      'is over its limit on a phase that nobody loads who could be denied',
      [given(6, { phases: L2 }), given(25, { phases: L1, assured: 0 })],
      undefined,
    ],
    [
      'keeps what nobody can deny',
      [given(6, { role: { neverZero: true } }), given(25, { phases: L1, assured: 0 })],
      undefined,
    ],
    [
      'gives no more than that',
      [given(6.1, { role: { neverZero: true } }), given(25, { phases: L1, assured: 0 })],
      'group g would draw 31.1 A of 20 A on L1',
    ],
  ])('limited by phase %s', (_story, parts, expected) => {
    expect(fault(parts, group({ amps }))).toBe(expected);
  });

  test.each<readonly [string, readonly Part[], Partial<GroupLimit>, string | undefined]>([
    ['may draw it', [given(8), given(8), given(32)], {}, undefined],
    ['may draw what is rounding more', [given(8), given(8 + 3e-8)], {}, undefined],
    ['may not draw more', [given(8), given(8.1)], {}, 'group g would draw 11109 W of 11040 W'],
    ['counts phases', [given(32, { phases: L1 }), given(16, { phases: L2 })], {}, undefined],
    ['may draw the surplus on top', [given(8), given(11.3)], { netOfSurplus: true }, undefined],
    [
      'may not draw more than that',
      [given(8), given(11.4)],
      { netOfSurplus: true },
      'group g would draw 13386 W of 13340 W',
    ],
    [
      'may not use the surplus where it was not granted',
      [given(8), given(11.3)],
      { netOfSurplus: false },
      expect.any(String),
    ],
    ['is over it by what is reserved alone', [given(0), given(30, { assured: 30 })], {}, undefined],
  ])('limited in power %s', (_story, parts, limit, expected) => {
    expect(fault(parts, group({ watts: 11_040, ...limit }))).toEqual(expected);
  });

  test('a ten-thousandth of an ampere over its power is rounding, two are not', () => {
    const parts = [given(8), given(8)];
    expect(fault(parts, group({ watts: 11_040 - 1e-4 * 230 }))).toBeUndefined();
    expect(fault(parts, group({ watts: 11_040 - 2e-4 * 230 }))).toMatch(/^group g would draw 11040 W of 11039.9/);
    expect(fault(parts, group({ watts: Number.NaN }))).toBe('group g would draw 11040 W of NaN W');
  });

  test('a ten-thousandth of an ampere over its limit of a phase is rounding, a thousandth is not', () => {
    expect(fault([given(6)], group({ amps: onEachPhase(6 - 1e-4) }))).toBeUndefined();
    expect(fault([given(6)], group({ amps: onEachPhase(6 - 1e-3) }))).toMatch(/^group g would draw 6 A of 5.999/);
  });

  test('of several limits each is checked', () => {
    const two = [
      { group: 'g', members: ['A/1'], source: { kind: 'permit' }, netOfSurplus: false, watts: 99_000 },
      { group: 'h', members: ['B/1'], source: { kind: 'utility' }, netOfSurplus: false, watts: 4_200 },
    ] as const;
    expect(fault([given(32), given(6)], { groups: two })).toBeUndefined();
    expect(fault([given(6), given(7)], { groups: two })).toBe('group h would draw 4830 W of 4200 W');
  });
});

describe('unbalance of 20 A at most', () => {
  const limit = { main: { unbalanceAmps: 20 } };

  test.each<readonly [string, readonly Part[], string | undefined]>([
    ['is reached on one phase', [given(20, { phases: L1 })], undefined],
    ['is rounding', [given(20 + 1e-8, { phases: L1 })], undefined],
    ['is exceeded', [given(20.1, { phases: L1 })], 'main would draw 20.1 A more on L1 than on L2, of 20 A'],
    [
      'is exceeded on the last phase',
      [given(21, { phases: L3 })],
      'main would draw 21 A more on L3 than on L1, of 20 A',
    ],
    [
      'is exceeded by two',
      [given(12, { phases: L1 }), given(9, { phases: L1 })],
      expect.stringMatching(/^main would draw 21 A/),
    ],
    ['does not know cars on all phases', [given(32), given(32)], undefined],
    [
      'is exceeded by cars on two phases against the third',
      [given(21, { phases: ['L1', 'L2'] })],
      'main would draw 21 A more on L1 than on L3, of 20 A',
    ],
    [
      'is lessened by cars that are seen to draw on both other phases',
      [given(32, { phases: L1 }), given(12, { phases: ['L2', 'L3'], balances: true })],
      undefined,
    ],
    [
      'is lessened by what they take of it, and not by what they are offered',
      [given(29, { phases: L1 }), given(12, { phases: ['L2', 'L3'], balances: true, drawnPart: 0.75 })],
      undefined,
    ],
    [
      'and not by more',
      [given(29.1, { phases: L1 }), given(12, { phases: ['L2', 'L3'], balances: true, drawnPart: 0.75 })],
      expect.stringMatching(/^main would draw 20.1/),
    ],
    [
      'is not lessened by a car that draws on both phases',
      [
        given(21, { phases: L1 }),
        given(20, { phases: ['L1', 'L2'], balances: true }),
        given(30, { phases: L3, balances: true }),
      ],
      'main would draw 21 A more on L1 than on L2, of 20 A',
    ],
    [
      'is not lessened by a car that may not draw',
      [given(32, { phases: L1 }), given(12, { phases: ['L2', 'L3'] })],
      'main would draw 32 A more on L1 than on L2, of 20 A',
    ],
    [
      'is lessened by what a reserved one certainly draws',
      [given(32, { phases: L1 }), given(16, { phases: ['L2', 'L3'], balances: true, assured: 12 })],
      undefined,
    ],
    [
      'and by no more',
      [given(32, { phases: L1 }), given(16, { phases: ['L2', 'L3'], balances: true, assured: 11.9 })],
      'main would draw 20.1 A more on L1 than on L2, of 20 A',
    ],
    [
      'nor by more than it may draw',
      [given(32, { phases: L1 }), given(11.9, { phases: ['L2', 'L3'], balances: true, assured: 12 })],
      'main would draw 20.1 A more on L1 than on L2, of 20 A',
    ],
    [
      'counts what a reserved one may draw',
      [given(6, { phases: L1 }), given(15, { phases: L1, assured: 0 })],
      'main would draw 21 A more on L1 than on L2, of 20 A',
    ],
    ['is made by reserved ones alone', [given(0, { phases: L1 }), given(32, { phases: L1, assured: 32 })], undefined],
    [
      'is made by reserved ones, and a car on other phases takes its part',
      [given(20, { phases: L2, balances: true }), given(32, { phases: L1, assured: 32 })],
      undefined,
    ],
    [
      'is made by one that can be denied and one that cannot',
      [given(16, { phases: L1 }), given(6, { phases: L1, role: { neverZero: true } })],
      'main would draw 22 A more on L1 than on L2, of 20 A',
    ],
  ])('%s', (_story, parts, expected) => {
    expect(fault(parts, limit)).toEqual(expected);
  });

  test('a ten-thousandth more is rounding, a thousandth is not', () => {
    const one = [given(6, { phases: L1 })];
    expect(fault(one, { main: { unbalanceAmps: 6 - 1e-4 } })).toBeUndefined();
    expect(fault(one, { main: { unbalanceAmps: 6 - 1e-3 } })).toMatch(/^main would draw 6 A more on L1/);
  });

  test('concerns circuits that limit it', () => {
    expect(fault([given(32, { phases: L1 })], {})).toBeUndefined();
    expect(fault([given(6, { phases: L1 })], { main: { unbalanceAmps: 0 } })).toMatch(
      /^main would draw 6 A more on L1/,
    );
  });
});

describe('sessions on surplus', () => {
  const living = (amps: number, role: Partial<CandidateRole> = {}) =>
    given(amps, { role: { onlySurplus: true, ...role } });
  const kept = (amps: number) => living(amps, { keepsPlace: true });
  const over = (watts: number, of: number) =>
    `${watts} W would be drawn while sessions on surplus charge, of ${of} W of surplus`;

  // 6 A on three phases are 4,140 W.
  test.each<readonly [string, readonly Part[], number, string | undefined]>([
    ['take all of it', [living(6), living(6)], 8_280, undefined],
    ['take what is rounding more', [living(6)], 4_140 - 1e-4 * 230, undefined],
    ['do not take more', [living(6)], 4_139.9, over(4_140, 4_139.9)],
    ['leave it to others', [living(0), given(32)], 0, undefined],
    ['take what others leave', [living(6), given(8)], 14 * 690, undefined],
    ['do not take what others have', [living(6), given(8)], 13 * 690, over(9_660, 8_970)],
    ['take what is reserved and not drawn', [living(6), given(8, { assured: 0 })], 6 * 690, undefined],
    ['do not take what is reserved and drawn', [living(6), given(8, { assured: 7 })], 12 * 690, over(8_970, 8_280)],
    ['count by their phases', [given(18, { phases: L1, role: { onlySurplus: true } })], 4_140, undefined],
    ['keep their minima for a while without any', [kept(6), kept(6)], 0, undefined],
    ['keep no more than that', [kept(6), kept(6.1)], 0, over(8_349, 0)],
    ['keep them beside others', [kept(6), given(20)], 9_000, undefined],
    ['let nobody else in then', [kept(6), living(6)], 0, over(8_280, 0)],
    ['have their kept minima out of the surplus and not on top', [kept(6), living(6)], 11 * 690, over(8_280, 7_590)],
    ['keep what nobody can deny', [living(6, { neverZero: true })], 0, undefined],
    ['keep their minima beside that', [living(6, { neverZero: true }), kept(6)], 0, undefined],
    ['let nobody else in beside that', [living(6, { neverZero: true }), living(6)], 0, over(8_280, 0)],
    ['give that no more', [living(6.2, { neverZero: true })], 0, over(4_278, 0)],
    ['do not take what nobody knows', [living(6)], Number.NaN, over(4_140, Number.NaN)],
    ['let others have their shares where nobody knows it', [living(0), given(8)], Number.NaN, undefined],
    ['keep what nobody can deny then', [living(6, { neverZero: true })], Number.NaN, undefined],
  ])('%s', (_story, parts, surplusWatts, expected) => {
    expect(fault(parts, { surplusWatts })).toBe(expected);
  });

  test('kept minima count by their phases', () => {
    const one = given(6, { phases: L1, role: { onlySurplus: true, keepsPlace: true } });
    expect(fault([one], { surplusWatts: 0 })).toBeUndefined();
    expect(fault([one, given(6, { phases: L2, role: { onlySurplus: true } })], { surplusWatts: 0 })).toBe(
      over(2_760, 0),
    );
  });
});
