// A charger's own smart-charging memory: what is installed, and what limit follows on its own clock by OCPP's rules. Nothing valid: no limit.

import type { ChargingProfile, InstalledProfile } from '../core/model/charging-profile.ts';
import type { WallTime } from '../core/model/units.ts';
import { limitAt } from '../core/schedule/composite.ts';

/** ChargeProfileMaxStackLevel of the simulated charger. */
export const MAX_STACK_LEVEL = 8;
/** MaxChargingProfilesInstalled. */
export const MAX_PROFILES = 20;

export class ProfileMemory {
  #installed: InstalledProfile[] = [];

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
    if (kept.length >= MAX_PROFILES || profile.stackLevel > MAX_STACK_LEVEL) return false;
    this.#installed = [...kept, { evse, profile }];
    return true;
  }

  /** OCPP 1.6 §5.5: an id alone decides; other fields are ANDed; none means all. Returns how many went. */
  clear(filter: {
    readonly id?: number;
    readonly evse?: number;
    readonly purpose?: string;
    readonly stackLevel?: number;
  }): number {
    const goes = ({ evse, profile }: InstalledProfile) =>
      filter.id !== undefined
        ? profile.id === filter.id
        : (filter.evse === undefined || evse === filter.evse) &&
          (filter.purpose === undefined || profile.purpose === filter.purpose) &&
          (filter.stackLevel === undefined || profile.stackLevel === filter.stackLevel);
    const before = this.#installed.length;
    this.#installed = this.#installed.filter((one) => !goes(one));
    return before - this.#installed.length;
  }

  /** A TxProfile dies with its transaction. */
  endTransaction(evse: number): void {
    this.#installed = this.#installed.filter((one) => !(one.evse === evse && one.profile.purpose === 'TxProfile'));
  }

  all(): readonly InstalledProfile[] {
    return this.#installed;
  }

  /** Amperes per phase that one EVSE may draw at `at` on the charger's clock; Infinity when nothing is valid (OCPP 1.6 §3.13.6). */
  limitAmps(evse: number, at: WallTime, startedAt: WallTime | undefined, volts: number, phases: number): number {
    const limit = limitAt({
      profiles: this.#installed,
      evse,
      at,
      nominalVolts: volts,
      phases,
      ...(startedAt === undefined ? {} : { transaction: { startedAt } }),
    });
    return 'unlimited' in limit ? Number.POSITIVE_INFINITY : limit.limitAmps;
  }
}
