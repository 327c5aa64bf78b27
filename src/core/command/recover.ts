// The memory of the last run made safe for this one: whatever was sent may still be in force for its whole life, also what no disk has heard of;
// nothing is proved to hold.

import type { LeaseEntry, Memory } from '../model/memory.ts';
import type { Site } from '../model/site.ts';
import type { Instant } from '../model/units.ts';
import { blankEvseMemory } from './absorb.ts';
import { newLease } from './exposure.ts';

/**
 * Start is recovery. Instants of the last run need not compare with ours (the machine's clock may have been set meanwhile), so every lease
 * counts as sent now and never as confirmed; floors stay proved, because they are permanent. The last limits may have left before they were on the
 * disk, or the disk is another one: until an EVSE has followed a limit of ours, it may have any. EVSEs that the site no longer has are dropped.
 * The base load goes on to be believed as far as the first reading bears it out: else the cars that charge on would count as building until their
 * stations are back, and all be paused.
 */
export function recoverMemory(site: Site, stored: Memory | undefined, author: string, now: Instant): Memory {
  const evses: { [id: string]: Memory['evses'][string] } = {};
  for (const evse of site.evses) {
    const known = stored?.evses[evse.id];
    const profile = site.stations.find((station) => station.id === evse.station)?.profile;
    if (!profile) continue;
    if (!known) {
      evses[evse.id] = { ...blankEvseMemory, unknownSince: now };
      continue;
    }
    const leases = known.leases.map((lease): LeaseEntry => {
      const { endsBy } = newLease(lease.commandId, lease.limitAmps, now, profile);
      return {
        commandId: lease.commandId,
        limitAmps: lease.limitAmps,
        ...(lease.transaction === undefined ? {} : { transaction: lease.transaction }),
        sentAt: now - profile.leaseMs,
        holdsUntil: now,
        endsBy,
      };
    });
    evses[evse.id] = {
      // A floor that was only sent may or may not be there.
      floor:
        known.floor.state === 'proved'
          ? { state: 'proved', amps: known.floor.amps, since: now, settledAt: now }
          : { state: 'unproved' },
      leases,
      failures: 0,
      disobeyedSamples: 0,
      unknownSince: now,
      ...(known.disobeyedAt === undefined ? {} : { disobeyedAt: now }),
    };
  }
  const meters = recoverMeters(site, stored, now);
  return { author, nextCommandNumber: 1, evses, circuits: recoverCircuits(site, stored, now), ...meters };
}

/** Of the meters that base loads are still added up of. */
function recoverMeters(site: Site, stored: Memory | undefined, now: Instant): Pick<Memory, 'meters'> {
  const known = site.circuits.flatMap(({ sum }) =>
    (sum?.meters ?? []).flatMap((id) => {
      const before = stored?.meters?.[id];
      return before ? [[id, { baseLoadAmps: before.baseLoadAmps, at: now }] as const] : [];
    }),
  );
  return known.length === 0 ? {} : { meters: Object.fromEntries(known) };
}

function recoverCircuits(site: Site, stored: Memory | undefined, now: Instant): Memory['circuits'] {
  return Object.fromEntries(
    site.circuits.flatMap(({ id, meter }) => {
      const known = stored?.circuits[id];
      return known && meter !== undefined ? [[id, { baseLoadAmps: known.baseLoadAmps, at: now }]] : [];
    }),
  );
}
