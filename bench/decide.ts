// Times a whole `decide` on three-level three-phase sites of growing size, beside the two solvers alone on the same program, in one run.
//
//   npm run bench:decide            prints the table and writes docs/benchmarks.md
//   npm run bench:decide -- --runs 50 --no-write
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { fill } from '../src/core/allocate/fill.ts';
import { loadHighs } from '../src/core/allocate/highs.ts';
import type { LinearProgram } from '../src/core/allocate/linear-program.ts';
import { solveByLp } from '../src/core/allocate/solve.ts';
import { decide } from '../src/core/decide.ts';
import { onEachPhase } from '../src/core/model/units.ts';
import { buildSite, circuit, evse, rotations } from '../test/support/site-builder.ts';
import { World } from '../test/support/world.ts';
import { writeBetween } from './measure.ts';

const { values: options } = parseArgs({
  options: { runs: { type: 'string', default: '300' }, write: { type: 'boolean', default: true } },
  allowNegative: true,
});
const runs = Number(options.runs);
if (!Number.isInteger(runs) || runs < 10)
  throw new Error(`--runs is "${options.runs}"; expected a whole number of at least 10`);

/** Site → feeders of 50 → boards of 10; single- and three-phase EVSEs of 16 and 32 A, rotated; boards at 60 % and feeders at 45 % of the sum below. */
function siteOf(count: number) {
  const boards = Math.ceil(count / 10);
  const feeders = Math.ceil(boards / 5);
  return buildSite({
    circuits: [
      circuit({
        id: 'main',
        meter: 'main',
        ratingAmps: onEachPhase(count * 6 + 60),
        worstBaseLoadAmps: onEachPhase(50),
      }),
      ...Array.from({ length: feeders }, (_, at) =>
        circuit({ id: `feeder${at}`, parent: 'main', ratingAmps: onEachPhase(350) }),
      ),
      ...Array.from({ length: boards }, (_, at) =>
        circuit({
          id: `board${at}`,
          parent: `feeder${Math.floor(at / 5)}`,
          ratingAmps: onEachPhase(60 + (at % 7) * 5),
        }),
      ),
    ],
    evses: Array.from({ length: count }, (_, at) =>
      evse({
        station: `S${at}`,
        circuit: `board${Math.floor(at / 10)}`,
        phases: rotations[at % 6]!,
        maxAmps: at % 4 === 0 ? 16 : 32,
        floorAmps: 0,
      }),
    ),
  });
}

/** A site in the middle of a busy hour: nine of ten EVSEs charging, leases in force. */
function busyWorld(count: number): World {
  const world = new World(siteOf(count));
  world.base = onEachPhase(30);
  world.step(8);
  world.site.evses.forEach((one, at) => {
    if (at % 10 !== 9) world.plugIn(one.id, { phases: one.phases.length, maxAmps: 32 });
  });
  world.step(45);
  return world;
}

/** The program of a site of that size, one variable an EVSE: what a solver alone is up against. */
function programOf(count: number): LinearProgram {
  const site = siteOf(count);
  const variables = site.evses.map((one) => ({ lower: 6, upper: one.maxAmps }));
  const stages = [variables.map(({ upper }, variable) => ({ variable, upper, weight: 1 }))];
  const parent = new Map(site.circuits.map((one) => [one.id, one.parent]));
  const rows = site.circuits.flatMap((one) =>
    (['L1', 'L2', 'L3'] as const).map((phase) => {
      const members = site.evses.flatMap((car, at) => {
        let id: string | undefined = car.circuit;
        while (id !== undefined && id !== one.id) id = parent.get(id);
        return id === one.id && car.phases.includes(phase) ? [at] : [];
      });
      return {
        terms: members.map((variable) => ({ variable, coefficient: 1 })),
        limit: Math.max(one.ratingAmps[phase], members.length * 6),
      };
    }),
  );
  return { variables, rows, stages };
}

function time(work: () => void, count: number): { readonly median: number; readonly p99: number } {
  for (let warm = 0; warm < Math.min(40, count / 2); warm++) work();
  const took: number[] = [];
  for (let run = 0; run < count; run++) {
    const startedAt = performance.now();
    work();
    took.push(performance.now() - startedAt);
  }
  took.sort((a, b) => a - b);
  return {
    median: took[Math.floor(took.length / 2)]!,
    p99: took[Math.min(took.length - 1, Math.ceil(took.length * 0.99) - 1)]!,
  };
}

const ms = (value: number) => value.toFixed(2);
/** What is to be reached: p99 of the whole decision in milliseconds. */
const TARGET_MS: { readonly [count: number]: number } = { 200: 20, 1000: 25, 2000: 60 };
const highs = await loadHighs();
const lines = [
  '| EVSEs | decide median ms | decide p99 ms | p99 to reach | answered by | variables | javascript-lp-solver alone, median / p99 ms | HiGHS alone | filling alone |',
  '|---:|---:|---:|---:|---|---:|---:|---:|---:|',
];
for (const count of [10, 50, 100, 200, 500, 1_000, 2_000]) {
  process.stderr.write(`bench: ${count} EVSEs …\n`);
  const world = busyWorld(count);
  const snapshot = world.snapshot();
  const whole = time(() => decide(world.site, snapshot, world.memory), runs);
  const { solver } = decide(world.site, snapshot, world.memory);
  const program = programOf(count);
  const lp = time(() => solveByLp(program), count > 500 ? 2 : count > 200 ? 5 : Math.min(runs, 40));
  const byHighs = time(() => highs(program), Math.min(runs, 20));
  const filling = time(() => fill(program), Math.min(runs, 200));
  const both = ({ median, p99 }: ReturnType<typeof time>) => `${ms(median)} / ${ms(p99)}`;
  lines.push(
    `| ${count} | ${ms(whole.median)} | ${ms(whole.p99)} | ${TARGET_MS[count] ?? '—'} | ${solver.answeredBy} | ${solver.variables} | ${both(lp)} | ${both(byHighs)} | ${both(filling)} |`,
  );
}
const report = [
  `Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model ?? 'unknown processor'}, ${runs} runs of each \`decide\` after a warm-up.`,
  '',
  ...lines,
].join('\n');
console.log(report);
if (options.write) writeBetween('decide', report);
