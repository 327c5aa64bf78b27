// The shapes that go in and out over HTTP, as zod schemas: the requests are validated by them and the OpenAPI document is made of them.

import { z } from 'zod';
import type {
  AgedStateView,
  CapView,
  ContactView,
  EmergencyStopView,
  HistoryView,
  SiteView,
  WishView,
} from '../core/model/state-view.ts';

/** Longest duration of a limit that ends by itself: 31 days. */
export const MAX_LIMIT_MINUTES = 31 * 24 * 60;
/** Characters of a note. */
export const MAX_NOTE = 200;

const amps = z.number().describe('Amperes per phase.');
const phase = z.enum(['L1', 'L2', 'L3']);
const perPhase = <T extends z.ZodType>(value: T) => z.object({ L1: value, L2: value, L3: value });
const wallMs = z.number().describe('Milliseconds since 1970-01-01T00:00Z.');

/** For people, shown wherever what it explains is shown. */
export const note = z
  .string()
  .max(MAX_NOTE)
  .regex(/^[^\p{Cc}\u2028\u2029]*$/u, 'expected text without control characters')
  .optional()
  .describe('Shown to people as the reason.');

/** A body of these fields and no others: one that is misspelt is told with the right ones. */
export function bodyOf<Shape extends z.ZodRawShape>(shape: Shape) {
  const known = `expected one of ${Object.keys(shape).join(', ')}`;
  return z.strictObject(shape, { error: ({ code }) => (code === 'unrecognized_keys' ? known : undefined) });
}

export const limitBody = bodyOf({
  limitAmps: z.number().min(0).optional().describe('Amperes per phase, at most the rating of the circuit.'),
  limitKilowatts: z.number().min(0).optional().describe('Active power over all phases.'),
  untilMinutes: z
    .number()
    .positive()
    .max(MAX_LIMIT_MINUTES)
    .optional()
    .describe('The limit ends by itself after this many minutes; absent: it holds until it is cleared.'),
  note,
}).refine((body) => (body.limitAmps === undefined) !== (body.limitKilowatts === undefined), {
  path: ['limitAmps'],
  message: 'expected exactly one of limitAmps and limitKilowatts',
});

export const circuitParams = z.object({ circuit: z.string().max(200).describe('Id of a circuit of the site.') });

export const cap: z.ZodType<CapView> = z.object({
  id: z.string(),
  author: z.string().describe('Who set it, in words.'),
  authorKind: z.string(),
  circuit: z.string().exactOptional(),
  group: z.string().exactOptional(),
  evse: z.string().exactOptional(),
  limitAmps: perPhase(amps).exactOptional(),
  limitWatts: z.number().exactOptional(),
  limitVoltAmperes: z.number().exactOptional(),
  fromWallMs: wallMs.exactOptional(),
  untilWallMs: wallMs.exactOptional(),
  note: z.string().exactOptional(),
  failsafe: z
    .object({ because: z.enum(['never-heard', 'silent', 'too-old']), sinceWallMs: wallMs.exactOptional() })
    .exactOptional()
    .describe('Present while its source is not heard and a stored default holds in its place.'),
});

export const limitAnswer = z.object({
  circuit: z.string(),
  takesEffect: z.literal('with the next cycle'),
  caps: z.array(cap).describe('The limits from outside that are in force after the change.'),
});

export const problem = z.object({
  type: z.literal('about:blank'),
  title: z.string(),
  status: z.number().int(),
  code: z.string().describe('A code of docs/errors.md.'),
  detail: z.string().describe('A sentence that says what to do next.'),
  field: z.string().exactOptional(),
  value: z.unknown().optional().describe('What was given for the field.'),
  expected: z.string().exactOptional(),
});

