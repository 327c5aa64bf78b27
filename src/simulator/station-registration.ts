// How a simulated station makes itself known: BootNotification until it is accepted, then heartbeats; both tell it the time.

import type { Clock } from '../engine/ports.ts';
import type { RpcClient } from './rpc-client.ts';
import type { StationClock } from './station-clock.ts';
import type { Payload, StationWire } from './station-wire.ts';
import type { Model } from './zoo.ts';

/** Until it boots again where the central system was silent, or named no interval. */
const RETRY_MS = 2_000;
const RETRY_LONGEST_MS = 60_000;

export type RegistrationOptions = {
  readonly clock: Clock;
  readonly model: Model;
  readonly wire: StationWire;
  readonly line: () => RpcClient | undefined;
  readonly heartbeatSeconds: () => number;
  /** HeartbeatInterval as told in BootNotification.conf. */
  readonly onInterval: (seconds: number) => void;
  readonly ownClock: StationClock;
  /** Accepted, and the line is open. */
  readonly onAccepted: () => void;
};

export class Registration {
  readonly #options: RegistrationOptions;
  #hasBooted = false;
  #bootingOn: RpcClient | undefined;
  #cancelRetry: (() => void) | undefined;
  #cancelHeartbeat: (() => void) | undefined;

  constructor(options: RegistrationOptions) {
    this.#options = options;
  }

  get hasBooted(): boolean {
    return this.#hasBooted;
  }

  /** The line has opened. A mere reconnect needs no boot (OCPP 1.6 §4.2); a model that must be asked waits for the question. */
  opened(): void {
    if (this.#hasBooted) this.#accepted();
    else if (this.#options.model.bootsByItself) this.boot();
  }

  lost(): void {
    this.#bootingOn = undefined;
    this.#cancelRetry?.();
    this.#cancelHeartbeat?.();
  }

  /** The station restarts: it is not known any more. */
  restarted(): void {
    this.#hasBooted = false;
  }

  /** Sends BootNotification, and again until it is accepted or the line is gone. */
  boot(): void {
    const rpc = this.#options.line();
    if (!rpc || this.#bootingOn === rpc) return;
    this.#bootingOn = rpc;
    rpc.call('BootNotification', this.#options.wire.boot, (answer) => {
      if (this.#bootingOn !== rpc) return;
      this.#bootingOn = undefined;
      const payload: Payload = answer.ok ? answer.payload : {};
      const seconds = typeof payload.interval === 'number' && payload.interval > 0 ? payload.interval : undefined;
      if (payload.status !== 'Accepted') {
        const waitMs = seconds === undefined ? RETRY_MS : Math.min(RETRY_LONGEST_MS, seconds * 1_000);
        this.#cancelRetry = this.#options.clock.timer('simulator.boot', waitMs, () => this.boot());
        return;
      }
      this.#options.ownClock.tell(payload.currentTime);
      if (seconds !== undefined) this.#options.onInterval(seconds);
      this.#hasBooted = true;
      this.#accepted();
    });
  }

  heartbeat(): void {
    this.#options.line()?.call('Heartbeat', {}, (answer) => {
      if (answer.ok) this.#options.ownClock.tell(answer.payload.currentTime);
    });
  }

  #accepted(): void {
    this.#beat();
    this.#options.onAccepted();
  }

  #beat(): void {
    this.#cancelHeartbeat?.();
    const { clock, heartbeatSeconds } = this.#options;
    this.#cancelHeartbeat = clock.timer('simulator.heartbeat', heartbeatSeconds() * 1_000, () => {
      this.heartbeat();
      this.#beat();
    });
  }
}
