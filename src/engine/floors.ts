// What is sent in place of a plan that must not leave: everybody down to the floor or kept below it, nobody up. Needs no allocation.

import { buildProfile } from '../core/command/charging-profile.ts';
import { MAX_LEASES, newLease } from '../core/command/exposure.ts';
import type { Command, Decision, Notice } from '../core/model/decision.ts';
import type { EvseMemory, LeaseEntry, Memory } from '../core/model/memory.ts';
import type { Evse, Site, Station } from '../core/model/site.ts';
import type { Snapshot } from '../core/model/snapshot.ts';

/** A floor that was sent and of which nothing was learnt since is sent again after this long. */
export const FLOOR_AGAIN_MS = 60_000;

export type FloorsInput = {
  readonly site: Site;
  readonly snapshot: Snapshot;
  /** Of the last decision that left; nothing in it is forgotten here. */
  readonly memory: Memory;
  /** The last decision that left: its figures are shown, marked as failsafe. */
  readonly last: Decision | undefined;
  readonly notice: Notice;
  readonly fellBackBecause: string;
};

/**
 * The decision that sends floors. Every EVSE whose newest lease is above its floor is told the floor; one that is held below stays there
 * until the others have come down, for its lease is renewed; one whose floor is not proved gets it. The ledger keeps every entry and gains
 * those of these commands. A fault in what is known of one EVSE costs no other its floor.
 */
export function floorsDecision({ site, snapshot, memory, last, notice, fellBackBecause }: FloorsInput): Decision {
  const stations = new Map(site.stations.map((station) => [station.id, station]));
  const commands: Command[] = [];
  const evses: { [evse: string]: EvseMemory } = { ...memory.evses };
  let number = memory.nextCommandNumber;
  for (const evse of site.evses) {
    const station = stations.get(evse.station);
    // The snapshot may be what the decision failed on, so that nothing of it is taken for granted.
    if (!station || snapshot.stations[evse.station]?.link?.state !== 'connected') continue;
    for (const role of ['floor', 'lease'] as const) {
      const known = evses[evse.id];
      const limitAmps = role === 'floor' ? floorDue(evse, known, snapshot) : leaseDue(evse, station, known, snapshot);
      if (limitAmps === undefined) continue;
      const id = `${memory.author}-${number++}`;
      commands.push(commandOf(id, role, limitAmps, evse, station, site, snapshot));
      evses[evse.id] = remembered(known, role, id, limitAmps, station, snapshot.now);
    }
  }
  return {
    mode: 'failsafe',
    commands,
    stops: [],
    shares: last?.shares ?? [],
    circuits: last?.circuits ?? [],
    solver: { answeredBy: 'floors', variables: 0, rows: 0, fellBackBecause },
    notices: [notice],
    memory: { ...memory, evses, nextCommandNumber: number },
  };
}

function floorDue({ floorAmps }: Evse, memory: EvseMemory | undefined, { now }: Snapshot): number | undefined {
  const floor = memory?.floor;
  if (floor?.state === 'proved' && floor.amps === floorAmps) return undefined;
  return floor?.state === 'sent' && now - floor.sentAt <= FLOOR_AGAIN_MS ? undefined : floorAmps;
}

function leaseDue(
  evse: Evse,
  { profile }: Station,
  memory: EvseMemory | undefined,
  { now, stations }: Snapshot,
): number | undefined {
  const newest = memory?.leases.at(-1);
  if (!newest || newest.endsBy <= now) return undefined;
  const state = stations[evse.station]?.evses?.find((one) => one.evse === evse.id);
  if (profile.lease.purpose === 'TxProfile' && state?.transaction === undefined) return undefined;
  const least = profile.quirks.includes('zero-amps-breaks-next-limit') ? evse.minAmps : 0;
  // What is not a number is above every floor.
  const wanted = Math.max(least, newest.limitAmps <= evse.floorAmps ? newest.limitAmps : evse.floorAmps);
  if (!(newest.limitAmps <= wanted)) return wanted;
  return newest.limitAmps < evse.floorAmps && now - newest.sentAt >= profile.leaseMs / 3 ? newest.limitAmps : undefined;
}

function commandOf(
  id: string,
  role: Command['role'],
  limitAmps: number,
  evse: Evse,
  { profile }: Station,
  { nominalVolts }: Site,
  { stations, wallNow }: Snapshot,
): Command {
  const transaction = stations[evse.station]?.evses?.find((one) => one.evse === evse.id)?.transaction;
  const phases = evse.supply === 'dc' ? evse.phases.length : 1;
  const told = { role, evse, profile, limitAmps, phases, nominalVolts, wallNow };
  const profileToSend = buildProfile({ ...told, ...(transaction ? { transactionId: transaction.id } : {}) });
  const change = 'decrease';
  return {
    kind: 'install-profile',
    id,
    station: evse.station,
    evse: evse.id,
    role,
    change,
    limitAmps,
    profile: profileToSend,
  };
}

function remembered(
  known: EvseMemory | undefined,
  role: Command['role'],
  commandId: string,
  limitAmps: number,
  { profile }: Station,
  now: number,
): EvseMemory {
  const memory = known ?? { floor: { state: 'unproved' }, leases: [], failures: 0, disobeyedSamples: 0 };
  if (role === 'floor') return { ...memory, floor: { state: 'sent', commandId, amps: limitAmps, sentAt: now } };
  const entry = newLease(commandId, limitAmps, now, profile);
  return { ...memory, changedAt: now, leases: [...withRoom(memory.leases), entry] };
}

/** Room for one more without forgetting a limit: the oldest two become one that is as high and as long as either. */
function withRoom(leases: readonly LeaseEntry[]): readonly LeaseEntry[] {
  const [first, second, ...rest] = leases;
  if (!first || !second || leases.length < MAX_LEASES) return leases;
  const { acknowledgedAt: _a, settledAt: _s, ...kept } = second;
  const limitAmps = Math.max(first.limitAmps, second.limitAmps);
  return [{ ...kept, limitAmps, endsBy: Math.max(first.endsBy, second.endsBy) }, ...rest];
}
