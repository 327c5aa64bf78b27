// Times the three solvers alone on the same programs, without and with signed rows and of one and several stages, in one run.
//
//   npm run bench:solvers            prints the tables and writes docs/benchmarks.md
//   npm run bench:solvers -- --seconds 2 --no-write
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { fill } from '../src/core/allocate/fill.ts';
import { loadHighs } from '../src/core/allocate/highs.ts';
import {
  type LinearProgram,
  type Row,
  type Solution,
  type Stage,
  withoutSigns,
} from '../src/core/allocate/linear-program.ts';
import { solveByLp } from '../src/core/allocate/solve.ts';
import { time, writeBetween } from './measure.ts';

const { values: options } = parseArgs({
  options: { seconds: { type: 'string', default: '4' }, write: { type: 'boolean', default: true } },
  allowNegative: true,
});
const seconds = Number(options.seconds);
if (!(seconds > 0))
  throw new Error(`--seconds is "${options.seconds}"; expected how long to spend on each figure, such as 4`);

const WIRINGS = [[0, 1, 2], [0], [1, 2, 0], [1], [2, 0, 1], [2], [0, 1], [0]] as const;

/** Site → feeders of 50 → boards of 10, scarce on every level; nobody is like another, so nothing can be merged. */
function programOf(count: number, stages: 'one' | 'need and rest' | 'ten priorities', signed: boolean): LinearProgram {
  const cars = Array.from({ length: count }, (_, at) => ({
    phases: WIRINGS[(at * 5) % 8]! as readonly number[],
    upper: [16, 20, 32][at % 3]!,
    // Weights no two alike keep the heights apart.
    weight: 1 + ((at * 7919) % 101) / 1000,
    need: 6 + ((at * 104_729) % 97) / 10,
  }));
  const variables = cars.map(({ upper }) => ({ lower: 6, upper }));
  const rows: Row[] = [];
  const add = (limit: number, members: readonly number[], coefficient: (phases: readonly number[]) => number) => {
    const terms = members.flatMap((variable) => {
      const own = coefficient(cars[variable]!.phases);
      return own === 0 ? [] : [{ variable, coefficient: own }];
    });
    rows.push({
      terms,
      limit: Math.max(
        limit,
        terms.reduce((sum, term) => sum + 6 * term.coefficient, 0),
      ),
    });
  };
  const circuits = (size: number, share: number, unbalance?: number) => {
    for (let from = 0; from < count; from += size) {
      const members = Array.from({ length: Math.min(size, count - from) }, (_, at) => from + at);
      for (const phase of [0, 1, 2]) {
        const users = members.filter((at) => cars[at]!.phases.includes(phase));
        const most = users.reduce((sum, at) => sum + cars[at]!.upper, 0);
        add(most * share * (1 + (0.1 * (((from / size) * 3 + phase) % 5)) / 5), members, (phases) =>
          phases.includes(phase) ? 1 : 0,
        );
      }
      if (unbalance === undefined) continue;
      for (const phase of [0, 1, 2])
        for (const against of [0, 1, 2].filter((one) => one !== phase))
          add(unbalance, members, (phases) => Number(phases.includes(phase)) - Number(phases.includes(against)));
    }
  };
  circuits(10, 0.65);
  circuits(50, 0.6);
  circuits(count, 0.5, signed ? 20 : undefined);
  add(
    count * 230 * 2 * 11,
    cars.map((_car, at) => at),
    (phases) => 230 * phases.length,
  );
  return { variables, rows, stages: stagesOf(cars, stages) };
}

function stagesOf(
  cars: readonly { readonly upper: number; readonly weight: number; readonly need: number }[],
  kind: 'one' | 'need and rest' | 'ten priorities',
): readonly Stage[] {
  const rest = cars.map(({ upper, weight }, variable) => ({ variable, upper, weight }));
  if (kind === 'one') return [rest];
  if (kind === 'need and rest') {
    const need = cars.map(({ need }, variable) => ({ variable, upper: need, weight: need }));
    return [
      need.filter((_riser, at) => at % 2 === 0),
      rest.filter((_riser, at) => at % 4 === 0),
      rest.filter((_riser, at) => at % 4 > 0),
    ];
  }
  const need = cars.map(({ need }, variable) => ({ variable, upper: need, weight: need }));
  return [need, rest].flatMap((all) =>
    Array.from({ length: 10 }, (_, priority) => all.filter(({ variable }) => variable % 10 === priority)),
  );
}

const highs = await loadHighs();
const solvers: readonly (readonly [name: string, solve: (program: LinearProgram) => Solution])[] = [
  ['lp', solveByLp],
  ['HiGHS', highs],
  ['filling', (program) => fill(withoutSigns(program))],
];
const report = [
  `Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model ?? 'unknown processor'}; median / p99 processor time in milliseconds of up to 200 runs or ${seconds} s each.`,
  'Nothing merged: a site of twice as many EVSEs usually merges to these variables. "–": not tried, the size before took more than 500 ms.',
];
for (const signed of [false, true]) {
  for (const stages of ['one', 'need and rest', 'ten priorities'] as const) {
    report.push(
      '',
      `${signed ? 'Signed' : 'Unsigned'} rows, ${stages === 'one' ? 'one stage' : stages === 'ten priorities' ? 'twenty stages (need and rest, ten priorities)' : 'three stages (need, and rest of two priorities)'}:`,
      '',
    );
    report.push(
      `| variables | ${solvers.map(([name]) => name).join(' | ')} |`,
      `|---:|${solvers.map(() => '---:').join('|')}|`,
    );
    const tooSlow = new Set<string>();
    for (const count of [10, 20, 40, 80, 150, 300, 600, 1000, 2000]) {
      process.stderr.write(`bench: ${signed ? 'signed' : 'unsigned'}, ${stages}, ${count} variables …\n`);
      const program = programOf(count, stages, signed);
      const cells = solvers.map(([name, solve]) => {
        if (tooSlow.has(name)) return '–';
        const solution = solve(program);
        const { median, p99 } = time(() => solve(program), 200, seconds * 1000);
        if (median > 500) tooSlow.add(name);
        return `${median.toFixed(2)} / ${p99.toFixed(2)}${solution.kind === 'failed' ? ' (failed)' : ''}`;
      });
      report.push(`| ${count} | ${cells.join(' | ')} |`);
    }
  }
}
console.log(report.join('\n'));
if (options.write) writeBetween('solvers', report.join('\n'));
