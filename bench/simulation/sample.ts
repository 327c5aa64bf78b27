// Which runs the tables are made of: one day or more of the site of twenty chargers and of random small ones, all of them under harsh faults.
import type { Job } from './run-job.ts';

export const runOptions = {
  /** Simulated days of each site. */
  days: { type: 'string', default: '1' },
  /** Random small sites beside that of twenty chargers; each has its number for a seed. */
  seeds: { type: 'string', default: '4' },
  write: { type: 'boolean', default: true },
} as const;

type Sample = { readonly days: string; readonly seeds: string };

/** The longest first. Throws where a number is none. */
export function jobsOf(sample: Sample): readonly Job[] {
  const days = Number(sample.days);
  const seeds = Number(sample.seeds);
  if (!(days > 0 && Number.isInteger(seeds) && seeds >= 0))
    throw new RangeError(`--days ${sample.days} --seeds ${sample.seeds}: expected above 0, and a whole number`);
  const sites = ['twenty', ...Array.from({ length: seeds }, (_, at) => `random-${at + 1}`)];
  return sites.map((site, seed) => ({ site, seed, hours: days * 24, faults: 'harsh' }));
}

/** One sentence for below a table. */
export function whatWasRun(script: string, sample: Sample): string {
  const { length } = jobsOf(sample);
  const sites = length === 1 ? 'the site of 20 chargers' : `the site of 20 chargers and ${length - 1} small ones`;
  const days = Number(sample.days) * length;
  return `\`npm run ${script} -- --days ${sample.days} --seeds ${sample.seeds}\`: ${sites}, ${days} simulated ${days === 1 ? 'day' : 'days'} in each row, harsh faults.`;
}
