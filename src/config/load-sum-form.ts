// What a circuit's base load is added up of, as the site file has it.

import * as z from 'zod';
import { ampsFrom0, perPhase, plainId, strict } from './shape.ts';

/** Each is looked at in every cycle. */
export const MAX_SUMMED_METERS = 100;
const metersText = `the ids of at most ${MAX_SUMMED_METERS} meters of this file, each once`;

export const loadSumForm = strict(
  {
    meters: z
      .array(plainId, { error: metersText })
      .max(MAX_SUMMED_METERS, { error: metersText })
      .refine((list) => new Set(list).size === list.length, { error: metersText })
      .default([]),
    otherAmps: perPhase(ampsFrom0),
  },
  'a sum: meters and otherAmps',
);
