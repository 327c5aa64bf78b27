// Judges what people wish for a car, says how long a wish lives and what the core sees of it; pure, and a refusal changes nothing.

import type { Evse, Site } from '../core/model/site.ts';
import { siteIndex } from '../core/model/site-index.ts';
import type { EvseState, Snapshot } from '../core/model/snapshot.ts';
import type { EvseId, Instant, TransactionId, WallTime } from '../core/model/units.ts';
import type { Wish } from '../core/model/wish.ts';
import type { ControlRefusal, KeptWish, WishRequest } from './requests.ts';

const HOUR_MS = 3_600_000;
/** A departure lies ahead by this much at most. */
export const MAX_DEPARTURE_AHEAD_MS = 7 * 24 * HOUR_MS;
/** More than any battery on wheels takes. */
export const MAX_ENERGY_WH = 2_000_000;
export const MAX_PRIORITY = 9;
/** A wish is kept for this long after its departure: cars are late, but one that stays a day longer is parked. */
export const KEEP_AFTER_DEPARTURE_MS = 24 * HOUR_MS;
/** A wish without departure waits for its car for this long. */
export const KEEP_WAITING_MS = 24 * HOUR_MS;

type Moment = { readonly now: Instant; readonly wallNow: WallTime };

export type WishChange =
  | { readonly ok: true; readonly wishes: readonly KeptWish[]; readonly wish?: KeptWish }
  | ControlRefusal;

/**
 * The wishes after the request: one per EVSE, a new one replaces the old as a whole. It belongs to `running`, the transaction at its EVSE, and
 * without one to the next.
 */
export function changeWishes(
  site: Site,
  wishes: readonly KeptWish[],
  request: WishRequest,
  wallNow: WallTime,
  running: TransactionId | undefined,
): WishChange {
  const { kind, evse, ...asked } = request;
  const known = findEvse(site, evse);
  if (!known) {
    const expected = `one of ${site.evses.map((one) => one.id).join(', ')}`;
    return refuse('UNKNOWN_EVSE', 'evse', expected, `There is no EVSE "${evse}"; name ${expected}.`);
  }
  const others = wishes.filter((one) => one.evse !== known.id);
  if (request.kind === 'clear-wish') return { ok: true, wishes: others };
  const refusal = judge(request, wallNow);
  if (refusal) return refusal;
  const wish: KeptWish = {
    ...asked,
    evse: known.id,
    setAtWall: wallNow,
    ...(running === undefined ? {} : { transactionId: running }),
  };
  return { ok: true, wishes: [...others, wish], wish };
}

function judge(request: Extract<WishRequest, { kind: 'set-wish' }>, wallNow: WallTime): ControlRefusal | undefined {
  const { energyWh, departureWall, onlySurplus, priority } = request;
  if (energyWh === undefined && departureWall === undefined && onlySurplus === undefined && priority === undefined) {
    const text = 'The wish asks for nothing; give an energy, a departure, onlySurplus or a priority.';
    return refuse('WISH_EMPTY', 'energyWh', 'at least one of energy, departure, onlySurplus and priority', text);
  }
  if (energyWh !== undefined && !(energyWh > 0 && energyWh <= MAX_ENERGY_WH)) {
    const expected = `above 0 and at most ${MAX_ENERGY_WH / 1_000} kWh`;
    return refuse('WISH_OUT_OF_RANGE', 'energyWh', expected, `The energy is ${energyWh} Wh; expected ${expected}.`);
  }
  if (priority !== undefined && !(Number.isInteger(priority) && priority >= 0 && priority <= MAX_PRIORITY)) {
    const expected = `a whole number from 0 to ${MAX_PRIORITY}`;
    return refuse('WISH_OUT_OF_RANGE', 'priority', expected, `The priority is ${priority}; expected ${expected}.`);
  }
  if (departureWall !== undefined) {
    const from = new Date(wallNow).toISOString();
    const until = new Date(wallNow + MAX_DEPARTURE_AHEAD_MS).toISOString();
    const expected = `after ${from} and at most 7 days ahead, until ${until}`;
    if (!(departureWall > wallNow)) {
      return refuse(
        'DEPARTURE_PAST',
        'departureWall',
        expected,
        `The departure is not in the future; give one ${expected}.`,
      );
    }
    if (!(departureWall <= wallNow + MAX_DEPARTURE_AHEAD_MS)) {
      return refuse('DEPARTURE_TOO_FAR', 'departureWall', expected, `The departure is too far; give one ${expected}.`);
    }
  }
  return undefined;
}

/** The newest state of an EVSE, also of a station that is not connected. */
export function stateOfEvse(site: Site, stations: Snapshot['stations'], evse: EvseId): EvseState | undefined {
  const known = findEvse(site, evse);
  return known && stations[known.station]?.evses.find((one) => one.evse === evse);
}

function findEvse(site: Site, id: EvseId): Evse | undefined {
  const at = siteIndex(site).evseAt.get(id);
  return at === undefined ? undefined : site.evses[at];
}

/**
 * The wishes that still stand: a waiting one is given to the transaction that has begun, and one whose transaction has ended is dropped, as is
 * one that has outlived its time or its EVSE. A station that is not connected ends nothing by its silence. The same array when nothing changed.
 */
export function settleWishes(
  site: Site,
  wishes: readonly KeptWish[],
  stations: Snapshot['stations'],
  wallNow: WallTime,
): readonly KeptWish[] {
  const settled = wishes.flatMap((wish) => settle(site, wish, stations, wallNow) ?? []);
  const isSame = settled.length === wishes.length && settled.every((wish, at) => wish === wishes[at]);
  return isSame ? wishes : settled;
}

function settle(site: Site, wish: KeptWish, stations: Snapshot['stations'], wallNow: WallTime): KeptWish | undefined {
  const evse = findEvse(site, wish.evse);
  if (!evse || wallNow >= endsAtWall(wish)) return undefined;
  const station = stations[evse.station];
  const state = station?.evses.find((one) => one.evse === wish.evse);
  const running = state?.transaction?.id;
  if (wish.transactionId === undefined) return running === undefined ? wish : { ...wish, transactionId: running };
  if (running === wish.transactionId) return wish;
  // Another transaction proves that its own is over; none at all proves it only while the station is heard.
  const isOver = running !== undefined || (state !== undefined && station?.link.state === 'connected');
  return isOver ? undefined : wish;
}

/** A wish that belongs to a transaction and names no departure lives as long as the transaction. */
function endsAtWall({ departureWall, setAtWall, transactionId }: KeptWish): WallTime {
  if (departureWall !== undefined) return departureWall + KEEP_AFTER_DEPARTURE_MS;
  return transactionId === undefined ? setAtWall + KEEP_WAITING_MS : Number.POSITIVE_INFINITY;
}

/** What the core sees: departures on the steady time line, as the two clocks stand to each other now. */
export function wishesAt(wishes: readonly KeptWish[], { now, wallNow }: Moment): Snapshot['wishes'] {
  return Object.fromEntries(
    wishes.map(({ evse, who, setAtWall: _set, transactionId: _id, departureWall, ...asked }): [EvseId, Wish] => [
      evse,
      {
        source: { kind: 'facility-manager', id: who },
        ...asked,
        ...(departureWall === undefined ? {} : { departureAt: departureWall - wallNow + now }),
      },
    ]),
  );
}

function refuse(code: string, field: string, expected: string, text: string): ControlRefusal {
  return { ok: false, code, field, expected, text };
}
