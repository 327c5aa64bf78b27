// From exact shares to the chargers' steps: down, then whole steps back in their order, and a balance that rounding took away restored.
import { describe, expect, test } from 'vitest';
import { roundToSteps } from '../../../src/core/allocate/rounding.ts';
import type { Load } from '../../../src/core/allocate/rows.ts';
import { allOnOneRow, candidate } from '../../support/candidates.ts';

type Spec = {
  /** The exact share. */
  readonly exact: number;
  /** What it has for certain; 6 A when absent. */
  readonly granted?: number;
  readonly step?: number;
  readonly upper?: number;
  readonly priority?: number;
  readonly weight?: number;
};

/** What A, B, … are told. `room` is what their grants have left of each row; one row that all load when `loads` is absent. */
function rounded(specs: readonly Spec[], room: readonly number[], loads?: readonly (readonly Load[])[]): number[] {
  const admitted = specs.map(({ step = 1, upper = 32, priority = 0, weight = 1 }, at) =>
    candidate(at, { upper, priority, evse: { stepAmps: step, weight } }),
  );
  const granted = new Map(specs.map(({ granted: own = 6 }, at) => [at, own]));
  const proposal = specs.map(({ exact }) => exact);
  const admission = { admitted, granted, refused: [], room };
  roundToSteps(admission, loads ?? allOnOneRow(admitted), proposal);
  // Who is listed first makes no difference.
  const again = specs.map(({ exact }) => exact);
  roundToSteps({ ...admission, admitted: [...admitted].reverse() }, loads ?? allOnOneRow(admitted), again);
  expect(again).toEqual(proposal);
  return proposal;
}

const plus = (row: number, coefficient = 1): Load => ({ row, coefficient });
const minus = (row: number, coefficient = 1): Load => ({ row, coefficient: -coefficient });

describe('down to the step', () => {
  test.each<readonly [string, Spec, number]>([
    ['a share on its step stays', { exact: 16 }, 16],
    ['one between two steps comes down', { exact: 16.9 }, 16],
    ['the steps are the own ones', { exact: 16.97, step: 0.1 }, 16.9],
    ['a share beneath what was granted is lifted to it', { exact: 3, granted: 8 }, 8],
    ['what was granted is kept also where it lies between two steps', { exact: 6.7, granted: 6.5 }, 6.5],
    ['a share beyond the maximum is cut to it', { exact: 40, upper: 20 }, 20],
    ['a maximum between two steps is not reached', { exact: 20.5, upper: 20.5 }, 20],
  ])('%s', (_story, spec, expected) => {
    // The row holds what is granted, and as much more as the share asks for, less than a step.
    const { granted = 6, upper = 32 } = spec;
    const room = Math.max(0, Math.min(upper, spec.exact) - granted);
    expect(rounded([spec], [room])).toEqual([expected]);
  });
});

