// How the laws over random sites are run: from the seed of this run, which `seed-setup.ts` printed at its start.
import { inject } from 'vitest';
import { runs } from './property-runs.ts';
import './seed-setup.ts';

/** fast-check's parameters for `many` random sites. A cap by BUSBAR_PROPERTY_RUNS brings its own seed. */
export function lawRuns(many: number) {
  const parameters = runs(many);
  return 'seed' in parameters ? parameters : { ...parameters, seed: inject('lawSeed') };
}
