// Answers the transaction messages of OCPP 2.0.1: durable first, then answered; transactions keep the ids that their station gave them. It must
// never let a late message of an offline queue pass for what is so now.

import type { CallOutcome, IncomingCall, TransactionRecord } from '../../engine/ports.ts';
import { type Office, result } from '../handlers.ts';
import { idTokenHash } from '../known-tokens.ts';
import type { Registered } from '../registry.ts';
import type { Reply } from '../rpc/contract.ts';
import type { Payload } from '../rpc/frames.ts';
import { believableTime } from '../rpc/timestamp.ts';
import { stationKeyOf, transactionIdOf } from '../transactions.ts';
import { readMains, readMeterValues } from './meter-values.ts';
import { chargingStateFrom } from './translate.ts';

/** How long a station waits for upstream's verdict on an idToken. */
export const VERDICT_DEADLINE_MS = 3_000;
/** The EVSE of a transaction that has not said which it is. */
const NO_EVSE = 0;
/** Transactions of which the newest sequence number is remembered. */
const MAX_SEQUENCES = 1_000;

/** TransactionEventRequest, as far as it is read; it has passed the schema. */
type TransactionEvent = {
  readonly eventType: 'Started' | 'Updated' | 'Ended';
  readonly timestamp: string;
  readonly seqNo: number;
  readonly offline?: boolean;
  readonly transactionInfo: { readonly transactionId: string; readonly chargingState?: string };
  readonly evse?: { readonly id: number };
  readonly idToken?: { readonly idToken: string; readonly type: string };
  readonly meterValue?: readonly Payload[];
};

export class TransactionDesk {
  readonly #office: Office;
  /** The newest sequence number by station and transaction. */
  readonly #sequences = new Map<string, number>();

  constructor(office: Office) {
    this.#office = office;
  }