describe('whole steps go back', () => {
  test.each<readonly [string, readonly Spec[], number, readonly number[]]>([
    // story, exact shares, what the row holds in all, what is told
    ['to the largest remainder', [{ exact: 10.3 }, { exact: 10.7 }], 21, [10, 11]],
    ['however large the share', [{ exact: 12.3 }, { exact: 10.7 }], 23, [12, 11]],
    ['among equals by name', [{ exact: 10.5 }, { exact: 10.5 }], 21, [11, 10]],
    ['to the higher priority first', [{ exact: 10.8 }, { exact: 10.2, priority: 1 }], 21, [10, 11]],
    ['the remainder counts in steps', [{ exact: 10.3, step: 0.5 }, { exact: 10.5 }], 21, [11, 10]],
    ['only where a whole one fits', [{ exact: 10.3 }, { exact: 10.6 }], 20.99, [10, 10]],
    ['to nobody where the shares are whole', [{ exact: 10 }, { exact: 11 }], 21, [10, 11]],
    ['to the next where the first is at its maximum', [{ exact: 10.3 }, { exact: 10.9, upper: 10.9 }], 21.2, [11, 10]],
    ['up to the maximum itself', [{ exact: 10.9, upper: 11 }, { exact: 10.1 }], 21, [11, 10]],
    ['up to a maximum as floating point has it', [{ exact: 6.2, step: 0.1, upper: 0.1 * 63 - 1e-10 }], 9, [6.3]],
    ['one each, then to whoever has least', [{ exact: 9 }, { exact: 6 }], 18, [10, 8]],
    [
      'least among those of a higher priority',
      [
        { exact: 9, priority: 1 },
        { exact: 6, priority: 1 },
      ],
      18,
      [10, 8],
    ],
    ['least by weight', [{ exact: 12, weight: 2 }, { exact: 9 }], 24, [14, 10]],
    ['in every round the higher priority first', [{ exact: 6 }, { exact: 9, priority: 1 }], 18, [7, 11]],
    ['in every round among equals by name', [{ exact: 6 }, { exact: 6 }], 15, [8, 7]],
    [
      'until all are at their maximum',
      [
        { exact: 6, upper: 8 },
        { exact: 6, upper: 9 },
      ],
      30,
      [8, 9],
    ],
    ['a smaller step fits where a larger one does not', [{ exact: 6.9 }, { exact: 6.4, step: 0.5 }], 12.9, [6, 6.5]],
  ])('%s', (_story, specs, holds, expected) => {
    const granted = specs.reduce((sum, { granted: own = 6 }) => sum + own, 0);
    expect(rounded(specs, [holds - granted])).toEqual(expected);
  });

  test('on the rows that each one loads', () => {
    // A is alone on row 0, B and C share row 1, which counts watts.
    const loads = [[plus(0)], [plus(1, 230)], [plus(1, 230)]];
    const specs = [{ exact: 10.5 }, { exact: 8.5 }, { exact: 8.5 }];
    expect(rounded(specs, [4.5, 230 * 5], loads)).toEqual([10, 9, 8]);
  });

  test('nobody is told of more where the proposal overdraws a row: that is for the check to find', () => {
    expect(rounded([{ exact: 20 }, { exact: 20 }], [18])).toEqual([20, 20]);
  });
});

describe('where a row is signed', () => {
  // Row 0: what A draws beyond B, "L1 at most so much above L2". Row 1 is B's own.
  const loads = [[plus(0)], [minus(0), plus(1)]];

  test('the larger side comes down as far as rounding took the balance away', () => {
    const specs = [
      { exact: 12.9, step: 0.1 },
      { exact: 8.9, upper: 8.9 },
    ];
    expect(rounded(specs, [4, 20], loads)).toEqual([12, 8]);
    // By whole steps of its own.
    expect(rounded([{ exact: 12.5, step: 0.5 }, specs[1]!], [4, 20], loads)).toEqual([12, 8]);
    expect(rounded([{ exact: 12.9, step: 0.4 }, specs[1]!], [4, 20], loads)).toEqual([12, 8]);
  });

  test('in amperes of its own, whatever the row counts in', () => {
    const specs = [
      { exact: 12.9, step: 0.1 },
      { exact: 8.9, upper: 8.9 },
    ];
    const watts = [[plus(0, 230)], [minus(0, 230), plus(1)]];
    expect(rounded(specs, [4 * 230, 20], watts)).toEqual([12, 8]);
  });

  test('it never comes down below what was granted', () => {
    const specs = [
      { exact: 12.9, granted: 12.5, step: 0.1 },
      { exact: 8.9, upper: 8.9 },
    ];
    // Room that the grants left: 4 A and the difference of the grants.
    expect(rounded(specs, [4 - 6.5, 20], loads)).toEqual([12.5, 8]);
  });

  test('one step of who balances lets another take one, again and again', () => {
    const specs = [
      { exact: 6, priority: 1 },
      { exact: 6, upper: 9 },
    ];
    // B may take three steps; each makes room for one of A.
    expect(rounded(specs, [0], [[plus(0)], [minus(0)]])).toEqual([9, 9]);
    // Also where B loads a row of its own, with room for three.
    expect(rounded([specs[0]!, { exact: 6 }], [0, 3.5], loads)).toEqual([9, 9]);
  });

  test('nothing comes down where nobody can mend it', () => {
    // Reserved EVSEs have overdrawn row 0 by 5 A; A has what nobody can deny it, B loads it not at all.
    expect(rounded([{ exact: 6 }, { exact: 10.4 }], [-5, 4.4], loads)).toEqual([6, 10]);
  });
});

