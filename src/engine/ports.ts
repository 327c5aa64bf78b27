// The sockets of the wall: what the engine needs from the world and what adapters need from each other, as plain interfaces.
// No adapter is named here and none may import another; wiring.ts plugs them together, in one thread or across several.

import type { OcppVersion } from '../core/model/charger.ts';
import type { ContactState } from '../core/model/contact.ts';
import type { CycleRecord, Decision, StationCommand } from '../core/model/decision.ts';
import type { Cap } from '../core/model/limit.ts';
import type { Memory } from '../core/model/memory.ts';
import type { MeterState, StationState } from '../core/model/snapshot.ts';
import type { Instant, MeterId, StationId, WallTime } from '../core/model/units.ts';
import type { KeptWish, PushedReading, PushOutcome } from './requests.ts';

// ---------------------------------------------------------------- time, chance, log

/** Time is asked for (law 10). */
export interface Clock {
  now(): Instant;
  wall(): WallTime;
  /** Resolves after `delayMs`, or at once when `signal` aborts; never rejects. `name` says in traces who sleeps. */
  sleep(name: string, delayMs: number, signal?: AbortSignal): Promise<void>;
  /** Calls `work` once after `delayMs`; the returned function cancels. */
  timer(name: string, delayMs: number, work: () => void): () => void;
}

export interface Random {
  /** In [0, 1). `label` names the draw, such as `upstream.back-off`. */
  next(label: string): number;
  /** A UUID version 4. */
  uuid(label: string): string;
}

export type Fields = Readonly<Record<string, unknown>>;
/** Event name and fields, no sentences; never a token or a whole idToken. */
export interface Log {
  debug(event: string, fields?: Fields): void;
  info(event: string, fields?: Fields): void;
  warn(event: string, fields?: Fields): void;
  error(event: string, fields?: Fields): void;
}

/** Everything an adapter may ask of its surroundings. */
export type Surroundings = { readonly clock: Clock; readonly random: Random; readonly log: Log };

/** What can be started and stopped: `stop` awaits its own work, has a deadline, and may be called twice. */
export interface Adapter {
  start(signal: AbortSignal): Promise<void>;
  stop(): Promise<void>;
}

// ---------------------------------------------------------------- the engine's ports

export interface MetersPort extends Adapter {
  /** What is known now; a new object each time, with every meter of the site in it. */
  states(): { readonly [meter: MeterId]: MeterState };
  /** Called after each new good reading, so that an overload can ask for a cycle at once. */
  onReading(listener: (meter: MeterId) => void): void;
  /** Takes a reading that was handed in for a meter; absent where that is no meter's way. */
  push?(reading: PushedReading): PushOutcome;
}

/** Where the main meters of stations are heard of. */
export interface MainsSource {
  states(): { readonly [station: StationId]: StationState };
  /** Called after each new sample of a station's main meter. */
  onMains(listener: (station: StationId) => void): void;
}

/** A source of limits that are not kept but stand for as long as it says so: contacts, a building management system. */
export interface SignalsPort extends Adapter {
  /** The limits that hold now; a source that was lost gives its stored default, never fewer. */
  caps(): readonly Cap[];
  /** Its contacts, where it has any: for those who look, and so that an emergency stop is latched. */
  contacts?(): readonly ContactState[];
  /** Called when a limit began, ended or changed: it asks for a cycle. */
  onChange(listener: (reason: string) => void): void;
}

export interface StationsPort extends Adapter {
  /** The newest whole image of every station of the site. */
  states(): { readonly [station: StationId]: StationState };
  /**
   * Hands commands over in the order in which they must leave; never waits. What becomes of each is told by the `floor`, `lease` and
   * `stop` progress of its EVSE in later images. Returns the ids that were not taken (port full, gateway restarting).
   */
  send(commands: readonly StationCommand[]): { readonly refused: readonly string[] };
  /** A disconnect, a boot or an over-current may ask for a cycle now; never for a command now. */
  onUrgent(listener: (reason: string) => void): void;
}

