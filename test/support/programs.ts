// Random sharings as a site makes them: three-phase trees with cars of one to three phases, power caps, unbalance limits, several stages.
import fc from 'fast-check';
import type { LinearProgram, Row, Solution, Stage } from '../../src/core/allocate/linear-program.ts';

type Car = {
  readonly board: number;
  readonly phases: readonly number[];
  readonly lower: number;
  readonly range: number;
  readonly weight: number;
  readonly priority: number;
  readonly departure: number;
  /** Its need as a part of its range; 0 is none. */
  readonly need: number;
  readonly balances: boolean;
  /** How many interchangeable EVSEs stand behind the variable. */
  readonly count: number;
};
type Tree = {
  readonly root: number;
  readonly boards: readonly number[];
  readonly powerWatts: number | undefined;
  readonly scarcity: 'part-for-everyone' | 'earliest-departure-first';
  readonly unbalance: readonly (number | undefined)[];
  readonly cars: readonly Car[];
};

const tree = (most: number): fc.Arbitrary<Tree> =>
  fc.record({
    root: fc.integer({ min: 0, max: 12 * most }),
    boards: fc.array(fc.integer({ min: 0, max: 100 }), { minLength: 1, maxLength: 3 }),
    powerWatts: fc.option(fc.integer({ min: 0, max: 690 * 10 * most }), { nil: undefined }),
    scarcity: fc.constantFrom('part-for-everyone', 'earliest-departure-first'),
    unbalance: fc.array(fc.option(fc.integer({ min: 0, max: 40 }), { nil: undefined }), { minLength: 4, maxLength: 4 }),
    cars: fc.array(
      fc.record({
        board: fc.nat(2),
        phases: fc.constantFrom<number[]>([0], [1], [2], [0, 1], [1, 2], [0, 2], [0, 1, 2]),
        lower: fc.constantFrom(0, 6),
        range: fc.integer({ min: 0, max: 26 }),
        weight: fc.constantFrom(1, 1, 1, 2, 0.5),
        priority: fc.constantFrom(0, 0, 0, 1, 2),
        departure: fc.nat(3),
        need: fc.constantFrom(0, 0, 0.25, 0.7, 1),
        balances: fc.boolean(),
        count: fc.constantFrom(1, 1, 1, 2, 5),
      }),
      { minLength: 1, maxLength: most },
    ),
  });

/** Without signed rows, of up to `most` variables. */
export const packingPrograms = (most = 12): fc.Arbitrary<LinearProgram> =>
  tree(most).map((one) => programOf({ ...one, unbalance: [] }));

/** With unbalance limits on the whole or on boards, of up to `most` variables. */
export const signedPrograms = (most = 12): fc.Arbitrary<LinearProgram> => tree(most).map(programOf);

function programOf({ root, boards, powerWatts, scarcity, unbalance, cars }: Tree): LinearProgram {
  const variables = cars.map(({ lower, range }) => ({ lower, upper: lower + range }));
  const below = [root, ...boards].map((_limit, circuit) =>
    cars.flatMap((car, at) => (circuit === 0 || car.board % boards.length === circuit - 1 ? [at] : [])),
  );
  const row = (limit: number, members: readonly number[], coefficient: (car: Car) => number): Row => {
    const terms = members.flatMap((variable) => {
      const car = cars[variable]!;
      const own = coefficient(car) * car.count;
      return own === 0 ? [] : [{ variable, coefficient: own }];
    });
    // What the minima need is granted, or there would be nothing to share.
    return {
      terms,
      limit: Math.max(
        limit,
        loadOf(
          { terms, limit },
          variables.map(({ lower }) => lower),
        ),
      ),
    };
  };
  const has = (car: Car, phase: number) => car.phases.includes(phase);
  const rows = [root, ...boards].flatMap((limit, circuit) =>
    [0, 1, 2].map((phase) => row(limit, below[circuit]!, (car) => (has(car, phase) ? 1 : 0))),
  );
  if (powerWatts !== undefined) rows.push(row(powerWatts, below[0]!, ({ phases }) => 230 * phases.length));
  unbalance.forEach((limit, circuit) => {
    const members = below[circuit];
    if (limit === undefined || !members) return;
    for (const phase of [0, 1, 2])
      for (const against of [0, 1, 2].filter((one) => one !== phase))
        rows.push(
          row(limit, members, (car) => {
            const [on, off] = [has(car, phase), has(car, against)];
            return (on ? 1 : 0) - (off && (on || car.balances) ? 1 : 0);
          }),
        );
  });
  return { variables, rows, stages: stagesOf(cars, variables, scarcity) };
}

function stagesOf(cars: readonly Car[], variables: LinearProgram['variables'], scarcity: Tree['scarcity']): Stage[] {
  const stages = new Map<number, Stage[number][]>();
  const add = (order: number, riser: Stage[number]) => stages.set(order, [...(stages.get(order) ?? []), riser]);
  for (const [variable, { need, weight, priority, departure }] of cars.entries()) {
    const { upper } = variables[variable]!;
    const needed = need * upper;
    if (scarcity === 'earliest-departure-first') add(departure - 10 * priority, { variable, upper, weight });
    else {
      if (needed > 0) add(-100 - priority, { variable, upper: needed, weight: needed });
      add(-priority, { variable, upper, weight });
    }
  }
  return [...stages].sort(([a], [b]) => a - b).map(([, stage]) => stage);
}

export function loadOf({ terms }: Row, amps: readonly number[]): number {
  return terms.reduce((sum, { variable, coefficient }) => sum + coefficient * amps[variable]!, 0);
}

/** By how much the worst row is exceeded, in the row's unit over its largest coefficient. */
export function worstExcess({ rows }: Pick<LinearProgram, 'rows'>, amps: readonly number[]): number {
  return Math.max(
    0,
    ...rows.map((row) => {
      const largest = row.terms.reduce((size, term) => Math.max(size, Math.abs(term.coefficient)), 1e-300);
      return (loadOf(row, amps) - row.limit) / largest;
    }),
  );
}

/** The shares; an answer that there are none is an error. */
export function ampsOf(solution: Solution): readonly number[] {
  if (solution.kind === 'failed') throw new Error(solution.because);
  return solution.amps;
}
