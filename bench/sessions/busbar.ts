// Busbar as a rule: the real `decide` on a real `Site`, asked once a step for what it settles to. It must never help the core along.
import { blankEvseMemory } from '../../src/core/command/absorb.ts';
import { newLease } from '../../src/core/command/exposure.ts';
import { decide } from '../../src/core/decide.ts';
import type { Cap } from '../../src/core/model/limit.ts';
import { type EvseMemory, emptyMemory, type Memory } from '../../src/core/model/memory.ts';
import type { Site } from '../../src/core/model/site.ts';
import type { EvseState, Snapshot, StationState } from '../../src/core/model/snapshot.ts';
import { onEachPhase, PHASES } from '../../src/core/model/units.ts';
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
function siteOf(rootAmps: number): Site {
  const board = (number: 0 | 1) =>
    circuit({
      id: `board${number}`,
      parent: 'main',
      ratingAmps: onEachPhase(boardAmps(rootAmps)),
      worstBaseLoadAmps: onEachPhase(0),
    });
  return buildSite({
    profile: { ...genericAc, stepAmps: STEP_AMPS },
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

/** A rule that asks the core; each run needs one of its own. A fallback from the first solver is an error here: the bench is about the core at its best. */
export function busbar(): Rule {
  let site: Site | undefined;
  return (cars, step) => {
    site ??= siteOf(step.rootAmps);
    const now = EPOCH_MS + step.atMs;
    const decision = decide(site, snapshotOf(site, cars, step, now), memoryOf(site, cars, now));
    if (decision.solver.fellBackBecause !== undefined)
      throw new Error(`decide fell back at step ${step.atMs} ms: ${decision.solver.fellBackBecause}`);
    const targets = new Map(decision.shares.map((share) => [share.evse, share.targetAmps]));
    return cars.map(({ bay }) => targets.get(evseOf(bay))!);
  };
}

function snapshotOf(site: Site, cars: readonly Car[], { atMs, hours }: Step, now: number): Snapshot {
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

/** Floors proved, the last step's currents accepted and settled, every wait over. */
function memoryOf(site: Site, cars: readonly Car[], now: number): Memory {
  const carAt = new Map(cars.map((car) => [evseOf(car.bay), car]));
  const longAgo = now - LONG_MS;
  const evses = site.evses.map((one): [string, EvseMemory] => {
    const offered = carAt.get(one.id)?.lastAmps ?? 0;
    const lease = { ...newLease('bench', offered, now, genericAc), acknowledgedAt: longAgo, settledAt: longAgo };
    return [
      one.id,
      {
        ...blankEvseMemory,
        floor: { state: 'proved', amps: one.floorAmps, since: longAgo, settledAt: longAgo },
        leases: offered > 0 ? [lease] : [],
        connection: 1,
        wantsMoreSince: longAgo,
      },
    ];
  });
  return { ...emptyMemory('bench'), evses: Object.fromEntries(evses) };
}
