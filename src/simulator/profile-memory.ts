// A charger's own smart-charging memory: what is installed, and what limit follows on its own clock by OCPP's rules. Nothing valid: no limit.

import type { ChargingProfile, ChargingProfilePurpose, InstalledProfile } from '../core/model/charging-profile.ts';
import type { WallTime } from '../core/model/units.ts';
import { RECURRENCE_MS, rateAt } from './profile-rate.ts';

/** ChargeProfileMaxStackLevel of the simulated charger. */
export const MAX_STACK_LEVEL = 8;
/** MaxChargingProfilesInstalled. */
export const MAX_PROFILES = 20;
/** Changes that `highestAmps` looks at; a schedule with more counts as without limit. */
const MAX_CHANGES = 2_000;
const NEVER = Number.POSITIVE_INFINITY;

/** Who asks: an EVSE, since when its transaction runs, and how many watts at the wire are one ampere per phase for its car. */
export type Asking = {
  readonly evse: number;
  readonly startedAt: WallTime | undefined;
  readonly wattsPerAmp: number;
};

/** What rules now, in amperes per phase; Infinity: nothing does. The same until `until`, unless something is installed or cleared. */
export type Ruling = { readonly limitAmps: number; readonly until: WallTime };

/** Which profiles go; no field: all. */
export type ClearFilter = {
  readonly id?: number;
  readonly evse?: number;
  readonly purpose?: string;
  readonly stackLevel?: number;
};

export class ProfileMemory {
  readonly #maxStackLevel: number;
  #installed: readonly InstalledProfile[] = [];
  #version = 0;

  constructor(maxStackLevel: number = MAX_STACK_LEVEL) {
    this.#maxStackLevel = maxStackLevel;
  }

  /** Rises with every change. */
  get version(): number {
    return this.#version;
  }

  /** OCPP 1.6 §5.16: replaces one with the same id, or with the same stack level and purpose on the same connector. False: no room. */
  install(evse: number, profile: ChargingProfile): boolean {
    const kept = this.#installed.filter(
      (one) =>
        one.profile.id !== profile.id &&
        !(
          one.evse === evse &&
          one.profile.purpose === profile.purpose &&
          one.profile.stackLevel === profile.stackLevel
        ),
    );
    if (kept.length >= MAX_PROFILES || profile.stackLevel > this.#maxStackLevel) return false;
    this.#hold([...kept, { evse, profile }]);
    return true;
  }

  /** OCPP 1.6 §5.5: an id alone decides; other fields are ANDed; none means all. Returns how many went. */
  clear(filter: ClearFilter): number {
    const goes = ({ evse, profile }: InstalledProfile) =>
      filter.id !== undefined
        ? profile.id === filter.id
        : (filter.evse === undefined || evse === filter.evse) &&
          (filter.purpose === undefined || profile.purpose === filter.purpose) &&
          (filter.stackLevel === undefined || profile.stackLevel === filter.stackLevel);
    const before = this.#installed.length;
    this.#hold(this.#installed.filter((one) => !goes(one)));
    return before - this.#installed.length;
  }

  /** A TxProfile dies with its transaction. */
  endTransaction(evse: number): void {
    this.#hold(this.#installed.filter((one) => !(one.evse === evse && one.profile.purpose === 'TxProfile')));
  }

  all(): readonly InstalledProfile[] {
    return this.#installed;
  }

  /** The same profiles in a memory of its own, to see what would be. */
  copy(): ProfileMemory {
    const copy = new ProfileMemory(this.#maxStackLevel);
    copy.#installed = this.#installed;
    return copy;
  }

  /**
   * What one EVSE may draw at `at` on the charger's clock (OCPP 1.6 §3.13.2-3.13.3): TxProfile over TxDefaultProfile, its own over the
   * station's, in each the highest active level; and never above the bounds of EVSE and station.
   */
  rulingAt({ evse, startedAt, wattsPerAmp }: Asking, at: WallTime): Ruling {
    let until = NEVER;
    const level = (purpose: ChargingProfilePurpose, on: number, anchor: WallTime | undefined): number | undefined => {
      let best: { readonly stackLevel: number; readonly amps: number } | undefined;
      for (const { evse: installedOn, profile } of this.#installed) {
        if (installedOn !== on || profile.purpose !== purpose) continue;
        const rate = rateAt(profile, at, anchor);
        until = Math.min(until, rate.until);
        if (rate.limit === undefined || (best && profile.stackLevel < best.stackLevel)) continue;
        const amps = profile.schedule.unit === 'A' ? rate.limit : rate.limit / wattsPerAmp;
        best = { stackLevel: profile.stackLevel, amps };
      }
      return best?.amps;
    };
    const transaction =
      (startedAt === undefined ? undefined : level('TxProfile', evse, startedAt)) ??
      level('TxDefaultProfile', evse, startedAt) ??
      level('TxDefaultProfile', 0, startedAt) ??
      NEVER;
    const limitAmps = Math.min(
      transaction,
      level('ChargingStationMaxProfile', 0, undefined) ?? NEVER,
      level('ChargingStationMaxProfile', evse, startedAt) ?? NEVER,
    );
    return { limitAmps, until };
  }

  /** The highest that may rule at `at` or at any time after it, if nothing is installed or cleared. */
  highestAmps(asking: Asking, at: WallTime): number {
    const settledAt = this.#settledAt(asking.startedAt);
    let highest = 0;
    let now = at;
    for (let changes = 0; changes < MAX_CHANGES; changes++) {
      const { limitAmps, until } = this.rulingAt(asking, now);
      highest = Math.max(highest, limitAmps);
      if (highest === NEVER || until === NEVER || now > Math.max(at, settledAt) + RECURRENCE_MS.Weekly) return highest;
      now = until;
    }
    return NEVER;
  }

  /** From then on nothing changes but what recurs. */
  #settledAt(startedAt: WallTime | undefined): WallTime {
    let settledAt = Number.NEGATIVE_INFINITY;
    for (const { profile } of this.#installed) {
      const { validFrom, validTo, schedule } = profile;
      const start = (profile.kind === 'Relative' ? startedAt : (schedule.startSchedule ?? startedAt)) ?? 0;
      const last = schedule.periods.at(-1)!.startPeriodSeconds;
      const ends = start + Math.max(last, schedule.durationSeconds ?? 0) * 1_000;
      settledAt = Math.max(settledAt, validFrom ?? settledAt, validTo ?? settledAt, ends);
    }
    return settledAt;
  }

  #hold(installed: readonly InstalledProfile[]): void {
    if (installed.length === this.#installed.length && installed.every((one, at) => one === this.#installed[at]))
      return;
    this.#installed = installed;
    this.#version += 1;
  }
}
