// Real charging sessions on a European car park: what Busbar delivers beside the rules of the literature and the optimum with perfect foresight.
//
//   npm run bench:sessions                  prints the tables; exit code 1 when Busbar exceeds a limit or misses its part of the optimum
//   npm run bench:sessions -- --write       also writes them into docs/benchmarks.md
//   npm run bench:sessions -- --step 5      minutes of a step; 15 is what the literature's figures are for
import { parseArgs } from 'node:util';
import { writeBetween } from './measure.ts';
import { byArrival, byDeparture, byLaxity, equalShare, sorted, uncontrolled } from './sessions/baselines.ts';
import { busbar } from './sessions/busbar.ts';
import { optimumWh } from './sessions/optimum.ts';
import { REFERENCE_POINTS, type ReferenceColumn, reference } from './sessions/reference.ts';
import { DATA_SET, readSessions } from './sessions/session.ts';
import { type Outcome, type Rule, simulate } from './sessions/simulate.ts';
import { markdownTable } from './sessions/table.ts';

const ROOT_AMPS = [63, 80, 100, 125, 150, 180];
/** Of what the optimum delivers, where that is 97 % and more of all demand. */
const PART_TO_REACH: { readonly [rootAmps: number]: number } = { 125: 0.97, 150: 0.99, 180: 0.99 };
const { values: options } = parseArgs({
  options: {
    write: { type: 'boolean', default: false },
    step: { type: 'string', default: '15' },
  },
});
const stepMinutes = Number(options.step);
if (!(Number.isInteger(stepMinutes) && stepMinutes >= 1 && 60 % stepMinutes === 0))
  throw new Error(`--step is "${options.step}"; expected whole minutes that divide an hour, such as 5 or 15`);
const stepMs = stepMinutes * 60_000;

const found = readSessions();
if (!found) {
  console.log(
    `bench: there is no ${DATA_SET} beside the repository, so there is nothing to measure; nothing was written.`,
  );
  process.exit(0);
}
const sessions = found;

/** Made anew for each run: some rules remember. */
const continuous: { readonly [name: string]: () => Rule } = {
  'uncontrolled, trips': uncontrolled,
  equal: () => equalShare,
  FCFS: () => sorted(byArrival, 'continuous'),
  EDF: () => sorted(byDeparture, 'continuous'),
  LLF: () => sorted(byLaxity, 'continuous'),
};
const whole: { readonly [name: string]: () => Rule } = {
  FCFS: () => sorted(byArrival, 'whole'),
  EDF: () => sorted(byDeparture, 'whole'),
  LLF: () => sorted(byLaxity, 'whole'),
};
const ours: { readonly [name: string]: () => Rule } = {
  'Busbar, no wishes': () => busbar({ scarcity: 'part-for-everyone', wishes: false }),
  'Busbar, part for everyone': () => busbar({ scarcity: 'part-for-everyone', wishes: true }),
  'Busbar, earliest departure': () => busbar({ scarcity: 'earliest-departure-first', wishes: true }),
};

const percent = (part: number, all: number): number => (100 * part) / all;
const energyPercent = ({ deliveredWh, demandWh }: Outcome): number => percent(deliveredWh, demandWh);
const cell = (outcome: Outcome): string =>
  `${energyPercent(outcome).toFixed(1)} / ${percent(outcome.full, outcome.sessions).toFixed(0)}`;
const run = (rules: typeof ours, rootAmps: number): readonly Outcome[] =>
  Object.values(rules).map((make) => simulate(make(), sessions, rootAmps, stepMs));

const literatureRows: string[][] = [];
const chargerRows: string[][] = [];
const busbarRows: string[][] = [];
const differences: string[] = [];
const missed: string[] = [];
let demandWh = 0;
for (const rootAmps of ROOT_AMPS) {
  process.stderr.write(`bench: ${rootAmps} A …\n`);
  const literature = run(continuous, rootAmps);
  const chargers = run(whole, rootAmps);
  const decided = run(ours, rootAmps);
  demandWh = literature[0]!.demandWh;
  const optimum = percent(await optimumWh(sessions, rootAmps, stepMs), demandWh);
  literatureRows.push([String(rootAmps), ...literature.map(cell), optimum.toFixed(1)]);
  chargerRows.push([String(rootAmps), ...[...chargers, ...decided].map(cell), optimum.toFixed(1)]);
  for (const [at, name] of Object.keys(ours).entries()) {
    const outcome = decided[at]!;
    const part = energyPercent(outcome) / optimum;
    const toReach = name === 'Busbar, no wishes' ? 0 : (PART_TO_REACH[rootAmps] ?? 0);
    if (part < toReach) missed.push(`${name} at ${rootAmps} A: ${part.toFixed(3)} of ${toReach} of the optimum`);
    if (outcome.violations > 0) missed.push(`${name} at ${rootAmps} A: ${outcome.violations} limits exceeded`);
    busbarRows.push([
      `${name}, ${rootAmps} A`,
      part.toFixed(3),
      (100 * outcome.tenthShare).toFixed(0),
      (outcome.starts / outcome.sessions).toFixed(1),
      String(outcome.violations),
    ]);
  }
  const own: { readonly [column in ReferenceColumn]: number } = {
    equal: energyPercent(literature[1]!),
    FCFS: energyPercent(literature[2]!),
    EDF: energyPercent(literature[3]!),
    LLF: energyPercent(literature[4]!),
    optimum,
  };
  for (const [column, value] of Object.entries(own) as [ReferenceColumn, number][]) {
    const known = reference[rootAmps]![column];
    if (Math.abs(value - known) > REFERENCE_POINTS)
      differences.push(`${column} at ${rootAmps} A is ${value.toFixed(1)}, the known figure is ${known}`);
  }
}

const report = [
  `${sessions.list.length} sessions of twelve days, ${(demandWh / 1e6).toFixed(2)} MWh, 52 EVSEs on two boards of 60 % of the root limit, ${stepMinutes}-minute steps. Cells: % of the energy delivered / % of the sessions fully served. Limits in amperes per phase.`,
  '',
  'Continuous currents, as in the literature. Uncontrolled: everybody at the maximum; a board or root with a phase over its limit trips, delivers nothing in that step and until a person resets it two hours later.',
  '',
  markdownTable(['limit', ...Object.keys(continuous), 'optimum'], literatureRows),
  '',
  'As chargers are: 6 A or nothing, whole amperes. The optimum stays the continuous one with perfect foresight.',
  '',
  markdownTable(['limit', ...Object.keys(whole), ...Object.keys(ours), 'optimum'], chargerRows),
  '',
  'Busbar in detail: energy as a part of the optimum; what the worst-served tenth of the sessions gets at most, in % of its demand; starts a session; phases over a limit in any step.',
  '',
  markdownTable(['policy and limit', 'of optimum', 'worst tenth', 'starts', 'violations'], busbarRows),
].join('\n');
console.log(report);
console.log('');
if (stepMinutes !== 15) console.log('The known figures are for steps of 15 minutes: not compared.');
else if (differences.length > 0)
  console.log(`Differs from the known figures by more than a point: ${differences.join('; ')}.`);
else console.log('Every figure is within a point of the known ones.');

if (missed.length > 0) {
  console.log(`Missed: ${missed.join('; ')}.`);
  process.exitCode = 1;
} else console.log('No limit was exceeded, and Busbar reaches its part of the optimum where departures are known.');
if (options.write) writeBetween('sessions', report);
