// A group of a site file: EVSEs that share a limit of their own, wherever they hang in the tree; whom it names is checked after this.

import * as z from 'zod';
import { ampsAbove0, MAX_KILOWATTS, pattern, perPhase, plainId, strict, within, words } from './shape.ts';
import { STATION_IDENTITY } from './site-schema.ts';

/** Names in one of a group's lists; a larger group is named by its circuits. */
export const MAX_GROUP_ENTRIES = 5_000;

const evseText = 'an EVSE of this file, by its station and number, such as "CP01/1"';
const evseId = pattern(/^[A-Za-z0-9_.=*+@-]{1,48}\/[1-9]\d{0,3}$/, evseText);
const names = (one: z.ZodType<string>, what: string) =>
  z
    .array(one, { error: `a list of ${what}` })
    .min(1, { error: `at least one of the ${what}; or leave the list out` })
    .max(MAX_GROUP_ENTRIES, { error: `at most ${MAX_GROUP_ENTRIES} ${what}; name their circuits instead` })
    .optional();

export const groupForm = strict(
  {
    id: plainId,
    name: words('a name of 1 to 200 characters').optional(),
    evses: names(evseId, 'EVSEs'),
    stations: names(pattern(STATION_IDENTITY, 'the id of a station of this file'), 'stations'),
    circuits: names(plainId, 'circuits'),
    limitAmps: perPhase(ampsAbove0).optional(),
    limitKilowatts: within(0, MAX_KILOWATTS, `a number of kilowatts from 0 to ${MAX_KILOWATTS}`).optional(),
    netOfSurplus: z.boolean({ error: 'true or false' }).optional(),
  },
  'a group',
).superRefine((form, context) => {
  const add = (path: string, message: string) => context.addIssue({ code: 'custom', path: [path], message });
  if (form.evses === undefined && form.stations === undefined && form.circuits === undefined) {
    add('evses', 'whom it holds: evses, stations or circuits');
  }
  if (form.limitAmps === undefined && form.limitKilowatts === undefined) {
    add('limitAmps', 'a limit for all of it together: limitAmps, limitKilowatts or both');
  }
  if (form.netOfSurplus !== true) {
    if (form.limitKilowatts === 0)
      add('limitKilowatts', 'more than 0 kW, or netOfSurplus to charge from surplus alone');
  } else if (form.limitKilowatts === undefined) {
    add('netOfSurplus', 'limitKilowatts beside it, on top of which the surplus may be used');
  }
});

export type GroupForm = z.output<typeof groupForm>;
