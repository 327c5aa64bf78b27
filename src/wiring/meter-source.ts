// Reads one meter again and again for a person, each reading judged also by the ones before it; trouble with the meter is an answer here.

import { AppError } from '../engine/app-error.ts';
import type { Clock } from '../engine/ports.ts';
import { type MeterShot, readOnce } from '../modbus/read-once.ts';
import type { ModbusLink } from '../modbus/register-reader.ts';
import type { MeterTarget } from './meter-target.ts';

export type Attempt =
  | {
      readonly kind: 'read';
      readonly shot: MeterShot;
      /** From the first request to the last reply. */
      readonly readMs: number;
      /** Of the reading's oldest part, when all of it had come. */
      readonly ageMs: number;
    }
  | { readonly kind: 'unread'; readonly error: AppError };

export class MeterSource {
  readonly #clock: Clock;
  readonly #link: ModbusLink;
  readonly #target: MeterTarget;
  #seen: MeterShot['seen'] | undefined;

  constructor(clock: Clock, link: ModbusLink, target: MeterTarget) {
    this.#clock = clock;
    this.#link = link;
    this.#target = target;
  }

  /** One reading of all that the profile knows. Only our own mistakes are thrown. */
  async read(): Promise<Attempt> {
    const { unitId, profile, place } = this.#target;
    const begunAt = this.#clock.now();
    try {
      const reader = this.#link.unit(unitId, profile.gapMs);
      const shot = await readOnce({ clock: this.#clock }, reader, profile, place, this.#seen);
      this.#seen = shot.seen;
      const now = this.#clock.now();
      return { kind: 'read', shot, readMs: now - begunAt, ageMs: now - shot.measuredAt };
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      return { kind: 'unread', error };
    }
  }
}
