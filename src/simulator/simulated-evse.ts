// One EVSE of a simulated station: the car on it, the transaction, the energy, and the limit it obeys. No sockets.

import type { ChargerProfile } from '../core/model/charger.ts';
import type { Evse } from '../core/model/site.ts';
import type { WallTime } from '../core/model/units.ts';
import { appetiteAmps, type Car, type CarState, stepCar } from './car.ts';
import type { Asking } from './profile-memory.ts';
import { hasNoEnd } from './profile-rate.ts';
import type { SmartCharging } from './smart-charging.ts';
import type { PlugStatus, SimulatedTransaction } from './station-wire.ts';
import type { Model } from './zoo.ts';

export type EvseOptions = {
  readonly evse: Evse;
  readonly profile: ChargerProfile;
  readonly model: Model;
  readonly charging: SmartCharging;
  readonly volts: number;
};

/** What rules at `from` and until `until` on the station's clock, as long as neither memory nor car nor transaction change. */
type Known = Asking & {
  readonly version: number;
  readonly from: WallTime;
  readonly until: WallTime;
  readonly limitAmps: number;
  /** Computed when somebody asks. */
  mightAmps?: number;
};

const NO_CAR: CarState = { storedWh: 0, amps: 0, waitedMs: 0 };

export class SimulatedEvse {
  readonly evse: Evse;
  readonly #options: EvseOptions;
  #car: Car | undefined;
  #state = NO_CAR;
  #drawn: readonly number[];
  #energyWh = 0;
  #known: Known | undefined;
  #floor: { readonly version: number; readonly wattsPerAmp: number; readonly amps: number | undefined } | undefined;
  #isPowered = true;
  transaction: SimulatedTransaction | undefined;
  /** False while the central system has refused the driver: plugged in, no energy. */
  isAuthorized = false;

  constructor(options: EvseOptions) {
    this.#options = options;
    this.evse = options.evse;
    this.#drawn = this.evse.phases.map(() => 0);
  }

  get car(): Car | undefined {
    return this.#car;
  }

  get energyWh(): number {
    return this.#energyWh;
  }

  get isFull(): boolean {
    return this.#car !== undefined && appetiteAmps(this.#car, this.#state) === 0;
  }

  /** Amperes on each of the EVSE's own phases. */
  drawn(): readonly number[] {
    return this.#drawn;
  }

  plugIn(car: Car, storedWh: number): void {
    const { wakesAtAmps } = this.#options.model;
    this.#car = wakesAtAmps === undefined ? car : { wakesAtAmps, ...car };
    this.#follow({ storedWh: Math.min(storedWh, car.batteryWh), amps: 0, waitedMs: 0 });
  }

  unplug(): void {
    this.#car = undefined;
    this.#follow(NO_CAR);
    this.isAuthorized = false;
  }

  /** The contactor falls at once; the car begins anew when there is power again. */
  setPower(isPowered: boolean): void {
    this.#isPowered = isPowered;
    if (!isPowered) this.#follow({ storedWh: this.#state.storedWh, amps: 0, waitedMs: 0 });
  }

  /** The limit that rules at `at` on the charger's clock, hardware included. */
  limitAmps(at: WallTime): number {
    return this.#isPowered ? this.#rulingAt(at).limitAmps : 0;
  }

  /** The highest limit that may come to rule at `at` or later, by what the charger holds and has accepted. Hardware included. */
  mightAmps(at: WallTime): number {
    const known = this.#rulingAt(at);
    known.mightAmps ??= Math.min(this.evse.maxAmps, this.#options.charging.mightAt(known, at));
    return known.mightAmps;
  }

  /** The floor that is installed: without end, on the floor's level; undefined: none is. */
  floorAmps(): number | undefined {
    const { charging, profile } = this.#options;
    const { version } = charging.memory;
    const wattsPerAmp = this.#wattsPerAmp();
    if (this.#floor?.version === version && this.#floor.wattsPerAmp === wattsPerAmp) return this.#floor.amps;
    const { purpose, stackLevel } = profile.floor;
    let amps: number | undefined;
    for (const one of charging.memory.all()) {
      const isFloor = one.profile.purpose === purpose && one.profile.stackLevel === stackLevel;
      if (!isFloor || !hasNoEnd(one.profile) || (one.evse !== this.evse.number && one.evse !== 0)) continue;
      const { unit, periods } = one.profile.schedule;
      const limit = Math.max(...periods.map((period) => period.limit));
      if (amps === undefined || one.evse !== 0) amps = unit === 'A' ? limit : limit / wattsPerAmp;
    }
    this.#floor = { version, wattsPerAmp, amps };
    return amps;
  }

  /** 1.6 ChargePointStatus. */
  status(at: WallTime): PlugStatus {
    if (!this.#car) return 'Available';
    if (!this.transaction) return 'Preparing';
    if (this.#state.amps > 0) return 'Charging';
    return this.isFull || this.limitAmps(at) >= this.#car.minAmps ? 'SuspendedEV' : 'SuspendedEVSE';
  }

  /** Physics of `elapsedMs` that end at `at` on the charger's clock. */
  step(at: WallTime, elapsedMs: number, energyScale: number): void {
    const car = this.#car;
    if (!car || !this.#isPowered) return;
    const limit = this.transaction && this.isAuthorized ? this.limitAmps(at) : 0;
    const before = this.#state;
    const next = stepCar(car, before, limit, this.#options.volts, elapsedMs);
    if (next === before) return;
    this.#energyWh += (before.amps * car.phases * this.#options.volts * elapsedMs) / 3_600_000;
    if (energyScale === 1) {
      this.#follow(next);
      return;
    }
    // Energy runs faster than time in a demo that squeezes a day into minutes; current and reaction do not.
    const gainedWh = (next.storedWh - before.storedWh) * energyScale;
    this.#follow({ ...next, storedWh: Math.min(car.batteryWh, before.storedWh + gainedWh) });
  }

  #follow(next: CarState): void {
    const phases = this.#car?.phases ?? 0;
    const amps = phases > 0 ? next.amps : 0;
    if (amps !== this.#drawn[0]) this.#drawn = this.evse.phases.map((_phase, at) => (at < phases ? amps : 0));
    this.#state = next;
  }

  #rulingAt(at: WallTime): Known {
    const { charging } = this.#options;
    const { version } = charging;
    const startedAt = this.transaction?.startedAt;
    const wattsPerAmp = this.#wattsPerAmp();
    const known = this.#known;
    if (
      known &&
      known.version === version &&
      at >= known.from &&
      at < known.until &&
      known.startedAt === startedAt &&
      known.wattsPerAmp === wattsPerAmp
    )
      return known;
    const asking: Asking = { evse: this.evse.number, startedAt, wattsPerAmp };
    const { limitAmps, until } = charging.limitAt(asking, at);
    const fresh: Known = { ...asking, version, from: at, until, limitAmps: Math.min(this.evse.maxAmps, limitAmps) };
    this.#known = fresh;
    return fresh;
  }

  /** Of a limit in watts: all of it goes to the phases that the car uses, and a DC charger takes it for its output. */
  #wattsPerAmp(): number {
    const { supply, phases, efficiency = 1 } = this.evse;
    const used = supply === 'dc' ? phases.length : Math.min(this.#car?.phases ?? 1, phases.length);
    // At the grid an output of so many watts is more by the losses.
    return this.#options.volts * used * efficiency;
  }
}
