// The central system of OCPP 1.6 towards the stations: who answers which CALL; it must never let an unbooted or unchecked CALL through.

import type { Site } from '../core/model/site.ts';
import { stationTime } from '../core/model/units.ts';
import type { IncomingCall, Surroundings, UpstreamPort } from '../engine/ports.ts';
import type { Facts } from './facts.ts';
import type { Registered } from './registry.ts';
import type { Reply } from './rpc/contract.ts';
import type { Payload } from './rpc/frames.ts';
import { writeTimestamp } from './rpc/timestamp.ts';
import type { Session } from './session.ts';
import type { TransactionDesk } from './transaction-desk.ts';
import type { V16Schemas } from './v16/schemas.ts';
import { evseStatusFrom, modelFrom } from './v16/translate.ts';

/** How long a booting station waits for upstream's word before it is accepted here. */
export const BOOT_DEADLINE_MS = 5_000;
export const DATA_TRANSFER_DEADLINE_MS = 5_000;
export const HEARTBEAT_INTERVAL_SECONDS = 300;

export type CentralSystemOptions = {
  readonly surroundings: Surroundings;
  readonly site: Site;
  readonly upstream: UpstreamPort;
  readonly facts: Facts;
  readonly desk: TransactionDesk;
  readonly schemas: V16Schemas;
  /** The station was accepted by a boot, and has its answer. */
  readonly onAccepted: (registered: Registered) => void;
  /** It says something and has never booted here. */
  readonly onUnknown: (registered: Registered) => void;
  readonly onUrgent: (reason: string) => void;
};

type Handler = (registered: Registered, session: Session, call: IncomingCall) => Promise<Reply> | Reply;

const EMPTY: Reply = { kind: 'result', rawPayload: '{}' };

export class CentralSystem {
  readonly #options: CentralSystemOptions;
  readonly #handlers: ReadonlyMap<string, Handler>;

