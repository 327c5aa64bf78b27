// Says in one line what is wished for a car and whether it will come true; made of what the controller told, nothing is decided here.

import type { WishView } from '../core/model/state-view.ts';
import { ampsInWords, nearDay } from './format.ts';

export type WishWords = {
  readonly text: string;
  /** If nothing changes, the car will not have what was asked when it leaves. */
  readonly isShort: boolean;
};

/** Less than this below the need is rounding to the charger's step. */
const NOISE_AMPS = 0.5;

/** What its EVSE is given now, and the least and the most that it can be given. */
export type Given = { readonly targetAmps: number; readonly minAmps: number; readonly maxAmps: number };

/** `nowWallMs` is the cycle's. */
export function wishWords(wish: WishView, given: Given, nowWallMs: number, timezone: string): WishWords {
  const { departureWallMs, neededAmps, isWaiting, onlySurplus, priority, note } = wish;
  const isPast = departureWallMs !== undefined && departureWallMs <= nowWallMs;
  const hasAll = neededAmps === 0 || isDelivered(wish);
  const need = neededAmps === undefined || isWaiting || hasAll ? undefined : needWords(neededAmps, given);
  const parts = [
    isWaiting ? 'For the next car' : undefined,
    departureWallMs === undefined
      ? undefined
      : `${isPast ? 'should have left' : 'leaves'} ${nearDay(departureWallMs, nowWallMs, timezone)}`,
    energyWords(wish),
    hasAll ? 'has all it asked for' : need?.text,
    onlySurplus ? 'from surplus only' : undefined,
    priority === undefined ? undefined : `priority ${priority}`,
    note,
  ];
  const text = parts.filter((part) => part !== undefined && part !== '').join(' · ');
  return { text: text.charAt(0).toUpperCase() + text.slice(1), isShort: need?.isShort ?? false };
}

function isDelivered({ energyWh, deliveredWh }: WishView): boolean {
  return energyWh !== undefined && deliveredWh !== undefined && deliveredWh >= energyWh;
}

function energyWords({ energyWh, deliveredWh }: WishView): string | undefined {
  if (energyWh === undefined) return undefined;
  if (deliveredWh === undefined) return `wants ${kilowattHours(energyWh)} kWh`;
  return `${kilowattHours(deliveredWh)} of ${kilowattHours(energyWh)} kWh`;
}

/** A car that needs less than the minimum can still wait: its need rises until it is worth switching on for. */
function needWords(neededAmps: number, { targetAmps, minAmps, maxAmps }: Given): WishWords {
  const needs = ampsInWords(neededAmps);
  if (neededAmps > maxAmps + NOISE_AMPS) return { text: `cannot be ready: it would take ${needs}`, isShort: true };
  const isShort = neededAmps >= minAmps && neededAmps > targetAmps + NOISE_AMPS;
  const text = `needs ${needs} from now on`;
  return { text: isShort ? `${text}, is given ${ampsInWords(targetAmps)}: falls behind` : text, isShort };
}

/** `12.4`, `120`. */
function kilowattHours(wh: number): string {
  return String(Number((wh / 1_000).toFixed(1)));
}
