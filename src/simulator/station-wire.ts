// What one version of OCPP is to a simulated station: how it says what it says, and how it reads a limit. Types only; the station's own reading
// of the wire shares no code with the product's, so that it is an independent peer.

import type { OcppVersion } from '../core/model/charger.ts';
import type { ChargingProfile } from '../core/model/charging-profile.ts';
import type { WallTime } from '../core/model/units.ts';

export type Payload = Record<string, unknown>;

export type SimulatedTransaction = {
  readonly key: number;
  readonly idTag: string;
  /** By the station's clock. */
  readonly startedAt: WallTime;
  readonly meterStartWh: number;
  /** Given by the central system and absent until it has answered (1.6), or the station's own (2.x). */
  id?: string;
  /** Events told of it so far (2.x). */
  events: number;
};

/** 1.6 ChargePointStatus, as far as it is simulated. */
export type PlugStatus = 'Available' | 'Preparing' | 'Charging' | 'SuspendedEV' | 'SuspendedEVSE';
export type EndReason = 'EVDisconnected' | 'Remote' | 'PowerLoss' | 'DeAuthorized';

/** What a transaction's message tells of. */
export type Told = {
  readonly evse: number;
  readonly transaction: SimulatedTransaction;
  readonly timestamp: string;
  readonly energyWh: number;
  /** Nobody can hear it now. */
  readonly isOffline: boolean;
  readonly status: PlugStatus;
};

export type Sample = { readonly amps: readonly number[]; readonly offeredAmps: number; readonly volts: number };

/** A message that is kept until it is answered. */
export type TransactionMessage = {
  readonly action: 'StartTransaction' | 'StopTransaction' | 'MeterValues' | 'TransactionEvent';
  /** Made when it is sent: only then the transaction's id may be known. */
  readonly payload: () => Payload;
  /** Of no account to anybody but the curious: the first to go when too many wait. */
  readonly isSample: boolean;
};

export interface StationWire {
  readonly version: OcppVersion;
  readonly subprotocol: string;
  /** BootNotification. */
  readonly boot: Payload;
  authorize(idTag: string): Payload;
  /** The central system's word on the driver, in its answer to Authorize or to a beginning. */
  isWelcome(answer: Payload): boolean;
  /** StatusNotification but for its stamp; undefined where the version has nothing to say. Number 0 is the station itself. */
  status(evse: number, status: PlugStatus): Payload | undefined;
  /** The id of a transaction that begins, from a number that was drawn for it; absent where the central system gives it. */
  readonly transactionId?: (drawn: number) => string;
  begun(told: Told): TransactionMessage;
  /** Takes the id out of the answer to `begun`, where the central system gives it. */
  begunAnswered(transaction: SimulatedTransaction, answer: Payload): void;
  sampled(told: Told, sample: Sample): TransactionMessage;
  /** MeterValues of the station's own main meter. `amps` on its own phases, import positive. */
  mains(timestamp: string, amps: readonly number[], volts: number): Payload;
  ended(told: Told, reason: EndReason): TransactionMessage;
  /** What the car does has changed; undefined where the version tells of that elsewhere. */
  changed(told: Told): TransactionMessage | undefined;
  /** SetChargingProfile; without `profile` it makes no sense to this charger. */
  readInstall(payload: Payload): { readonly evse: number; readonly profile?: ChargingProfile };
}
