// The format of a situation, what `busbar allocate` reads: everything that a decision can take into account, each field with an ordinary
// default. docs/allocate.md is its page, docs/allocate.schema.json its JSON Schema.

import * as z from 'zod';
import { strict, within, words } from '../config/shape.ts';
import { onEachPhase, PHASES, type PhaseAmps } from '../core/model/units.ts';

const MOST_AMPS = 10_000;
const MOST_WATTS = 100_000_000;
/** A month: nothing in a situation is older or further ahead. */
const MOST_MINUTES = 44_640;

const ampsFrom0 = within(0, MOST_AMPS, `a number of amperes from 0 to ${MOST_AMPS}`);
const wattsFrom0 = within(0, MOST_WATTS, `a number of watts from 0 to ${MOST_WATTS}`);
const minutesFrom0 = within(0, MOST_MINUTES, `a number of minutes from 0 to ${MOST_MINUTES}`);
const secondsFrom0 = within(0, MOST_MINUTES * 60, `a number of seconds from 0 to ${MOST_MINUTES * 60}`);
const wattHoursFrom0 = within(0, MOST_WATTS, `a number of watt hours from 0 to ${MOST_WATTS}`);
const kilowattHoursFrom0 = within(0, MOST_WATTS / 1_000, `a number of kilowatt hours from 0 to ${MOST_WATTS / 1_000}`);
const priority = z
  .int({ error: 'a whole number from -100 to 100' })
  .min(-100, { error: 'a whole number from -100 to 100' })
  .max(100, { error: 'a whole number from -100 to 100' });
const yesOrNo = z.boolean({ error: 'true or false' });

/** One number for all phases, `[L1, L2, L3]`, or `{"L1": …, "L2": …, "L3": …}`. */
function perPhase(least: number, most: number, unit: string) {
  const expected = `a number of ${unit} from ${least} to ${most} for all phases, [L1, L2, L3], or {"L1": …, "L2": …, "L3": …}`;
  const one = within(least, most, expected);
  const three = z.tuple([one, one, one], { error: expected });
  const named = z.strictObject({ L1: one, L2: one, L3: one }, { error: expected });
  return z.union([one, three, named], { error: expected }).transform((value): PhaseAmps => {
    if (typeof value === 'number') return onEachPhase(value);
    return Array.isArray(value) ? { L1: value[0], L2: value[1], L3: value[2] } : value;
  });
}

function oneOf<const T extends readonly [string, ...string[]]>(names: T) {
  return z.enum(names, { error: `one of ${names.join(', ')}` });
}

function byId<T extends z.ZodType>(one: T, what: string) {
  return z.record(z.string(), one, { error: `an object: ${what}` }).default({});
}

const wattsExpected = `a number of watts from -${MOST_WATTS} to ${MOST_WATTS} in all, or [L1, L2, L3]`;
const watts = within(-MOST_WATTS, MOST_WATTS, wattsExpected);

const meter = strict(
  {
    currentAmps: perPhase(-MOST_AMPS, MOST_AMPS, 'amperes').describe(
      'Measured, EVs included. Import is positive; negative where the meter tells the direction and the site exports.',
    ),
    powerWatts: z
      .union([watts, z.tuple([watts, watts, watts])], { error: wattsExpected })
      .optional()
      .describe('Active power in all, or by phase; negative is export. Left out: volts times amperes.'),
    ageMs: within(0, MOST_MINUTES * 60_000, 'a number of milliseconds, 0 or more')
      .default(0)
      .describe('How old the reading is.'),
    trouble: oneOf(['unreachable', 'frozen', 'absurd'])
      .optional()
      .describe('Why nothing newer is believed; the reading above then only ages.'),
  },
  'one meter',
);

const wish = strict(
  {
    energyWh: wattHoursFrom0.optional().describe('Wanted in this session in all, from its start.'),
    energyKilowattHours: kilowattHoursFrom0.optional().describe('The same in kilowatt hours.'),
    departureInMinutes: within(-MOST_MINUTES, MOST_MINUTES, 'a number of minutes')
      .optional()
      .describe('When the car leaves.'),
    onlySurplus: yesOrNo
      .default(false)
      .describe('Charges from what the site would otherwise export, and nothing else.'),
    priority: priority.optional().describe("Instead of the EVSE's own; higher is served first."),
    author: oneOf(['user', 'facility-manager', 'upstream', 'controller']).default('user').describe('Who asks.'),
  },
  'what is wanted of a session',
);

