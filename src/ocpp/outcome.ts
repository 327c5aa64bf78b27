// What the outcome of our own CALL to a station proves, and what keeps a CALL from being made; it must never call silence an answer.

import type { CommandProgress } from '../core/model/snapshot.ts';
import type { CallOutcome } from '../engine/ports.ts';
import type { Session } from './session.ts';

export type Settled = Pick<CommandProgress, 'state' | 'detail'>;

/** Why a station does not listen to our commands now; undefined when it does. */
export function obstacleOf(session: Session | undefined): string | undefined {
  if (!session?.connection.isOpen) return 'the station is not connected';
  if (session.registration === 'unknown') return 'the station has not booted yet';
  if (session.registration === 'rejected') return 'the operator has rejected the station, so it does not listen';
  return undefined;
}

/** What an answer proves (OCPP 1.6 §5.11, §5.16; 2.0.1 K01, F03): only `Accepted` is acceptance. */
export function settledBy(outcome: CallOutcome): Settled {
  if (outcome.kind === 'unanswered') return { state: 'unanswered' };
  if (outcome.kind === 'unsent') return { state: 'dropped', detail: outcome.why };
  if (outcome.kind === 'error') return { state: 'refused', detail: plain(`${outcome.code} ${outcome.description}`) };
  const { status, statusInfo } = outcome.payload;
  if (status === 'Accepted') return { state: 'accepted' };
  if (typeof status !== 'string') return { state: 'refused', detail: 'its answer has no status' };
  // 2.x gives reasons (StatusInfoType).
  const { reasonCode, additionalInfo } = (statusInfo ?? {}) as { reasonCode?: unknown; additionalInfo?: unknown };
  const reasons = [reasonCode, additionalInfo].filter((reason) => typeof reason === 'string').join(', ');
  return { state: 'refused', detail: plain(reasons === '' ? status : `${status}: ${reasons}`) };
}

/** The station's words without control characters, cut to a line. */
function plain(text: string): string {
  return text
    .replace(/\p{C}+/gu, ' ')
    .trim()
    .slice(0, 255);
}
