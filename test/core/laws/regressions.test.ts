// What random sites have found, as small stories that stay.
import { expect, test } from 'vitest';
import { baseLoadOf } from '../../../src/core/allocate/base-load.ts';
import { fill } from '../../../src/core/allocate/fill.ts';
import { withoutSigns } from '../../../src/core/allocate/linear-program.ts';
import type { Proposer } from '../../../src/core/allocate/proposers.ts';
import { onEachPhase } from '../../../src/core/model/units.ts';
import { NOW } from '../../support/random-sharing.ts';
import { candidate, shared, sharing } from '../../support/sharing.ts';
import { buildSite, circuit } from '../../support/site-builder.ts';

const filling = (): readonly Proposer[] => [{ name: 'filling', solve: (program) => fill(withoutSigns(program)) }];

test('a charger that must never be sent 0 A has its minimum before all others, also where its car charges from surplus alone', () => {
  const input = sharing([{}, { role: candidate({ neverZero: true, onlySurplus: true }) }], {
    ratingAmps: onEachPhase(13),
  });
  expect(shared(input)).toEqual({ by: 'lp', because: undefined, amps: [7, 6] });
});

test('the minima of chargers that must never be sent 0 A are set aside before the first to leave is granted what it needs', () => {
  const one = candidate({ neverZero: true, needAmps: 7, departureAt: NOW });
  const other = candidate({ neverZero: true });
  const input = sharing(
    [{ role: one }, { role: other }],
    { ratingAmps: onEachPhase(12) },
    { scarcity: 'earliest-departure-first' },
  );
  expect(shared(input)).toEqual({ by: 'lp', because: undefined, amps: [6, 6] });
});

test('an unbalance that reserved EVSEs make by themselves takes nothing from those who lessen it', () => {
  const input = sharing(
    [
      { evse: { phases: ['L1'] }, role: { kind: 'reserved', amps: 32 } },
      { evse: { phases: ['L2'] }, assuredAmps: 6 },
    ],
    { unbalanceAmps: 20 },
  );
  expect(shared(input)).toMatchObject({ by: 'lp', because: undefined, amps: [32, 20] });
  expect(shared(input, filling)).toEqual({ by: 'filling', because: undefined, amps: [32, 20] });
});

test('a step that makes room for another is followed by that other', () => {
  // Filling counts what the car on the other phases gives at its minimum; its steps come after those of the higher priority.
  const input = sharing(
    [
      { evse: { phases: ['L1'] }, role: candidate({ priority: 1 }) },
      { evse: { phases: ['L2', 'L3'] }, role: candidate({ upper: 9 }), assuredAmps: 6 },
    ],
    { unbalanceAmps: 16 },
  );
  expect(shared(input, filling).amps).toEqual([25, 9]);
});

test('a reading that is held when the first cycle sees it lifts the base load as far as cars cannot explain it', () => {
  const board = circuit({ id: 'main', meter: 'main', worstBaseLoadAmps: onEachPhase(60) });
  const { policy } = buildSite();
  const memory = { baseLoadAmps: onEachPhase(5), at: 11_000, readingAt: 9_000 };
  const draws = { low: 0, high: 10 };
  const base = (measuredAt: number) =>
    baseLoadOf(
      board,
      { reading: { currentAmps: onEachPhase(40), measuredAt } },
      { L1: draws, L2: draws, L3: draws },
      memory,
      12_000,
      policy,
    );
  expect(base(9_400)).toMatchObject({ from: 'held', amps: onEachPhase(30) });
  expect(base(9_000)).toMatchObject({ from: 'held', amps: onEachPhase(5) });
});
