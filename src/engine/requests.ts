// What people may ask of the control room, and what it answers, as plain data.

import type { Sample } from '../core/metering/sample.ts';
import type { Cap } from '../core/model/limit.ts';
import type { EvseId, Instant, MeterId, TransactionId, WallTime } from '../core/model/units.ts';

export type LimitRequest =
  | {
      readonly kind: 'set-circuit-limit';
      readonly circuit: string;
      /** Exactly one of the two. */
      readonly limitAmps?: number;
      readonly limitWatts?: number;
      /** Instant on the controller's steady time line at which the limit ends by itself. */
      readonly untilMs?: number;
      readonly who: string;
      readonly note?: string;
    }
  | { readonly kind: 'clear-circuit-limit'; readonly circuit: string; readonly who: string };

/** The emergency stop: no charger draws until a person clears it. */
export type StopRequest =
  | { readonly kind: 'press-emergency-stop'; readonly who: string; readonly note?: string }
  | { readonly kind: 'clear-emergency-stop'; readonly who: string; readonly note: string };

export type WishRequest =
  | {
      readonly kind: 'set-wish';
      readonly evse: string;
      /** At least one of these four. Energy counts from the start of the transaction. */
      readonly energyWh?: number;
      readonly departureWall?: WallTime;
      readonly onlySurplus?: boolean;
      readonly priority?: number;
      readonly who: string;
      readonly note?: string;
    }
  | { readonly kind: 'clear-wish'; readonly evse: string; readonly who: string };

/** A wish as it is kept: by the wall clock, so that neither a restart nor a correction of the clock moves a departure. */
export type KeptWish = Omit<Extract<WishRequest, { kind: 'set-wish' }>, 'kind' | 'evse'> & {
  readonly evse: EvseId;
  readonly setAtWall: WallTime;
  /** The transaction it belongs to; absent while it waits for the next one on its EVSE. */
  readonly transactionId?: TransactionId;
};

/** What somebody measured and hands in. */
export type PushedReading = {
  readonly meter: MeterId;
  readonly sample: Sample;
  /** Absent: it is of the moment at which it arrives. */
  readonly measuredAtWall?: WallTime;
};

export type PushOutcome =
  | { readonly ok: true; readonly measuredAt: Instant; readonly ageMs: number }
  | { readonly ok: false; readonly code: string; readonly text: string; readonly expected: string };

/** What people may ask the control room to do; each answer says what it changed or why it refused. */
export type ControlRequest = LimitRequest | StopRequest | WishRequest;
export type ControlRefusal = {
  readonly ok: false;
  readonly code: string;
  readonly field?: string;
  /** What would have been accepted. */
  readonly expected?: string;
  readonly text: string;
};
export type ControlAnswer =
  | {
      readonly ok: true;
      readonly caps: readonly Cap[];
      /** What is now wished at the EVSE that was asked about. */
      readonly wish?: KeptWish;
    }
  | ControlRefusal;
