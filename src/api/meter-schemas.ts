// The shapes of a pushed meter reading over HTTP; requests are validated by them and the OpenAPI document is made of them.

import { z } from 'zod';
import { bodyOf } from './schemas.ts';

/** No meter of a charging site shows more; finer bounds are those of the meter's plausibility. */
const MOST_AMPS = 100_000;
const MOST_WATTS = 100_000_000;
const MOST_KILOWATT_HOURS = 1_000_000_000_000;

const each = (most: number, about: string) => {
  const value = z.number().min(-most).max(most);
  return bodyOf({ L1: value.optional(), L2: value.optional(), L3: value.optional() }).describe(about);
};
const energy = z.number().min(0).max(MOST_KILOWATT_HOURS).optional();

export const readingParams = z.object({
  meter: z.string().max(200).describe('Id of a meter of the site with "push".'),
});

export const readingBody = bodyOf({
  currentAmps: each(MOST_AMPS, 'Amperes per phase, import positive; one for each phase that the meter measures.'),
  volts: each(MOST_AMPS, 'Phase to neutral.').optional(),
  powerWatts: each(MOST_WATTS, 'Active power per phase, import positive.').optional(),
  totalPowerWatts: z.number().min(-MOST_WATTS).max(MOST_WATTS).optional().describe('Over all phases, import positive.'),
  energyImportKilowattHours: energy.describe('Counter of the meter.'),
  energyExportKilowattHours: energy.describe('Counter of the meter.'),
  measuredAt: z
    .string()
    .max(40)
    .optional()
    .describe('ISO 8601 with a zone (2026-03-02T05:30:00.250Z); absent: the moment at which it arrives.'),
});

export const readingAnswer = z.object({
  meter: z.string(),
  ageMs: z.number().describe('How old the reading is taken to be.'),
});
