// Random cycles on a random site, as `decide` sees them: stations in every state, leases in every stage of their life, meters and samples of any
// age, and people's limits and wishes.
import fc from 'fast-check';
import type { EvseMemory, LeaseEntry, Memory } from '../../src/core/model/memory.ts';
import type { Evse, Site } from '../../src/core/model/site.ts';
import type { CommandProgress, EvseState, MeterState, Snapshot, StationState } from '../../src/core/model/snapshot.ts';
import { floorToStep } from '../../src/core/model/units.ts';
import type { Wish } from '../../src/core/model/wish.ts';
import { capSpecs, capsOf, NOW } from './random-sharing.ts';
import { describeSite, phaseAmps, randomSite, seldom } from './random-site.ts';

const WALL_NOW = 1_795_000_000_000;
const ago = (most: number) => fc.integer({ min: 0, max: most });

const leaseSpec = fc.record({
  tenths: fc.integer({ min: 0, max: 10 }),
  sentAgo: ago(75_000),
  stage: fc.constantFrom('sent', 'acknowledged', 'settled', 'settled'),
});

const evseSpec = fc.record({
  status: fc.constantFrom('Occupied', 'Occupied', 'Occupied', 'Available', 'Faulted', 'Unknown'),
  charging: fc.constantFrom('Charging', 'Charging', 'SuspendedEV', 'SuspendedEVSE', 'EVConnected', 'Idle'),
  statusAgo: ago(600_000),
  hasTransaction: fc.constantFrom(true, true, true, false),
  startedAgo: ago(3_600_000),
  energyWh: seldom(fc.integer({ min: 0, max: 30_000 })),
  /** Drawn of what was offered last, in tenths; 13 is disobedience. */
  drawn: fc.constantFrom(undefined, 10, 10, 10, 8, 4, 0, 13),
  drawnPhases: fc.constantFrom(3, 3, 1, 2),
  sampleAgo: ago(70_000),
  floor: fc.constantFrom('proved', 'proved', 'proved', 'proved', 'unproved', 'sent', 'fresh'),
  leases: fc.array(leaseSpec, { maxLength: 3 }),
  progress: fc.constantFrom<CommandProgress['state'] | undefined>(
    undefined,
    'accepted',
    'accepted',
    'refused',
    'unanswered',
    'dropped',
  ),
  failures: fc.constantFrom(0, 0, 0, 1, 4),
  disobeyed: fc.constantFrom(false, false, false, false, false, false, true),
  seen: seldom(fc.integer({ min: 1, max: 7 })),
  service: seldom(fc.constantFrom<'waiting' | 'on' | 'paused'>('waiting', 'on', 'paused')),
  serviceAgo: ago(1_800_000),
  ceiling: seldom(fc.integer({ min: 8, max: 32 })),
  wantsAgo: seldom(ago(30_000)),
  changedAgo: seldom(ago(60_000)),
  wish: seldom(
    fc.record({
      energyWh: seldom(fc.integer({ min: 0, max: 40_000 })),
      leaves: seldom(fc.integer({ min: -600_000, max: 14_400_000 })),
      onlySurplus: fc.constantFrom(false, false, true),
      priority: seldom(fc.integer({ min: -1, max: 3 })),
    }),
  ),
});
type EvseSpec = typeof evseSpec extends fc.Arbitrary<infer T> ? T : never;

const stationSpec = fc.record({
  link: fc.constantFrom('connected', 'connected', 'connected', 'connected', 'disconnected', 'never'),
  linkAgo: ago(600_000),
  isNewLink: fc.constantFrom(false, false, false, true),
  isNewBoot: fc.constantFrom(false, false, false, false, true),
  upstreamAmps: seldom(fc.integer({ min: 0, max: 40 })),
  upstreamIsWhole: fc.boolean(),
  upstreamUnit: fc.constantFrom<'A' | 'W'>('A', 'W'),
});
type StationSpec = typeof stationSpec extends fc.Arbitrary<infer T> ? T : never;

const meterSpec = fc.record({
  reading: fc.constantFrom(true, true, true, true, false),
  currents: phaseAmps(-30, 90),
  age: fc.constantFrom(0, 300, 900, 2_600, 4_000, 7_000),
  suspicion: seldom(fc.constantFrom<'unreachable' | 'frozen' | 'absurd'>('unreachable', 'frozen', 'absurd')),
  believed: seldom(phaseAmps(-10, 40)),
});
type MeterSpec = typeof meterSpec extends fc.Arbitrary<infer T> ? T : never;

const cycleSpec = fc.record({
  caps: capSpecs,
  stations: fc.array(stationSpec, { minLength: 8, maxLength: 8 }),
  evses: fc.array(evseSpec, { minLength: 8, maxLength: 8 }),
  meters: fc.array(meterSpec, { minLength: 6, maxLength: 6 }),
  surplus: seldom(fc.integer({ min: 0, max: 20_000 })),
  rotatedAgo: seldom(ago(120_000)),
});