export const siteView: z.ZodType<SiteView> = z.object({
  id: z.string(),
  name: z.string(),
  timezone: z.string(),
  nominalVolts: z.number(),
  cycleMs: z.number(),
  circuits: z
    .array(
      z.object({
        id: z.string(),
        name: z.string(),
        parent: z.string().exactOptional(),
        ratingAmps: perPhase(amps),
        marginAmps: perPhase(amps),
        limitWatts: z.number().exactOptional(),
        meter: z.string().exactOptional(),
      }),
    )
    .describe('Parents before children; the first is the root.'),
  meters: z.array(
    z.object({
      id: z.string(),
      name: z.string(),
      from: z.enum(['modbus', 'combined', 'push', 'mqtt', 'station']).describe('How its values come.'),
      of: z.enum(['load', 'pv', 'storage']).exactOptional().describe('Absent: a circuit, or part of a combined meter.'),
      phases: z.array(phase).exactOptional().describe('Absent: all three.'),
      members: z.array(z.string()).exactOptional(),
    }),
  ),
  stations: z.array(z.object({ id: z.string(), name: z.string(), profile: z.string() })),
  evses: z.array(
    z.object({
      id: z.string(),
      name: z.string(),
      station: z.string(),
      circuit: z.string(),
      supply: z.enum(['ac', 'dc']),
      phases: z.array(phase),
      minAmps: amps,
      maxAmps: amps,
      floorAmps: amps,
      priority: z.number(),
    }),
  ),
});

const phaseView = z.object({
  limitAmps: amps,
  limitAuthor: z.string(),
  marginAmps: amps,
  baseLoadAmps: amps,
  exposureAmps: amps.describe('The most that the chargers below may be drawing.'),
  allocatedAmps: amps,
  headroomAmps: amps.describe('limit − margin − base load − exposure.'),
  meteredAmps: amps.exactOptional(),
});

const wishView: z.ZodType<WishView> = z.object({
  author: z.string().describe('Who asked, in words.'),
  isWaiting: z.boolean().describe('No transaction runs: it waits for the next one on this EVSE.'),
  energyWh: z.number().exactOptional().describe('Asked in all, from the start of the transaction.'),
  deliveredWh: z.number().exactOptional().describe('Delivered in the transaction so far, as its charger reports.'),
  departureWallMs: wallMs.exactOptional(),
  neededAmps: amps
    .exactOptional()
    .describe('What the rest takes from now on, per phase, to be ready in time; 0: it has all.'),
  onlySurplus: z.boolean().exactOptional(),
  priority: z.number().exactOptional(),
  note: z.string().exactOptional(),
});

const evseView = z.object({
  id: z.string(),
  activity: z.enum([
    'never-connected',
    'offline',
    'faulted',
    'unavailable',
    'charging',
    'paused-by-charger',
    'paused-by-car',
    'car-connected',
    'reserved',
    'free',
    'unknown',
  ]),
  model: z.string().exactOptional(),
  targetAmps: amps,
  offeredAmps: amps.describe('The newest limit that was sent.'),
  acknowledgedAmps: amps.exactOptional().describe('The newest limit that the charger accepted.'),
  exposureAmps: amps.describe('The most it may be drawing now.'),
  drawnAmps: perPhase(amps).exactOptional().describe('Measured, on the phases of the grid.'),
  phases: z.array(phase),
  reason: z.object({
    kind: z.enum([
      'no-car',
      'not-started',
      'out-of-service',
      'circuit-full',
      'group-full',
      'unbalanced',
      'surplus-used',
      'own-maximum',
      'capped',
      'paused',
      'rising',
      'unreachable',
      'floor-not-proved',
      'disobedient',
      'failsafe',
    ]),
    text: z.string().describe('Why it has this share.'),
    remedy: z.string().exactOptional().describe('What would have to change for it to get more.'),
  }),
  wish: wishView.exactOptional(),
});

