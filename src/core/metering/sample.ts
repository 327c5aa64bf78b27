// What a meter said at one instant, by whatever way it came; nobody has believed it yet.

import type { Instant, Phase, PhaseAmps } from '../model/units.ts';

/** What a meter said at one instant, import positive. Not yet believed: numbers may be NaN, infinite or absurd. */
export type Sample = {
  readonly currentAmps: PhaseAmps;
  /** The phases that the meter covers; absent: all three. Of the others nothing is known, and their 0 is no reading. */
  readonly phases?: readonly Phase[];
  readonly volts?: PhaseAmps;
  readonly powerWatts?: PhaseAmps;
  readonly totalPowerWatts?: number;
  readonly frequencyHz?: number;
  readonly energyImportWh?: number;
  readonly energyExportWh?: number;
  /** When the frequency and the energy were read, where that is known: they may be older than the currents. */
  readonly frequencyMeasuredAt?: Instant;
  readonly energyMeasuredAt?: Instant;
};
