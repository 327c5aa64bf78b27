// One cycle's commands for tests: connected EVSEs with a car, a proved floor of 6 A and whatever leases the test is about, on real rows.

import type { BaseLoad } from '../../src/core/allocate/base-load.ts';
import { capacityRows } from '../../src/core/allocate/capacity.ts';
import { loadsOf } from '../../src/core/allocate/rows.ts';
import type { CandidateRole, Situation } from '../../src/core/allocate/situation.ts';
import { type CommandPlan, planCommands } from '../../src/core/command/command.ts';
import { newLease } from '../../src/core/command/exposure.ts';
import { circuitLimits } from '../../src/core/limits/caps.ts';
import type { EvseMemory, LeaseEntry } from '../../src/core/model/memory.ts';
import type { Site } from '../../src/core/model/site.ts';
import { type CircuitId, onEachPhase } from '../../src/core/model/units.ts';
import { candidateRole as roleOf } from './candidates.ts';

export const NOW = 10_000_000;

/** On, at 6 to 32 A. */
export const candidateRole: CandidateRole = roleOf({ isOn: true });

/** A lease as `site`'s first station would have it, sent `agoMs` ago; nothing was heard of it. */
export function sentLease(site: Site, limitAmps: number, agoMs: number, part: Partial<LeaseEntry> = {}): LeaseEntry {
  const sentAt = NOW - agoMs;
  return { ...newLease(`at-${sentAt}`, limitAmps, sentAt, site.stations[0]!.profile), ...part };
}

/** The same, accepted a moment later; not yet followed. */
export function acceptedLease(
  site: Site,
  limitAmps: number,
  agoMs: number,
  part: Partial<LeaseEntry> = {},
): LeaseEntry {
  return sentLease(site, limitAmps, agoMs, { acknowledgedAt: NOW - agoMs + 100, ...part });
}

/** The same, and followed five seconds after that. */
export function lease(site: Site, limitAmps: number, agoMs: number, part: Partial<LeaseEntry> = {}): LeaseEntry {
  return acceptedLease(site, limitAmps, agoMs, { settledAt: NOW - agoMs + 5_100, ...part });
}

export function blank(part: Partial<EvseMemory> = {}): EvseMemory {
  return {
    floor: { state: 'proved', amps: 6, since: 0, settledAt: 5_000 },
    leases: [],
    failures: 0,
    disobeyedSamples: 0,
    ...part,
  };
}

/** The EVSE number `at` of the site: connected, in a transaction, a candidate that may draw what it was told last. */
export function situation(site: Site, at: number, memory: EvseMemory, part: Partial<Situation> = {}): Situation {
  const evse = site.evses[at]!;
  const state = { evse: evse.id, connectorStatus: 'Occupied', transaction: { id: `${at + 1}`, startedAt: 0 } } as const;
  const told = memory.leases.at(-1)?.limitAmps ?? evse.floorAmps;
  return {
    at,
    evse,
    profile: site.stations.find((station) => station.id === evse.station)!.profile,
    station: {
      station: evse.station,
      link: { state: 'connected', since: 0, connection: 1 },
      evses: [state],
      upstreamProfiles: [],
      upstreamLink: 'none',
    },
    state,
    memory,
    phases: evse.phases,
    exposureAmps: told,
    exposureBecause: 'lease',
    assuredAmps: told,
    balances: true,
    cap: undefined,
    role: candidateRole,
    ...part,
  };
}

export type PlanPart = {
  readonly targets: readonly number[];
  readonly now?: number;
  readonly mayRise?: boolean;
  /** Base load of every circuit, on each phase. */
  readonly baseAmps?: number;
};

export function plan(site: Site, situations: readonly Situation[], part: PlanPart): CommandPlan {
  const { targets, now = NOW, mayRise = true, baseAmps = 0 } = part;
  const baseLoads = new Map<CircuitId, BaseLoad>(
    site.circuits.map(({ id }) => [id, { from: 'meter', amps: onEachPhase(baseAmps) }]),
  );
  const circuits = circuitLimits(site, [], now);
  const rows = capacityRows(site, { circuits, baseLoads, groups: [], stations: [], surplusWatts: 0 });
  return planCommands({
    site,
    situations,
    targets,
    rows,
    loads: loadsOf(rows, situations),
    mayRise: situations.map(() => mayRise),
    now,
    author: 'box-7',
    nextCommandNumber: 1,
  });
}
