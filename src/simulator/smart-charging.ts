// How one simulated station takes charging profiles: by the rules, by its model's oddities, or wrongly for a while. It knows no sockets.

import type { ChargingProfile, ChargingProfilePurpose, InstalledProfile } from '../core/model/charging-profile.ts';
import { ceilToStep, floorToStep, type WallTime } from '../core/model/units.ts';
import type { Clock, Random } from '../engine/ports.ts';
import { type Asking, type ClearFilter, ProfileMemory } from './profile-memory.ts';
import type { StationClock } from './station-clock.ts';
import type { Manners, Model } from './zoo.ts';

/** A late one applies what it has accepted after this long, and up to as long again. */
export const LATE_MS = 4_000;
/** Accepted and not yet applied at most; what is more is applied at once. */
export const MAX_LATE = 20;

/** A limit to be installed; without `profile` it makes no sense. */
export type Installing = { readonly evse: number; readonly profile?: ChargingProfile };

export type SmartChargingOptions = {
  readonly station: string;
  readonly model: Model;
  readonly manners: Manners;
  readonly clock: Clock;
  readonly random: Random;
  readonly ownClock: StationClock;
  /** Transaction of a connector: `running`, and its id where the central system has given one. */
  readonly transactionOn: (evse: number) => { readonly id?: string } | undefined;
  readonly evses: readonly number[];
  /** What was received in SetChargingProfile and not looked at yet. */
  readonly received: () => readonly Installing[];
  /** An accepted profile, in the moment in which it is applied. */
  readonly onApplied: (evse: number, profile: ChargingProfile) => void;
};

/** A place for a profile whose content the central system has reason to believe in, and that is not there. */
type Owed = {
  readonly evse: number;
  readonly purpose: ChargingProfilePurpose;
  readonly stackLevel: number;
  readonly until: WallTime;
};

export class SmartCharging {
  readonly memory: ProfileMemory;
  readonly #options: SmartChargingOptions;
  #late: readonly (InstalledProfile & { readonly cancel: () => void })[] = [];
  #lastLateAt = 0;
  #owed: readonly Owed[] = [];
  /** After a limit of 0 A the next one breaks it, and the one after that is taken again. */
  readonly #zeroed = new Set<number>();
  readonly #deaf = new Set<number>();
  #changes = 0;

  constructor(options: SmartChargingOptions) {
    this.#options = options;
    this.memory = new ProfileMemory(options.model.maxStackLevel);
  }

  /** Rises with everything that may change what rules at an EVSE. */
  get version(): number {
    return this.memory.version + this.#changes;
  }

  /** Something outside the memory has changed what rules, such as a manner. */
  changed(): void {
    this.#changes += 1;
  }

