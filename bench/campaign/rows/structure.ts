// Rows about the program as a whole: hangs, solvers, reloading, memory, determinism, mutants; and those that wait for what does not exist yet.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../../src/config/package-root.ts';
import { askProcess } from '../ask-process.ts';
import type { MemoryReport } from '../memory.ts';
import type { SharingsReport } from '../random-sharings.ts';
import { isWithin, type Measure, type MissingRow, type Outcome, type OutsideContext, type Row } from '../row.ts';
import { runTests } from '../run-tests.ts';
import type { Traces } from '../traces.ts';

const OTHER_NODES = ['22', '26'];

export const structureRows: readonly Row[] = [
  {
    number: 6,
    name: 'the controller hangs',
    fault: 'an endless loop, SIGSTOP',
    required: 'killed and another one cycles within 12 s',
    how: 'test',
    run: (context) => runTests(['test/e2e/watchdog.test.ts'], context),
  },
  {
    number: 36,
    name: 'solvers that fail',
    fault: 'infeasible and degenerate programs, solvers that throw, answer NaN or come late',
    required: 'a feasible stand-in, else floors; no cycle missed; the checker agrees',
    how: 'test',
    remark:
      'Half of the random sharings have a solver in front that throws, answers NaN, too much, nothing, or too few shares.',
    run: solvers,
  },
  {
    number: 37,
    name: 'reloading a bad site file',
    fault: '60 mutants of a sound file, each taken over live',
    required: 'the old one stays, 100 %',
    how: 'test',
    run: (context) => runTests(['test/wiring/site-reload.test.ts'], context),
  },
  {
    number: 40,
    name: 'memory over a week',
    fault: 'a soak of 7 d, 2,000 chargers',
    required: 'flat: less than 1 MB a day, descriptors flat',
    how: 'processes',
    remark:
      'Scaled: virtual days of 3 chargers with field faults in one process; the heap after a forced collection in place of the resident set. The simulated world’s own memory is in it.',
    run: memory,
  },
  {
    number: 47,
    name: 'the same seed, the same trace',
    fault: 'none: the same runs on Node 22, 24 and 26',
    required: 'equal hashes',
    how: 'processes',
    run: determinism,
  },
  {
    number: 48,
    name: 'mutants of the safety core',
    fault: 'a small mistake in every place of the allocator and the command layer',
    required: 'at least 95 % noticed by a test',
    how: 'test',
    remark: 'As last measured by npm run mutation (docs/mutation.md); branch coverage is not measured.',
    run: mutants,
  },
  ...missing([
    [
      23,
      'a stranger under a charger’s name',
      'Nothing plays a stranger who dials under a known identity for an hour yet.',
    ],
    [24, 'the list of abuses', 'The list of 73 abuses is not yet played against a running site.'],
    [
      25,
      'a day of fuzzing',
      'There is no fuzzer for the five surfaces yet; two of them (demand response, OCPP 2) do not exist.',
    ],
    [26, 'negative schemas', 'OCPP 2.1 is not spoken yet; those of 1.6 and 2.0.1 are in test/ocpp.'],
    [
      27,
      'the WebSocket conformance suite',
      'The Autobahn suite is not part of the repository, and no run of it is set up.',
    ],
    [34, 'the demand-response server is lost', 'Busbar does not speak to demand-response servers yet.'],
    [35, 'forged demand response', 'Busbar does not speak to demand-response servers yet.'],
    [39, 'upgrade and rollback under load', 'There is one version only; nothing can be upgraded or rolled back yet.'],
    [41, 'the console under attack', 'No load of 1,000 viewers or attack on the console is played yet.'],
    [42, 'standby: the active one is killed', 'There is no standby controller yet.'],
    [43, 'standby: the network is split', 'There is no standby controller yet.'],
    [44, 'a portfolio of sites', 'Sites cannot be joined to a portfolio yet.'],
    [45, 'secrets in logs', 'The logs of a campaign are not yet kept and searched for secrets.'],
    [46, 'a fresh install is scanned', 'No scan of all functions of a fresh install is set up yet.'],
  ]),
];

function missing(rows: readonly (readonly [number: number, name: string, because: string])[]): readonly MissingRow[] {
  return rows.map(([number, name, because]) => ({
    ...{ number, name, because, how: 'not-run' },
    ...{ fault: name, required: 'see the fault table' },
  }));
}

function ran(measures: readonly Measure[], what: string): Outcome {
  const findings = measures
    .filter((one) => !isWithin(one))
    .map(({ what: text }) => ({ text: `${text}: beyond its bound` }));
  return {
    kind: findings.length === 0 ? 'held' : 'broken',
    ...{ measures, findings, findingCount: findings.length, ran: what, seeds: [] },
  };
}

