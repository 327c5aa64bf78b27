// How a meter's own phases belong to those of the grid, and what that makes of its readings; it judges nothing.

import { mapPhases, type PerPhase, PHASES, type Phase } from '../model/units.ts';
import type { ChannelReading } from './load-step.ts';

/** What stands between a meter's own words and the grid. The meter's own phases are called channels here; they too are L1, L2, L3. */
export type ChannelWiring = {
  /** The grid phase behind each channel of the meter, its L1 first; each once, at most three. */
  readonly phases: readonly Phase[];
  /** Channels whose transformer sits the wrong way round. */
  readonly inverted: readonly Phase[];
  /** Transformer ratio, above 0. */
  readonly ratio: number;
};

/** The phase of the grid behind a channel; none for a channel that the meter does not have. */
export const phaseBehind = (phases: ChannelWiring['phases'], channel: Phase): Phase | undefined =>
  phases[PHASES.indexOf(channel)];

/** Every way in which `channels` channels of a meter can belong to the phases of the grid. */
export function assignments(channels: number): readonly (readonly Phase[])[] {
  if (channels === 0) return [[]];
  return assignments(channels - 1).flatMap((begun) =>
    PHASES.filter((phase) => !begun.includes(phase)).map((phase) => [...begun, phase]),
  );
}

/** A reading in the meter's own words → what the grid's phases carry; 0 on a phase that the meter does not measure. */
export function applyWiring(wiring: ChannelWiring, reading: ChannelReading): ChannelReading {
  const moved = (values: PerPhase<number>, multiply: (channel: Phase) => number) =>
    mapPhases((phase) => {
      const channel = PHASES[wiring.phases.indexOf(phase)];
      return channel === undefined ? 0 : values[channel] * multiply(channel);
    });
  const turned = (channel: Phase) => (wiring.inverted.includes(channel) ? -wiring.ratio : wiring.ratio);
  return {
    amps: moved(reading.amps, turned),
    ...(reading.watts && { watts: moved(reading.watts, turned) }),
    ...(reading.volts && { volts: moved(reading.volts, () => 1) }),
  };
}