/** One cycle's whole input. */
export type Cycle = { readonly site: Site; readonly snapshot: Snapshot; readonly memory: Memory };

export function randomCycle(site: fc.Arbitrary<Site> = randomSite()): fc.Arbitrary<Cycle> {
  return fc.tuple(site, cycleSpec).map(([one, spec]) => {
    const memories: { [id: string]: EvseMemory } = {};
    const wishes: { [id: string]: Wish } = {};
    const stations: { [id: string]: StationState } = {};
    for (const [at, station] of one.stations.entries()) {
      const link = spec.stations[at]!;
      const evses = station.evses.map((id) => {
        const place = one.evses.findIndex((evse) => evse.id === id);
        const evse = one.evses[place]!;
        const own = spec.evses[place]!;
        memories[id] = memoryOf(evse, own, link);
        if (own.wish) wishes[id] = wishOf(own.wish);
        return stateOf(evse, own, memories[id]);
      });
      stations[station.id] = stationOf(station.id, link, evses);
    }
    const metered = one.circuits.flatMap((circuit, at) =>
      circuit.meter === undefined ? [] : [{ circuit, meter: circuit.meter, spec: spec.meters[at]! }],
    );
    const snapshot: Snapshot = {
      cycle: 100,
      now: NOW,
      wallNow: WALL_NOW,
      meters: Object.fromEntries(metered.map(({ meter, spec: own }) => [meter, meterOf(own)])),
      stations,
      caps: capsOf(spec.caps, one),
      wishes,
    };
    const memory: Memory = {
      author: 'law-1',
      nextCommandNumber: 100,
      evses: memories,
      circuits: Object.fromEntries(
        metered.flatMap(({ circuit, spec: { believed } }) =>
          believed
            ? [
                [
                  circuit.id,
                  { baseLoadAmps: circuit.usesGeneration ? believed : atLeastZero(believed), at: NOW - 1_000 },
                ],
              ]
            : [],
        ),
      ),
      ...(spec.surplus === undefined ? {} : { surplus: { watts: spec.surplus, at: NOW - 1_000 } }),
      ...(spec.rotatedAgo === undefined ? {} : { rotatedAt: NOW - spec.rotatedAgo }),
    };
    const cycle = { site: one, snapshot, memory };
    return { ...cycle, [fc.toStringMethod]: () => describeCycle(cycle) };
  });
}

const atLeastZero = ({ L1, L2, L3 }: { L1: number; L2: number; L3: number }) => ({
  L1: Math.max(0, L1),
  L2: Math.max(0, L2),
  L3: Math.max(0, L3),
});

function describeCycle({ site, snapshot, memory }: Cycle): string {
  const { stations, meters, caps, wishes } = snapshot;
  return [
    ...describeSite(site),
    `now ${snapshot.now}`,
    ...Object.entries(meters).map(([id, meter]) => `meter ${id}: ${JSON.stringify(meter)}`),
    ...Object.values(stations).map((station) => `station ${JSON.stringify(station)}`),
    ...Object.entries(memory.evses).map(([id, own]) => `memory of ${id}: ${JSON.stringify(own)}`),
    `memory of circuits ${JSON.stringify(memory.circuits)}, surplus ${JSON.stringify(memory.surplus)}`,
    `caps ${JSON.stringify(caps)}, wishes ${JSON.stringify(wishes)}`,
  ].join('\n');
}

function leasesOf(evse: Evse, { leases }: EvseSpec): LeaseEntry[] {
  const oldestFirst = leases.toSorted((a, b) => b.sentAgo - a.sentAgo);
  return oldestFirst.map(({ tenths, sentAgo, stage }, at): LeaseEntry => {
    const sentAt = NOW - sentAgo;
    const most = floorToStep((evse.maxAmps * tenths) / 10, evse.stepAmps);
    // The core never sends anything between 0 and the minimum.
    const limitAmps = most < evse.minAmps ? 0 : most;
    const hasAnswer = stage !== 'sent' && sentAgo > 500;
    return {
      commandId: `law-${at}-${evse.id}`,
      limitAmps,
      sentAt,
      ...(hasAnswer ? { acknowledgedAt: sentAt + 400 } : {}),
      ...(hasAnswer && stage === 'settled' && sentAgo > 6_000 ? { settledAt: sentAt + 5_400 } : {}),
      endsBy: sentAt + 70_000,
      holdsUntil: sentAt + 55_000,
    };
  });
}