async function solvers(context: OutsideContext): Promise<Outcome> {
  const tests = await runTests(
    [
      'test/core/allocate/fallback.test.ts',
      'test/core/allocate/verify.test.ts',
      'test/core/laws/allocation.test.ts',
      'test/engine/refused-decision.test.ts',
    ],
    context,
  );
  if (tests.kind === 'not-run') return tests;
  const count = context.isShort ? 20_000 : 1_000_000;
  context.onProgress(`${count.toLocaleString('en')} random sharings`);
  const asked = await askProcess<SharingsReport>('random-sharings.ts', ['--count', String(count)]);
  if (!asked.ok) return { kind: 'not-run', because: asked.because };
  const { sharings, wrong, fellBack } = asked.answer;
  const measures: readonly Measure[] = [
    { what: 'sharings with a row exceeded, or an error', unit: 'sharings', value: wrong, most: 0 },
    { what: 'sharings judged', unit: 'sharings', value: sharings, least: count },
    { what: 'of them fallen back from a failing solver', unit: 'sharings', value: fellBack, least: 1 },
  ];
  const isHeld = tests.kind === 'held' && measures.every(isWithin);
  return { ...tests, kind: isHeld ? 'held' : 'broken', measures: [...measures, ...tests.measures] };
}

async function memory({ isShort, seed, onProgress }: OutsideContext): Promise<Outcome> {
  const [days, stations] = isShort ? [1, 2] : [14, 3];
  onProgress(`${days} virtual days of ${stations} chargers in one process`);
  // Within a day the simulated operator's records would still be growing to their bound, and nothing else would be seen.
  const upstream = isShort ? ['--no-upstream'] : [];
  const args = ['--days', String(days), '--stations', String(stations), '--seed', String(seed), ...upstream];
  const asked = await askProcess<MemoryReport>('memory.ts', args, { nodeArgs: ['--expose-gc'] });
  if (!asked.ok) return { kind: 'not-run', because: asked.because };
  const { heapMbADay, highestHeapMb, descriptorsADay, mostDescriptors, violations, samples } = asked.answer;
  return ran(
    [
      { what: 'heap grows', unit: 'MB a day', value: heapMbADay, most: 1 },
      { what: 'highest heap', unit: 'MB', value: highestHeapMb, told: true },
      { what: 'descriptors grow', unit: 'a day', value: descriptorsADay, most: 0.5 },
      { what: 'most descriptors', unit: 'descriptors', value: mostDescriptors, told: true },
      { what: 'laws broken meanwhile', unit: 'violations', value: violations, most: 0 },
    ],
    `${days} virtual ${days === 1 ? 'day' : 'days'} of ${stations} chargers${isShort ? ' without upstream' : ''}, field faults, ${samples} hourly samples after the warm-up`,
  );
}

async function determinism({ isShort, onProgress }: OutsideContext): Promise<Outcome> {
  const args = isShort ? ['--seeds', '1,2', '--hours', '1'] : ['--seeds', '1,2,3,4,5,6', '--hours', '6'];
  const others = OTHER_NODES.map((one) => join(packageRoot(), `test-results/node-${one}/node_modules/node/bin/node`));
  const there = others.filter((one) => existsSync(one));
  if (there.length < others.length)
    return { kind: 'not-run', because: 'Node 22 and 26 are not in test-results; .ci/run puts them there' };
  const answers: Traces[] = [];
  for (const node of [process.execPath, ...there]) {
    onProgress(`traces on ${node}`);
    const asked = await askProcess<Traces>('traces.ts', args, { node });
    if (!asked.ok) return ran([{ what: `traces on ${node}`, unit: '', value: undefined, most: 0 }], asked.because);
    answers.push(asked.answer);
  }
  const seeds = Object.keys(answers[0]!.traces);
  const different = seeds.filter((seed) => answers.some(({ traces }) => traces[seed] !== answers[0]!.traces[seed]));
  return ran(
    [
      { what: 'runs compared', unit: 'runs', value: seeds.length, least: 1 },
      { what: 'runs with different traces', unit: 'runs', value: different.length, most: 0 },
    ],
    `harsh runs of random small sites on ${answers.map(({ node }) => node).join(', ')}: ${args.join(' ')}`,
  );
}

async function mutants(): Promise<Outcome> {
  const page = join(packageRoot(), 'docs/mutation.md');
  const line = existsSync(page)
    ? /^\| \*\*all\*\* \| \*\*(\d+)\*\* \| .*\| \*\*([\d.]+)\*\* \|$/m.exec(readFileSync(page, 'utf8'))
    : null;
  if (!line) return { kind: 'not-run', because: 'docs/mutation.md holds no figures; npm run mutation makes them' };
  return ran(
    [{ what: 'mutants noticed', unit: '%', value: Number(line[2]), least: 95 }],
    `${line[1]} mutants, last measured ${dateOf(page) ?? 'at an unknown date'}`,
  );
}

/** When the page was committed last; undefined outside a clone. */
function dateOf(page: string): string | undefined {
  try {
    return (
      execFileSync('git', ['log', '-1', '--format=%cs', '--', page], {
        cwd: packageRoot(),
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      }).trim() || undefined
    );
  } catch {
    // Without git or outside a clone the date is not known, and the figures are all the same.
    return undefined;
  }
}
