// What a meter says before and after a load is switched: levels with their noise, and the step between two; it knows no load and no wiring.

import { mapPhases, type PerPhase, PHASES, type Phase, type PhaseAmps } from '../model/units.ts';

/** One reading in the meter's own words: its own L1 to L3, no factor applied, import positive as the meter believes it. */
export type ChannelReading = {
  readonly amps: PhaseAmps;
  readonly watts?: PerPhase<number>;
  readonly volts?: PerPhase<number>;
};

/** The mean of some readings, and how far they were apart. */
export type Level = ChannelReading & {
  /** Half the distance between the least and the most, per channel, in amperes. */
  readonly noiseAmps: PhaseAmps;
};

/** Readings that make a level: fewer say nothing about the noise. */
export const LEVEL_READINGS = 3;
/** A step is clear of the noise when it is so many times as large. */
const CLEAR_OF_NOISE = 4;
/** The last digit of a meter behind transformers, in its own amperes: less is no step. */
const LEAST_AMPS = 0.01;
/** A channel that moves by less than this share of the one that moves most has not taken part in the step. */
const TAKES_PART = 0.25;
/** The readings after a step are steady when they are no farther apart than this share of it. */
const STEADY_SHARE = 0.15;

/** `readings` MUST hold at least one. Watts and volts are in the level where all of them have them. */
export function levelOf(readings: readonly ChannelReading[]): Level {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const triple = (name: 'watts' | 'volts') =>
    readings.every((reading) => reading[name] !== undefined)
      ? { [name]: mapPhases((phase) => mean(readings.map((reading) => reading[name]![phase]))) }
      : {};
  const amps = (phase: Phase) => readings.map((reading) => reading.amps[phase]);
  return {
    amps: mapPhases((phase) => mean(amps(phase))),
    noiseAmps: mapPhases((phase) => (Math.max(...amps(phase)) - Math.min(...amps(phase))) / 2),
    ...triple('watts'),
    ...triple('volts'),
  };
}

/** What moved between two levels, in the meter's own amperes and watts. */
export type Step = {
  readonly amps: PhaseAmps;
  readonly watts?: PerPhase<number>;
  /** The channels that took part; none when nothing rose out of the noise. */
  readonly channels: readonly Phase[];
};

export function stepBetween(before: Level, after: Level): Step {
  const amps = mapPhases((phase) => after.amps[phase] - before.amps[phase]);
  const most = Math.max(...PHASES.map((phase) => Math.abs(amps[phase])));
  const channels = PHASES.filter((phase) => {
    const noise = Math.max(before.noiseAmps[phase], after.noiseAmps[phase]);
    return Math.abs(amps[phase]) >= Math.max(LEAST_AMPS, CLEAR_OF_NOISE * noise, TAKES_PART * most);
  });
  const watts = before.watts && after.watts && mapPhases((phase) => after.watts![phase] - before.watts![phase]);
  return { amps, channels, ...(watts && { watts }) };
}

/** Whether the latest readings have come to rest: no farther apart than a part of the step from `before`, or than the noise before it. */
export function isSteady(before: Level, after: Level): boolean {
  return PHASES.every((phase) => {
    const step = Math.abs(after.amps[phase] - before.amps[phase]);
    return after.noiseAmps[phase] <= Math.max(STEADY_SHARE * step, 2 * before.noiseAmps[phase], LEAST_AMPS);
  });
}
