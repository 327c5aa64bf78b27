// Prints, as JSON, the trace hashes of a few harsh runs on the Node that runs it: they must be the same on every Node and every machine.
//
//   node bench/campaign/traces.ts > one.json; other-node bench/campaign/traces.ts --against one.json     fails where they differ
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { writeScript } from '../../src/simulator/write-script.ts';
import { setStage, simulate } from '../../src/wiring/simulation/simulate.ts';
import { randomSite } from './random-site.ts';

export type Traces = { readonly node: string; readonly traces: Readonly<Record<string, string>> };

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1,2,3' },
    hours: { type: 'string', default: '1' },
    against: { type: 'string' },
  },
});
const hours = Number(values.hours);
const traces: Record<string, string> = {};
for (const seed of values.seeds.split(',').map(Number)) {
  const { site } = randomSite(seed);
  const script = writeScript({ site, seed, hours, faults: 'harsh' });
  traces[seed] = (await simulate(await setStage(site), script, {})).trace;
}
console.log(JSON.stringify({ node: process.version, traces } satisfies Traces));
if (values.against !== undefined) {
  const other = JSON.parse(readFileSync(values.against, 'utf8').trim().split('\n').at(-1)!) as Traces;
  const different = Object.keys(traces).filter((seed) => traces[seed] !== other.traces[seed]);
  if (different.length > 0) {
    console.error(
      `traces: seeds ${different.join(', ')} differ between Node ${process.version} and Node ${other.node}`,
    );
    process.exitCode = 1;
  }
}
