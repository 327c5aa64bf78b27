// What we ask a station for our own sake: samples often enough, and a fresh one after a rise. Little and late, never of a model that breaks
// on questions, and no longer of one that refuses.

import type { Command } from '../core/model/decision.ts';
import type { CallOutcome, Surroundings } from '../engine/ports.ts';
import type { Facts } from './facts.ts';
import type { Session } from './session.ts';
import type { StationImage } from './station.ts';
import type { OwnCall, Setting, Triggered } from './version.ts';

/** Refusals of a triggered message after which this connection is not asked again. */
export const MAX_REFUSALS = 3;
/** Between two questions for samples of one EVSE. */
export const MIN_SAMPLE_PAUSE_MS = 10_000;

/** Kept among the abilities of a station: it was asked. */
const ABILITIES_ASKED = 'abilities';

export type PollOptions = {
  readonly surroundings: Surroundings;
  readonly image: StationImage;
  readonly facts: Facts;
  readonly session: () => Session | undefined;
};

export class Polls {
  readonly #options: PollOptions;
  readonly #askedAt = new Map<number, number>();
  #refusals = 0;
  #isConfiguring = false;

  constructor(options: PollOptions) {
    this.#options = options;
  }

  /** A new connection: what was refused before may be asked again. */
  connected(): void {
    this.#refusals = 0;
  }

  /**
   * Sets what we need measured, each setting by name, once per station and firmware: writes wear flash. What was accepted is
   * remembered.
   */
  async configure(): Promise<void> {
    if (this.#isConfiguring || this.#has('no-get-configuration')) return;
    this.#isConfiguring = true;
    for (const setting of this.#options.session()?.version.settings ?? []) await this.#set(setting);
    await this.#askAbilities();
    this.#isConfiguring = false;
  }

  async #set({ name: key, values }: Setting): Promise<void> {
    const { facts, image, surroundings } = this.#options;
    const station = image.station.id;
    if (Object.hasOwn(facts.get(station).capability, key)) return;
    for (const value of values) {
      const version = this.#options.session()?.version;
      if (version === undefined) return;
      const outcome = await this.#call(version.settingCall(key, value));
      if (outcome.kind === 'unsent' || outcome.kind === 'unanswered') return;
      if (outcome.kind === 'result' && version.isSettingTaken(outcome.payload)) return this.#remember(key, value);
    }
    surroundings.log.warn('ocpp.setting-refused', { station, key });
  }

  #remember(key: string, value: string): void {
    this.#rememberAll({ [key]: value });
  }

  #rememberAll(told: { readonly [key: string]: string }): void {
    const { facts, image } = this.#options;
    const { capability } = facts.get(image.station.id);
    facts.update(image.station.id, { capability: { ...capability, ...told } });
  }

  /** Asks once per station and firmware what it can do, where its version has such a question. */
  async #askAbilities(): Promise<void> {
    const { facts, image, session, surroundings } = this.#options;
    const abilities = session()?.version.abilities;
    const isKnown = Object.hasOwn(facts.get(image.station.id).capability, ABILITIES_ASKED);
    if (abilities === undefined || isKnown) return;
    const outcome = await this.#call(abilities.ask);
    if (outcome.kind === 'unsent' || outcome.kind === 'unanswered') return;
    if (outcome.kind === 'result') {
      const told = abilities.read(outcome.payload);
      this.#rememberAll({ ...told, [ABILITIES_ASKED]: 'answered' });
      const { station } = image;
      for (const ability of abilities.missing(told, station.profile.unit))
        surroundings.log.warn('ocpp.ability-missing', { station: station.id, ability, told: told[ability] });
    } else {
      await this.#call(abilities.askOtherwise);
      this.#remember(ABILITIES_ASKED, 'refused');
    }
  }

  /**
   * After a change has settled, asks what is really drawn: after a rise so that it need not be reserved for longer than necessary, after a
   * decrease so that one who does not obey is found soon.
   */
  afterAccepted(command: Command): void {
    const evse = this.#options.image.evses.find((one) => one.id === command.evse);
    if (command.change === 'renewal' || command.role !== 'lease' || evse === undefined) return;
    if (this.#has('no-get-configuration')) return;
    if (this.#has('slow-answers')) return;
    const { clock } = this.#options.surroundings;
    if (clock.now() - (this.#askedAt.get(evse.number) ?? Number.NEGATIVE_INFINITY) < MIN_SAMPLE_PAUSE_MS) return;
    this.#askedAt.set(evse.number, clock.now());
    clock.timer(
      'ocpp.sample',
      this.#options.image.station.profile.settleMs,
      () => void this.#trigger('samples', evse.number),
    );
  }

  /** Has it ask us for the time (Heartbeat): a station that comes back may have been told another one by the run before. */
  async askForTime(): Promise<void> {
    if (!this.#has('slow-answers')) await this.#trigger('Heartbeat');
  }

  /** Asks for a BootNotification: of a model that sends none by itself, or of a station that is not known here. */
  async askToBoot(): Promise<void> {
    await this.#trigger('BootNotification');
  }

  async #trigger(what: Triggered, evse?: number): Promise<void> {
    const version = this.#options.session()?.version;
    if (this.#refusals >= MAX_REFUSALS || version === undefined) return;
    const outcome = await this.#call(version.triggerCall(what, evse));
    if (outcome.kind === 'unsent') return;
    const isAccepted = outcome.kind === 'result' && outcome.payload.status === 'Accepted';
    const isUnknown =
      outcome.kind === 'result' ? outcome.payload.status === 'NotImplemented' : outcome.kind === 'error';
    if (isUnknown) this.#refusals = MAX_REFUSALS;
    else this.#refusals = isAccepted ? 0 : this.#refusals + 1;
  }

  #has(quirk: 'no-get-configuration' | 'slow-answers'): boolean {
    return this.#options.image.station.profile.quirks.includes(quirk);
  }

  async #call({ action, payload }: OwnCall): Promise<CallOutcome> {
    const session = this.#options.session();
    if (!session) return { kind: 'unsent', why: 'not connected' };
    return session.connection.call({ action, rawPayload: JSON.stringify(payload), priority: 'poll' });
  }
}
