// Runs days of a small site in one process and prints, as JSON, how memory and descriptors grew; needs `node --expose-gc`.
import { readdirSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { writeScript } from '../../src/simulator/write-script.ts';
import { setStage, simulate } from '../../src/wiring/simulation/simulate.ts';
import { carPark } from './row-site.ts';

export type MemoryReport = {
  readonly days: number;
  readonly stations: number;
  readonly samples: number;
  readonly heapMbADay: number;
  readonly highestHeapMb: number;
  readonly descriptorsADay: number;
  readonly mostDescriptors: number;
  readonly violations: number;
};

/** What grows to its bound in the beginning is no leak: caches, compiled code, and in some days the records of the simulated operator. */
const WARM_UP_PART = 0.4;
const MB = 1_048_576;

const { values } = parseArgs({
  options: {
    days: { type: 'string', default: '1' },
    seed: { type: 'string', default: '1' },
    stations: { type: 'string', default: '3' },
    upstream: { type: 'boolean', default: true },
  },
  allowNegative: true,
});
const [days, seed, stations] = [Number(values.days), Number(values.seed), Number(values.stations)];
const { gc } = globalThis;
if (!gc) throw new Error('memory is measured after a forced collection: run with node --expose-gc');

const site = carPark(seed, { stations, hasUpstream: values.upstream });
const script = writeScript({ site, seed, hours: days * 24, faults: 'field' });
const samples: { readonly day: number; readonly heapMb: number; readonly descriptors: number }[] = [];
const report = await simulate(await setStage(site), script, {
  onHours: (hours) => {
    void gc();
    const descriptors = readdirSync('/proc/self/fd').length;
    samples.push({ day: hours / 24, heapMb: process.memoryUsage().heapUsed / MB, descriptors });
    process.stderr.write(`memory: ${hours} of ${days * 24} h, ${samples.at(-1)!.heapMb.toFixed(1)} MB\n`);
  },
});
const warm = samples.filter(({ day }) => day >= WARM_UP_PART * days);
console.log(
  JSON.stringify({
    ...{ days, stations, samples: warm.length },
    heapMbADay: slope(warm.map(({ day, heapMb }) => [day, heapMb])),
    highestHeapMb: Math.max(...samples.map(({ heapMb }) => heapMb)),
    descriptorsADay: slope(warm.map(({ day, descriptors }) => [day, descriptors])),
    mostDescriptors: Math.max(...samples.map(({ descriptors }) => descriptors)),
    violations: report.violations.count,
  } satisfies MemoryReport),
);

/** Least squares. */
function slope(points: readonly (readonly [x: number, y: number])[]): number {
  const mean = (of: (point: readonly [number, number]) => number) =>
    points.reduce((sum, point) => sum + of(point), 0) / points.length;
  const [x, y] = [mean(([one]) => one), mean(([, one]) => one)];
  const spread = mean(([one]) => (one - x) ** 2);
  return spread === 0 ? 0 : mean(([one, other]) => (one - x) * (other - y)) / spread;
}
