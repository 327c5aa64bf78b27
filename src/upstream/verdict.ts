// What upstream's answer to a stored message means for it; pure, so that every error code has its row in a test.

import type { CallOutcome, IncomingCall, OutboxRow } from '../engine/ports.ts';

/** How often a message that upstream refuses as such is sent in all before it is parked. */
export const MAX_ATTEMPTS = 5;
export const RETRY_STEP_MS = 5_000;
export const RETRY_MOST_MS = 300_000;

export type Verdict =
  | 'settled'
  /** Nothing is wrong with the message: again, for ever. */
  | 'again'
  /** Upstream wants a BootNotification first (OCPP-J 1.6 errata 3.10). */
  | 'boot-first'
  /** Upstream will not have this message. */
  | 'poison';

const AGAIN = new Set(['GenericError', 'InternalError', 'RpcFrameworkError']);

/** Reads upstream's answer. A code that nobody knows counts as poison: one strange answer must not block billing for ever. */
export function verdictOf(outcome: CallOutcome): Verdict {
  if (outcome.kind === 'result') return 'settled';
  if (outcome.kind !== 'error' || AGAIN.has(outcome.code)) return 'again';
  return outcome.code === 'SecurityError' ? 'boot-first' : 'poison';
}

/** Linear back-off, after the `tries`-th try without success (counted from 1). */
export function retryDelayMs(tries: number): number {
  return Math.min(tries * RETRY_STEP_MS, RETRY_MOST_MS);
}

const THINNABLE_CONTEXTS = new Set(['Sample.Periodic', 'Sample.Clock']);

/**
 * True for MeterValues that hold nothing but intermediate samples: the first to go when the outbox is nearly full (the rule of
 * OCPP 2.0.1's QueueAllMessages; 1.6 errata 3.91). Begin and end of a transaction, and whatever cannot be read, are kept.
 */
export function isThinnable(call: Pick<IncomingCall, 'action' | 'payload'>): boolean {
  if (call.action !== 'MeterValues') return false;
  const values = listOf(call.payload.meterValue).flatMap((one) => listOf(fieldOf(one, 'sampledValue')));
  // OCPP 1.6 §7.43: an absent context is Sample.Periodic.
  return (
    values.length > 0 &&
    values.every((value) => THINNABLE_CONTEXTS.has(String(fieldOf(value, 'context') ?? 'Sample.Periodic')))
  );
}

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const fieldOf = (value: unknown, key: string): unknown =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined;

/** True when `row` already holds what `call` says: the station sends again what it was not answered. */
export function isSameMessage(
  row: Pick<OutboxRow, 'action' | 'messageId' | 'rawPayload' | 'localTransactionId'>,
  call: Pick<IncomingCall, 'action' | 'messageId' | 'rawPayload'>,
  localTransactionId: number | undefined,
): boolean {
  if (row.action !== call.action) return false;
  // One transaction begins once and ends once, whatever ids its messages bear.
  if (localTransactionId !== undefined && row.localTransactionId === localTransactionId) return true;
  return row.messageId === call.messageId && row.rawPayload === call.rawPayload;
}
