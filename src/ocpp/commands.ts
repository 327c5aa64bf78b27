// The way of our limits to one station: one profile after the other in the given order, and what became of each in the
// station's image; it must never call anything accepted that the station did not accept.

import type { Command } from '../core/model/decision.ts';
import type { CommandId } from '../core/model/units.ts';
import type { CallOutcome, Surroundings } from '../engine/ports.ts';
import { obstacleOf, type Settled, settledBy } from './outcome.ts';
import type { Session } from './session.ts';
import type { StationImage } from './station.ts';
import type { OwnCall, VersionWire } from './version.ts';

/** Commands of one station that are not settled yet; more are refused. */
export const MAX_QUEUED_COMMANDS = 32;
/** Why a command is withdrawn. Given, for without a reason each time costs an exception with its stack. */
const SUPERSEDED = 'a newer command';

export type LaneOptions = {
  readonly surroundings: Surroundings;
  readonly image: StationImage;
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
    const { version } = this.#options.session()!;
    const call = this.#callOf(command, evse.number, version);
    if (call === undefined) {
      this.#show(entry, { state: 'dropped', detail: `OCPP ${version.name} cannot say this profile` });
      return true;
    }
    void this.#run(entry, call, evse.number);
    return true;
  }

  #callOf(command: Command, evse: number, version: VersionWire): OwnCall | undefined {
    const { surroundings, image } = this.#options;
    try {
      const call = version.installCall(evse, command.profile, image.state.clockSkewMs ?? 0);
      const fault = version.schemas.check('outbound', call.action, 'Request', call.payload);
      if (fault === undefined) return call;
      surroundings.log.error('ocpp.command-unsayable', { command: command.id, fault: fault.description });
    } catch (error) {
      // Our own mistake: nothing is sent, and the image says so, so that what was in force stays counted.
      surroundings.log.error('ocpp.command-unsayable', { command: command.id, fault: String(error) });
    }
    return undefined;
  }

  async #run(entry: Entry, own: OwnCall, number: number): Promise<void> {
    const { surroundings, onAccepted } = this.#options;
    let sentAt: number | undefined;
    const onSent = () => {
      sentAt ??= surroundings.clock.now();
      this.#show(entry, { state: 'sent' }, sentAt);
    };
    this.#unsettled += 1;
    this.#show(entry, { state: 'queued' });
    let outcome = await this.#call(own, entry, onSent);
    if (await this.#isRemedied(entry, number, outcome)) outcome = await this.#call(own, entry, onSent);
    this.#unsettled -= 1;
    const settled = settledBy(outcome);
    this.#show(entry, settled, sentAt);
    const { id, station, evse, limitAmps } = entry.command;
    if (settled.state === 'accepted') onAccepted(entry.command);
    else surroundings.log.warn('ocpp.command-failed', { command: id, station, evse, limitAmps, ...settled });
  }

  /** Takes away what kept the station from taking it; true when it may be said once more. A newer command looks after itself. */
  async #isRemedied(entry: Entry, number: number, outcome: CallOutcome): Promise<boolean> {
    const version = this.#options.session()?.version;
    if (outcome.kind !== 'result' || version === undefined) return false;
    const remedies = version.remedies(number, entry.command.profile, outcome.payload);
    for (const remedy of remedies) await this.#call(remedy, entry);
    return remedies.length > 0 && !entry.withdraw.signal.aborted;
  }

  async #call({ action, payload }: OwnCall, entry: Entry, onSent?: () => void): Promise<CallOutcome> {
    const { image, session } = this.#options;
    const connection = session()?.connection;
    if (connection === undefined) return { kind: 'unsent', why: 'the station is not connected' };
    return connection.call({
      action,
      rawPayload: JSON.stringify(payload),
      priority: 'limit',
      timeoutMs: image.station.profile.callTimeoutMs,
      signal: entry.withdraw.signal,
      ...(onSent ? { onSent } : {}),
    });
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
