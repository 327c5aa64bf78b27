// Meters that tell by themselves, as the site file has them: pushed ones and those of stations.

import type * as z from 'zod';
import type { PushedMeter, StationMeter } from '../core/model/site-meters.ts';
import { assembleMeterPlace, judgedFields, meterFields } from './meter-place-form.ts';
import { milliseconds, strict, words } from './shape.ts';

/** Half as much more is the 60 s at which the policy calls any reading lost. */
export const MAX_MAX_AGE_MS = 40_000;
export const DEFAULT_STATION_MAX_AGE_MS = 30_000;

/** Up to this age a reading is fresh. */
export const maxAgeMs = milliseconds(500, MAX_MAX_AGE_MS);

export const pushedMeterForm = strict(
  { ...meterFields, ...judgedFields, push: strict({ maxAgeMs }, 'maxAgeMs') },
  'a meter whose values are pushed',
);

export const stationMeterForm = strict(
  {
    ...meterFields,
    ...judgedFields,
    station: words('the id of a station of this file'),
    maxAgeMs: maxAgeMs.default(DEFAULT_STATION_MAX_AGE_MS),
  },
  "a station's own meter",
);

export type PushedMeterForm = z.output<typeof pushedMeterForm>;
export type StationMeterForm = z.output<typeof stationMeterForm>;

type Bounds = Pick<PushedMeter, 'plausibleAmps' | 'mayExport'>;

export function assemblePushedMeter(form: PushedMeterForm, bounds: Bounds): PushedMeter {
  return { from: 'push', ...assembleMeterPlace(form), maxAgeMs: form.push.maxAgeMs, ...bounds };
}

export function assembleStationMeter(form: StationMeterForm, bounds: Bounds): StationMeter {
  return { from: 'station', ...assembleMeterPlace(form), station: form.station, maxAgeMs: form.maxAgeMs, ...bounds };
}
