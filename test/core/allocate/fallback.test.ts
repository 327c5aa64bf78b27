// Never no answer (law 5): whoever proposes nonsense, throws or gives up is passed over, and the report says why.
import { describe, expect, test } from 'vitest';
import { allocate } from '../../../src/core/allocate/allocate.ts';
import type { BaseLoad } from '../../../src/core/allocate/base-load.ts';
import { capacityRows, type Limits } from '../../../src/core/allocate/capacity.ts';
import { fill } from '../../../src/core/allocate/fill.ts';
import { allocateGreedily } from '../../../src/core/allocate/greedy.ts';
import type { Proposer } from '../../../src/core/allocate/proposers.ts';
import { loadsOf } from '../../../src/core/allocate/rows.ts';
import type { Situation } from '../../../src/core/allocate/situation.ts';
import { blankEvseMemory } from '../../../src/core/command/absorb.ts';
import { circuitLimits } from '../../../src/core/limits/caps.ts';
import { onEachPhase } from '../../../src/core/model/units.ts';
import { candidateRole } from '../../support/candidates.ts';
import { buildSite, genericAc } from '../../support/site-builder.ts';

const site = buildSite();
const candidate = candidateRole({ isOn: true });
const situations = site.evses.map(
  (evse, at): Situation => ({
    at,
    evse,
    profile: genericAc,
    station: undefined,
    state: undefined,
    memory: blankEvseMemory,
    phases: evse.phases,
    exposureAmps: 6,
    exposureBecause: 'floor',
    cap: undefined,
    assuredAmps: 0,
    balances: false,
    role: candidate,
  }),
);
const limits: Limits = {
  circuits: circuitLimits(site, [], 0),
  baseLoads: new Map<string, BaseLoad>([['main', { from: 'meter', amps: onEachPhase(13) }]]),
  groups: [],
  stations: [],
  surplusWatts: 0,
};
const rows = capacityRows(site, limits);
const input = { site, rows, loads: loadsOf(rows, situations), limits, situations, mayRotate: false, solvers: {} };

const filling: Proposer = { name: 'filling', solve: fill };
const greedy: Proposer = { name: 'greedy', solve: allocateGreedily };
const lp = (amps: readonly number[]): Proposer => ({
  name: 'lp',
  solve: () => ({ kind: 'solved', amps, bindings: amps.map(() => ({ kind: 'upper' })) }),
});

describe('a proposer that is wrong is passed over', () => {
  test.each([
    ['over the fuse', lp([32]), /main L1 would carry 109/],
    ['not a number', lp([Number.NaN]), /would get NaN A/],
    ['negative', lp([-4]), undefined],
    [
      'throws',
      {
        name: 'lp',
        solve: () => {
          throw new Error('pivot');
        },
      } as Proposer,
      /threw Error: pivot/,
    ],
    ['gives up', { name: 'lp', solve: () => ({ kind: 'failed', because: 'infeasible' }) } as Proposer, /infeasible/],
  ])('%s', (_story, wrong, because) => {
    const { amps, solver } = allocate(input, () => [wrong, filling, greedy]);
    if (because) {
      expect(solver.answeredBy).toBe('filling');
      expect(solver.fellBackBecause).toMatch(because);
      expect(amps).toEqual([16.7, 16.7, 16.6].map((value) => expect.closeTo(value, 6)));
    }
    expect(amps.reduce((sum, value) => sum + value, 13)).toBeLessThanOrEqual(63);
    for (const value of amps) expect(value).toBeGreaterThanOrEqual(6);
  });

  test('when only the stand-in is left, its answer fits and is said to be its', () => {
    const { amps, solver } = allocate(input, () => [lp([32]), greedy]);
    expect(solver.answeredBy).toBe('greedy');
    expect(amps.reduce((sum, value) => sum + value, 13)).toBeLessThanOrEqual(63);
    expect(Math.min(...amps)).toBeGreaterThan(14);
  });

  test('when nobody is left, the floors are the answer', () => {
    const { amps, solver } = allocate(input, () => [lp([32])]);
    expect(solver).toMatchObject({ answeredBy: 'floors', fellBackBecause: expect.stringContaining('main L1') });
    expect(amps).toEqual([6, 6, 6]);
  });

  test('an emergency stop holds all the same: no floor is an answer to it', () => {
    const cap = { amps: 0, source: { kind: 'emergency-stop' } } as const;
    const stopped = situations.map((one, at): Situation => (at === 1 ? { ...one, cap } : one));
    const { amps, solver } = allocate({ ...input, situations: stopped }, () => [lp([32])]);
    expect(solver.answeredBy).toBe('floors');
    expect(amps).toEqual([6, 0, 6]);
  });
});
