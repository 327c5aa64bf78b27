// What a meter said at one instant, by whatever way it came; nobody has believed it yet.

import type { PhaseAmps } from '../model/units.ts';

/** What a meter said at one instant, import positive. Not yet believed: numbers may be NaN, infinite or absurd. */
export type Sample = {
  readonly currentAmps: PhaseAmps;
  readonly volts?: PhaseAmps;
  readonly powerWatts?: PhaseAmps;
  readonly totalPowerWatts?: number;
  readonly frequencyHz?: number;
  readonly energyImportWh?: number;
  readonly energyExportWh?: number;
};
