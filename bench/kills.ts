// Kills a real controller at random moments while stations transact, and prints what became of what they were told is kept.
//
//   npm run bench:kills -- --kills 500 --seed 7
import { parseArgs } from 'node:util';
import { runKills } from '../test/support/kill-campaign.ts';

const { values: options } = parseArgs({
  options: {
    kills: { type: 'string', default: '50' },
    seed: { type: 'string', default: '1' },
    stations: { type: 'string', default: '8' },
  },
});
const [kills, seed, stations] = [Number(options.kills), Number(options.seed), Number(options.stations)];
if (!Number.isInteger(kills) || kills < 1)
  throw new Error(`--kills is "${options.kills}"; expected a whole number from 1`);
if (!Number.isInteger(seed)) throw new Error(`--seed is "${options.seed}"; expected a whole number`);
if (!Number.isInteger(stations) || stations < 1 || stations > 16)
  throw new Error(`--stations is "${options.stations}"; expected a whole number from 1 to 16`);

const result = await runKills({
  kills,
  seed,
  stations,
  onKill: (kill) => {
    if (kill % 10 === 0) process.stderr.write(`bench: ${kill} of ${kills} kills\n`);
  },
});
console.log(
  [
    `Node ${process.version}, seed ${seed}, ${stations} stations, \`busbar run\` killed with SIGKILL, and a central system on ocpp-rpc in strict mode.`,
    '',
    '| kills | of them while starting | acknowledged | arrived | repeated, what was under way | lost | doubled, out of order or invented | schema faults | left in the outbox |',
    '|---:|---:|---:|---:|---:|---:|---:|---:|---:|',
    `| ${result.kills} | ${result.whileStarting} | ${result.acknowledged} | ${result.arrived} | ${result.repeated} | ${result.lost} | ${result.violations.length - result.lost} | ${result.schemaFaults.length} | ${result.leftInOutbox} |`,
  ].join('\n'),
);
for (const text of [...result.violations, ...result.schemaFaults].slice(0, 20)) console.error(text);
process.exitCode = result.violations.length + result.schemaFaults.length + result.leftInOutbox > 0 ? 1 : 0;
