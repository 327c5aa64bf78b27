// Answers the transaction messages of OCPP 1.6: durable first, then answered, always under our own ids; it must never let a station touch
// another's transaction, and never answer what is not on the disk.

import { createHash } from 'node:crypto';
import type { Site } from '../../core/model/site.ts';
import type {
  CallOutcome,
  GatewayStore,
  IncomingCall,
  Surroundings,
  TransactionRecord,
  UpstreamPort,
} from '../../engine/ports.ts';
import { idTokenHash, type KnownTokens } from '../known-tokens.ts';
import type { Registered } from '../registry.ts';
import type { Reply } from '../rpc/contract.ts';
import type { Payload } from '../rpc/frames.ts';
import { believableTime, parseTimestamp } from '../rpc/timestamp.ts';
import { NO_TRANSACTION_ID } from '../transactions.ts';
import { readMains, readMeterValues } from './meter-values.ts';

/** How long a station waits for upstream's verdict on an idToken. */
export const VERDICT_DEADLINE_MS = 3_000;

export type DeskOptions = {
  readonly surroundings: Surroundings;
  readonly site: Site;
  readonly store: GatewayStore;
  readonly upstream: UpstreamPort;
  readonly tokens: KnownTokens;
};

type Owner =
  | { readonly kind: 'own'; readonly record: TransactionRecord; readonly isOpen: boolean }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'foreign' };

const EMPTY: Reply = { kind: 'result', rawPayload: '{}' };

export class TransactionDesk {
  readonly #options: DeskOptions;

  constructor(options: DeskOptions) {
    this.#options = options;
  }

