// What is known of a contact at one instant, as plain data: what it says, since when, and how much of that is believed.

import type { ContactId, Instant } from './units.ts';

/** A digital input: a utility's relay, a switch in the office, an emergency stop. */
export type ContactState = {
  readonly id: ContactId;
  readonly name: string;
  /** `unknown`: it was not read, or not for too long; it then counts as active (law 3). */
  readonly state: 'active' | 'released' | 'unknown';
  /** Since when it is in this state. */
  readonly since: Instant;
  /** Active means an emergency stop, and not a limit. */
  readonly emergencyStop?: true;
  /** The newest readings say so, though it may not yet count as released. An emergency stop is latched by this, never by silence. */
  readonly isSeenActive: boolean;
  /** Of the newest good reading; absent until the first. */
  readonly readAt?: Instant;
  /** Why it is unknown, in words. */
  readonly trouble?: string;
  /** How often it went from released to active since the start. */
  readonly activations: number;
};
