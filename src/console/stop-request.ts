// Presses and clears the emergency stop over the API and turns refusals into words; it never retries by itself.

import { type Fault, sendChange } from './limit-request.ts';

export type StopReason = { readonly who: string; readonly note: string };

const PATH = '/api/v1/emergency-stop';

/** Stops all charging; the fault, or nothing when it was accepted. */
export function pressStop(reason: StopReason): Promise<Fault | undefined> {
  const given = Object.entries(reason).filter(([, text]) => text !== '');
  return sendChange(PATH, { method: 'POST', body: JSON.stringify(Object.fromEntries(given)) });
}

/** Clears the stop; the API asks for both a name and a reason. */
export function clearStop(reason: StopReason): Promise<Fault | undefined> {
  return sendChange(PATH, { method: 'DELETE', body: JSON.stringify(reason) });
}
