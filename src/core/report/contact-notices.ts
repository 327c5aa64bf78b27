// What a person should know of the emergency stop and of the contacts: who stopped, who may still draw, which contact is not read.

import type { Situation } from '../allocate/situation.ts';
import { stopsInForce } from '../limits/emergency-stop.ts';
import type { Notice } from '../model/decision.ts';
import type { Snapshot } from '../model/snapshot.ts';
import { describeAmps } from './wording.ts';

/** Chargers that the notice of a stop names; the rest are counted. */
const MAX_NAMED = 5;

/** The emergency stop, in one alarm, with those that may still draw in spite of it; nothing while none is in force. */
export function stopNotices(snapshot: Snapshot, situations: readonly Situation[]): readonly Notice[] {
  const [stop] = stopsInForce(snapshot.caps, snapshot.now);
  if (!stop) return [];
  const held = holdersOf(snapshot);
  const by = stop.source.id === undefined ? '' : ` by ${stop.source.id}`;
  const note = stop.note === undefined ? '' : ` (${stop.note})`;
  const drawing = situations.filter(({ exposureAmps }) => exposureAmps > 0);
  const names = drawing
    .slice(0, MAX_NAMED)
    .map(({ evse, exposureAmps }) => `${evse.name} ${describeAmps(exposureAmps)}`);
  const more = drawing.length > MAX_NAMED ? ` and ${drawing.length - MAX_NAMED} more` : '';
  const left = drawing.length === 0 ? 'No charger may draw.' : `These may still draw: ${names.join(', ')}${more}.`;
  const remedy =
    held.length > 0
      ? `It cannot be cleared while it is held: ${held.join('; ')}.`
      : 'It stays until a person clears it.';
  return [
    {
      severity: 'alarm',
      code: 'EMERGENCY_STOP',
      text: `Emergency stop${by}${note}: every charger is told 0 A. ${left} ${remedy}`,
    },
  ];
}

/** What keeps a stop from being cleared, in words: contacts that are active, or that nobody can read. */
export function holdersOf({ contacts }: Pick<Snapshot, 'contacts'>): readonly string[] {
  return (contacts ?? [])
    .filter(({ emergencyStop, state }) => emergencyStop && state !== 'released')
    .map(({ name, state }) => `contact ${name} ${state === 'active' ? 'is active' : 'cannot be read'}`);
}

/** Contacts that are not read: what they stand for is in force until they are. */
export function contactNotices({ contacts }: Pick<Snapshot, 'contacts'>): readonly Notice[] {
  return (contacts ?? []).flatMap(({ name, state, trouble, emergencyStop }): Notice[] => {
    if (state !== 'unknown') return [];
    const why = trouble === undefined ? '' : ` (${trouble})`;
    const effect = emergencyStop ? 'the emergency stop' : 'its limit';
    const text = `Contact ${name} cannot be read${why}: ${effect} is in force until it can. Check the module's supply and its network link.`;
    return [{ severity: 'alarm', code: 'CONTACT_UNREADABLE', text }];
  });
}