const evse = strict(
  {
    car: yesOrNo.default(false).describe('A transaction is running.'),
    connected: z
      .union([z.boolean(), z.literal('never')], { error: 'true, false or "never"' })
      .default(true)
      .describe('Its station answers, does not any more, or never has. The same for all EVSEs of a station.'),
    status: oneOf([
      'Charging',
      'SuspendedEV',
      'SuspendedEVSE',
      'EVConnected',
      'Available',
      'Reserved',
      'Unavailable',
      'Faulted',
    ])
      .optional()
      .describe('What it says of itself. Left out: Charging with a car, Available without.'),
    statusMinutes: minutesFrom0.optional().describe('Since when. Left out: since the session began, or half an hour.'),
    sessionMinutes: minutesFrom0.default(30).describe('How long ago the transaction began.'),
    energyWh: wattHoursFrom0.optional().describe('Delivered in this session so far.'),
    energyKilowattHours: kilowattHoursFrom0.optional().describe('The same in kilowatt hours.'),
    offeredAmps: ampsFrom0.optional().describe('The limit that it was told last. Left out: its floor alone.'),
    acknowledgedAmps: ampsFrom0
      .optional()
      .describe('The limit that it confirmed last, where that is not the one it was told last.'),
    offeredSecondsAgo: secondsFrom0.optional().describe('When the offer last changed. Left out: long ago.'),
    drawnAmps: z
      .union([ampsFrom0, z.array(ampsFrom0).min(1).max(3)], {
        error: "a number of amperes from 0 on, or a list of them for the EVSE's own L1, L2, L3",
      })
      .optional()
      .describe("Measured by its station on the EVSE's own L1, L2, L3, or the same on all that are wired."),
    drawnSecondsAgo: secondsFrom0.default(0).describe('How old that measurement is.'),
    phases: z
      .array(z.enum(PHASES as ['L1', 'L2', 'L3'], { error: 'L1, L2 or L3' }), { error: 'a list of L1, L2, L3' })
      .min(1, { error: 'at least one of L1, L2, L3' })
      .max(3, { error: 'each of L1, L2, L3 once' })
      .optional()
      .describe('The grid phases on which this car was seen to draw. Left out: all that are wired count.'),
    takesAmps: ampsFrom0
      .optional()
      .describe('The car was seen to take less than it is offered; it is offered this, margin included.'),
    onMinutes: minutesFrom0
      .optional()
      .describe('Served without a break for so long. Left out: since the session began.'),
    pausedMinutes: minutesFrom0.optional().describe('Paused, after having charged, for so long.'),
    waitingMinutes: minutesFrom0.optional().describe('Waiting for its first current for so long.'),
    wakeAttempts: within(0, 3, 'a whole number from 0 to 3')
      .optional()
      .describe('Attempts to wake the car after its pause so far.'),
    floor: oneOf(['confirmed', 'sent', 'not-confirmed'])
      .optional()
      .describe('Its safe floor. Left out: confirmed, unless its station has never connected.'),
    failedCommands: within(0, 16, 'a whole number from 0 to 16')
      .default(0)
      .describe('Commands in a row that were refused or not answered, the last one just now.'),
    disobedientMinutes: minutesFrom0.optional().describe('It has drawn more than it was told for so long, until now.'),
    upstreamLimitAmps: ampsFrom0
      .optional()
      .describe("What the operator's back office allows this EVSE, by its profile."),
    wish: wish.optional(),
  },
  'one EVSE',
);

const limit = strict(
  {
    circuit: z.string({ error: 'the id of a circuit' }).optional().describe('One of circuit, group and evse.'),
    group: z.string({ error: 'the id of a group' }).optional(),
    evse: z.string({ error: 'the id of an EVSE' }).optional(),
    limitAmps: perPhase(0, MOST_AMPS, 'amperes').optional().describe('Per phase.'),
    limitWatts: wattsFrom0.optional().describe('Active power over all phases.'),
    limitVoltAmperes: wattsFrom0.optional().describe('Apparent power over all phases; circuits only.'),
    netOfSurplus: yesOrNo
      .optional()
      .describe('Groups only: what the site would otherwise export may be used on top of limitWatts.'),
    author: oneOf(['facility-manager', 'utility', 'upstream', 'permit', 'user', 'car', 'cable', 'charger'])
      .default('facility-manager')
      .describe('Who set it.'),
    authorId: words('a text of 1 to 200 characters').optional().describe("Which one: an event's id, a person's name."),
    note: words('a text of 1 to 200 characters').optional().describe('What its author gave as the reason.'),
    startsInMinutes: minutesFrom0.optional().describe('Left out: it holds now.'),
    endsInMinutes: minutesFrom0.optional().describe('Left out: until it is lifted.'),
  },
  'one limit',
);

/** A situation on standard input; what is left out is ordinary. */
export const situationSchema = strict(
  {
    $schema: z.string().optional().describe('Where this format is described; not read.'),
    meters: byId(meter, 'a meter by its id').describe(
      'By meter id. A meter that is left out is lost: the worst base load is assumed.',
    ),
    evses: byId(evse, 'an EVSE by its id').describe('By EVSE id, such as CP01/1. One that is left out is free.'),
    stations: byId(
      strict(
        {
          upstreamLimitAmps: ampsFrom0
            .optional()
            .describe("What the operator's back office allows all EVSEs of the station together."),
        },
        'one station',
      ),
      'a station by its id',
    ).describe('By station id.'),
    circuits: byId(
      strict(
        {
          believedBaseLoadAmps: perPhase(-MOST_AMPS, MOST_AMPS, 'amperes')
            .optional()
            .describe('Base load as the last cycle believed it: it falls slowly. Left out: as the meter shows now.'),
        },
        'one circuit',
      ),
      'a circuit by its id',
    ).describe('By circuit id.'),
    limits: z
      .array(limit, { error: 'a list of limits' })
      .max(1_000, { error: 'at most 1000 limits' })
      .default([])
      .describe('Limits from outside the site file, each with its author.'),
    believedSurplusWatts: wattsFrom0
      .optional()
      .describe('Surplus as the last cycle believed it: it rises slowly. Left out: as the meter shows now.'),
    lastTurnMinutesAgo: minutesFrom0.optional().describe('When a place last changed hands. Left out: long ago.'),
  },
  'a situation',
).describe('What busbar allocate reads: a situation of one site. See docs/allocate.md.');

export type Situation = z.infer<typeof situationSchema>;
export type EvseSituation = Situation['evses'][string];

/** The JSON Schema of what may be written; `docs/allocate.schema.json` is this. */
export function situationJsonSchema(): object {
  return z.toJSONSchema(situationSchema, { io: 'input' });
}
