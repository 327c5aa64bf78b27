// The way of our limits to one station: one SetChargingProfile after the other in the given order, and what became of each in the
// station's image; it must never call anything accepted that the station did not accept.

import type { Command } from '../core/model/decision.ts';
import type { CommandId } from '../core/model/units.ts';
import type { Surroundings } from '../engine/ports.ts';
import { obstacleOf, type Settled, settledBy } from './outcome.ts';
import { writeSetChargingProfile } from './rpc/profile-v16.ts';
import type { Session } from './session.ts';
import type { StationImage } from './station.ts';
import type { V16Schemas } from './v16/schemas.ts';

/** Commands of one station that are not settled yet; more are refused. */
export const MAX_QUEUED_COMMANDS = 32;
/** Why a command is withdrawn. Given, for without a reason each time costs an exception with its stack. */
const SUPERSEDED = 'a newer command';

export type LaneOptions = {
  readonly surroundings: Surroundings;
  readonly image: StationImage;
  readonly schemas: V16Schemas;
  readonly session: () => Session | undefined;
  readonly onAccepted: (command: Command) => void;
};

type Entry = { readonly command: Command; readonly withdraw: AbortController };

export class CommandLane {
  readonly #options: LaneOptions;
  /** The newest command per EVSE and role: the only one whose progress is shown. */
  readonly #newest = new Map<string, Entry>();
  #unsettled = 0;

  constructor(options: LaneOptions) {
    this.#options = options;
  }

  /** Takes a command over; false when it is not taken. An older one of the same EVSE and role that still waits is dropped. */
  take(command: Command): boolean {
    const { image } = this.#options;
    const evse = image.evses.find((one) => one.id === command.evse);
    if (evse === undefined || this.#unsettled >= MAX_QUEUED_COMMANDS) return false;
    const key = `${command.evse} ${command.role}`;
    const older = this.#newest.get(key);
    const entry: Entry = { command, withdraw: new AbortController() };
    this.#newest.set(key, entry);
    older?.withdraw.abort(SUPERSEDED);
    const obstacle = obstacleOf(this.#options.session());
    if (obstacle !== undefined) {
      this.#show(entry, { state: 'dropped', detail: obstacle });
      return true;
    }
    const rawPayload = this.#payload(command, evse.number);
    if (rawPayload === undefined) {
      this.#show(entry, { state: 'dropped', detail: 'OCPP 1.6 cannot say this profile' });
      return true;
    }
    void this.#run(entry, rawPayload);
    return true;
  }

  #payload(command: Command, connector: number): string | undefined {
    const { surroundings, image, schemas } = this.#options;
    try {
      const payload = writeSetChargingProfile(connector, command.profile, image.state.clockSkewMs ?? 0);
      const fault = schemas.check('outbound', 'SetChargingProfile', 'Request', payload);
      if (fault === undefined) return JSON.stringify(payload);
      surroundings.log.error('ocpp.command-unsayable', { command: command.id, fault: fault.description });
    } catch (error) {
      // Our own mistake: nothing is sent, and the image says so, so that what was in force stays counted.
      surroundings.log.error('ocpp.command-unsayable', { command: command.id, fault: String(error) });
    }
    return undefined;
  }

  async #run(entry: Entry, rawPayload: string): Promise<void> {
    const { image, session, surroundings, onAccepted } = this.#options;
    let sentAt: number | undefined;
    this.#unsettled += 1;
    this.#show(entry, { state: 'queued' });
    const outcome = await session()!.connection.call({
      action: 'SetChargingProfile',
      rawPayload,
      priority: 'limit',
      timeoutMs: image.station.profile.callTimeoutMs,
      signal: entry.withdraw.signal,
      onSent: () => {
        sentAt = surroundings.clock.now();
        this.#show(entry, { state: 'sent' }, sentAt);
      },
    });
    this.#unsettled -= 1;
    const settled = settledBy(outcome);
    this.#show(entry, settled, sentAt);
    const { id, station, evse, limitAmps } = entry.command;
    if (settled.state === 'accepted') onAccepted(entry.command);
    else surroundings.log.warn('ocpp.command-failed', { command: id, station, evse, limitAmps, ...settled });
  }

  #show(entry: Entry, settled: Settled, sentAt?: number): void {
    const { command } = entry;
    if (this.#newest.get(`${command.evse} ${command.role}`) !== entry) return;
    this.#options.image.progress(command.evse, command.role, {
      commandId: command.id as CommandId,
      at: this.#options.surroundings.clock.now(),
      ...settled,
      ...(sentAt === undefined ? {} : { sentAt }),
    });
  }
}
