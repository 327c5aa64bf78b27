// Busbar as a rule: the real `decide` on a real `Site`, asked once a step for what it settles to. It must never help the core along.
import { blankEvseMemory } from '../../src/core/command/absorb.ts';
import { newLease } from '../../src/core/command/exposure.ts';
import { decide } from '../../src/core/decide.ts';
import type { Cap } from '../../src/core/model/limit.ts';
import { type EvseMemory, emptyMemory, type Memory } from '../../src/core/model/memory.ts';
import type { Policy, Site } from '../../src/core/model/site.ts';
import type { EvseState, Snapshot, StationState } from '../../src/core/model/snapshot.ts';
import { onEachPhase, PHASES } from '../../src/core/model/units.ts';
import type { Wish } from '../../src/core/model/wish.ts';
import { buildSite, circuit, evse, genericAc } from '../../test/support/site-builder.ts';
import { MIN_AMPS } from './baselines.ts';
import { type Bay, bays, boardAmps } from './car-park.ts';
import type { Car, Rule, Step } from './simulate.ts';

/** The core's time line begins well before the window, so that "long ago" is a time too. */
const EPOCH_MS = 1_000_000_000;
const LONG_MS = 600_000;
const STEP_AMPS = 1;

const stationOf = (bay: Bay): string => `B${String(bay.number).padStart(2, '0')}`;
const evseOf = (bay: Bay): string => `${stationOf(bay)}/1`;

/** Nothing but cars on the site, so no meter is needed; floors of 0 A, whole amperes, 6 A or nothing. */
function siteOf(rootAmps: number, scarcity: Policy['scarcity']): Site {
  const board = (number: 0 | 1) =>
    circuit({
      id: `board${number}`,
      parent: 'main',
      ratingAmps: onEachPhase(boardAmps(rootAmps)),
      worstBaseLoadAmps: onEachPhase(0),
    });
  return buildSite({
    profile: { ...genericAc, stepAmps: STEP_AMPS },
    policy: { scarcity },
    circuits: [
      circuit({ id: 'main', ratingAmps: onEachPhase(rootAmps), worstBaseLoadAmps: onEachPhase(0) }),
      board(0),
      board(1),
    ],
    meters: [],
    evses: bays.map((bay) =>
      evse({
        station: stationOf(bay),
        circuit: `board${bay.board}`,
        phases: bay.phases.map((phase) => PHASES[phase]!),
        minAmps: MIN_AMPS,
        maxAmps: bay.maxAmps,
        stepAmps: STEP_AMPS,
        floorAmps: 0,
      }),
    ),
  });
}

export type BusbarOptions = {
  readonly scarcity: Policy['scarcity'];
  /** Whether the core is told each car's energy and departure. */
  readonly wishes: boolean;
};

/**
 * A rule that asks the core; each run needs one of its own. A fallback from the first solver is an error here: the bench is about the core at
 * its best.
 */
export function busbar({ scarcity, wishes }: BusbarOptions): Rule {
  let site: Site | undefined;
  let memory = emptyMemory('bench');
  return (cars, step) => {
    site ??= siteOf(step.rootAmps, scarcity);
    const now = EPOCH_MS + step.atMs;
    const snapshot = snapshotOf(site, cars, step, now, wishes);
    const decision = decide(site, snapshot, settled(site, cars, now, memory));
    if (decision.solver.fellBackBecause !== undefined)
      throw new Error(`decide fell back at step ${step.atMs} ms: ${decision.solver.fellBackBecause}`);
    memory = decision.memory;
    const targets = new Map(decision.shares.map((share) => [share.evse, share.targetAmps]));
    return cars.map(({ bay }) => targets.get(evseOf(bay))!);
  };
}

function snapshotOf(
  site: Site,
  cars: readonly Car[],
  { atMs, hours }: Step,
  now: number,
  withWishes: boolean,
): Snapshot {
  const carAt = new Map(cars.map((car) => [evseOf(car.bay), car]));
  const stations = site.stations.map((station): [string, StationState] => [
    station.id,
    {
      station: station.id,
      link: { state: 'connected', since: EPOCH_MS - LONG_MS, connection: 1 },
      evses: station.evses.map((id) => evseStateOf(id, carAt.get(id), now)),
      upstreamProfiles: [],
      upstreamLink: 'none',
    },
  ]);
  return {
    cycle: 1 + Math.round(atMs / (hours * 3_600_000)),
    now,
    wallNow: now,
    meters: {},
    stations: Object.fromEntries(stations),
    caps: cars.flatMap(capOf),
    wishes: withWishes ? Object.fromEntries(cars.map((car) => [evseOf(car.bay), wishOf(car, now)])) : {},
  };
}

function evseStateOf(id: string, car: Car | undefined, now: number): EvseState {
  if (!car) return { evse: id, connectorStatus: 'Available', statusSince: EPOCH_MS - LONG_MS };
  const startedAt = EPOCH_MS + car.session.arrivesMs;
  return {
    evse: id,
    connectorStatus: 'Occupied',
    statusSince: startedAt,
    chargingState: car.lastAmps > 0 ? 'Charging' : 'SuspendedEVSE',
    transaction: { id: car.session.id, startedAt, energyWh: car.session.energyWh - car.remainingWh },
    drawn: { amps: car.bay.phases.map(() => car.lastAmps), measuredAt: now },
  };
}

/** Energy and departure as they are; the stay ends with its last whole step, as it does for every other rule. */
function wishOf({ session, stayHours }: Car, now: number): Wish {
  return { source: { kind: 'car' }, energyWh: session.energyWh, departureAt: now + stayHours * 3_600_000 };
}

/** A car that will be full before the step ends takes less on average: every rule here knows that, so Busbar is told as a limit of the car. */
function capOf({ bay, usableAmps }: Car): Cap[] {
  const amps = Math.max(MIN_AMPS, Math.ceil(usableAmps - 1e-9));
  if (amps >= bay.maxAmps) return [];
  return [
    {
      id: `nearly-full-${bay.number}`,
      source: { kind: 'car' },
      scope: { kind: 'evse', evse: evseOf(bay) },
      limitAmps: onEachPhase(amps),
    },
  ];
}

/** The memory of the step before, with floors proved, the last currents accepted and settled, and every wait for an increase over. */
function settled(site: Site, cars: readonly Car[], now: number, before: Memory): Memory {
  const carAt = new Map(cars.map((car) => [evseOf(car.bay), car]));
  const longAgo = now - LONG_MS;
  const evses = site.evses.map((one): [string, EvseMemory] => {
    const { changedAt: _changed, ...known } = before.evses[one.id] ?? blankEvseMemory;
    const offered = carAt.get(one.id)?.lastAmps ?? 0;
    const lease = { ...newLease('bench', offered, now, genericAc), acknowledgedAt: longAgo, settledAt: longAgo };
    return [
      one.id,
      {
        ...known,
        floor: { state: 'proved', amps: one.floorAmps, since: longAgo, settledAt: longAgo },
        leases: offered > 0 ? [lease] : [],
        connection: 1,
        wantsMoreSince: longAgo,
      },
    ];
  });
  return { ...before, evses: Object.fromEntries(evses) };
}
