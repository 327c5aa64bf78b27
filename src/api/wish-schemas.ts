// The shapes of a wish over HTTP; requests are validated by them and the OpenAPI document is made of them.

import { z } from 'zod';
import { bodyOf, note } from './schemas.ts';

export const wishParams = z.object({
  station: z.string().max(200).describe('Id of a station of the site, such as depot-03.'),
  evse: z.string().max(20).describe("The EVSE's number at its station, such as 1."),
});

const energy = z.number().positive().max(2_000);
const priority = z.number().int().min(0).max(9);
const aboutEnergy = 'Wanted in all, counted from the start of the transaction.';

export const wishBody = bodyOf({
  energyKilowattHours: energy.optional().describe(aboutEnergy),
  departure: z
    .string()
    .max(40)
    .optional()
    .describe(
      'When the car leaves, at most 7 days ahead: ISO 8601 with a zone (2026-03-02T05:30+01:00, 2026-03-02T04:30Z), or without one by the ' +
        'clock at the site (2026-03-02T05:30).',
    ),
  onlySurplus: z
    .boolean()
    .optional()
    .describe('Charges from what the site would otherwise export, and from nothing else.'),
  priority: priority.optional().describe("Instead of the EVSE's own; higher is served first."),
  note,
}).refine(
  ({ energyKilowattHours, departure, onlySurplus, priority }) =>
    [energyKilowattHours, departure, onlySurplus, priority].some((value) => value !== undefined),
  { message: 'expected at least one of energyKilowattHours, departure, onlySurplus, priority' },
);

const wish = z.object({
  author: z.string().describe('Who asked, in words.'),
  belongsTo: z.enum(['the running transaction', 'the next transaction']),
  energyKilowattHours: energy.exactOptional().describe(aboutEnergy),
  deliveredKilowattHours: z
    .number()
    .exactOptional()
    .describe('Delivered in the transaction so far; absent where the charger does not report it.'),
  departure: z.string().exactOptional().describe('ISO 8601 by the clock at the site, with its distance from UTC.'),
  neededAmps: z
    .number()
    .exactOptional()
    .describe(
      'Amperes per phase that the rest takes from now on, to be ready shortly before the departure; 0: the car has all that was asked.',
    ),
  onlySurplus: z.boolean().exactOptional(),
  priority: z.number().exactOptional(),
  note: z.string().exactOptional(),
});

export const wishAnswer = z.object({
  evse: z.string(),
  wish: wish.exactOptional().describe('Absent when nothing is wished.'),
});

export const wishChangeAnswer = wishAnswer.extend({ takesEffect: z.literal('with the next cycle') });
