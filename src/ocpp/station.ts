// The newest whole image of one station: an immutable object, replaced on every change; it must never be changed in place.

import type { Evse, Station } from '../core/model/site.ts';
import type {
  ChargingState,
  CommandProgress,
  ConnectorStatus,
  EvseState,
  StationState,
} from '../core/model/snapshot.ts';
import { type EvseId, type Instant, stationTime } from '../core/model/units.ts';
import type { Clock, TransactionRecord } from '../engine/ports.ts';
import { ClockSkew } from './clock-skew.ts';
import type { Mains } from './mains.ts';
import type { EvseSample } from './meter-values.ts';
import { transactionIdOf } from './transactions.ts';

export type EvseStatus = { readonly connectorStatus: ConnectorStatus; readonly chargingState?: ChargingState };

/** Older samples come from an offline queue: history, not what is drawn now. */
export const MAX_SAMPLE_AGE_MS = 120_000;
/** Smaller changes of the measured skew are jitter. */
const SKEW_STEP_MS = 1_000;

export class StationImage {
  readonly station: Station;
  readonly evses: readonly Evse[];
  readonly skew = new ClockSkew();
  readonly #clock: Clock;
  readonly #onChange: () => void;
  #state: StationState;
  #lastConnection = 0;

  constructor(station: Station, evses: readonly Evse[], clock: Clock, onChange: () => void) {
    this.station = station;
    this.evses = evses;
    this.#clock = clock;
    this.#onChange = onChange;
    this.#state = {
      station: station.id,
      link: { state: 'never' },
      evses: evses.map((evse) => ({ evse: evse.id, connectorStatus: 'Unknown' })),
      upstreamProfiles: [],
      upstreamLink: 'none',
    };
  }

  get state(): StationState {
    return this.#state;
  }

  evseNumbered(connector: unknown): Evse | undefined {
    return this.evses.find((evse) => evse.number === connector);
  }

  /**
   * Numbers the connection: rising also over our own restarts, because the number says to those who remember the last one that the
   * station may have forgotten things.
   */
  connected(): void {
    this.#lastConnection = Math.max(this.#lastConnection + 1, Math.floor(this.#clock.wall() / 1_000));
    this.#update({ link: { state: 'connected', since: this.#clock.now(), connection: this.#lastConnection } });
  }

  disconnected(): void {
    if (this.#state.link.state !== 'connected') return;
    const { connection } = this.#state.link;
    this.#update({ link: { state: 'disconnected', since: this.#clock.now(), connection } });
  }

  booted(model: NonNullable<StationState['model']>): void {
    this.skew.reset();
    const { clockSkewMs: _before, ...rest } = this.#state;
    this.#state = rest;
    this.#update({ bootedAt: this.#clock.now(), model });
  }

  /** What was known of the model before our own restart. */
  remembered(model: NonNullable<StationState['model']>): void {
    this.#update({ model });
  }

  /** What is shown of an EVSE; undefined: the station has none of that number. */
  evse(number: number): EvseState | undefined {
    const id = this.evseNumbered(number)?.id;
    return id === undefined ? undefined : this.#state.evses.find((one) => one.evse === id);
  }

  status(connector: number, status: EvseStatus): void {
    this.#updateEvse(this.evseNumbered(connector)?.id, (before) => {
      const { chargingState: _before, ...rest } = before;
      const isSame = before.connectorStatus === status.connectorStatus && before.chargingState === status.chargingState;
      return isSame ? before : { ...rest, ...status, statusSince: this.#clock.now() };
    });
  }

  /** Takes over what a message with stamped samples tells of now. */
  sampled(connector: number, sample: EvseSample): void {
    this.heardStamp(sample.timestamp);
    const ageMs = this.skew.ageMs(sample.timestamp, stationTime(this.#clock.now()));
    const evse = this.evseNumbered(connector);
    if (evse === undefined || ageMs > MAX_SAMPLE_AGE_MS) return;
    const { drawnAmps, offeredAmps } = sample;
    const measuredAt = this.#clock.now() - ageMs;
    this.#updateEvse(evse.id, (before) => ({
      ...before,
      ...(drawnAmps === undefined || (before.drawn && before.drawn.measuredAt > measuredAt)
        ? {}
        : { drawn: { amps: drawnAmps, measuredAt } }),
      ...(offeredAmps === undefined ? {} : { stationOfferedAmps: offeredAmps }),
    }));
  }

  /** Takes over what the station says of its own connection; older than what is known, or out of an offline queue, it is history. */
  mainsSampled({ timestamp, ...values }: Mains): void {
    this.heardStamp(timestamp);
    const ageMs = this.skew.ageMs(timestamp, stationTime(this.#clock.now()));
    const measuredAt = this.#clock.now() - ageMs;
    if (ageMs > MAX_SAMPLE_AGE_MS || (this.#state.mains?.measuredAt ?? Number.NEGATIVE_INFINITY) >= measuredAt) return;
    this.#update({ mains: { ...values, measuredAt } });
  }

  transactionEnergy(connector: number, record: TransactionRecord, energyWh: number): void {
    this.#updateEvse(this.evseNumbered(connector)?.id, (before) =>
      before.transaction?.id === transactionIdOf(record) && energyWh >= 0
        ? { ...before, transaction: { ...before.transaction, energyWh } }
        : before,
    );
  }

  transactionOpened(record: TransactionRecord): void {
    const startedAt: Instant = this.#clock.now() - Math.max(0, this.#clock.wall() - record.startedAtWall);
    this.#updateEvse(this.evseNumbered(record.connector)?.id, (before) => ({
      ...before,
      transaction: { id: transactionIdOf(record), startedAt },
    }));
  }

  /** Ends the transaction where it is still the one that is shown. */
  transactionClosed(record: TransactionRecord): void {
    this.#updateEvse(this.evseNumbered(record.connector)?.id, (before) => {
      const { transaction, ...rest } = before;
      return transaction?.id === transactionIdOf(record) ? rest : before;
    });
  }

  progress(evse: EvseId, role: 'floor' | 'lease' | 'stop', progress: CommandProgress): void {
    this.#updateEvse(evse, (before) => ({ ...before, [role]: progress }));
  }

  upstream(link: StationState['upstreamLink'], profiles: StationState['upstreamProfiles']): void {
    this.#update({ upstreamLink: link, upstreamProfiles: profiles });
  }

  /** A stamp that the station has just written. */
  heardStamp(stamp: unknown): void {
    this.skew.observe(stamp, stationTime(this.#clock.now()));
    const { measured } = this.skew;
    // A stamp without a zone tells the zone and not the clock: leave our absolute times alone.
    if (measured === undefined || !measured.isZoned) return;
    const before = this.#state.clockSkewMs;
    if (before === undefined || Math.abs(before - measured.stampsMinusOursMs) >= SKEW_STEP_MS)
      this.#update({ clockSkewMs: measured.stampsMinusOursMs });
  }

  #update(part: Partial<StationState>): void {
    this.#state = { ...this.#state, ...part };
    this.#onChange();
  }

  #updateEvse(id: EvseId | undefined, change: (before: EvseState) => EvseState): void {
    const evses = this.#state.evses.map((evse) => (evse.evse === id ? change(evse) : evse));
    if (evses.every((evse, i) => evse === this.#state.evses[i])) return;
    this.#update({ evses });
  }
}
