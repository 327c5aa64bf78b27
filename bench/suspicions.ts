// Plays days of small sites on which no meter errs, and counts every suspicion all the same: there must be none.
//
//   node bench/suspicions.ts                                    20 days with the faults of the field, 10 on which much breaks
//   node bench/suspicions.ts --days 3 --first 100 --base walk
import { parseArgs } from 'node:util';
import type { CycleRecord } from '../src/core/model/decision.ts';
import type { FaultLevel } from '../src/simulator/script.ts';
import type { Checker } from '../src/simulator/truth.ts';
import { writeScript } from '../src/simulator/write-script.ts';
import { setStage, simulate } from '../src/wiring/simulation/simulate.ts';
import { randomSite } from './campaign/random-site.ts';

const { values: options } = parseArgs({
  options: {
    days: { type: 'string', default: '20' },
    harsh: { type: 'string', default: '10' },
    hours: { type: 'string', default: '24' },
    first: { type: 'string', default: '1' },
    base: { type: 'string' },
  },
});
const { base } = options;
if (base !== undefined && base !== 'walk' && base !== 'office')
  throw new Error(`--base is "${base}"; expected walk or office`);

const steps: { [outcome: string]: number } = {};
let [hours, wrong] = [0, 0];

/** Counts suspicions by what they say, and how the steps of the day came out. */
function watching(seed: number, told: string[]): Checker {
  const before = new Map<string, string | undefined>();
  let last: CycleRecord | undefined;
  const tally = (record: CycleRecord | undefined) => {
    for (const { meterSteps } of record?.decision.circuits ?? [])
      for (const [outcome, count] of Object.entries(meterSteps?.counts ?? {}))
        steps[outcome] = (steps[outcome] ?? 0) + count;
  };
  return {
    name: 'suspicions',
    onCycle: (record) => {
      if (last && last.controller.epoch !== record.controller.epoch) tally(last);
      last = record;
      const now = (id: string, text: string | undefined) => {
        if (text !== undefined && before.get(id) !== text)
          told.push(`seed ${seed}, cycle ${record.snapshot.cycle}: ${id} ${text}`);
        before.set(id, text);
      };
      for (const [id, { suspicion, doubt }] of Object.entries(record.snapshot.meters)) {
        now(`meter ${id}`, suspicion && `${suspicion.kind}: ${suspicion.detail.replace(/[\d.]+/g, '#')}`);
        now(`doubt ${id}`, doubt?.detail);
      }
      for (const { circuit, meterSteps } of record.decision.circuits) {
        const { suspicion } = meterSteps ?? {};
        now(
          `circuit ${circuit}`,
          suspicion && `${suspicion.kind} on ${suspicion.phases.join(' ')} (${suspicion.ratio.toFixed(2)})`,
        );
      }
      return [];
    },
    onEnd: () => {
      tally(last);
      return [];
    },
  };
}

async function day(seed: number, faults: FaultLevel): Promise<void> {
  const { site } = randomSite(seed);
  const wish = { site, seed, hours: Number(options.hours), faults };
  const whole = writeScript(base === undefined ? wish : { ...wish, baseLoad: { kind: base as 'walk' | 'office' } });
  const script = { ...whole, happenings: whole.happenings.filter(({ kind }) => kind !== 'meter-errs') };
  const told: string[] = [];
  await simulate(await setStage(site), script, { checkers: [watching(seed, told)] });
  hours += wish.hours;
  // A grid that is dark takes the meter with it: no volts, and registers that stand.
  const real = told.filter((text) => !/ 0 V|# V|registers the same/.test(text));
  wrong += real.length;
  console.log(`${faults} ${seed}: ${site.stations.length} stations, ${real.length} suspicions`);
  for (const text of real.slice(0, 10)) console.log(`  ${text}`);
}

const first = Number(options.first);
for (let at = 0; at < Number(options.days); at++) await day(first + at, 'field');
for (let at = 0; at < Number(options.harsh); at++) await day(first + at, 'harsh');
console.log(`${hours} simulated hours, ${wrong} suspicions; steps: ${JSON.stringify(steps)}`);
if (wrong > 0) process.exitCode = 1;