  /** Authorize (OCPP 1.6 §4.1): upstream's verdict, or ours while it cannot be asked. */
  async authorize({ station }: Registered, call: IncomingCall): Promise<Reply> {
    const outcome = await this.#options.upstream.relay(station.id, call, VERDICT_DEADLINE_MS);
    return result({ idTagInfo: this.#verdict(idTokenHash(String(call.payload.idTag)), outcome) });
  }

  /** StartTransaction (§4.8). The same content again finds the first answer (D8, D10). */
  async start(registered: Registered, call: IncomingCall): Promise<Reply> {
    const { clock } = this.#options.surroundings;
    const { connectorId, idTag, meterStart, timestamp } = call.payload as {
      connectorId: number;
      idTag: string;
      meterStart: number;
      timestamp: string;
    };
    const station = registered.station.id;
    const hash = idTokenHash(idTag);
    registered.image.heardStamp(timestamp);
    const { record } = await this.#options.store.startTransaction({
      station,
      connector: connectorId,
      startedAtWall: believableTime(timestamp, clock.wall()),
      meterStartWh: meterStart,
      idTokenHash: hash,
      startKey: createHash('sha256')
        .update(JSON.stringify([station, connectorId, idTag, meterStart, timestamp]))
        .digest('hex'),
    });
    if (record.state === 'open') {
      registered.transactions.opened(record);
      registered.image.transactionOpened(record);
    }
    const { answer } = await this.#options.upstream.deliver(station, call, record.localId, VERDICT_DEADLINE_MS);
    return result({ transactionId: record.localId, idTagInfo: this.#verdict(hash, answer ?? { kind: 'unanswered' }) });
  }

  /** StopTransaction (§4.10). An id nobody knows is acknowledged and handed on; another station's is an anomaly (D9). */
  async stop(registered: Registered, call: IncomingCall): Promise<Reply> {
    const { transactionId, timestamp } = call.payload as { transactionId: number; timestamp: string };
    registered.image.heardStamp(timestamp);
    const owner = await this.#ownerOf(registered, transactionId);
    if (owner.kind === 'foreign') return this.#anomaly(registered, call, transactionId);
    const record = owner.kind === 'own' ? owner.record : undefined;
    await this.#options.upstream.deliver(registered.station.id, call, record?.localId, 0);
    if (record) {
      registered.transactions.closed(record.localId);
      registered.image.transactionClosed(record);
    }
    return EMPTY;
  }

  /** MeterValues (§4.7). Control sees them at once; those of a transaction are durable before they are answered. */
  async meterValues(registered: Registered, call: IncomingCall): Promise<Reply> {
    const { connectorId, transactionId } = call.payload as { connectorId: number; transactionId?: number };
    const { upstream } = this.#options;
    if (transactionId === undefined) {
      this.#sample(registered, call, registered.transactions.onConnector(connectorId));
      upstream.copy(registered.station.id, call);
      return EMPTY;
    }
    const owner = await this.#ownerOf(registered, transactionId, connectorId);
    if (owner.kind === 'foreign') return this.#anomaly(registered, call, transactionId);
    const record = owner.kind === 'own' ? owner.record : undefined;
    this.#sample(registered, call, owner.kind === 'own' && owner.isOpen ? record : undefined);
    await upstream.deliver(registered.station.id, call, record?.localId, 0);
    return EMPTY;
  }

  #sample(registered: Registered, call: IncomingCall, record: TransactionRecord | undefined): void {
    const { connectorId, meterValue } = call.payload as { connectorId: number; meterValue: readonly Payload[] };
    const mains = connectorId === 0 ? readMains(meterValue) : undefined;
    if (mains) registered.image.mainsSampled(mains);
    const evse = registered.image.evseNumbered(connectorId);
    if (evse === undefined) return;
    const sample = readMeterValues(meterValue, evse, this.#options.site.nominalVolts);
    registered.image.sampled(connectorId, sample);
    if (record && sample.energyWh !== undefined)
      registered.image.transactionEnergy(connectorId, record, sample.energyWh - record.meterStartWh);
  }

  async #ownerOf({ station, transactions }: Registered, named: number, connector?: number): Promise<Owner> {
    const open = transactions.pair(named, connector);
    if (open) return { kind: 'own', record: open, isOpen: true };
    if (named === NO_TRANSACTION_ID) return { kind: 'unknown' };
    const record = await this.#options.store.findTransaction(named);
    if (!record) return { kind: 'unknown' };
    return record.station === station.id ? { kind: 'own', record, isOpen: false } : { kind: 'foreign' };
  }

  /** Answered, so that the station goes on; told to people; without effect. */
  #anomaly({ station }: Registered, call: IncomingCall, transactionId: number): Reply {
    const { action } = call;
    this.#options.surroundings.log.error('ocpp.foreign-transaction', { station: station.id, action, transactionId });
    return EMPTY;
  }

  /** IdTagInfo (§7.27): upstream's own where it is well-formed, otherwise policy for those it has not accepted lately. */
  #verdict(hash: string, outcome: CallOutcome): Payload {
    const { tokens, site } = this.#options;
    const told = outcome.kind === 'result' ? idTagInfoFrom(outcome.payload.idTagInfo) : undefined;
    if (told) {
      tokens.judged(hash, told.status === 'Accepted');
      return told;
    }
    const isWelcome = tokens.has(hash) || site.policy.unknownIdTokenWhenOffline === 'accept';
    return { status: isWelcome ? 'Accepted' : 'Invalid' };
  }
}

const AUTHORIZATION_STATUSES: ReadonlySet<unknown> = new Set([
  'Accepted',
  'Blocked',
  'Expired',
  'Invalid',
  'ConcurrentTx',
]);

function idTagInfoFrom(wire: unknown): (Payload & { readonly status: unknown }) | undefined {
  if (typeof wire !== 'object' || wire === null) return undefined;
  const { status, expiryDate, parentIdTag } = wire as Payload;
  if (!AUTHORIZATION_STATUSES.has(status)) return undefined;
  return {
    status,
    ...(parseTimestamp(expiryDate) === undefined ? {} : { expiryDate }),
    ...(typeof parentIdTag === 'string' && parentIdTag.length <= 20 ? { parentIdTag } : {}),
  };
}

function result(payload: Payload): Reply {
  return { kind: 'result', rawPayload: JSON.stringify(payload) };
}
