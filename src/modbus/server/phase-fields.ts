// Values of which there is one for each phase, as three floats side by side, L1 first.

import { PHASES, type Phase } from '../../core/model/units.ts';
import type { Field } from './words.ts';

/** A value of each phase; undefined where it is not known. */
export type PhaseValues = { readonly [P in Phase]: number | undefined };

/** Three floats from `at` on; undefined as a whole where nothing of it is known. */
export function phaseFields<S>(
  at: number,
  name: string,
  meaning: string,
  of: (subject: S) => PhaseValues | undefined,
): readonly Field<S>[] {
  return PHASES.map((phase, index) => ({
    at: at + 2 * index,
    name: `${name} ${phase}`,
    type: 'f32',
    unit: 'A',
    meaning,
    of: (subject) => of(subject)?.[phase],
  }));
}

/** The values that `of` gives for each phase. */
export function phaseValues(of: (phase: Phase) => number | undefined): PhaseValues {
  return { L1: of('L1'), L2: of('L2'), L3: of('L3') };
}
