// Shares out random sites with solvers that answer, throw, say NaN, give too much or nothing, and recomputes every row in another way.
//
//   node bench/campaign/random-sharings.ts --count 1000000 --seed 1      prints the counts as JSON; BROKEN sharings are told on standard error
import { parseArgs } from 'node:util';
import fc from 'fast-check';
import { allocate } from '../../src/core/allocate/allocate.ts';
import type { LinearProgram, Solution } from '../../src/core/allocate/linear-program.ts';
import { type Proposer, proposersOf, type Solvers } from '../../src/core/allocate/proposers.ts';
import { loadOf, ownRows } from '../../test/support/own-rows.ts';
import { NOW, randomSharing, type Sharing } from '../../test/support/random-sharing.ts';

export type SharingsReport = {
  readonly sharings: number;
  /** Sharings in which a row is exceeded while somebody who could be denied gets current, or that ended by an error. */
  readonly wrong: number;
  /** Sharings in which the broken solver was asked and somebody else answered. */
  readonly fellBack: number;
};

const BATCH = 1_000;
const SHOWN = 3;

const broken = (solve: (program: LinearProgram) => Solution): readonly Proposer[] => [{ name: 'lp', solve }];
const answering =
  (amps: (program: LinearProgram) => readonly number[]) =>
  (program: LinearProgram): Solution => ({
    kind: 'solved',
    amps: amps(program),
    bindings: program.variables.map(() => ({ kind: 'upper' })),
  });
const FAILING: readonly (readonly Proposer[])[] = [
  broken(() => {
    throw new Error('the solver has thrown');
  }),
  broken(answering(({ variables }) => variables.map(() => Number.NaN))),
  broken(answering(({ variables }) => variables.map(({ upper }) => upper))),
  broken(answering(({ variables }) => variables.map(() => 0))),
  broken(answering(() => [])),
];

const { values } = parseArgs({
  options: { count: { type: 'string', default: '10000' }, seed: { type: 'string', default: '1' } },
});
const [count, seed] = [Number(values.count), Number(values.seed)];
let [done, wrong, fellBack] = [0, 0, 0];
for (let batch = 0; done < count; batch++) {
  const size = Math.min(BATCH, count - done);
  for (const sharing of fc.sample(randomSharing(), { seed: seed + batch, numRuns: size })) {
    // Every other one is shared out as it is, the rest with a solver that fails in front of the usual ones.
    const failing = done % 2 === 0 ? undefined : FAILING[(done >> 1) % FAILING.length]!;
    const fault = judge(sharing, failing);
    done += 1;
    if (fault === undefined) continue;
    wrong += 1;
    if (wrong <= SHOWN) console.error(`BROKEN: ${fault}\n${sharing[fc.toStringMethod]()}`);
  }
  if (batch % 20 === 19) console.error(`sharings: ${done} of ${count}, ${wrong} wrong`);
}
console.log(JSON.stringify({ sharings: done, wrong, fellBack } satisfies SharingsReport));

/** What is wrong with the allocation, in words. */
function judge(sharing: Sharing, failing: readonly Proposer[] | undefined): string | undefined {
  const { site, caps, baseLoads, input } = sharing;
  const proposers = failing
    ? (program: LinearProgram, solvers: Solvers) => [...failing, ...proposersOf(program, solvers)]
    : proposersOf;
  try {
    const { amps, solver } = allocate(input, proposers);
    if (failing && solver.fellBackBecause !== undefined) fellBack += 1;
    const certain = input.situations.map(({ role, assuredAmps }, at) =>
      role.kind === 'reserved' ? Math.min(role.amps, assuredAmps) : amps[at]!,
    );
    const view = { site, caps, now: NOW, baseLoads, evses: input.situations };
    const rows = ownRows({ ...view, surplusWatts: input.limits.surplusWatts, stations: input.limits.stations });
    for (const row of rows) {
      const over = loadOf(row, amps, certain) - row.room;
      // What is reserved, or must never be sent less, may overdraw a row by itself; then nobody gets anything of it on top.
      const takes = input.situations.some(
        ({ role, at }) =>
          role.kind === 'candidate' && row.factors[at]! > 0 && amps[at]! - (role.neverZero ? role.lower : 0) > 1e-6,
      );
      if (takes && !(over <= 1e-4 * Math.max(...row.factors))) return `${row.name} is exceeded by ${over}`;
    }
    return amps.every((one) => Number.isFinite(one) && one >= 0) ? undefined : `amps are ${amps.join(' ')}`;
  } catch (error) {
    return `ended by ${error instanceof Error ? error.stack : String(error)}`;
  }
}