const contactView: z.ZodType<ContactView> = z.object({
  id: z.string(),
  name: z.string(),
  state: z.enum(['active', 'released', 'unknown']).describe('An unknown contact counts as active.'),
  sinceWallMs: wallMs,
  isEmergencyStop: z.boolean(),
  activations: z.number().describe('Since the start of the controller.'),
  ageMs: z.number().exactOptional().describe('Of the newest good reading.'),
  trouble: z.string().exactOptional(),
});

const emergencyStopView: z.ZodType<EmergencyStopView> = z.object({
  author: z.string().describe('Who or what stopped, in words.'),
  isLatched: z.boolean().describe('It stays until a person clears it.'),
  heldBy: z.array(z.string()).readonly().describe('What keeps it from being cleared, in words.'),
  sinceWallMs: wallMs.exactOptional(),
  note: z.string().exactOptional(),
});

const REFUSED_BY = [
  ...(['unreachable', 'incomplete', 'impossible', 'out-of-band', 'sum', 'export', 'turned'] as const),
  ...(['counter', 'energy', 'frozen', 'frozen-part'] as const),
] as const;
const STEP_OUTCOMES = ['agrees', 'sign', 'scale', 'phase', 'unmoved', 'less', 'unclear'] as const;
/** A count under each of some names; absent: none yet. */
const countsOf = <K extends string>(names: readonly K[]) => z.partialRecord(z.enum(names), z.number());

export const stateView: z.ZodType<AgedStateView> = z.object({
  id: z.string().describe('<epoch>-<cycle>'),
  epoch: z.number(),
  cycle: z.number(),
  wallNowMs: wallMs,
  mode: z.enum(['normal', 'cautious', 'failsafe']),
  circuits: z.array(
    z.object({
      id: z.string(),
      baseLoadFrom: z.enum(['meter', 'sum', 'held', 'allowance', 'worst']),
      phases: perPhase(phaseView),
      power: z
        .object({
          limitWatts: z.number(),
          unit: z.enum(['W', 'VA']),
          limitAuthor: z.string(),
          expectedWatts: z.number(),
        })
        .exactOptional(),
    }),
  ),
  meters: z.array(
    z.object({
      id: z.string(),
      state: z.enum(['fresh', 'ageing', 'lost']),
      ageMs: z.number().exactOptional(),
      currentAmps: perPhase(amps).exactOptional().describe('As it said last; import positive.'),
      powerWatts: z.number().exactOptional().describe('Over all phases, import positive.'),
      trouble: z.string().exactOptional(),
      troubleMs: z.number().exactOptional(),
      refused: countsOf(REFUSED_BY).exactOptional().describe('Refused attempts by check, since the start.'),
      steps: countsOf(STEP_OUTCOMES).exactOptional().describe('How known steps of the load came out, since the start.'),
    }),
  ),
  evses: z.array(evseView),
  caps: z.array(cap),
  contacts: z.array(contactView),
  emergencyStop: emergencyStopView.exactOptional().describe('Absent where chargers may charge.'),
  notices: z.array(z.object({ severity: z.enum(['info', 'warning', 'alarm']), code: z.string(), text: z.string() })),
  answeredBy: z.enum(['lp', 'highs', 'filling', 'greedy', 'floors']),
  fellBackBecause: z.string().exactOptional(),
  durationMs: z.object({ collect: z.number(), decide: z.number(), dispatch: z.number() }),
  ageMs: z.number().describe('Age of the cycle when this was sent.'),
});

const column = z.array(z.number().nullable());
export const historyView: z.ZodType<HistoryView> = z.object({
  circuit: z.string(),
  atWallMs: z.array(wallMs),
  limitAmps: z.array(amps).describe("The lowest of the three phases' limits."),
  meteredAmps: perPhase(column),
});

export const healthView = z.object({
  isReady: z.boolean(),
  cycleAgeMs: z.number().exactOptional(),
  parts: z.array(z.object({ name: z.string(), isReady: z.boolean(), detail: z.string().exactOptional() })),
});
