// A meter that is combined of others, as the site file has it.

import * as z from 'zod';
import type { CombinedMeter } from '../core/model/site-meters.ts';
import { assembleMeterPlace, meterFields } from './meter-place-form.ts';
import { plainId, strict } from './shape.ts';

/** Two redundant meters on each of three phases, and as many again. */
export const MAX_COMBINED = 12;
const membersText = `the ids of 2 to ${MAX_COMBINED} meters of this file, each once`;

const { phases: _, ...fields } = meterFields;

export const combinedMeterForm = strict(
  {
    ...fields,
    combine: z
      .array(plainId, { error: membersText })
      .min(2, { error: membersText })
      .max(MAX_COMBINED, { error: membersText })
      .refine((list) => new Set(list).size === list.length, { error: membersText }),
  },
  'a combined meter',
);

export type CombinedMeterForm = z.output<typeof combinedMeterForm>;

export function assembleCombinedMeter(form: CombinedMeterForm): CombinedMeter {
  return { from: 'combined', ...assembleMeterPlace({ ...form, phases: undefined }), members: form.combine };
}