  constructor(options: CentralSystemOptions) {
    this.#options = options;
    const { desk, upstream } = options;
    const copy: Handler = ({ station }, _session, call) => {
      upstream.copy(station.id, call);
      return EMPTY;
    };
    this.#handlers = new Map<string, Handler>([
      ['Authorize', (registered, _session, call) => desk.authorize(registered, call)],
      ['BootNotification', (registered, session, call) => this.#boot(registered, session, call)],
      ['DataTransfer', (registered, _session, call) => this.#dataTransfer(registered, call)],
      ['DiagnosticsStatusNotification', copy],
      ['FirmwareStatusNotification', copy],
      ['Heartbeat', () => result({ currentTime: writeTimestamp(stationTime(options.surroundings.clock.now())) })],
      ['LogStatusNotification', copy],
      ['MeterValues', (registered, _session, call) => desk.meterValues(registered, call)],
      ['SecurityEventNotification', (registered, _session, call) => this.#deliver(registered, call)],
      // Certificates are per hop, and ours come from elsewhere.
      ['SignCertificate', () => result({ status: 'Rejected' })],
      ['SignedFirmwareStatusNotification', copy],
      ['StartTransaction', (registered, _session, call) => desk.start(registered, call)],
      ['StatusNotification', (registered, _session, call) => this.#status(registered, call)],
      ['StopTransaction', (registered, _session, call) => desk.stop(registered, call)],
    ]);
  }

  /** Actions of stations that are answered; `docs/ocpp.md` lists the same. */
  get actions(): readonly string[] {
    return [...this.#handlers.keys()];
  }

  /** Answers one CALL of a station. Rejects only where the station must keep its message and send it again. */
  async handle(registered: Registered, session: Session, call: IncomingCall): Promise<Reply> {
    const handler = this.#handlers.get(call.action);
    if (handler === undefined) return error('NotImplemented', `${call.action.slice(0, 50)} is not known here`);
    if (call.action !== 'BootNotification' && session.registration !== 'accepted') {
      this.#askToBoot(registered, session);
      return error('SecurityError', 'BootNotification has to be accepted first (OCPP-J errata 3.10)');
    }
    const fault = this.#options.schemas.check('inbound', call.action, 'Request', call.payload);
    if (fault) {
      const { station } = registered;
      this.#options.surroundings.log.warn('ocpp.bad-payload', { station: station.id, action: call.action, ...fault });
      return error(fault.code, fault.description);
    }
    return handler(registered, session, call);
  }

  /**
   * A station that takes itself for accepted and is not known here, because we were killed before its boot was on the disk: it would say
   * everything in vain until somebody restarts it. Asked once a connection.
   */
  #askToBoot(registered: Registered, session: Session): void {
    if (session.registration !== 'unknown' || session.isAskedToBoot) return;
    session.isAskedToBoot = true;
    this.#options.onUnknown(registered);
  }

  /** BootNotification (OCPP 1.6 §4.2): upstream's word unchanged but for the time, which is ours because our leases hang on it. */
  async #boot(registered: Registered, session: Session, call: IncomingCall): Promise<Reply> {
    const { facts, upstream, surroundings, onAccepted, onUrgent } = this.#options;
    const { station, image } = registered;
    const model = modelFrom(call.payload);
    image.booted(model);
    // Until it has its answer it need not listen to anybody.
    session.registration = 'unknown';
    const outcome = await upstream.relay(station.id, call, BOOT_DEADLINE_MS);
    const told = outcome.kind === 'result' ? bootAnswerFrom(outcome.payload) : undefined;
    const status = told?.status ?? 'Accepted';
    const interval = told?.interval ?? HEARTBEAT_INTERVAL_SECONDS;
    session.registration = status === 'Accepted' ? 'accepted' : status === 'Pending' ? 'pending' : 'rejected';
    if (status === 'Accepted') {
      const known = facts.get(station.id);
      const isSameFirmware = known.capability.firmware === (model.firmware ?? '');
      facts.update(station.id, {
        boot: { rawPayload: call.rawPayload, atWall: surroundings.clock.wall() },
        capability: isSameFirmware ? known.capability : { firmware: model.firmware ?? '' },
      });
    }
    onUrgent(`${station.id} booted`);
    const payload = { status, currentTime: writeTimestamp(stationTime(surroundings.clock.now())), interval };
    return { ...result(payload), onSent: () => (status === 'Accepted' ? onAccepted(registered) : undefined) };
  }

  /** StatusNotification (§4.9): for control at once, for upstream as a copy, and the last one per connector is kept. */
  #status(registered: Registered, call: IncomingCall): Reply {
    const { connectorId, status, timestamp } = call.payload as {
      connectorId: number;
      status: string;
      timestamp?: string;
    };
    const { station, image } = registered;
    image.heardStamp(timestamp);
    image.status(connectorId, evseStatusFrom(status));
    this.#options.facts.keepStatus(station.id, connectorId, call.rawPayload);
    this.#options.upstream.copy(station.id, call);
    return EMPTY;
  }

  async #dataTransfer({ station }: Registered, call: IncomingCall): Promise<Reply> {
    const outcome = await this.#options.upstream.relay(station.id, call, DATA_TRANSFER_DEADLINE_MS);
    if (outcome.kind === 'result') return { kind: 'result', rawPayload: outcome.rawPayload };
    if (outcome.kind === 'error') return { ...outcome, rawDetails: outcome.rawDetails || '{}' };
    return result({ status: 'UnknownVendorId' });
  }

  /** Guaranteed delivery (security white paper, A04). */
  async #deliver({ station }: Registered, call: IncomingCall): Promise<Reply> {
    await this.#options.upstream.deliver(station.id, call, undefined, 0);
    return EMPTY;
  }
}

function bootAnswerFrom(payload: Payload): { readonly status: string; readonly interval: number } | undefined {
  const { status, interval } = payload;
  if (status !== 'Accepted' && status !== 'Pending' && status !== 'Rejected') return undefined;
  return { status, interval: Number.isInteger(interval) ? (interval as number) : HEARTBEAT_INTERVAL_SECONDS };
}

function result(payload: Payload): Extract<Reply, { kind: 'result' }> {
  return { kind: 'result', rawPayload: JSON.stringify(payload) };
}

function error(code: Extract<Reply, { kind: 'error' }>['code'], description: string): Reply {
  return { kind: 'error', code, description };
}
