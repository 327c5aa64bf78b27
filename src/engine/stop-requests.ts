// Judges what people ask of the emergency stop: anybody may press it, and it is cleared by a named person, once nothing holds it any more.

import { EMERGENCY_STOP_ID, emergencyStop } from '../core/limits/emergency-stop.ts';
import type { Cap } from '../core/model/limit.ts';
import type { WallTime } from '../core/model/units.ts';
import type { ControlAnswer, StopRequest } from './requests.ts';

/**
 * The caps after the request. Pressing a stop that is latched already changes nothing: who pressed it first is kept. `holders`: what keeps the
 * stop from being cleared, in words.
 */
export function changeStop(
  caps: readonly Cap[],
  request: StopRequest,
  holders: readonly string[],
  wallNow: WallTime,
): ControlAnswer {
  const latched = caps.find(({ id }) => id === EMERGENCY_STOP_ID);
  if (request.kind === 'press-emergency-stop') {
    if (latched) return { ok: true, caps };
    return { ok: true, caps: [...caps, emergencyStop(request.who, wallNow, request.note)] };
  }
  if (holders.length > 0) {
    const text = `The emergency stop is held: ${holders.join('; ')}. Release it there first; a module that cannot be read must be mended, or its input taken out of the site file.`;
    return { ok: false, code: 'EMERGENCY_STOP_HELD', text };
  }
  if (!latched) return { ok: false, code: 'EMERGENCY_STOP_NOT_SET', text: 'There is no emergency stop to clear.' };
  return { ok: true, caps: caps.filter((cap) => cap !== latched) };
}
