// Reads registers through every fault of the fault proxy, over Modbus TCP and RTU over TCP, and tells whether a wrong value came out, how
// long a link was wedged, and whether memory or sockets grew. Needs `node --expose-gc`; with --write docs/modbus-campaign.md is written.
//
//   npm run campaign:modbus -- --reads 100000 --seed 1 --write
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { type LaneResult, noPymodbus, runLane, sumOf } from '../test/support/modbus-campaign.ts';
import type { Framing } from '../test/support/modbus-faults.ts';
import { buildId } from './campaign/build-id.ts';
import { watchPauses } from './modbus/pauses.ts';
import { heapTrendKb, page, type Report, sampleMemory } from './modbus/report.ts';

const { values } = parseArgs({
  options: {
    reads: { type: 'string', default: '100000' },
    seed: { type: 'string', default: '1' },
    lanes: { type: 'string', default: '8' },
    'fault-every': { type: 'string', default: '15' },
    write: { type: 'boolean', default: false },
  },
});
const whole = (name: 'reads' | 'seed' | 'lanes' | 'fault-every', least: number): number => {
  const value = Number(values[name]);
  if (Number.isSafeInteger(value) && value >= least) return value;
  console.error(`--${name} is "${values[name]}"; expected a whole number of at least ${least}`);
  return process.exit(2);
};
const [reads, seed, lanes, faultEvery] = [
  whole('reads', 1),
  whole('seed', 0),
  whole('lanes', 1),
  whole('fault-every', 2),
];
const absent = noPymodbus();
if (absent !== undefined) console.error(`campaign: ${absent}; every lane reads the server of our own`);

/** Reads of one framing, spread over the lanes, every other one against pymodbus. */
async function campaign(framing: Framing): Promise<Report> {
  const began = performance.now();
  const pauses = watchPauses();
  const samples = [sampleMemory()];
  const perLane = Math.ceil(reads / lanes);
  const sampleEvery = Math.max(1, Math.floor((perLane * lanes) / 40));
  let done = 0;
  const onRead = () => {
    done++;
    if (done % sampleEvery !== 0) return;
    samples.push(sampleMemory());
    process.stderr.write(`campaign: ${framing}, ${done} of ${perLane * lanes} reads\n`);
  };
  const results: LaneResult[] = await Promise.all(
    Array.from({ length: lanes }, (_, lane) => {
      const peer = lane % 2 === 1 && absent === undefined ? 'pymodbus' : 'raw';
      return runLane({
        framing,
        peer,
        reads: perLane,
        seed: seed + lane,
        faultEvery,
        pausedMs: pauses.totalMs,
        onRead,
      });
    }),
  );
  pauses.stop();
  const after = sampleMemory();
  const pauseMs = Math.round(pauses.longestMs());
  return { pauseMs, framing, result: sumOf(results), seconds: (performance.now() - began) / 1_000, samples, after };
}

// Before the first read: what is edited meanwhile is not what ran.
const build = buildId();
const reports = [await campaign('mbap'), await campaign('rtu')];
const text = page(reports, {
  build,
  command: `npm run campaign:modbus -- --reads ${reads} --seed ${seed} --lanes ${lanes} --fault-every ${faultEvery}`,
});
console.log(text);
if (values.write) writeFileSync(new URL('../docs/modbus-campaign.md', import.meta.url), text);
const isBroken = reports.some(
  ({ result, samples, after }) =>
    result.wrong > 0 ||
    result.worstRecoveryMs > 5_000 ||
    after.sockets > samples[0]!.sockets ||
    heapTrendKb(samples) > 500,
);
process.exitCode = isBroken ? 1 : 0;
