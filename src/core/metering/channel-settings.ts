// A meter's wiring in the words of the site file, and back; it decides nothing.

import type { MeterWiring } from '../model/meter-wiring.ts';
import { PHASES, type Phase } from '../model/units.ts';
import type { ChannelWiring } from './channel-wiring.ts';

/** The settings of a site file that a commissioning may find to be others. */
export type WiringSettings = Pick<MeterWiring, 'factor' | 'phases' | 'invertPhases'>;

/** `count`: how many phases the meter has, for where the file does not name them. */
export function channelsOf({ factor, phases, invertPhases = [] }: WiringSettings, count: number): ChannelWiring {
  const covered = phases ?? PHASES.slice(0, count);
  const inverted = PHASES.filter((_, at) => {
    const phase = covered[at];
    return phase !== undefined && invertPhases.includes(phase) !== factor < 0;
  });
  return { phases: covered, inverted, ratio: Math.abs(factor) };
}

/**
 * What the file should say: all of the present settings where they mean the same. All channels turned is a negative factor, some of them
 * are `invertPhases`; phases in the plain order are left out.
 */
export function settingsFor(found: ChannelWiring, present: WiringSettings): WiringSettings {
  const count = found.phases.length;
  if (isSame(found, channelsOf(present, count))) return present;
  const isAll = found.inverted.length === count;
  const behind = found.inverted.flatMap((channel): Phase[] => {
    const phase = found.phases[PHASES.indexOf(channel)];
    return phase === undefined ? [] : [phase];
  });
  const isPlain = count === PHASES.length && found.phases.every((phase, at) => phase === PHASES[at]);
  return {
    factor: isAll ? -found.ratio : found.ratio,
    ...(!isPlain && { phases: found.phases }),
    ...(!isAll && behind.length > 0 && { invertPhases: PHASES.filter((phase) => behind.includes(phase)) }),
  };
}

function isSame(a: ChannelWiring, b: ChannelWiring): boolean {
  const text = ({ phases, inverted, ratio }: ChannelWiring) => `${phases.join()} ${inverted.join()} ${ratio}`;
  return text(a) === text(b);
}
