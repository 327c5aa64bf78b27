// One station's way to upstream and back: its link, its outbox, its ids and what upstream has set for it.

import type { StationId } from '../core/model/units.ts';
import type {
  CallOutcome,
  GatewayStore,
  IncomingCall,
  OutboxRow,
  StationCalls,
  StationFacts,
  Surroundings,
  TransactionRecord,
} from '../engine/ports.ts';
import type { Dial } from '../engine/socket.ts';
import type { CompositeSource } from './composite-answer.ts';
import { DownCalls } from './down-calls.ts';
import { IdMapping, NO_TRANSACTION_ID, withTransactionId } from './id-mapping.ts';
import { LastStatuses } from './last-statuses.ts';
import { CALL_TIMEOUT_MS, UpstreamLink } from './link.ts';
import { NamedTimers } from './named-timers.ts';
import { Outbox } from './outbox.ts';
import { StartProfile } from './start-profile.ts';
import { StationMemory } from './station-memory.ts';
import { install, withoutTransactionProfiles } from './virtual-profiles.ts';

/** Between two tries of a BootNotification that upstream did not accept. */
const BOOT_RETRY_MS = 60_000;
const HEARTBEAT_DEFAULT_SECONDS = 300;
const HEARTBEAT_LEAST_SECONDS = 10;

export type LegOptions = {
  readonly surroundings: Surroundings;
  readonly station: StationId;
  readonly connectors: readonly number[];
  readonly url: string;
  readonly password?: string;
  readonly dial: Dial;
  readonly store: GatewayStore;
  readonly stations: () => StationCalls;
  readonly composite: CompositeSource;
  readonly onLinkChanged: () => void;
  readonly onProfilesChanged: () => void;
};

export class Leg {
  readonly link: UpstreamLink;
  readonly memory: StationMemory;
  readonly #options: LegOptions;
  readonly #mapping = new IdMapping();
  readonly #outbox: Outbox;
  readonly #down: DownCalls;
  /** The last BootNotification, and whether upstream has accepted it on the link at hand or one before. */
  #boot: { readonly rawPayload: string; readonly isKnown: boolean } | undefined;
  #isRelayingBoot = false;
  /** Upstream takes messages: the link is open and no BootNotification is due. */
  #isReady = false;
  readonly #statuses = new LastStatuses((call) => this.#call(call, CALL_TIMEOUT_MS));
  readonly #startProfile = new StartProfile();
  #heartbeatSeconds = HEARTBEAT_DEFAULT_SECONDS;
  readonly #timers: NamedTimers;