  /** Authorize (C01): upstream's verdict, or ours while it cannot be asked. */
  async authorize({ station }: Registered, call: IncomingCall): Promise<Reply> {
    const outcome = await this.#office.upstream.relay(station.id, call, VERDICT_DEADLINE_MS);
    const token = call.payload.idToken as NonNullable<TransactionEvent['idToken']>;
    return result({ idTokenInfo: this.#verdict(token, outcome) });
  }

  /**
   * TransactionEvent (E01 to E06). Each finds its record by the station's own id, so one that comes again has no second effect, and a transaction
   * whose beginning was lost is opened by whatever is heard of it first.
   */
  async event(registered: Registered, call: IncomingCall): Promise<Reply> {
    const event = call.payload as unknown as TransactionEvent;
    const { image, transactions } = registered;
    if (event.offline !== true) image.heardStamp(event.timestamp);
    const record = await this.#recordOf(registered, event);
    const isOpen = record.state === 'open';
    const isNews = this.#isNews(registered, event);
    if (isOpen && event.eventType !== 'Ended') {
      transactions.opened(record);
      const shown = image.evse(record.connector)?.transaction?.id;
      if (shown !== transactionIdOf(record) && isNews) image.transactionOpened(record);
    }
    if (isOpen && isNews) this.#tell(registered, record, event);
    const { idToken } = event;
    const waitMs = idToken === undefined ? 0 : VERDICT_DEADLINE_MS;
    const { answer } = await this.#office.upstream.deliver(registered.station.id, call, record.localId, waitMs);
    if (event.eventType === 'Ended') {
      transactions.closed(record.localId);
      image.transactionClosed(record);
      this.#showState(registered, record, event);
    }
    return result(
      idToken === undefined ? {} : { idTokenInfo: this.#verdict(idToken, answer ?? { kind: 'unanswered' }) },
    );
  }

  /** MeterValues (J01): what an EVSE measures outside of transactions. */
  meterValues({ image, station }: Registered, call: IncomingCall): Reply {
    const { evseId, meterValue } = call.payload as { evseId: number; meterValue: readonly Payload[] };
    const mains = evseId === 0 ? readMains(meterValue) : undefined;
    if (mains) image.mainsSampled(mains);
    const evse = image.evseNumbered(evseId);
    if (evse) image.sampled(evseId, readMeterValues(meterValue, evse, this.#office.site.nominalVolts));
    this.#office.upstream.copy(station.id, call);
    return result({});
  }

  /** The open record, and the EVSE as soon as it is told; or the one on the disk, made now where nothing was heard of it before. */
  async #recordOf({ station, image, transactions }: Registered, event: TransactionEvent): Promise<TransactionRecord> {
    const { clock } = this.#office.surroundings;
    const { transactionId } = event.transactionInfo;
    const told = event.evse?.id ?? (image.evses.length === 1 ? image.evses[0]!.number : undefined);
    const known = transactions.called(transactionId);
    if (known) return told === undefined || known.connector === told ? known : { ...known, connector: told };
    const connector = told ?? NO_EVSE;
    const evse = image.evseNumbered(connector);
    const { nominalVolts } = this.#office.site;
    const sample = evse && event.meterValue ? readMeterValues(event.meterValue, evse, nominalVolts) : {};
    const isStart = event.eventType === 'Started';
    const start = {
      station: station.id,
      connector,
      startedAtWall: believableTime(event.timestamp, clock.wall()),
      meterStartWh: (isStart ? sample.energyWh : undefined) ?? -1,
      idTokenHash: event.idToken === undefined ? '' : idTokenHash(event.idToken.idToken),
      startKey: stationKeyOf(transactionId),
    };
    const { record } = await this.#office.store.startTransaction(start);
    const isReused = isStart && record.state === 'stopped' && record.startedAtWall !== start.startedAtWall;
    if (!isReused) return record;
    // Ids SHALL be unique (E01); a station that counts from 1 after a reset charges a new car all the same.
    this.#office.surroundings.log.warn('ocpp.transaction-id-reused', {
      station: station.id,
      transaction: transactionId,
    });
    this.#sequences.delete(`${station.id} ${transactionId}`);
    const again = { ...start, startKey: stationKeyOf(transactionId, event.timestamp) };
    return (await this.#office.store.startTransaction(again)).record;
  }

  /** False for a message that was overtaken by a later one of its transaction; gaps are told (E01: seqNo rises by one). */
  #isNews({ station }: Registered, { seqNo, transactionInfo }: TransactionEvent): boolean {
    const key = `${station.id} ${transactionInfo.transactionId}`;
    const last = this.#sequences.get(key);
    if (last !== undefined && seqNo <= last) return false;
    if (last !== undefined && seqNo > last + 1) {
      const { transactionId: transaction } = transactionInfo;
      const missing = seqNo - last - 1;
      this.#office.surroundings.log.warn('ocpp.events-missing', { station: station.id, transaction, missing });
    }
    this.#sequences.delete(key);
    this.#sequences.set(key, seqNo);
    const [oldest] = this.#sequences.keys();
    if (this.#sequences.size > MAX_SEQUENCES && oldest !== undefined) this.#sequences.delete(oldest);
    return true;
  }

  /** What the message says of the EVSE now. */
  #tell(registered: Registered, record: TransactionRecord, event: TransactionEvent): void {
    const { image } = registered;
    const evse = image.evseNumbered(record.connector);
    if (event.eventType !== 'Ended') this.#showState(registered, record, event);
    if (!evse || !event.meterValue) return;
    const sample = readMeterValues(event.meterValue, evse, this.#office.site.nominalVolts);
    image.sampled(evse.number, sample);
    if (sample.energyWh !== undefined && record.meterStartWh >= 0)
      image.transactionEnergy(evse.number, record, sample.energyWh - record.meterStartWh);
  }

  #showState({ image }: Registered, { connector }: TransactionRecord, { transactionInfo }: TransactionEvent): void {
    const chargingState = chargingStateFrom(transactionInfo.chargingState);
    const shown = image.evse(connector);
    // Another transaction has begun there since.
    const isOver = shown?.transaction !== undefined && shown.transaction.id !== transactionInfo.transactionId;
    if (chargingState === undefined || shown === undefined || isOver) return;
    image.status(connector, { connectorStatus: shown.connectorStatus, chargingState });
  }

  /** IdTokenInfoType: upstream's own where it is well-formed, otherwise policy for those it has not accepted lately. */
  #verdict({ idToken, type }: NonNullable<TransactionEvent['idToken']>, outcome: CallOutcome): Payload {
    const { tokens, site } = this.#office;
    const hash = idTokenHash(idToken);
    const told = outcome.kind === 'result' ? (outcome.payload.idTokenInfo as Payload | undefined) : undefined;
    if (typeof told?.status === 'string') {
      tokens.judged(hash, told.status === 'Accepted');
      return told;
    }
    // A start without a token (a button, a plug) asks for no verdict.
    const needsNone = type === 'NoAuthorization';
    const isWelcome = needsNone || tokens.has(hash) || site.policy.unknownIdTokenWhenOffline === 'accept';
    return { status: isWelcome ? 'Accepted' : 'Invalid' };
  }
}
