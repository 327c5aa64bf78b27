// One run in a process of its own: a job in JSON as the argument, its outcome in JSON on standard output.
import type { FaultLevel, Script } from '../../src/simulator/script.ts';
import { writeScript } from '../../src/simulator/write-script.ts';
import { type SimulationReport, setStage, simulate } from '../../src/wiring/simulation/simulate.ts';
import { siteNamed } from './sites.ts';

export type Job = {
  /** See `siteNamed`. */
  readonly site: string;
  readonly cycleMs?: number;
  readonly leaseMs?: number;
  readonly seed: number;
  readonly hours: number;
  readonly faults: FaultLevel;
  /** What happens, where it is not drawn from the seed. */
  readonly script?: Pick<Script, 'baseLoad' | 'happenings'>;
};

export type Outcome = { readonly evses: number; readonly report: SimulationReport };

async function run(job: Job): Promise<Outcome> {
  const stage = await setStage(siteNamed(job.site, job));
  const { seed, hours, faults } = job;
  const drawn = () => writeScript({ site: stage.site, seed, hours, faults });
  const script = job.script ? { site: stage.site.id, seed, hours, faults, ...job.script } : drawn();
  return { evses: stage.site.evses.length, report: await simulate(stage, script, {}) };
}

process.stdout.write(JSON.stringify(await run(JSON.parse(process.argv[2]!) as Job)));
