// What people are shown of a wish: asked, delivered, and what the rest takes from now on; pure, and nothing decides by it.

import type { Share } from '../core/model/decision.ts';
import type { Evse } from '../core/model/site.ts';
import type { EvseState } from '../core/model/snapshot.ts';
import type { WishView } from '../core/model/state-view.ts';
import type { Instant, WallTime } from '../core/model/units.ts';
import type { Wish } from '../core/model/wish.ts';
import { needOf } from '../core/plan/need.ts';
import { describeSource } from '../core/report/wording.ts';
import type { KeptWish } from '../engine/requests.ts';
import { isoTime } from './site-time.ts';

export type WishViewInput = {
  readonly wish: Wish;
  readonly evse: Evse;
  /** The newest state of the EVSE. */
  readonly state: EvseState | undefined;
  readonly phases: Share['phases'];
  readonly nominalVolts: number;
  readonly now: Instant;
  readonly wallNow: WallTime;
};

/** A wish as the cycle at `now` saw it. */
export function viewWish({ wish, evse, state, phases, nominalVolts, now, wallNow }: WishViewInput): WishView {
  const { source, departureAt, ...asked } = wish;
  const transaction = state?.transaction;
  const need = needOf(evse, wish, transaction, phases.length, evse.maxAmps, nominalVolts, now);
  return {
    author: describeSource(source),
    isWaiting: transaction === undefined,
    ...asked,
    ...(transaction?.energyWh === undefined ? {} : { deliveredWh: transaction.energyWh }),
    ...(departureAt === undefined ? {} : { departureWallMs: Math.round(departureAt - now + wallNow) }),
    ...(need === undefined ? {} : { neededAmps: need.amps }),
  };
}

/** A wish as it was just accepted, before any cycle has seen it. */
export function viewKeptWish(wish: KeptWish): WishView {
  const { who, setAtWall: _set, evse: _evse, transactionId, departureWall, ...asked } = wish;
  return {
    author: describeSource({ kind: 'facility-manager', id: who }),
    isWaiting: transactionId === undefined,
    ...asked,
    ...(departureWall === undefined ? {} : { departureWallMs: departureWall }),
  };
}

/** A wish in the words in which one is set over HTTP, so that what was read can be sent again. */
export function tellWish(view: WishView, timezone: string) {
  const { energyWh, deliveredWh, departureWallMs, isWaiting, ...rest } = view;
  return {
    ...rest,
    belongsTo: isWaiting ? ('the next transaction' as const) : ('the running transaction' as const),
    ...(energyWh === undefined ? {} : { energyKilowattHours: energyWh / 1_000 }),
    ...(deliveredWh === undefined ? {} : { deliveredKilowattHours: deliveredWh / 1_000 }),
    ...(departureWallMs === undefined ? {} : { departure: isoTime(departureWallMs, timezone) }),
  };
}
