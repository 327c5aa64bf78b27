// What a happening of a script happens to, by name; two of a kind never happen to one subject at once.

import type { Happening } from './script.ts';

/** Such as `station depot-03`; what happens to the site as a whole has one name. */
export function subjectOf(happening: Happening): string {
  if ('evse' in happening) return `evse ${happening.evse}`;
  if ('station' in happening) return `station ${happening.station}`;
  if ('meter' in happening) return `meter ${happening.meter}`;
  if ('circuit' in happening) return `circuit ${happening.circuit}`;
  return 'site';
}

/** Milliseconds after the start at which it is over. */
export function endMsOf(happening: Happening): number {
  return happening.atMs + ('forMs' in happening ? happening.forMs : 0);
}
