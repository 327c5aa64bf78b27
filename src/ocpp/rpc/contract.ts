// What a link and its owner agree on: how CALLs are handed over, answered and counted; plain types, no behaviour.

import type { IncomingCall, Surroundings } from '../../engine/ports.ts';
import type { CallPriority } from './call-queue.ts';
import type { RpcErrorCode } from './frames.ts';

/** How an incoming CALL is answered. `onSent` runs once the answer has been written. */
export type Reply =
  | { readonly kind: 'result'; readonly rawPayload: string; readonly onSent?: () => void }
  | {
      readonly kind: 'error';
      readonly code: RpcErrorCode | (string & {});
      readonly description: string;
      readonly rawDetails?: string;
    };

export type RpcOptions = {
  readonly surroundings: Surroundings;
  /** Names the peer in logs. */
  readonly name: string;
  readonly callTimeoutMs: number;
  /** The version's own spelling of the error codes that we send; absent: as they are. */
  readonly spell?: (code: string) => string;
  /** True: a text of which not even the message id can be read is answered under the id "-1". */
  readonly answersUnreadable?: boolean;
  /** Called for one CALL at a time, in the order of arrival; a rejection is answered InternalError. */
  readonly handle: (call: IncomingCall) => Promise<Reply>;
  /** Called once, after all pending CALLs were settled. */
  readonly onClose: (code: number, reason: string) => void;
  /** CALLs, pings and stray frames taken from the peer; beyond the rate the socket is left unread, so that an honest backlog is slowed, not lost. */
  readonly messagesPerSecond?: number;
  readonly messagesBurst?: number;
};

export type OutgoingCall = {
  readonly action: string;
  readonly rawPayload: string;
  /** Kept when given (a relayed CALL); otherwise a new UUID. */
  readonly messageId?: string;
  readonly priority: CallPriority;
  readonly timeoutMs?: number;
  /** Called just before the first byte may leave. */
  readonly onSent?: () => void;
  /** Takes the CALL out of the queue again; without effect once it is sent. */
  readonly signal?: AbortSignal;
};

/** What went wrong or was dropped on this link, for metrics. */
export type RpcCounts = {
  readonly strayAnswers: number;
  readonly malformedFrames: number;
  readonly duplicateCalls: number;
  readonly throttles: number;
};