  constructor(options: LegOptions) {
    this.#options = options;
    const { surroundings, station, store } = options;
    this.#timers = new NamedTimers(surroundings.clock);
    this.memory = new StationMemory(station, store, surroundings.log);
    this.link = new UpstreamLink({
      surroundings,
      station,
      url: options.url,
      ...(options.password === undefined ? {} : { password: options.password }),
      dial: options.dial,
      handle: (call) => this.#down.handle(call),
      onOpen: () => this.#opened(),
      onLost: () => this.#lost(),
      onState: options.onLinkChanged,
    });
    this.#outbox = new Outbox({
      surroundings,
      store,
      station,
      isReady: () => this.#isReady && this.link.connection !== undefined,
      prepare: (row) => this.#prepare(row),
      send: (call) => this.#call(call, CALL_TIMEOUT_MS),
      onResult: (row, outcome) => this.#answered(row, outcome),
      onSettled: (row, outcome, inTime) => this.#settled(row, outcome, inTime),
      onBootWanted: () => this.#wantBoot(),
    });
    this.#down = new DownCalls({
      surroundings,
      station,
      connectors: options.connectors,
      stations: options.stations,
      mapping: this.#mapping,
      memory: this.memory,
      composite: options.composite,
      onProfilesChanged: options.onProfilesChanged,
      onStartProfile: (profile, order) => this.#startProfile.expect(profile, order),
    });
  }

  /** What the last run knew. After our own restart upstream gets the station's boot again: its session there has ended with ours. */
  async restore(facts: StationFacts | undefined, open: readonly TransactionRecord[]): Promise<void> {
    if (facts?.boot) this.#boot = { rawPayload: facts.boot.rawPayload, isKnown: false };
    for (const [connector, rawPayload] of Object.entries(facts?.status ?? {})) {
      this.#statuses.keep(Number(connector), this.#own('StatusNotification', rawPayload));
    }
    for (const { localId, connector, upstreamId } of open) {
      this.#mapping.opened({ localId, connector, ...(upstreamId === undefined ? {} : { upstreamId }) });
    }
    await this.#outbox.load();
  }

  async stop(): Promise<void> {
    this.#timers.clear();
    await Promise.allSettled([this.#outbox.stop(), this.link.close()]);
  }

  /** A CALL of the station whose answer it gets from upstream. */
  async relay(call: IncomingCall, deadlineMs: number): Promise<CallOutcome> {
    const startedAt = this.#options.surroundings.clock.now();
    const isBoot = call.action === 'BootNotification';
    if (isBoot) {
      this.#boot = { rawPayload: call.rawPayload, isKnown: false };
      this.#isRelayingBoot = true;
      this.#isReady = false;
    }
    const connection = await this.link.whenOpen(deadlineMs);
    const leftMs = startedAt + deadlineMs - this.#options.surroundings.clock.now();
    const answer: Promise<CallOutcome> =
      connection && leftMs > 0
        ? this.#call(call, CALL_TIMEOUT_MS)
        : Promise.resolve({ kind: 'unsent', why: 'the link to upstream is down' });
    // Upstream's word on a boot counts also when it comes too late for the station.
    const heard = isBoot ? answer.then((outcome) => this.#relayedBoot(call.rawPayload, outcome)) : answer;
    return this.#within(heard, leftMs);
  }

  #relayedBoot(rawPayload: string, outcome: CallOutcome): CallOutcome {
    this.#isRelayingBoot = false;
    this.#bootAnswered(rawPayload, outcome);
    return outcome;
  }

  /** The answer, or `unanswered` at the deadline; the CALL keeps its slot, because upstream may refuse a second one beside it. */
  #within(answer: Promise<CallOutcome>, deadlineMs: number): Promise<CallOutcome> {
    return new Promise((resolve) => {
      const cancel = this.#options.surroundings.clock.timer('upstream.relay', deadlineMs, () =>
        resolve({ kind: 'unanswered' }),
      );
      void answer.then((outcome) => {
        cancel();
        resolve(outcome);
      });
    });
  }

  /** A CALL whose answer nobody waits for. */
  copy(call: IncomingCall): void {
    if (call.action === 'StatusNotification') {
      const connector = Number(call.payload.connectorId);
      this.#statuses.keep(connector, call);
      if (this.#isReady) this.#statuses.say(connector, call);
      return;
    }
    if (this.#isReady) void this.#call(call, CALL_TIMEOUT_MS);
  }

  /** A message that must arrive: durable, then in order; with upstream's answer when it comes within `waitMs`. */
  async deliver(call: IncomingCall, localId: number | undefined, waitMs: number): Promise<CallOutcome | undefined> {
    if (call.action === 'StartTransaction' && localId !== undefined && !this.#mapping.isOpen(localId)) {
      const connector = Number(call.payload.connectorId);
      this.#mapping.opened({ localId, connector });
      this.#takeStartProfile(connector, String(call.payload.idTag), localId);
    }
    const seq = await this.#outbox.add(call, localId);
    if (call.action === 'StopTransaction' && localId !== undefined) {
      this.#mapping.closed(localId);
      this.#setProfiles(withoutTransactionProfiles(this.memory.profiles, localId));
    }
    return seq === undefined ? undefined : this.#outbox.answerTo(seq, waitMs);
  }

  // ------------------------------------------------------------ link

  #opened(): void {
    if (this.#isRelayingBoot) return;
    if (this.#boot && !this.#boot.isKnown) void this.#sayBoot();
    else this.#ready();
  }

  #lost(): void {
    this.#isReady = false;
    this.#timers.clear();
    this.#outbox.linkLost();
  }

  #wantBoot(): void {
    if (!this.#boot || this.#isRelayingBoot) return;
    this.#boot = { ...this.#boot, isKnown: false };
    this.#isReady = false;
    void this.#sayBoot();
  }

  async #sayBoot(): Promise<void> {
    const boot = this.#boot;
    if (!boot || boot.isKnown || !this.link.connection) return;
    const outcome = await this.#call(this.#own('BootNotification', boot.rawPayload), CALL_TIMEOUT_MS, 'limit');
    this.#bootAnswered(boot.rawPayload, outcome);
  }

  #bootAnswered(rawPayload: string, outcome: CallOutcome): void {
    if (this.#boot?.rawPayload !== rawPayload || !this.link.connection) return;
    if (outcome.kind === 'result' && outcome.payload.status === 'Accepted') {
      this.#boot = { rawPayload, isKnown: true };
      const { interval } = outcome.payload;
      if (typeof interval === 'number' && interval > 0) this.#heartbeatSeconds = interval;
      this.#ready();
      return;
    }
    this.#timers.set('upstream.boot', BOOT_RETRY_MS, () => void this.#sayBoot());
  }

  #ready(): void {
    this.#isReady = true;
    this.#timers.cancel('upstream.boot');
    this.#statuses.sayAll();
    this.#outbox.wake(true);
    this.#beat();
  }

  /** Upstream gets heartbeats at its own interval, whatever the station's is. */
  #beat(): void {
    const wanted = Number(this.memory.keys.HeartbeatInterval ?? this.#heartbeatSeconds) || HEARTBEAT_DEFAULT_SECONDS;
    this.#timers.set('upstream.heartbeat', Math.max(HEARTBEAT_LEAST_SECONDS, wanted) * 1000, () => {
      if (!this.#isReady) return;
      void this.#call(this.#own('Heartbeat', '{}'), CALL_TIMEOUT_MS, 'poll');
      this.#beat();
    });
  }

  #own(action: string, rawPayload: string): IncomingCall {
    return {
      messageId: this.#options.surroundings.random.uuid('upstream.message'),
      action,
      payload: JSON.parse(rawPayload),
      rawPayload,
    };
  }

  #call(
    call: Pick<IncomingCall, 'messageId' | 'action' | 'rawPayload'>,
    timeoutMs: number,
    priority: 'limit' | 'upstream' | 'poll' = 'upstream',
  ): Promise<CallOutcome> {
    const { messageId, action, rawPayload } = call;
    return (
      this.link.connection?.call({ messageId, action, rawPayload, priority, timeoutMs }) ??
      Promise.resolve({ kind: 'unsent', why: 'the link to upstream is down' })
    );
  }

  // ------------------------------------------------------------ delivery

  async #prepare(row: OutboxRow): Promise<string | 'skip'> {
    if (row.localTransactionId === undefined) return row.rawPayload;
    const record = await this.#options.store.findTransaction(row.localTransactionId);
    if (row.action === 'StartTransaction') return record?.upstreamId === undefined ? row.rawPayload : 'skip';
    // Upstream never gave an id: −1, which a central system answers as if it were valid (OCPP 1.6 errata 3.18).
    return withTransactionId(row.rawPayload, record?.upstreamId ?? NO_TRANSACTION_ID);
  }

  async #answered(row: OutboxRow, outcome: CallOutcome & { readonly kind: 'result' }): Promise<void> {
    const { localTransactionId } = row;
    const { transactionId } = outcome.payload;
    if (row.action !== 'StartTransaction' || localTransactionId === undefined || !Number.isSafeInteger(transactionId))
      return;
    // Before it is on the disk: upstream may name the id in the very next frame.
    this.#mapping.learnt(localTransactionId, transactionId as number);
    await this.#options.store.setUpstreamId(localTransactionId, transactionId as number);
  }

  /** A verdict that came too late for the station's answer still holds: the transaction is ended (OCPP 1.6 §4.8). */
  #settled(row: OutboxRow, outcome: CallOutcome, inTime: boolean): void {
    const { localTransactionId: localId } = row;
    if (row.action !== 'StartTransaction' || inTime || localId === undefined || !this.#mapping.isOpen(localId)) return;
    const verdict =
      outcome.kind === 'result' ? (outcome.payload.idTagInfo as { status?: unknown } | undefined)?.status : undefined;
    if (typeof verdict !== 'string' || verdict === 'Accepted') return;
    const { station, stations, surroundings } = this.#options;
    surroundings.log.warn('upstream.late-refusal', { station, transaction: localId, verdict });
    const stop = this.#own('RemoteStopTransaction', JSON.stringify({ transactionId: localId }));
    void stations()
      .call(station, stop)
      .then((answer) => {
        if (answer.kind !== 'result')
          surroundings.log.error('upstream.late-refusal-failed', {
            station,
            transaction: localId,
            answer: answer.kind,
          });
      });
  }

  // ------------------------------------------------------------ profiles

  #takeStartProfile(connector: number, idTag: string, localId: number): void {
    const profile = this.#startProfile.take(connector, idTag, localId);
    if (!profile) return;
    const answer = install(this.memory.profiles, connector, profile);
    if (answer.kind === 'status' && answer.changed) this.#setProfiles(answer.changed);
  }

  #setProfiles(profiles: StationMemory['profiles']): void {
    if (profiles === this.memory.profiles) return;
    const { onProfilesChanged, surroundings, station } = this.#options;
    this.memory.setProfiles(profiles).catch((error: unknown) => {
      // In force all the same; after a restart upstream's own next word sets it right.
      surroundings.log.error('upstream.profiles-not-saved', { station, error: String(error) });
    });
    onProfilesChanged();
  }
}
