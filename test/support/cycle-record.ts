// Builds cycle records for tests of those who look at cycles: an ordinary cycle of the given site, any part replaced.
import type { CircuitReport, CycleRecord, Decision, PhaseReport, Share } from '../../src/core/model/decision.ts';
import { emptyMemory } from '../../src/core/model/memory.ts';
import type { Site } from '../../src/core/model/site.ts';
import type { Snapshot, StationState } from '../../src/core/model/snapshot.ts';
import { mapPhases, type PhaseAmps } from '../../src/core/model/units.ts';

export const T0 = Date.UTC(2026, 2, 2, 6);

export function phaseReport(part: Partial<PhaseReport> = {}): PhaseReport {
  const numbers = {
    limitAmps: 63,
    limitSource: { kind: 'fuse' as const },
    marginAmps: 3,
    baseLoadAmps: 20,
    exposureAmps: 30,
    allocatedAmps: 28,
    meteredAmps: 46,
    ...part,
  };
  const headroomAmps = numbers.limitAmps - numbers.marginAmps - numbers.baseLoadAmps - numbers.exposureAmps;
  return { headroomAmps, ...numbers };
}

/** A report on `circuit`; `phases` may differ per phase. */
export function circuitReport(
  id: string,
  phases: (phase: keyof PhaseAmps) => Partial<PhaseReport> = () => ({}),
): CircuitReport {
  return { circuit: id, baseLoadFrom: 'meter', phases: mapPhases((phase) => phaseReport(phases(phase))) };
}

export function share(part: Partial<Share> & Pick<Share, 'evse'>): Share {
  return {
    targetAmps: 10,
    offeredAmps: 10,
    acknowledgedAmps: 10,
    exposureAmps: 10,
    drawnAmps: { L1: 9.8, L2: 9.7, L3: 9.9 },
    phases: ['L1', 'L2', 'L3'],
    reason: { kind: 'own-maximum', source: { kind: 'car' }, limitAmps: 10 },
    ...part,
  };
}

/** A connected station, each of its EVSEs charging. */
export function stationState(site: Site, station: string, part: Partial<StationState> = {}): StationState {
  return {
    station,
    link: { state: 'connected', since: T0 - 3_600_000, connection: 1 },
    bootedAt: T0 - 3_600_000,
    model: { vendor: 'Acme', model: 'Wallbox 22', firmware: '1.4' },
    evses: site.evses
      .filter((evse) => evse.station === station)
      .map((evse) => ({ evse: evse.id, connectorStatus: 'Occupied', chargingState: 'Charging' })),
    upstreamProfiles: [],
    upstreamLink: 'connected',
    ...part,
  };
}

type Parts = {
  readonly cycle?: number;
  readonly epoch?: number;
  readonly snapshot?: Partial<Snapshot>;
  readonly decision?: Partial<Decision>;
};

/** Cycle number `cycle`, one second apart from its neighbours, starting at `T0`. */
export function cycleRecord(site: Site, { cycle = 1, epoch = 1, snapshot, decision }: Parts = {}): CycleRecord {
  const now = T0 + cycle * 1_000;
  return {
    site: site.id,
    controller: { id: 'test', epoch },
    snapshot: {
      cycle,
      now,
      wallNow: now,
      meters: Object.fromEntries(
        site.meters.map((meter) => [
          meter.id,
          { reading: { currentAmps: { L1: 46, L2: 45, L3: 44 }, measuredAt: now - 300 } },
        ]),
      ),
      stations: Object.fromEntries(site.stations.map(({ id }) => [id, stationState(site, id)])),
      caps: [],
      wishes: {},
      ...snapshot,
    },
    decision: {
      mode: 'normal',
      commands: [],
      stops: [],
      shares: site.evses.map((evse) => share({ evse: evse.id })),
      circuits: site.circuits.map((circuit) => circuitReport(circuit.id)),
      solver: { answeredBy: 'lp', variables: 3, rows: 3 },
      notices: [],
      memory: emptyMemory('test/1'),
      ...decision,
    },
    durationMs: { collect: 1, decide: 2, dispatch: 1 },
  };
}
