// A contact of the site file, read over Modbus: where it is, when it is active, and what it then asks for; what it names is checked after this.

import * as z from 'zod';
import { stopCap } from '../core/limits/emergency-stop.ts';
import type { Cap } from '../core/model/limit.ts';
import type { Circuit, EvGroup, SiteInput } from '../core/model/site.ts';
import type { SiteBus } from '../core/model/site-meters.ts';
import { mapPhases } from '../core/model/units.ts';
import { assemblePlace, checkPlace, placeFields } from './meter-form.ts';
import {
  ampsFrom0,
  MAX_KILOWATTS,
  milliseconds,
  name,
  perPhase,
  plainId,
  strict,
  wholeWithin,
  within,
  words,
} from './shape.ts';

/** The slowest poll: an emergency stop must be seen within seconds. */
export const MAX_CONTACT_POLL_MS = 3_000;
/** The longest that a release waits to be believed. */
export const MAX_DEBOUNCE_MS = 600_000;

const address = wholeWithin(0, 65_535, 'a zero-based address from 0 to 65535, as on the wire').optional();

export const contactForm = strict(
  { discreteInput: address, coil: address },
  '"discreteInput" or "coil", with its address',
).superRefine((form, context) => {
  if ((form.discreteInput === undefined) === (form.coil === undefined))
    context.addIssue({
      code: 'custom',
      path: ['discreteInput'],
      message: 'either "discreteInput" or "coil", with its zero-based address; not both, not neither',
    });
});

export const inputLimitForm = strict(
  {
    circuit: plainId.optional(),
    group: plainId.optional(),
    limitAmps: perPhase(ampsFrom0).optional(),
    limitKilowatts: within(0, MAX_KILOWATTS, `a number of kilowatts from 0 to ${MAX_KILOWATTS}`).optional(),
    percent: within(0, 100, 'a percentage from 0 to 100 of what the circuit or group may draw').optional(),
    netOfSurplus: z.boolean({ error: 'true or false' }).optional(),
    author: z.enum(['utility', 'facility-manager'], { error: '"utility" or "facility-manager"' }).default('utility'),
    note: words('a text of 1 to 200 characters, shown to people as the reason').optional(),
  },
  'the limit in force while the contact is active',
).superRefine((form, context) => {
  const add = (path: string, message: string) => context.addIssue({ code: 'custom', path: [path], message });
  if ((form.circuit === undefined) === (form.group === undefined))
    add('circuit', 'either "circuit" or "group", what it limits; not both, not neither');
  const given = [form.limitAmps, form.limitKilowatts, form.percent].filter((value) => value !== undefined);
  if (given.length !== 1) add('limitAmps', 'exactly one of limitAmps, limitKilowatts and percent');
  if (form.netOfSurplus === true && (form.group === undefined || form.limitKilowatts === undefined))
    add('netOfSurplus', 'a "group" with limitKilowatts, on top of which the surplus may be used');
});

export const inputForm = strict(
  {
    id: plainId,
    name,
    ...placeFields,
    contact: contactForm,
    activeWhen: z.enum(['closed', 'open'], {
      error: '"closed", or "open" where a broken wire must mean active',
    }),
    debounceMs: milliseconds(0, MAX_DEBOUNCE_MS).default(1_000),
    pollMs: milliseconds(100, MAX_CONTACT_POLL_MS).default(500),
    limit: inputLimitForm.optional(),
    emergencyStop: z.literal(true, { error: 'true, or no such field' }).optional(),
  },
  'an input: a contact and what it asks for',
)
  .superRefine(checkPlace)
  .superRefine((form, context) => {
    if ((form.limit === undefined) === (form.emergencyStop === undefined))
      context.addIssue({
        code: 'custom',
        path: ['limit'],
        message: 'either "limit" or "emergencyStop", what it asks for while it is active; not both, not neither',
      });
  });

export type InputForm = z.output<typeof inputForm>;
export type InputLimitForm = z.output<typeof inputLimitForm>;

/** `form` MUST name a bus, a circuit or a group that is among those given. */
export function assembleInput(
  form: InputForm,
  buses: readonly SiteBus[],
  circuits: readonly Circuit[],
  groups: readonly EvGroup[],
): SiteInput {
  const { id, contact } = form;
  const title = form.name ?? id;
  const by = `contact ${title}`;
  return {
    id,
    name: title,
    connection: assemblePlace(form, buses),
    contact:
      contact.coil === undefined
        ? { kind: 'discrete-input', address: contact.discreteInput! }
        : { kind: 'coil', address: contact.coil },
    activeWhen: form.activeWhen,
    debounceMs: form.debounceMs,
    pollMs: form.pollMs,
    ...(form.emergencyStop ? { emergencyStop: true } : {}),
    cap: form.limit ? capOf(id, by, form.limit, circuits, groups) : stopCap(`contact:${id}`, by),
  };
}

function capOf(
  id: string,
  by: string,
  limit: InputLimitForm,
  circuits: readonly Circuit[],
  groups: readonly EvGroup[],
): Cap {
  const { author, note, netOfSurplus } = limit;
  return {
    id: `contact:${id}`,
    source: { kind: author, id: by },
    scope:
      limit.circuit === undefined
        ? { kind: 'group', group: limit.group! }
        : { kind: 'circuit', circuit: limit.circuit },
    ...numbersOf(limit, circuits, groups),
    ...(netOfSurplus ? { netOfSurplus } : {}),
    ...(note === undefined ? {} : { note }),
  };
}

/** A percentage is of every number that was commissioned for the scope. */
function numbersOf(
  { circuit, group, limitAmps, limitKilowatts, percent }: InputLimitForm,
  circuits: readonly Circuit[],
  groups: readonly EvGroup[],
): Pick<Cap, 'limitAmps' | 'limitWatts' | 'limitVoltAmperes'> {
  if (percent === undefined)
    return {
      ...(limitAmps === undefined ? {} : { limitAmps }),
      ...(limitKilowatts === undefined ? {} : { limitWatts: limitKilowatts * 1_000 }),
    };
  const part = percent / 100;
  const one = circuits.find(({ id }) => id === circuit);
  const scope: Pick<Circuit, 'limitWatts' | 'limitVoltAmperes'> = one ?? groups.find(({ id }) => id === group)!;
  const amps = one?.ratingAmps ?? groups.find(({ id }) => id === group)?.limitAmps;
  return {
    ...(amps === undefined ? {} : { limitAmps: mapPhases((phase) => amps[phase] * part) }),
    ...(scope.limitWatts === undefined ? {} : { limitWatts: scope.limitWatts * part }),
    ...(scope.limitVoltAmperes === undefined ? {} : { limitVoltAmperes: scope.limitVoltAmperes * part }),
  };
}
