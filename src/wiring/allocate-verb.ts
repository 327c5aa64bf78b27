// `busbar allocate`: one decision for a situation written by hand or by a program; nothing is sent to anybody.

import { z } from 'zod';
import { blankEvseMemory } from '../core/command/absorb.ts';
import { newLease } from '../core/command/exposure.ts';
import { decide } from '../core/decide.ts';
import type { Decision } from '../core/model/decision.ts';
import { type EvseMemory, emptyMemory, type Memory } from '../core/model/memory.ts';
import type { Site } from '../core/model/site.ts';
import type { EvseState, Snapshot, StationState } from '../core/model/snapshot.ts';
import { mapPhases, onEachPhase, PHASES, type PhaseAmps } from '../core/model/units.ts';
import { describeReason } from '../core/report/explain.ts';
import type { ExitCode, Io } from './io.ts';
import { loadOrTell } from './run-verb.ts';
import { loadSolvers } from './solvers.ts';
import { table } from './table.ts';

/** The longest situation read, in characters: thousands of EVSEs. */
const MAX_INPUT_CHARS = 4 * 1024 * 1024;
/** The decision is made at this instant; ages in the situation count back from it. Fixed, so that the same input gives the same bytes. */
const NOW = Date.UTC(2026, 0, 1);

const amps = z.number().min(-10_000).max(10_000);
const phaseAmps = z
  .union([amps, z.tuple([amps, amps, amps]), z.strictObject({ L1: amps, L2: amps, L3: amps })])
  .transform((value): PhaseAmps => {
    if (typeof value === 'number') return onEachPhase(value);
    return Array.isArray(value) ? { L1: value[0], L2: value[1], L3: value[2] } : value;
  });
const limitAmps = z.number().min(0).max(10_000);

/** The situation on standard input; what is left out is ordinary. */
export const situationSchema = z.strictObject({
  meters: z
    .record(z.string(), z.strictObject({ currentAmps: phaseAmps, ageMs: z.number().min(0).default(0) }))
    .default({})
    .describe('By meter id. A meter that is left out is lost: the worst base load is assumed.'),
  evses: z
    .record(
      z.string(),
      z.strictObject({
        car: z.boolean().default(false).describe('A transaction is running.'),
        connected: z.boolean().default(true).describe('The charger answers us.'),
        offeredAmps: limitAmps
          .optional()
          .describe('The limit it was told last and has confirmed; left out: its floor.'),
        drawnAmps: z
          .union([limitAmps, z.array(limitAmps).min(1).max(3)])
          .optional()
          .describe("Measured on the EVSE's own L1, L2, L3."),
      }),
    )
    .default({})
    .describe('By EVSE id, such as CP01/1.'),
  limits: z
    .array(
      z.strictObject({
        circuit: z.string().optional(),
        evse: z.string().optional(),
        limitAmps: phaseAmps.optional(),
        limitWatts: z.number().min(0).optional(),
        author: z.enum(['facility-manager', 'utility', 'upstream', 'cable', 'car']).default('facility-manager'),
        note: z.string().max(200).optional(),
      }),
    )
    .default([]),
});
type Situation = z.infer<typeof situationSchema>;

export type AllocateVerbOptions = { readonly site: string; readonly json: boolean };

/** Reads a situation from `input`, prints the decision. 1 with located errors when site or situation have faults. */
export async function runAllocateVerb(
  options: AllocateVerbOptions,
  input: AsyncIterable<unknown>,
  io: Io,
): Promise<ExitCode> {
  const site = loadOrTell(options.site, io);
  if (!site) return 1;
  let text = '';
  for await (const chunk of input) {
    text += String(chunk);
    if (text.length > MAX_INPUT_CHARS) {
      io.err(`standard input: more than ${MAX_INPUT_CHARS} characters, expected one situation in JSON`);
      return 1;
    }
  }
  const situation = parseSituation(text, site, io);
  if (!situation) return 1;
  const solvers = await loadSolvers(site, {
    info: () => {},
    warn: (event, fields) => io.err(`${event}: ${fields?.because}`),
  });
  const decision = decide(site, snapshotOf(site, situation), memoryOf(site, situation), solvers);
  if (options.json) {
    const { memory: _memory, ...rest } = decision;
    const shares = rest.shares.map((share) => ({ ...share, why: describeReason(share.reason, site, NOW) }));
    io.out(JSON.stringify({ ...rest, shares }, null, 2));
  } else print(site, decision, io);
  return 0;
}

function parseSituation(text: string, site: Site, io: Io): Situation | undefined {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    io.err(`standard input: not JSON: ${(error as Error).message}; busbar allocate --help shows an example`);
    return undefined;
  }
  const parsed = situationSchema.safeParse(json);
  const faults = parsed.success
    ? unknownNames(parsed.data, site)
    : parsed.error.issues.map((issue) => `standard input: ${issue.path.join('.') || '(top level)'}: ${issue.message}`);
  for (const fault of faults) io.err(fault);
  return parsed.success && faults.length === 0 ? parsed.data : undefined;
}