function memoryOf(evse: Evse, spec: EvseSpec, { isNewLink, isNewBoot }: StationSpec): EvseMemory {
  const { service, wantsAgo, changedAgo, ceiling } = spec;
  const amps = evse.floorAmps;
  const seenPhases = (spec.seen ?? 0) & (2 ** evse.phases.length - 1);
  const floor: EvseMemory['floor'] =
    spec.floor === 'unproved'
      ? { state: 'unproved' }
      : spec.floor === 'sent'
        ? { state: 'sent', commandId: `floor-${evse.id}`, amps, sentAt: NOW - 2_000 }
        : { state: 'proved', amps, since: NOW - 2_000, ...(spec.floor === 'proved' ? { settledAt: NOW - 1_000 } : {}) };
  return {
    floor,
    leases: leasesOf(evse, spec),
    connection: isNewLink ? 6 : 7,
    ...(isNewBoot ? { bootedAt: NOW - 90_000_000 } : { bootedAt: NOW - 40_000_000 }),
    ...(wantsAgo === undefined ? {} : { wantsMoreSince: NOW - wantsAgo }),
    ...(changedAgo === undefined ? {} : { changedAt: NOW - changedAgo }),
    ...(spec.failures > 0 ? { failedAt: NOW - 20_000 } : {}),
    failures: spec.failures,
    disobeyedSamples: spec.disobeyed ? 2 : 0,
    ...(spec.disobeyed ? { disobeyedAt: NOW - 30_000, disobedientSince: NOW - 90_000 } : {}),
    ...(seenPhases === 0 ? {} : { seenPhases, seenInTransaction: `tx-${evse.id}`, seenSamples: 4 }),
    ...(service
      ? {
          service:
            service === 'paused'
              ? { state: service, since: NOW - spec.serviceAgo, rests: spec.serviceAgo % 2 === 0 }
              : { state: service, since: NOW - spec.serviceAgo },
        }
      : {}),
    ...(ceiling === undefined
      ? {}
      : { takes: { ceilingAmps: ceiling, transaction: `tx-${evse.id}`, statusSince: NOW - spec.statusAgo } }),
  };
}

function stateOf(evse: Evse, spec: EvseSpec, memory: EvseMemory): EvseState {
  const newest = memory.leases.at(-1);
  const offered = newest?.limitAmps ?? evse.floorAmps;
  const amps = evse.phases.map((_phase, at) =>
    at < spec.drawnPhases ? Math.min(evse.maxAmps * 1.2, (offered * (spec.drawn ?? 0)) / 10) : 0,
  );
  const answer = (commandId: string): CommandProgress => ({
    commandId,
    state: spec.progress ?? 'sent',
    at: NOW - 300,
    sentAt: NOW - 700,
  });
  return {
    evse: evse.id,
    connectorStatus: spec.status,
    statusSince: NOW - spec.statusAgo,
    chargingState: spec.charging,
    ...(spec.hasTransaction
      ? {
          transaction: {
            id: `tx-${evse.id}`,
            startedAt: NOW - spec.startedAgo,
            ...(spec.energyWh === undefined ? {} : { energyWh: spec.energyWh }),
          },
        }
      : {}),
    ...(spec.drawn === undefined ? {} : { drawn: { amps, measuredAt: NOW - spec.sampleAgo } }),
    ...(spec.progress && memory.floor.state === 'sent' ? { floor: answer(memory.floor.commandId) } : {}),
    ...(spec.progress && newest ? { lease: answer(newest.commandId) } : {}),
  };
}

function stationOf(id: string, spec: StationSpec, evses: readonly EvseState[]): StationState {
  const { link, linkAgo, upstreamAmps, upstreamUnit: unit } = spec;
  const limit = unit === 'A' ? upstreamAmps : (upstreamAmps ?? 0) * 690;
  return {
    station: id,
    link: link === 'never' ? { state: 'never' } : { state: link, since: NOW - linkAgo, connection: 7 },
    bootedAt: NOW - 40_000_000,
    evses,
    upstreamProfiles:
      limit === undefined || upstreamAmps === undefined
        ? []
        : [
            {
              evse: spec.upstreamIsWhole ? 0 : 1,
              profile: {
                id: 9,
                stackLevel: 1,
                purpose: spec.upstreamIsWhole ? 'ChargingStationMaxProfile' : 'TxDefaultProfile',
                kind: 'Absolute',
                schedule: {
                  unit,
                  startSchedule: WALL_NOW - 3_600_000,
                  periods: [{ startPeriodSeconds: 0, limit }],
                },
              },
            },
          ],
    upstreamLink: 'connected',
  };
}

function meterOf({ reading, currents, age, suspicion }: MeterSpec): MeterState {
  return {
    ...(reading ? { reading: { currentAmps: currents, measuredAt: NOW - age } } : {}),
    ...(suspicion ? { suspicion: { kind: suspicion, detail: 'as drawn', since: NOW - age } } : {}),
  };
}

function wishOf({ energyWh, leaves, onlySurplus, priority }: NonNullable<EvseSpec['wish']>): Wish {
  return {
    source: { kind: 'user', id: 'amelie' },
    ...(energyWh === undefined ? {} : { energyWh }),
    ...(leaves === undefined ? {} : { departureAt: NOW + leaves }),
    ...(onlySurplus ? { onlySurplus } : {}),
    ...(priority === undefined ? {} : { priority }),
  };
}
