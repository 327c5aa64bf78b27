// The emergency stop as a limit like others, but on every EVSE and stronger than any quirk: who set it, and whether it holds.

import type { Cap, Source } from '../model/limit.ts';
import { type Instant, onEachPhase, type WallTime } from '../model/units.ts';
import { capsInForce } from './caps.ts';

/** The one stop that is latched: kept over restarts until a person clears it. */
export const EMERGENCY_STOP_ID = 'emergency-stop';

/** The latched stop: 0 A for every EVSE, without a beginning and an end, so that no clock can lift it. `by` is who pressed it, in words. */
export function emergencyStop(by: string, setAtWall: WallTime, note?: string): Cap {
  return { ...stopCap(EMERGENCY_STOP_ID, by), setAtWall, ...(note === undefined ? {} : { note }) };
}

/** A stop that holds for as long as its source says so. */
export function stopCap(id: string, by: string): Cap {
  return { id, source: { kind: 'emergency-stop', id: by }, scope: { kind: 'every-evse' }, limitAmps: onEachPhase(0) };
}

export function isStop(limit: { readonly source: Source } | undefined): boolean {
  return limit?.source.kind === 'emergency-stop';
}

/** The stops in force at `now`, the latched one first; none: the chargers may charge. */
export function stopsInForce(caps: readonly Cap[], now: Instant): readonly Cap[] {
  const stops = capsInForce(caps, now).filter(isStop);
  return stops.toSorted((a, b) => Number(b.id === EMERGENCY_STOP_ID) - Number(a.id === EMERGENCY_STOP_ID));
}