describe('who comes down', () => {
  // Row 0: what A and B draw on L1 beyond C on L2. C's step takes 0.9 A of the balance away.
  const loads = [[plus(0)], [plus(0)], [minus(0)]];
  const balancing = { exact: 8.9, upper: 8.9 };
  const fine = (exact: number, part: Partial<Spec> = {}): Spec => ({ exact, step: 0.1, ...part });
  /** The row is full with the exact shares. */
  const told = (a: Spec, b: Spec) => {
    const granted = (a.granted ?? 6) + (b.granted ?? 6) - 6;
    return rounded([a, b, balancing], [a.exact + b.exact - 8.9 - granted], loads);
  };

  test.each<readonly [string, Spec, Spec, readonly number[]]>([
    ['who has most', fine(10), fine(12), [10, 11.1, 8]],
    ['most by weight', fine(10), fine(12, { weight: 2 }), [9.1, 12, 8]],
    ['among equals by name', fine(10), fine(10), [9.1, 10, 8]],
    ['then the next, where that was not enough', fine(12, { granted: 11.6 }), fine(10), [11.6, 9.5, 8]],
    ['nobody below what its deadline was granted', fine(12, { granted: 12 }), fine(10), [12, 9.1, 8]],
    ['the lowest priority first', fine(12, { priority: 1 }), fine(10), [12, 9.1, 8]],
  ])('%s', (_story, a, b, expected) => {
    expect(told(a, b)).toEqual(expected);
  });

  test('by the row that counts in watts too', () => {
    const watts = [[plus(0, 230)], [plus(0, 230)], [minus(0, 230)]];
    expect(rounded([fine(10), fine(12), balancing], [230 * (10 + 12 - 8.9 - 6), 0], watts)).toEqual([10, 11.1, 8]);
  });

  test('what a larger step frees beyond that lifts nobody beyond the maximum', () => {
    expect(told(fine(12, { step: 1 }), fine(10, { upper: 10 }))).toEqual([11, 10, 8]);
  });

  // Row 0: A beyond C; row 1: B beyond C.
  const both = [[plus(0)], [plus(1)], [minus(0), minus(1)]];

  test('two rows are put in order one after the other', () => {
    expect(rounded([fine(12.9), fine(14.9), balancing], [4, 6], both)).toEqual([12, 14, 8]);
  });

  test('who loads no overdrawn row stays, though another would take what it gave up', () => {
    // D stands in row 1 with B, which is full, and comes before it.
    const specs = [fine(12.9), fine(14.9), balancing, fine(10, { priority: 1 })];
    expect(rounded(specs, [4, 10.9], [...both, [plus(1)]])).toEqual([12, 14.9, 8, 10]);
  });

  test('as many as it takes come down in one round', () => {
    // Thirty cars on L1 are a step above their minimum; the car that balances them comes down by 2.9 A.
    const many = Array.from({ length: 30 }, () => fine(6.1));
    const rows = [...many.map(() => [plus(0)]), [minus(0)]];
    const all = rounded([...many, { exact: 8.9, step: 3, upper: 8.9 }], [0.1], rows);
    expect(all).toEqual([...many.map((_one, at) => (at < 29 ? 6 : 6.1)), 6]);
  });

  test('a row that nobody can mend keeps no other from being mended', () => {
    // Reserved EVSEs have overdrawn row 0, and A has no more than what nobody can deny it.
    expect(rounded([fine(6), fine(14.9), balancing], [-5, 6], both)).toEqual([6, 14, 8]);
  });

  test('one that came down may have balanced another, who follows', () => {
    // Row 0: A beyond C; row 1: B beyond A.
    const chain = [[plus(0), minus(1)], [plus(1)], [minus(0)]];
    expect(rounded([fine(12.9), fine(14.9), balancing], [4, 2], chain)).toEqual([12, 14, 8]);
  });

  test('after 24 rounds the proposal is left to the check', () => {
    // Two that must be within half a milliampere of each other, and whose steps meet at 10.1 A only: each round lowers one of them once.
    const pair = [
      [plus(0), minus(1)],
      [plus(1), minus(0)],
    ];
    const specs = (a: number, b: number) => [
      { exact: a, step: 0.101 },
      { exact: b, step: 0.1 },
    ];
    expect(rounded(specs(20.099, 20.1), [0.0005, 0.0005], pair)).toEqual([18.887, 18.9]);
    // From twelve steps above that it is settled just in time.
    expect(rounded(specs(11.312, 11.3), [0.0005, 0.0005], pair)).toEqual([10.1, 10.1]);
    expect(rounded(specs(11.312, 11.4), [0.0005, 0.0005], pair)).not.toEqual([10.1, 10.1]);
  });
});