function unknownNames({ meters, evses, limits }: Situation, site: Site): string[] {
  const check = (kind: string, path: string, name: string, known: readonly { readonly id: string }[]) =>
    known.some((one) => one.id === name)
      ? []
      : [
          `standard input: ${path}: there is no ${kind} "${name}"; the site has ${known.map((one) => one.id).join(', ')}`,
        ];
  return [
    ...Object.keys(meters).flatMap((name) => check('meter', `meters.${name}`, name, site.meters)),
    ...Object.keys(evses).flatMap((name) => check('EVSE', `evses.${name}`, name, site.evses)),
    ...limits.flatMap(({ circuit, evse, limitAmps: inAmps, limitWatts }, at) => [
      ...(circuit === undefined ? [] : check('circuit', `limits.${at}.circuit`, circuit, site.circuits)),
      ...(evse === undefined ? [] : check('EVSE', `limits.${at}.evse`, evse, site.evses)),
      ...((circuit === undefined) === (evse === undefined)
        ? [`standard input: limits.${at}: expected either circuit or evse`]
        : []),
      ...(inAmps === undefined && limitWatts === undefined
        ? [`standard input: limits.${at}: expected limitAmps or limitWatts`]
        : []),
    ]),
  ];
}

function snapshotOf(site: Site, situation: Situation): Snapshot {
  const meters = site.meters.map(({ id }) => {
    const given = situation.meters[id];
    return [id, given ? { reading: { currentAmps: given.currentAmps, measuredAt: NOW - given.ageMs } } : {}] as const;
  });
  const stations = site.stations.map((station): [string, StationState] => {
    const connected = station.evses.every((id) => situation.evses[id]?.connected ?? true);
    return [
      station.id,
      {
        station: station.id,
        link: { state: connected ? 'connected' : 'disconnected', since: NOW - 3_600_000, connection: 1 },
        evses: station.evses.map((id) => evseStateOf(site, id, situation)),
        upstreamProfiles: [],
        upstreamLink: 'none',
      },
    ];
  });
  const caps = situation.limits.map(({ circuit, evse, author, limitAmps: inAmps, limitWatts, note }, at) => ({
    id: `input-${at}`,
    source: { kind: author },
    scope: circuit === undefined ? ({ kind: 'evse', evse: evse! } as const) : ({ kind: 'circuit', circuit } as const),
    ...(inAmps === undefined ? {} : { limitAmps: mapPhases((phase) => Math.max(0, inAmps[phase])) }),
    ...(limitWatts === undefined ? {} : { limitWatts }),
    ...(note === undefined ? {} : { note }),
  }));
  return {
    cycle: 1,
    now: NOW,
    wallNow: NOW,
    meters: Object.fromEntries(meters),
    stations: Object.fromEntries(stations),
    caps,
    wishes: {},
  };
}

function evseStateOf(site: Site, id: string, situation: Situation): EvseState {
  const given = situation.evses[id];
  const since = NOW - 1_800_000;
  if (!given?.car) return { evse: id, connectorStatus: 'Available', statusSince: since };
  const wired = site.evses.find((evse) => evse.id === id)!.phases.length;
  const drawn = given.drawnAmps;
  return {
    evse: id,
    connectorStatus: 'Occupied',
    chargingState: 'Charging',
    statusSince: since,
    transaction: { id: `input-${id}`, startedAt: since },
    ...(drawn === undefined
      ? {}
      : {
          drawn: { amps: Array.isArray(drawn) ? drawn : Array.from({ length: wired }, () => drawn), measuredAt: NOW },
        }),
  };
}

/** Floors proved, offered limits confirmed long ago, and every wait over: what would be decided once all has settled. */
function memoryOf(site: Site, situation: Situation): Memory {
  const evses = site.evses.map((evse): [string, EvseMemory] => {
    const { profile } = site.stations.find((station) => station.id === evse.station)!;
    const longAgo = NOW - 600_000;
    const offered = situation.evses[evse.id]?.offeredAmps;
    const lease =
      offered === undefined
        ? []
        : [{ ...newLease('input', offered, NOW, profile), sentAt: NOW, acknowledgedAt: longAgo, settledAt: longAgo }];
    return [
      evse.id,
      {
        ...blankEvseMemory,
        floor: { state: 'proved', amps: evse.floorAmps, since: longAgo, settledAt: longAgo },
        leases: lease,
        connection: 1,
        wantsMoreSince: longAgo,
      },
    ];
  });
  return { ...emptyMemory('input'), evses: Object.fromEntries(evses) };
}

function print(site: Site, decision: Decision, io: Io): void {
  const number = (value: number) => value.toFixed(1);
  const commandOf = (evse: string) =>
    decision.commands.find((command) => command.evse === evse && command.role === 'lease');
  io.out(
    table(
      ['EVSE', 'offered A', 'target A', 'send now', 'phases', 'why'],
      decision.shares.map((share) => {
        const command = commandOf(share.evse);
        return [
          share.evse,
          number(share.offeredAmps),
          number(share.targetAmps),
          command ? `${command.change} ${number(command.limitAmps)} A` : '—',
          share.phases.join(' '),
          describeReason(share.reason, site, NOW),
        ];
      }),
      ['left', 'right', 'right', 'left', 'left', 'left'],
    ),
  );
  io.out('');
  io.out(
    table(
      ['circuit', 'phase', 'limit A', 'base A', 'target A', 'exposure A', 'headroom A'],
      decision.circuits.flatMap((circuit) =>
        PHASES.map((phase) => {
          const report = circuit.phases[phase];
          return [
            circuit.circuit,
            phase,
            number(report.limitAmps),
            number(report.baseLoadAmps),
            number(report.allocatedAmps),
            number(report.exposureAmps),
            number(report.headroomAmps),
          ];
        }),
      ),
      ['left', 'left', 'right', 'right', 'right', 'right', 'right'],
    ),
  );
  for (const notice of decision.notices) io.out(`${notice.severity}: ${notice.text}`);
  io.out(
    `mode ${decision.mode}, answered by ${decision.solver.answeredBy} (${decision.solver.variables} variables, ${decision.solver.rows} rows)`,
  );
}
