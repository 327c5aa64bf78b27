// Shows contacts and the emergency stop to people: who holds it, since when, and whether it can be cleared; it decides nothing.

import { EMERGENCY_STOP_ID, stopsInForce } from '../core/limits/emergency-stop.ts';
import type { Snapshot } from '../core/model/snapshot.ts';
import type { ContactView, EmergencyStopView } from '../core/model/state-view.ts';
import { holdersOf } from '../core/report/contact-notices.ts';

/** Contacts that one view names at most; a sound site has a few. */
export const MAX_VIEW_CONTACTS = 100;

export function viewContacts({ contacts = [], now, wallNow }: Snapshot): readonly ContactView[] {
  return contacts.slice(0, MAX_VIEW_CONTACTS).map((contact) => ({
    id: contact.id,
    name: contact.name,
    state: contact.state,
    sinceWallMs: Math.round(wallNow + (contact.since - now)),
    isEmergencyStop: contact.emergencyStop === true,
    activations: contact.activations,
    ...(contact.readAt === undefined ? {} : { ageMs: Math.max(0, now - contact.readAt) }),
    ...(contact.trouble === undefined ? {} : { trouble: contact.trouble }),
  }));
}

/** The stop in force; undefined where chargers may charge. */
export function viewEmergencyStop(snapshot: Snapshot): EmergencyStopView | undefined {
  const [stop] = stopsInForce(snapshot.caps, snapshot.now);
  if (!stop) return undefined;
  return {
    author: stop.source.id ?? 'somebody',
    isLatched: stop.id === EMERGENCY_STOP_ID,
    heldBy: holdersOf(snapshot),
    ...(stop.setAtWall === undefined ? {} : { sinceWallMs: stop.setAtWall }),
    ...(stop.note === undefined ? {} : { note: stop.note }),
  };
}
