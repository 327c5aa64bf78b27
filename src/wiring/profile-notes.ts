// What a person should know of a profile before trusting it, one line each; it tells what the profile says and adds nothing.

import { type MeterProfile, NOT_VERIFIED } from '../core/model/meter-profile.ts';
import { unfitness } from '../core/model/meter-wiring.ts';

/** Whether anybody compared it with a real meter, whether it can protect a circuit, and its traps. */
export function profileNotes(profile: MeterProfile): readonly string[] {
  const { verified, phases, traps } = profile;
  const tested =
    verified === NOT_VERIFIED
      ? [`this profile is ${NOT_VERIFIED} (confidence ${profile.confidence}): compare every value with the display`]
      : verified.map(({ by, on, firmware }) => `verified on a real meter by ${by} on ${on}, firmware ${firmware}`);
  const why = unfitness(profile);
  return [
    ...tested,
    ...(why === undefined ? [] : [`not for the protection of a circuit: ${why}`]),
    ...(phases === 1 ? ['one phase: say in "phases" of the site file which phase of the grid it is'] : []),
    ...traps,
  ];
}
