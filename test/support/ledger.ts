// Builds the memory of one EVSE for tests of those who read it: a proved floor of 6 A and no lease, any part replaced.
import type { EvseMemory, LeaseEntry } from '../../src/core/model/memory.ts';

/** A lease of the generic charger: 60 s, less 5 s that its clock may be off; and 5 s more, in which the car follows. */
export function leaseEntry(limitAmps: number, sentAt: number, part: Partial<LeaseEntry> = {}): LeaseEntry {
  return {
    commandId: `at-${sentAt}`,
    limitAmps,
    sentAt,
    holdsUntil: sentAt + 55_000,
    endsBy: sentAt + 70_000,
    ...part,
  };
}

/** A lease that was accepted in the second after it was sent, and obeyed five seconds later. */
export function settledLease(limitAmps: number, sentAt: number, part: Partial<LeaseEntry> = {}): LeaseEntry {
  return leaseEntry(limitAmps, sentAt, { acknowledgedAt: sentAt + 1_000, settledAt: sentAt + 6_000, ...part });
}

export function evseMemory(part: Partial<EvseMemory> = {}): EvseMemory {
  return {
    floor: { state: 'proved', amps: 6, since: 0, settledAt: 5_000 },
    leases: [],
    failures: 0,
    disobeyedSamples: 0,
    ...part,
  };
}
