// One EVSE of a simulated station: the car on it, the transaction, the energy, and the limit it obeys. No sockets.

import type { Evse } from '../core/model/site.ts';
import type { WallTime } from '../core/model/units.ts';
import { appetiteAmps, type Car, type CarState, stepCar } from './car.ts';
import type { ProfileMemory } from './profile-memory.ts';

export type SimulatedTransaction = {
  readonly key: number;
  readonly idTag: string;
  readonly startedAt: WallTime;
  readonly meterStartWh: number;
  /** Given by the central system; absent until it has answered. */
  id?: number;
};

export class SimulatedEvse {
  readonly evse: Evse;
  readonly #memory: ProfileMemory;
  readonly #volts: number;
  #car: Car | undefined;
  #state: CarState = { storedWh: 0, amps: 0, waitedMs: 0 };
  #energyWh = 0;
  transaction: SimulatedTransaction | undefined;
  /** False while the central system has refused the driver: plugged in, no energy. */
  isAuthorized = false;

  constructor(evse: Evse, memory: ProfileMemory, volts: number) {
    this.evse = evse;
    this.#memory = memory;
    this.#volts = volts;
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
    return this.evse.phases.map((_phase, at) => (this.#car && at < this.#car.phases ? this.#state.amps : 0));
  }

  plugIn(car: Car, storedWh: number): void {
    this.#car = car;
    this.#state = { storedWh: Math.min(storedWh, car.batteryWh), amps: 0, waitedMs: 0 };
  }

  unplug(): void {
    this.#car = undefined;
    this.#state = { storedWh: 0, amps: 0, waitedMs: 0 };
    this.isAuthorized = false;
  }

  /** The limit that rules at `at` on the charger's clock, hardware included. */
  limitAmps(at: WallTime): number {
    const limit = this.#memory.limitAmps(
      this.evse.number,
      at,
      this.transaction?.startedAt,
      this.#volts,
      this.evse.phases.length,
    );
    return Math.min(limit, this.evse.maxAmps);
  }

  /** 1.6 ChargePointStatus. */
  status(at: WallTime): 'Available' | 'Preparing' | 'Charging' | 'SuspendedEV' | 'SuspendedEVSE' {
    if (!this.#car) return 'Available';
    if (!this.transaction) return 'Preparing';
    if (this.#state.amps > 0) return 'Charging';
    return this.isFull || this.limitAmps(at) >= this.#car.minAmps ? 'SuspendedEV' : 'SuspendedEVSE';
  }

  step(at: WallTime, elapsedMs: number, energyScale: number): void {
    if (!this.#car) return;
    const limit = this.transaction && this.isAuthorized ? this.limitAmps(at) : 0;
    const before = this.#state.amps;
    // Energy runs faster than time in a demo that squeezes a day into minutes; current and reaction do not.
    const next = stepCar(this.#car, this.#state, limit, this.#volts, elapsedMs);
    const gainedWh = (next.storedWh - this.#state.storedWh) * energyScale;
    this.#state = { ...next, storedWh: Math.min(this.#car.batteryWh, this.#state.storedWh + gainedWh) };
    this.#energyWh += (before * this.#car.phases * this.#volts * elapsedMs) / 3_600_000;
  }
}
