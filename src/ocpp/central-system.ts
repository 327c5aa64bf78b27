// The central system towards the stations, whatever version they speak: who answers which CALL; it must never let an unbooted or unchecked CALL through.

import { stationTime } from '../core/model/units.ts';
import type { IncomingCall } from '../engine/ports.ts';
import { EMPTY, error, type Handler, type Handlers, type Office, result, type Version } from './handlers.ts';
import type { Registered } from './registry.ts';
import type { Reply } from './rpc/contract.ts';
import type { Payload } from './rpc/frames.ts';
import { writeTimestamp } from './rpc/timestamp.ts';
import type { Session } from './session.ts';
import type { VersionWire } from './version.ts';

/** How long a booting station waits for upstream's word before it is accepted here. */
export const BOOT_DEADLINE_MS = 5_000;
export const DATA_TRANSFER_DEADLINE_MS = 5_000;
export const HEARTBEAT_INTERVAL_SECONDS = 300;

export type CentralSystemOptions = {
  readonly versions: readonly Version[];
  /** What handlers of a version may use: its upstream may be another than the next one's. */
  readonly office: (version: VersionWire) => Office;
  /** The station was accepted by a boot, and has its answer. */
  readonly onAccepted: (registered: Registered) => void;
  /** It says something and has never booted here. */
  readonly onUnknown: (registered: Registered) => void;
  readonly onUrgent: (reason: string) => void;
};

type Desk = { readonly office: Office; readonly handlers: Handlers };

export class CentralSystem {
  readonly #options: CentralSystemOptions;
  readonly #desks: ReadonlyMap<VersionWire, Desk>;

  constructor(options: CentralSystemOptions) {
    this.#options = options;
    this.#desks = new Map(
      options.versions.map(({ wire, handlers }): [VersionWire, Desk] => {
        const office = options.office(wire);
        return [wire, { office, handlers: new Map([...this.#common(office), ...handlers(office)]) }];
      }),
    );
  }

  /** Actions of stations that are answered in a version; `docs/ocpp.md` lists the same. */
  actions(version: VersionWire): readonly string[] {
    return ['BootNotification', ...(this.#desks.get(version)?.handlers.keys() ?? [])];
  }

  /** What all versions say alike. */
  #common(office: Office): readonly (readonly [string, Handler])[] {
    const { surroundings } = office;
    return [
      ['DataTransfer', (registered, call) => this.#dataTransfer(office, registered, call)],
      ['Heartbeat', () => result({ currentTime: writeTimestamp(stationTime(surroundings.clock.now())) })],
      ['SecurityEventNotification', (registered, call) => this.#deliver(office, registered, call)],
      // Certificates are per hop, and ours come from elsewhere.
      ['SignCertificate', () => result({ status: 'Rejected' })],
    ];
  }

  /** Answers one CALL of a station. Rejects only where the station must keep its message and send it again. */
  async handle(registered: Registered, session: Session, call: IncomingCall): Promise<Reply> {
    const { version } = session;
    const { office, handlers } = this.#desks.get(version)!;
    const isBoot = call.action === 'BootNotification';
    const handler = handlers.get(call.action);
    if (handler === undefined && !isBoot)
      return error(version.refusalOf(call.action), `${call.action.slice(0, 50)} is not known here`);
    if (!isBoot && session.registration !== 'accepted') {
      this.#askToBoot(registered, session);
      return error('SecurityError', 'BootNotification has to be accepted first (OCPP-J errata 3.10)');
    }
    const fault = version.schemas.check('inbound', call.action, 'Request', call.payload);
    if (fault) {
      const { station } = registered;
      office.surroundings.log.warn('ocpp.bad-payload', { station: station.id, action: call.action, ...fault });
      return error(fault.code, fault.description);
    }
    return handler === undefined ? this.#boot(office, registered, session, call) : handler(registered, call);
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
  async #boot(office: Office, registered: Registered, session: Session, call: IncomingCall): Promise<Reply> {
    const { facts, upstream, surroundings } = office;
    const { onAccepted, onUrgent } = this.#options;
    const { station, image } = registered;
    const model = session.version.modelFrom(call.payload);
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
      const { name } = session.version;
      const isSameFirmware =
        known.capability.firmware === (model.firmware ?? '') && (known.boot?.version ?? '1.6') === name;
      facts.update(station.id, {
        boot: {
          rawPayload: call.rawPayload,
          atWall: surroundings.clock.wall(),
          ...(name === '1.6' ? {} : { version: name }),
        },
        capability: isSameFirmware ? known.capability : { firmware: model.firmware ?? '' },
      });
    }
    onUrgent(`${station.id} booted`);
    const payload = { status, currentTime: writeTimestamp(stationTime(surroundings.clock.now())), interval };
    return { ...result(payload), onSent: () => (status === 'Accepted' ? onAccepted(registered) : undefined) };
  }

  async #dataTransfer({ upstream }: Office, { station }: Registered, call: IncomingCall): Promise<Reply> {
    const outcome = await upstream.relay(station.id, call, DATA_TRANSFER_DEADLINE_MS);
    if (outcome.kind === 'result') return { kind: 'result', rawPayload: outcome.rawPayload };
    if (outcome.kind === 'error') return { ...outcome, rawDetails: outcome.rawDetails || '{}' };
    return result({ status: 'UnknownVendorId' });
  }

  /** Guaranteed delivery (security white paper, A04). */
  async #deliver({ upstream }: Office, { station }: Registered, call: IncomingCall): Promise<Reply> {
    await upstream.deliver(station.id, call, undefined, 0);
    return EMPTY;
  }
}

function bootAnswerFrom(payload: Payload): { readonly status: string; readonly interval: number } | undefined {
  const { status, interval } = payload;
  if (status !== 'Accepted' && status !== 'Pending' && status !== 'Rejected') return undefined;
  return { status, interval: Number.isInteger(interval) ? (interval as number) : HEARTBEAT_INTERVAL_SECONDS };
}
