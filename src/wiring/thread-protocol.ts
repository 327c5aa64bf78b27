// What the threads of one Busbar say to each other: plain data by kind; the two ends of every line are typed from here.

import type { MessagePort } from 'node:worker_threads';
import type { CycleRecord, StationCommand } from '../core/model/decision.ts';
import type { Cap } from '../core/model/limit.ts';
import type { Memory } from '../core/model/memory.ts';
import type { StationState } from '../core/model/snapshot.ts';
import type { Instant } from '../core/model/units.ts';
import type { AuditEntry, ControlStore, GatewayStore } from '../engine/ports.ts';
import type { ControlAnswer, ControlRequest, KeptWish, PushedReading, PushOutcome } from '../engine/requests.ts';
import type { RegisterImage } from '../modbus/server/device.ts';
import type { CapLedger, CapWrite } from '../modbus/server/external-cap.ts';

/** Posted to a worker's own port to give it one end of a line; the port travels in the transfer list. */
export type JoinMessage = { readonly join: string; readonly port: MessagePort };
export type Nothing = { readonly posts: Record<never, never>; readonly requests: Record<never, never> };

type Asked<Port, Names extends keyof Port> = {
  readonly [N in Names]: Port[N] extends (...args: infer A) => Promise<infer R>
    ? { readonly ask: A; readonly answer: R }
    : never;
};

/** control → store */
export type ControlToStore = {
  readonly posts: { readonly memory: Memory; readonly journal: CycleRecord };
  readonly requests: {
    readonly load: { readonly ask: null; readonly answer: Awaited<ReturnType<ControlStore['load']>> };
    readonly saveCaps: { readonly ask: readonly Cap[]; readonly answer: null };
    readonly saveWishes: { readonly ask: readonly KeptWish[]; readonly answer: null };
    readonly audit: { readonly ask: AuditEntry; readonly answer: null };
  };
};

export const GATEWAY_STORE_METHODS = [
  'loadFacts',
  'saveFacts',
  'openTransactions',
  'findTransaction',
  'startTransaction',
  'setUpstreamId',
  'stopTransaction',
  'append',
  'outbox',
  'countAttempt',
  'settle',
  'loadUpstreamProfiles',
  'saveUpstreamProfiles',
] as const satisfies readonly (keyof GatewayStore)[];

/** gateway → store: the methods of GatewayStore, arguments as a list. */
export type GatewayToStore = {
  readonly posts: Record<never, never>;
  readonly requests: Asked<GatewayStore, keyof GatewayStore>;
};

/** gateway → control */
export type GatewayToControl = {
  readonly posts: {
    readonly image: StationState;
    readonly urgent: string;
    readonly ready: { readonly port: number };
    readonly failed: ThreadFault;
  };
  readonly requests: Record<never, never>;
};
/** control → gateway */
export type ControlToGateway = {
  readonly posts: { readonly commands: readonly StationCommand[] };
  readonly requests: Record<never, never>;
};

/** control → api */
export type ControlToApi = {
  readonly posts: { readonly cycle: CycleRecord; readonly rooms: readonly RoomHealth[] };
  readonly requests: Record<never, never>;
};
/** api → control */
export type ApiToControl = {
  readonly posts: { readonly ready: { readonly address: string }; readonly failed: ThreadFault };
  readonly requests: {
    readonly control: { readonly ask: ControlRequest; readonly answer: ControlAnswer };
    readonly push: { readonly ask: PushedReading; readonly answer: PushOutcome };
  };
};

/** control → Modbus server */
export type ControlToModbusServer = {
  readonly posts: { readonly image: RegisterImage };
  readonly requests: Record<never, never>;
};
/** Modbus server → control: what a master wrote, and when it came in. */
export type ModbusServerToControl = {
  readonly posts: { readonly ready: { readonly port: number }; readonly failed: ThreadFault };
  readonly requests: {
    readonly write: { readonly ask: { readonly write: CapWrite; readonly at: Instant }; readonly answer: CapLedger };
  };
};

/** simulator → demo */
export type SimulatorToDemo = {
  readonly posts: { readonly ready: null; readonly failed: ThreadFault };
  readonly requests: Record<never, never>;
};

/** Whether one room's thread is up, for /readyz. */
export type RoomHealth = { readonly name: string; readonly isReady: boolean; readonly detail?: string };

/** Why a thread could not begin its work. */
export type ThreadFault = { readonly code: string; readonly text: string };