  /** SetChargingProfile (OCPP 1.6 §5.16, 2.x K01). */
  set({ evse, profile }: Installing): 'Accepted' | 'Rejected' {
    const { manners } = this.#options;
    if (!profile || !this.#isTaken(evse, profile) || manners.has('refuses')) return 'Rejected';
    if (manners.has('accepts-without-applying')) {
      this.#owe(evse, profile);
      return 'Accepted';
    }
    // What is under way counts, so that the promise of room is kept.
    if (!this.#planned().install(evse, profile)) return 'Rejected';
    if (manners.has('obeys-late') && this.#late.length < MAX_LATE) this.#applyLate(evse, profile);
    else {
      this.#applyWaiting();
      this.#apply(evse, profile);
    }
    return 'Accepted';
  }

  /** ClearChargingProfile (§5.5, K10). */
  clear(filter: ClearFilter): 'Accepted' | 'Unknown' {
    this.#applyWaiting();
    return this.memory.clear(filter) > 0 ? 'Accepted' : 'Unknown';
  }

  endTransaction(evse: number): void {
    this.memory.endTransaction(evse);
    this.#owed = this.#owed.filter((one) => one.evse !== evse || one.purpose !== 'TxProfile');
    this.#drop((one) => one.evse === evse && one.profile.purpose === 'TxProfile');
  }

  /** The link is there again after it was lost. */
  reconnected(): void {
    const { model, manners } = this.#options;
    if (model.forgetsOnReconnect) {
      this.#drop(() => true);
      this.memory.clear({});
    } else if (manners.has('forgets-on-reconnect')) this.#forgetWrongly();
  }

  /** Restarts: what was accepted and not applied is lost, and what was applied too where it `forgets`. */
  restarted(forgets: boolean): void {
    this.#loseLate();
    this.#zeroed.clear();
    this.#deaf.clear();
    this.changed();
    if (forgets) this.#forgetWrongly();
  }

  /** In amperes per phase as the hardware gives them; Infinity: nothing holds it. `until`: by the station's clock. */
  limitAt(asking: Asking, at: WallTime): { readonly limitAmps: number; readonly until: WallTime } {
    if (this.#deaf.has(asking.evse)) return { limitAmps: Number.POSITIVE_INFINITY, until: Number.POSITIVE_INFINITY };
    const { limitAmps, until } = this.memory.rulingAt(asking, at);
    return { limitAmps: this.#given(limitAmps), until };
  }

  /** The highest that may come to rule by what it holds, and by what it has received or accepted and will apply. */
  mightAt(asking: Asking, at: WallTime): number {
    if (this.#deaf.has(asking.evse)) return Number.POSITIVE_INFINITY;
    let highest = this.memory.highestAmps(asking, at);
    const coming = [...this.#late, ...this.#received()];
    if (coming.length > 0) {
      const then = this.memory.copy();
      for (const { evse, profile } of coming) {
        then.install(evse, profile);
        highest = Math.max(highest, then.highestAmps(asking, at));
      }
    }
    return this.#given(highest);
  }

  /** It owes a limit to this EVSE: accepted and not applied, or forgotten. */
  owes(evse: number): boolean {
    if (this.#late.some((one) => one.evse === evse || one.evse === 0)) return true;
    if (this.#owed.length === 0) return false;
    const now = this.#options.ownClock.time();
    this.#owed = this.#owed.filter((one) => now < one.until);
    return this.#owed.some((one) => one.evse === evse || one.evse === 0);
  }

  /** Profiles that were accepted and not applied yet. */
  get waiting(): number {
    return this.#late.length;
  }

  #received(): readonly InstalledProfile[] {
    return this.#options
      .received()
      .flatMap(({ evse, profile }) => (profile && this.#isTaken(evse, profile) ? [{ evse, profile }] : []));
  }

  #isTaken(evse: number, profile: ChargingProfile): boolean {
    const { model, evses, transactionOn } = this.#options;
    if (profile.schedule.unit !== model.unit || profile.stackLevel > model.maxStackLevel) return false;
    if (evse !== 0 && !evses.includes(evse)) return false;
    if (profile.purpose === 'ChargingStationMaxProfile') return evse === 0;
    if (profile.purpose !== 'TxProfile') return true;
    const transaction = transactionOn(evse);
    if (!transaction) return false;
    const { id } = transaction;
    return profile.transactionId === undefined || id === undefined || profile.transactionId === id;
  }

  /** The memory as it will be when everything accepted is applied. */
  #planned(): ProfileMemory {
    const planned = this.memory.copy();
    for (const { evse, profile } of this.#late) planned.install(evse, profile);
    return planned;
  }

  #apply(evse: number, profile: ChargingProfile): void {
    this.#owed = this.#owed.filter((one) => !isPlaceOf(one, evse, profile));
    const isZero = profile.schedule.periods.some(({ limit }) => limit === 0);
    const breaks = this.#zeroed.delete(evse);
    if (this.#options.model.breaksAfterZero && breaks) this.#deaf.add(evse);
    else {
      this.#deaf.delete(evse);
      if (isZero) this.#zeroed.add(evse);
    }
    this.changed();
    this.memory.install(evse, profile);
    this.#options.onApplied(evse, profile);
  }

  #applyLate(evse: number, profile: ChargingProfile): void {
    const { clock, random, station } = this.#options;
    const dueAt = clock.now() + Math.round(LATE_MS * (1 + random.next(`zoo.late ${station}`)));
    // What came first is applied first.
    this.#lastLateAt = Math.max(this.#lastLateAt, dueAt);
    const cancel = clock.timer('simulator.late', this.#lastLateAt - clock.now(), () => {
      const [first, ...rest] = this.#late;
      this.#late = rest;
      if (first) this.#apply(first.evse, first.profile);
    });
    this.#late = [...this.#late, { evse, profile, cancel }];
    this.changed();
  }

  #applyWaiting(): void {
    const waiting = this.#late;
    this.#drop(() => true);
    for (const { evse, profile } of waiting) this.#apply(evse, profile);
  }

  #drop(goes: (one: InstalledProfile) => boolean): void {
    if (this.#late.length === 0) return;
    // Whichever timer fires applies the oldest, so those of the last ones go.
    const kept = this.#late.filter((one) => !goes(one));
    const timers = this.#late.map(({ cancel }) => cancel);
    for (const cancel of timers.slice(kept.length)) cancel();
    this.#late = kept.map((one, at) => ({ ...one, cancel: timers[at]! }));
    this.changed();
  }

  #loseLate(): void {
    for (const { evse, profile } of this.#late) this.#owe(evse, profile);
    this.#drop(() => true);
  }

  #forgetWrongly(): void {
    this.#loseLate();
    for (const { evse, profile } of this.memory.all()) this.#owe(evse, profile);
    this.memory.clear({});
  }

  #owe(evse: number, profile: ChargingProfile): void {
    const until = endOf(profile);
    this.#owed = [
      ...this.#owed.filter((one) => !isPlaceOf(one, evse, profile)),
      { evse, purpose: profile.purpose, stackLevel: profile.stackLevel, until },
    ];
  }

  /** What the hardware makes of a limit. */
  #given(limitAmps: number): number {
    const { model, manners } = this.#options;
    if (limitAmps === Number.POSITIVE_INFINITY) return limitAmps;
    if (manners.has('rounds-up')) return ceilToStep(limitAmps, 1);
    return model.unit === 'A' ? floorToStep(limitAmps, model.stepAmps) : limitAmps;
  }
}

const isPlaceOf = (place: Owed, evse: number, { purpose, stackLevel }: ChargingProfile) =>
  place.evse === evse && place.purpose === purpose && place.stackLevel === stackLevel;

/** By the station's clock; Infinity: it has no end. */
function endOf({ validTo = Number.POSITIVE_INFINITY, kind, schedule }: ChargingProfile): WallTime {
  const { startSchedule, durationSeconds } = schedule;
  if (kind !== 'Absolute' || startSchedule === undefined || durationSeconds === undefined) return validTo;
  return Math.min(validTo, startSchedule + durationSeconds * 1_000);
}
