// Times `decide` over virtual hours of whole sites, second by second: nobody there, cars that charge steadily, cars that come and go.
//
//   npm run bench:steady                prints the table and writes docs/benchmarks.md
//   npm run bench:steady -- --evses 200 --phase "nobody there" --no-write
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { decide } from '../src/core/decide.ts';
import { onEachPhase } from '../src/core/model/units.ts';
import { buildSite, circuit, evse, rotations } from '../test/support/site-builder.ts';
import { World } from '../test/support/world.ts';
import { writeBetween } from './measure.ts';

const { values: options } = parseArgs({
  options: {
    seconds: { type: 'string', default: '1000' },
    evses: { type: 'string', default: '3,20,200' },
    phase: { type: 'string' },
    write: { type: 'boolean', default: true },
  },
  allowNegative: true,
});
const seconds = Number(options.seconds);
if (!Number.isInteger(seconds) || seconds < 60)
  throw new Error(`--seconds is "${options.seconds}"; expected a whole number of at least 60`);

/** A main switch that half of the cars fill, boards of ten below it where there are more than ten. */
function siteOf(count: number) {
  const boards = count > 10 ? Math.ceil(count / 10) : 0;
  return buildSite({
    circuits: [
      circuit({
        id: 'main',
        meter: 'main',
        ratingAmps: onEachPhase(count * 7 + 30),
        worstBaseLoadAmps: onEachPhase(40),
      }),
      ...Array.from({ length: boards }, (_, at) =>
        circuit({ id: `board${at}`, parent: 'main', ratingAmps: onEachPhase(70 + (at % 4) * 10) }),
      ),
    ],
    evses: Array.from({ length: count }, (_, at) =>
      evse({
        station: `S${at}`,
        circuit: boards === 0 ? 'main' : `board${Math.floor(at / 10)}`,
        phases: rotations[at % 6]!,
        maxAmps: at % 4 === 0 ? 16 : 32,
        floorAmps: 0,
      }),
    ),
  });
}

/** A repeatable stream of numbers in [0, 1). */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

type Stretch = { readonly name: string; readonly micros: readonly number[] };

/** A stretch each of an empty site, half of the places charging, and somebody coming or going every 20 seconds; longer ones of small sites. */
function dayOf(count: number): readonly Stretch[] {
  let took: number[] = [];
  const world = new World(siteOf(count), (...given) => {
    // Processor time, because what else the machine does meanwhile is not the work's.
    const before = process.cpuUsage();
    const decision = decide(...given);
    const { user, system } = process.cpuUsage(before);
    took.push(user + system);
    return decision;
  });
  const random = numbers(20_261_123);
  const pass = (name: string, act: (second: number) => void): Stretch => {
    took = [];
    // A phase that was asked for alone is left for long enough to be profiled; the others only lead to it.
    const length = options.phase === undefined || options.phase === name ? seconds * (count < 50 ? 20 : 1) : 90;
    for (let second = 0; second < length; second++) {
      act(second);
      world.base = { L1: 12 + random() * 4, L2: 10 + random() * 4, L3: 11 + random() * 4 };
      world.step();
      world.decisions.length = 0;
    }
    // The first part is the way into the phase, and where the program grows warm.
    return { name, micros: took.slice(took.length / 4).sort((a, b) => a - b) };
  };
  const plugIn = (at: number) =>
    world.plugIn(world.site.evses[at]!.id, { phases: world.site.evses[at]!.phases.length, maxAmps: 32 });
  pass('warm-up', () => {});
  return [
    pass('nobody there', () => {}),
    pass('half of them charging', (second) => {
      if (second === 0) for (let at = 0; at < count; at += 2) plugIn(at);
    }),
    pass('coming and going', (second) => {
      if (second % 20 !== 0) return;
      const at = Math.floor(random() * count);
      if (world.charger(world.site.evses[at]!.id).car) world.unplug(world.site.evses[at]!.id);
      else plugIn(at);
    }),
  ];
}

const lines = ['| EVSEs | | median µs | mean µs | p99 µs |', '|---:|---|---:|---:|---:|'];
for (const count of options.evses.split(',').map(Number)) {
  process.stderr.write(`bench: ${count} EVSEs …\n`);
  for (const { name, micros } of dayOf(count)) {
    if (options.phase !== undefined && options.phase !== name) continue;
    const mean = micros.reduce((sum, one) => sum + one, 0) / micros.length;
    const at = (part: number) => micros[Math.min(micros.length - 1, Math.floor(micros.length * part))]!.toFixed(0);
    lines.push(`| ${count} | ${name} | ${at(0.5)} | ${mean.toFixed(0)} | ${at(0.99)} |`);
  }
}
const report = [
  `Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model ?? 'unknown processor'}, at least ${seconds} cycles of 1 s each; processor time.`,
  '',
  ...lines,
].join('\n');
console.log(report);
if (options.write) writeBetween('steady', report);
