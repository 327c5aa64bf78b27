// The way of our stops to one station: a request to end a transaction that still runs, and what became of it in the station's
// image. The answer is ours alone and never goes upstream; the end that the station then tells of does.

import type { StopCommand } from '../core/model/decision.ts';
import type { CommandId, EvseId, Instant } from '../core/model/units.ts';
import type { Surroundings } from '../engine/ports.ts';
import { obstacleOf, type Settled, settledBy } from './outcome.ts';
import type { Session } from './session.ts';
import type { StationImage } from './station.ts';

export type StopLaneOptions = {
  readonly surroundings: Surroundings;
  readonly image: StationImage;
  readonly session: () => Session | undefined;
};

export class StopLane {
  readonly #options: StopLaneOptions;
  /** EVSEs whose stop has no answer yet: the bound is one for each. */
  readonly #unsettled = new Set<EvseId>();

  constructor(options: StopLaneOptions) {
    this.#options = options;
  }

  /** Takes a stop over; false when it is not taken: an unknown EVSE, or one whose last stop is not settled yet. */
  take(stop: StopCommand): boolean {
    const { image, session } = this.#options;
    const evse = image.state.evses.find((one) => one.evse === stop.evse);
    if (evse === undefined || this.#unsettled.has(stop.evse)) return false;
    const isRunning = evse.transaction?.id === stop.transactionId;
    const obstacle = isRunning ? obstacleOf(session()) : 'this transaction does not run any more';
    if (obstacle === undefined) void this.#run(stop);
    else this.#settle(stop, { state: 'dropped', detail: obstacle });
    return true;
  }

  async #run(stop: StopCommand): Promise<void> {
    const { image, session, surroundings } = this.#options;
    let sentAt: Instant | undefined;
    this.#unsettled.add(stop.evse);
    this.#show(stop, { state: 'queued' });
    const { connection, version } = session()!;
    const { action, payload } = version.stopCall(stop.transactionId);
    const outcome = await connection.call({
      action,
      rawPayload: JSON.stringify(payload),
      priority: 'limit',
      timeoutMs: image.station.profile.callTimeoutMs,
      onSent: () => {
        sentAt = surroundings.clock.now();
        this.#show(stop, { state: 'sent' }, sentAt);
      },
    });
    this.#unsettled.delete(stop.evse);
    this.#settle(stop, settledBy(outcome), sentAt);
  }

  #settle(stop: StopCommand, settled: Settled, sentAt?: Instant): void {
    const { log } = this.#options.surroundings;
    const { id, station, evse, transactionId } = stop;
    this.#show(stop, settled, sentAt);
    const fields = { command: id, station, evse, transaction: transactionId, ...settled };
    if (settled.state === 'accepted') log.info('ocpp.stop-accepted', fields);
    else log.warn('ocpp.stop-failed', fields);
  }

  #show(stop: StopCommand, settled: Settled, sentAt?: Instant): void {
    this.#options.image.progress(stop.evse, 'stop', {
      commandId: stop.id as CommandId,
      at: this.#options.surroundings.clock.now(),
      ...settled,
      ...(sentAt === undefined ? {} : { sentAt }),
    });
  }
}
