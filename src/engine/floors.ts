// What is sent in place of a plan that must not leave: everybody down to the floor or kept below it, nobody up. Needs no allocation.

import { blankEvseMemory } from '../core/command/absorb.ts';
import { buildProfile } from '../core/command/charging-profile.ts';
import { MAX_LEASES, newLease } from '../core/command/exposure.ts';
import { stopsInForce } from '../core/limits/emergency-stop.ts';
import type { Command, Decision, Notice } from '../core/model/decision.ts';
import type { EvseMemory, LeaseEntry, Memory } from '../core/model/memory.ts';
import type { Evse, Site, Station } from '../core/model/site.ts';
import type { Snapshot } from '../core/model/snapshot.ts';
import { stationTime, type TransactionId } from '../core/model/units.ts';

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
 * until the others have come down, for its lease is renewed; one whose floor is not proved gets it. In an emergency stop all are told 0 A.
 * The ledger keeps every entry and gains those of these commands. A fault in what is known of one EVSE costs no other its floor.
 */
export function floorsDecision({ site, snapshot, memory, last, notice, fellBackBecause }: FloorsInput): Decision {
  const stations = new Map(site.stations.map((station) => [station.id, station]));
  const commands: Command[] = [];
  const evses: { [evse: string]: EvseMemory } = { ...memory.evses };
  let number = memory.nextCommandNumber;
  for (const evse of site.evses) {
    for (const role of ['floor', 'lease'] as const) {
      const id = `${memory.author}-${number}`;
      const told = floorFor(evse, role, id, stations.get(evse.station), evses[evse.id], site, snapshot);
      if (!told) continue;
      number += 1;
      commands.push(told.command);
      evses[evse.id] = told.memory;
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

type Told = { readonly command: Command; readonly memory: EvseMemory };

/** What one EVSE is to be told, if anything. What is known of it may be the very thing that broke the decision: then it is told nothing. */
function floorFor(
  evse: Evse,
  role: Command['role'],
  id: string,
  station: Station | undefined,
  known: EvseMemory | undefined,
  site: Site,
  snapshot: Snapshot,
): Told | undefined {
  try {
    if (!station || snapshot.stations[evse.station]?.link.state !== 'connected') return undefined;
    const limitAmps = role === 'floor' ? floorDue(evse, known, snapshot) : leaseDue(evse, station, known, snapshot);
    if (limitAmps === undefined) return undefined;
    const isRenewal = role === 'lease' && known?.leases.at(-1)?.limitAmps === limitAmps;
    const change = isRenewal ? 'renewal' : 'decrease';
    return {
      command: commandOf({ id, role, change, limitAmps }, evse, station, site, snapshot),
      memory: remembered(known, { id, role, change, limitAmps }, station, snapshot.now, transactionOf(evse, snapshot)),
    };
  } catch {
    // Its leases run out by themselves; the others must not wait for that.
    return undefined;
  }
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
  { now, stations, caps }: Snapshot,
): number | undefined {
  const newest = memory?.leases.at(-1);
  if (profile.lease.purpose === 'TxProfile' && transactionOf(evse, { stations }) === undefined) return undefined;
  const least = profile.quirks.includes('zero-amps-breaks-next-limit') ? evse.minAmps : 0;
  // In an emergency stop the floor is no reason to charge; without a lease the charger is on its floor.
  const isStopped = stopsInForce(caps, now).length > 0;
  const wanted = isStopped ? least : Math.max(least, evse.floorAmps);
  if (!newest || newest.endsBy <= now) return isStopped && wanted < evse.floorAmps ? wanted : undefined;
  // What is not a number is above every floor.
  if (!(newest.limitAmps <= wanted)) return wanted;
  return newest.limitAmps < evse.floorAmps && now - newest.sentAt >= profile.leaseMs / 3 ? newest.limitAmps : undefined;
}

type Order = Pick<Command, 'id' | 'role' | 'change' | 'limitAmps'>;

function commandOf(
  order: Order,
  evse: Evse,
  { profile }: Station,
  { nominalVolts }: Site,
  { stations, now }: Snapshot,
): Command {
  const { role, limitAmps } = order;
  const transactionId = transactionOf(evse, { stations });
  const phases = evse.supply === 'dc' ? evse.phases.length : 1;
  const told = { role, evse, profile, limitAmps, phases, nominalVolts, stationNow: stationTime(now) };
  const built = buildProfile({ ...told, ...(transactionId === undefined ? {} : { transactionId }) });
  return { kind: 'install-profile', station: evse.station, evse: evse.id, ...order, profile: built };
}

function remembered(
  known: EvseMemory | undefined,
  { id, role, change, limitAmps }: Order,
  { profile }: Station,
  now: number,
  transaction: TransactionId | undefined,
): EvseMemory {
  const memory = known ?? blankEvseMemory;
  if (role === 'floor') return { ...memory, floor: { state: 'sent', commandId: id, amps: limitAmps, sentAt: now } };
  const leases = [...withRoom(memory.leases), newLease(id, limitAmps, now, profile, transaction)];
  return change === 'renewal' ? { ...memory, leases } : { ...memory, changedAt: now, leases };
}

function transactionOf({ id, station }: Evse, { stations }: Pick<Snapshot, 'stations'>): TransactionId | undefined {
  return stations[station]?.evses.find((one) => one.evse === id)?.transaction?.id;
}

/** Room for one more without forgetting a limit: the oldest two become one that is as high and as long as either. */
function withRoom(leases: readonly LeaseEntry[]): readonly LeaseEntry[] {
  const [first, second, ...rest] = leases;
  if (!first || !second || leases.length < MAX_LEASES) return leases;
  const { acknowledgedAt: _a, settledAt: _s, ...kept } = second;
  const limitAmps = Math.max(first.limitAmps, second.limitAmps);
  return [{ ...kept, limitAmps, endsBy: Math.max(first.endsBy, second.endsBy) }, ...rest];
}
