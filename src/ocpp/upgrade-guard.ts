// Bounds what strangers can hold at the door: sockets per address, time until they are known, guesses per minute.

import type { Socket } from 'node:net';
import type { Surroundings } from '../engine/ports.ts';

/** Sockets of one address that are not authenticated yet; stations that are do not count, a router may hide thousands. */
export const MAX_STRANGERS_PER_ADDRESS = 32;
/** Wrong passwords of one address before its refusals are slowed down. */
export const MAX_FAILURES_PER_MINUTE = 5;
const FAILURE_WINDOW_MS = 60_000;
const FAILURE_DELAY_MS = 1_000;
/** Addresses whose failures are remembered; the oldest is forgotten first. */
const MAX_REMEMBERED_ADDRESSES = 1_024;

export class UpgradeGuard {
  readonly #surroundings: Surroundings;
  readonly #strangers = new Map<string, number>();
  readonly #releases = new WeakMap<Socket, () => void>();
  readonly #failures = new Map<string, readonly number[]>();

  constructor(surroundings: Surroundings) {
    this.#surroundings = surroundings;
  }

  /** Counts a new socket as a stranger until it is released or closed, and cuts it at the deadline or beyond the bound. */
  watch(socket: Socket, deadlineMs: number): void {
    const address = socket.remoteAddress ?? 'unknown';
    const count = (this.#strangers.get(address) ?? 0) + 1;
    if (count > MAX_STRANGERS_PER_ADDRESS) {
      this.#surroundings.log.warn('ocpp.too-many-strangers', { address });
      socket.resetAndDestroy();
      return;
    }
    this.#strangers.set(address, count);
    const cancel = this.#surroundings.clock.timer('ocpp.upgrade', deadlineMs, () => socket.destroy());
    const release = () => {
      cancel();
      this.#releases.delete(socket);
      socket.off('close', release);
      const left = (this.#strangers.get(address) ?? 1) - 1;
      if (left > 0) this.#strangers.set(address, left);
      else this.#strangers.delete(address);
    };
    this.#releases.set(socket, release);
    socket.once('close', release);
  }

  /** The socket's owner is known now. */
  release(socket: Socket): void {
    this.#releases.get(socket)?.();
  }

  failed(address: string, identity: string): void {
    const now = this.#surroundings.clock.now();
    const recent = [...this.#recentFailures(address), now].slice(-MAX_FAILURES_PER_MINUTE - 1);
    this.#failures.delete(address);
    this.#failures.set(address, recent);
    const [oldest] = this.#failures.keys();
    if (this.#failures.size > MAX_REMEMBERED_ADDRESSES && oldest !== undefined) this.#failures.delete(oldest);
    if (recent.length > MAX_FAILURES_PER_MINUTE) this.#surroundings.log.error('ocpp.guessing', { address, identity });
  }

  /** Slows refusals down for an address that guesses; the right key is never slowed down, so no station is locked out. */
  async delayAfterFailure(address: string): Promise<void> {
    if (this.#recentFailures(address).length > MAX_FAILURES_PER_MINUTE)
      await this.#surroundings.clock.sleep('ocpp.refusal', FAILURE_DELAY_MS);
  }

  #recentFailures(address: string): readonly number[] {
    const since = this.#surroundings.clock.now() - FAILURE_WINDOW_MS;
    return (this.#failures.get(address) ?? []).filter((at) => at >= since);
  }
}