/** Durable state of the control room. */
export interface ControlStore {
  load(): Promise<{
    readonly epoch: number;
    readonly memory?: Memory;
    readonly caps: readonly Cap[];
    readonly wishes: readonly KeptWish[];
  }>;
  /** Newest wins; coalesced while a write is under way; never blocks and never throws into the cycle. */
  saveMemory(memory: Memory): void;
  /** Resolves once durable. */
  saveCaps(caps: readonly Cap[]): Promise<void>;
  /** Resolves once durable. */
  saveWishes(wishes: readonly KeptWish[]): Promise<void>;
}

/** The journal of cycles: append only, bounded; a failing disk is counted and told, never felt by the cycle. */
export interface JournalPort {
  append(record: CycleRecord): void;
}

/** A cycle as the journal keeps it: memory stands only in key frames, since a replay from one computes the others again. */
export type JournalRecord = Omit<CycleRecord, 'decision'> & {
  readonly decision: Omit<Decision, 'memory'> & { readonly memory?: Memory };
};

export type AuditEntry = {
  readonly atWall: WallTime;
  /** The person or system that changed something, never a secret of theirs. */
  readonly who: string;
  /** What was changed, such as `set-circuit-limit main`. */
  readonly what: string;
  /** Plain data; absent where there was nothing before, or is nothing after. */
  readonly before?: unknown;
  readonly after?: unknown;
  readonly why?: string;
};

/** The audit: who changed what, from what to what, and why. Append only. */
export interface AuditPort {
  /** Resolves once durable. */
  appendAudit(entry: AuditEntry): Promise<void>;
  /** Newest first, at most `limit`, only those older than `beforeSeq` when it is given. */
  readAudit(limit: number, beforeSeq?: number): Promise<readonly (AuditEntry & { readonly seq: number })[]>;
}

/** Who looks at cycles: the api room. Drops records for a slow looker, never waits for one. */
export interface AudiencePort {
  publish(record: CycleRecord): void;
}

// ---------------------------------------------------------------- the gateway's ports (stations ↔ upstream ↔ store)

/** Outcome of one OCPP CALL, whoever made it. `raw` is the payload's own text where it was received as text. */
export type CallOutcome =
  | { readonly kind: 'result'; readonly payload: Record<string, unknown>; readonly rawPayload: string }
  | { readonly kind: 'error'; readonly code: string; readonly description: string; readonly rawDetails: string }
  /** No answer within the deadline, or the link broke after the CALL may have left. */
  | { readonly kind: 'unanswered' }
  /** Never left: no link, queue full, or aborted before its turn. */
  | { readonly kind: 'unsent'; readonly why: string };

/** A CALL as it came in: `rawPayload` is byte for byte what the peer wrote. */
export type IncomingCall = {
  readonly messageId: string;
  readonly action: string;
  readonly payload: Record<string, unknown>;
  readonly rawPayload: string;
};

/** What upstream may do with the stations; implemented by the ocpp room. */
export interface StationCalls {
  /**
   * Makes a CALL to a station in its one slot. Priorities: our own limits > upstream's CALLs > our polls. `messageId` and `rawPayload`
   * are upstream's own and are kept. Smart-charging CALLs never come this way: upstream keeps them in its virtual profile store.
   */
  call(
    station: StationId,
    call: { readonly messageId: string; readonly action: string; readonly rawPayload: string },
  ): Promise<CallOutcome>;
  isConnected(station: StationId): boolean;
}

/** What the ocpp room asks of upstream; implemented by the upstream room. With no upstream configured, every answer is `unsent`. */
export interface UpstreamPort extends Adapter {
  stationConnected(station: StationId): void;
  stationDisconnected(station: StationId): void;
  linkState(station: StationId): StationState['upstreamLink'];
  /** Profiles that upstream believes to be installed; changes are told through `onProfilesChanged`. */
  profiles(station: StationId): StationState['upstreamProfiles'];
  onProfilesChanged(listener: (station: StationId) => void): void;
  onLinkChanged(listener: (station: StationId) => void): void;
  /** Relays a CALL and waits for upstream's answer for at most `deadlineMs`. */
  relay(station: StationId, call: IncomingCall, deadlineMs: number): Promise<CallOutcome>;
  /** A CALL whose answer nobody waits for; lost when the link is down (StatusNotification: the last per connector is sent later). */
  copy(station: StationId, call: IncomingCall): void;
  /**
   * A transaction message (StartTransaction, StopTransaction, MeterValues of a transaction): resolves once durable; from then on it is
   * upstream's to deliver, in order, until it is answered. `localTransactionId` ties it to the id mapping. `wait`: resolve with upstream's
   * answer when it arrives within that many milliseconds, for the verdict in idTagInfo.
   */
  deliver(
    station: StationId,
    call: IncomingCall,
    localTransactionId: number | undefined,
    waitMs: number,
  ): Promise<{ readonly durable: true; readonly answer?: CallOutcome }>;
}

