// The api room: serves the console, the API, the live stream and the probes; it only looks at cycles and must never hold one up.

import type { CycleRecord } from '../core/model/decision.ts';
import type { StateView } from '../core/model/state-view.ts';
import type { Instant } from '../core/model/units.ts';
import { AppError } from '../engine/app-error.ts';
import type { Adapter, AudiencePort, Surroundings } from '../engine/ports.ts';
import type { ControlRequest, PushedReading, PushOutcome } from '../engine/requests.ts';
import { buildApp } from './app.ts';
import type { App } from './app-type.ts';
import { History } from './history.ts';
import type { ApiOptions, ApiRoom, AskOutcome, SilentOutcome } from './room.ts';
import { Stream, type StreamEvent, toStreamEvent } from './stream.ts';
import { viewState } from './view.ts';

/** Wishes that may wait for the control room at once; one more is refused. */
export const MAX_PENDING_REQUESTS = 8;
/** The control room answers within a cycle or two; after this its silence is told. */
export const CONTROL_DEADLINE_MS = 5_000;
const STOP_DEADLINE_MS = 3_000;

type Latest = { readonly record: CycleRecord; readonly at: Instant; view?: StateView; event?: StreamEvent };

export class ApiServer implements Adapter, AudiencePort {
  readonly #surroundings: Surroundings;
  readonly #options: ApiOptions;
  readonly #history: History;
  readonly #stream: Stream;
  #app: App | undefined;
  #latest: Latest | undefined;
  #startedAt: Instant;
  #pending = 0;

  constructor(surroundings: Surroundings, options: ApiOptions) {
    const root = options.site.circuits[0];
    if (!root) throw new TypeError('site.circuits: expected at least the root circuit');
    this.#surroundings = surroundings;
    this.#options = options;
    this.#history = new History(root.id);
    this.#stream = new Stream(surroundings.clock, surroundings.log);
    this.#startedAt = surroundings.clock.now();
  }

  /** Where it listens, such as `http://127.0.0.1:8220`; absent while it does not. */
  get address(): string | undefined {
    const bound = this.#app?.server.address();
    if (!bound || typeof bound === 'string') return undefined;
    return `http://${bound.family === 'IPv6' ? `[${bound.address}]` : bound.address}:${bound.port}`;
  }

  /** Throws AppError `API_LISTEN_FAILED` when the address cannot be had. Aborting `signal` stops it. */
  async start(signal: AbortSignal): Promise<void> {
    this.#startedAt = this.#surroundings.clock.now();
    const { host, port } = this.#options.listen;
    const app = await buildApp(this.#room());
    try {
      await app.listen({ host, port });
    } catch (cause) {
      await app.close();
      throw new AppError(
        'API_LISTEN_FAILED',
        `listen.http: cannot listen on ${host}:${port} (${cause instanceof Error ? cause.message : cause}). Stop the program that holds the port, or choose another in the site file.`,
        { host, port },
        { cause },
      );
    }
    this.#app = app;
    this.#surroundings.log.info('api.listening', { address: this.address });
    if (signal.aborted) await this.stop();
    else signal.addEventListener('abort', () => void this.stop(), { once: true });
  }

  /** Ends every connection; returns after `STOP_DEADLINE_MS` at the latest. */
  async stop(): Promise<void> {
    const app = this.#app;
    this.#app = undefined;
    this.#stream.close();
    if (!app) return;
    const done = new AbortController();
    const closed = app.close().then(
      () => done.abort(),
      (error: unknown) => {
        // The process goes on or ends without this server either way.
        this.#surroundings.log.warn('api.close-failed', { code: 'API_CLOSE_FAILED', error: String(error) });
        done.abort();
      },
    );
    await Promise.race([closed, this.#surroundings.clock.sleep('api.stop', STOP_DEADLINE_MS, done.signal)]);
  }

  publish(record: CycleRecord): void {
    this.#latest = { record, at: this.#surroundings.clock.now() };
    this.#history.add(record);
    if (this.#stream.size > 0) this.#stream.publish(this.#event(this.#latest));
  }

  #room(): ApiRoom {
    return {
      ...this.#surroundings,
      options: this.#options,
      history: this.#history,
      stream: this.#stream,
      latest: () => {
        const latest = this.#latest;
        return latest && { record: latest.record, view: this.#view(latest), event: this.#event(latest) };
      },
      silenceMs: () => this.#surroundings.clock.now() - (this.#latest?.at ?? this.#startedAt),
      ask: (request) => this.#ask(request),
      push: (reading) => this.#push(reading),
    };
  }

  #view(latest: Latest): StateView {
    latest.view ??= viewState(latest.record, this.#options.site);
    return latest.view;
  }

  #event(latest: Latest): StreamEvent {
    latest.event ??= toStreamEvent(this.#view(latest), latest.at);
    return latest.event;
  }

  /** Not logged when it is taken: a meter is pushed every second. Its number is bounded by the gate of each meter. */
  async #push(reading: PushedReading): Promise<PushOutcome | SilentOutcome> {
    const { onPush } = this.#options;
    if (onPush) return this.#answered(onPush(reading));
    const text = 'no meter of this site is pushed';
    return { ok: false, code: 'METER_NOT_PUSHED', text, expected: 'a meter with "push" in the site file' };
  }

  /** The answer, or that the control room was silent for too long. */
  async #answered<A>(answer: Promise<A>): Promise<A | SilentOutcome> {
    const done = new AbortController();
    const silence = this.#surroundings.clock
      .sleep('api.control-answer', CONTROL_DEADLINE_MS, done.signal)
      .then((): SilentOutcome => ({ ok: false, code: 'API_CONTROL_SILENT' }));
    return Promise.race([answer, silence]).finally(() => done.abort());
  }

  async #ask(request: ControlRequest): Promise<AskOutcome> {
    const { log } = this.#surroundings;
    if (this.#pending >= MAX_PENDING_REQUESTS) return { ok: false, code: 'API_CONTROL_BUSY' };
    this.#pending++;
    const answer = this.#options.onRequest(request);
    const release = () => {
      this.#pending--;
    };
    answer.then(release, release);
    const outcome = await this.#answered(answer);
    log.info('api.control-request', {
      kind: request.kind,
      ...('circuit' in request ? { about: request.circuit } : 'evse' in request ? { about: request.evse } : {}),
      who: request.who,
      ok: outcome.ok,
      ...(outcome.ok ? {} : { code: outcome.code }),
    });
    return outcome;
  }
}