export type TransactionRecord = {
  /** Ours: positive, rising, never reused; the station sees this one. */
  readonly localId: number;
  readonly station: StationId;
  readonly connector: number;
  /** Upstream's id, once it has given one. */
  readonly upstreamId?: number;
  readonly startedAtWall: WallTime;
  /** −1: the station has not told (2.x). */
  readonly meterStartWh: number;
  /** Empty: it began without a token (2.x). */
  readonly idTokenHash: string;
  /** Content of the StartTransaction, so that the same one sent again finds its first answer; in 2.x the transaction's own id. */
  readonly startKey: string;
  readonly state: 'open' | 'stopped';
};

export type OutboxRow = {
  /** Rises per store; the order of delivery per station. */
  readonly seq: number;
  readonly station: StationId;
  readonly messageId: string;
  readonly action: string;
  /** The station's own bytes; ids are rewritten when it is sent, by the mapping of that moment. */
  readonly rawPayload: string;
  readonly localTransactionId?: number;
  readonly attempts: number;
  readonly state: 'queued' | 'parked';
};

export type StationFacts = {
  readonly station: StationId;
  /** Raw payload of the last BootNotification, and when. */
  /** `version` is OCPP's, absent for 1.6. */
  readonly boot?: { readonly rawPayload: string; readonly atWall: WallTime; readonly version?: OcppVersion };
  /** Raw payload of the last StatusNotification per connector. */
  readonly status: { readonly [connector: number]: string };
  /** What is known of the station's configuration and abilities. */
  readonly capability: { readonly [key: string]: string };
};

/** Durable state of the gateway. Every promise resolves when the write is on the disk (WAL, synchronous FULL, group commit). */
export interface GatewayStore {
  loadFacts(): Promise<readonly StationFacts[]>;
  saveFacts(facts: StationFacts): Promise<void>;
  openTransactions(): Promise<readonly TransactionRecord[]>;
  findTransaction(localId: number): Promise<TransactionRecord | undefined>;
  /**
   * Opens a transaction under the next free id; the same `startKey` again gives the first record back. Together with it, in one commit,
   * the outbox row when `outbox` is given.
   */
  startTransaction(
    start: Omit<TransactionRecord, 'localId' | 'state' | 'upstreamId'>,
    outbox?: Pick<OutboxRow, 'messageId' | 'action' | 'rawPayload'>,
  ): Promise<{ readonly record: TransactionRecord; readonly isNew: boolean; readonly outboxSeq?: number }>;
  setUpstreamId(localId: number, upstreamId: number): Promise<void>;
  /** Closes the transaction when there is one, and appends the outbox row, in one commit. */
  stopTransaction(
    localId: number | undefined,
    outbox?: Omit<OutboxRow, 'seq' | 'attempts' | 'state'>,
  ): Promise<{ readonly outboxSeq?: number }>;
  append(row: Omit<OutboxRow, 'seq' | 'attempts' | 'state'>): Promise<{ readonly outboxSeq: number }>;
  /** Oldest first, `queued` only, at most `limit`. */
  outbox(station: StationId, limit: number): Promise<readonly OutboxRow[]>;
  countAttempt(seq: number): Promise<void>;
  settle(seq: number, as: 'delivered' | 'parked'): Promise<void>;
  /** Upstream's profiles as one JSON text per station. */
  loadUpstreamProfiles(): Promise<readonly { readonly station: StationId; readonly json: string }[]>;
  saveUpstreamProfiles(station: StationId, json: string): Promise<void>;
}
