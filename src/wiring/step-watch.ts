// Follows a meter while a person switches a load: the level before, the level after, and back again; every wait has an end.

import {
  type ChannelReading,
  isSteady,
  LEVEL_READINGS,
  type Level,
  levelOf,
  stepBetween,
} from '../core/metering/load-step.ts';
import { PHASES } from '../core/model/units.ts';
import { AppError } from '../engine/app-error.ts';
import type { Clock } from '../engine/ports.ts';

/** One reading by channels; throws AppError when the meter does not answer. */
export type ReadChannels = () => Promise<ChannelReading>;

export type StepTiming = {
  readonly everyMs: number;
  /** Longest wait for a load to come, and to go. */
  readonly patienceMs: number;
};

export const STEP_TIMING: StepTiming = { everyMs: 1_000, patienceMs: 120_000 };
/** Readings that make the level before a load: the noise of a building shows only after a while. */
const BASE_READINGS = 5;
/** So many failures in a row are a meter that is gone. */
export const MAX_FAILURES = 5;
/** A step of this share of what the load should make, by the present settings, is taken for it at once. */
const EXPECTED_SHARE = 0.3;
/** A load is gone when no more than this share of its step is left. */
const LEFT_SHARE = 0.3;

export class StepWatch {
  readonly #clock: Clock;
  readonly #read: ReadChannels;
  readonly #timing: StepTiming;
  readonly #signal: AbortSignal;

  constructor(clock: Clock, read: ReadChannels, timing: StepTiming, signal: AbortSignal) {
    this.#clock = clock;
    this.#read = read;
    this.#timing = timing;
    this.#signal = signal;
  }

  /** The level now. Throws AppError as the reading does, after some failures in a row. */
  async base(): Promise<Level> {
    const readings: ChannelReading[] = [];
    while (readings.length < BASE_READINGS && !this.#signal.aborted) readings.push(await this.#next());
    if (readings.length === 0) throw new AppError('METER_CLOSED', 'stopped');
    return levelOf(readings);
  }

  /**
   * The level after a step from `before`: as soon as it is as large as expected and at rest; when `pressed` resolves or patience ends,
   * whatever is there then. `expectedAmps`: in the meter's own amperes.
   */
  async step(before: Level, expectedAmps: number, pressed: Promise<boolean>): Promise<Level> {
    let isPressed = false;
    void pressed.then((yes) => {
      isPressed = yes;
    });
    const isSeen = (level: Level) => {
      const { amps, channels } = stepBetween(before, level);
      return channels.some((channel) => Math.abs(amps[channel]) >= EXPECTED_SHARE * expectedAmps);
    };
    return this.#until(
      before,
      (level, isFresh) => (isSeen(level) && isSteady(before, level)) || isFresh,
      () => isPressed,
    );
  }

  /** Whether the load that made `on` is off again within the patience. */
  async isGone(before: Level, on: Level): Promise<boolean> {
    const { amps, channels } = stepBetween(before, on);
    const isOff = (level: Level) =>
      PHASES.filter((phase) => channels.includes(phase)).every(
        (phase) => Math.abs(level.amps[phase] - before.amps[phase]) <= LEFT_SHARE * Math.abs(amps[phase]),
      );
    return isOff(await this.#until(before, isOff, () => false));
  }

  /** The newest level when `isDone` says so of it, or when patience ends; `isFresh`: all of it was read after `isPressed` began to hold. */
  async #until(
    before: Level,
    isDone: (level: Level, isFresh: boolean) => boolean,
    isPressed: () => boolean,
  ): Promise<Level> {
    const endsAt = this.#clock.now() + this.#timing.patienceMs;
    let window: ChannelReading[] = [];
    let isFresh = false;
    let newest = before;
    while (!this.#signal.aborted && this.#clock.now() < endsAt) {
      if (isPressed() && !isFresh) {
        // What was read before the person said "now" is no part of the level after.
        window = [];
        isFresh = true;
      }
      window = [...window, await this.#next()].slice(-LEVEL_READINGS);
      if (window.length < LEVEL_READINGS) continue;
      newest = levelOf(window);
      if (isDone(newest, isFresh)) break;
    }
    return newest;
  }

  async #next(): Promise<ChannelReading> {
    for (let failures = 1; ; failures++) {
      await this.#clock.sleep('commission.reading', this.#timing.everyMs, this.#signal);
      try {
        return await this.#read();
      } catch (error) {
        // One lost reading is no reason to begin again; a meter that stays away is.
        if (!(error instanceof AppError) || failures >= MAX_FAILURES || this.#signal.aborted) throw error;
      }
    }
  }
}
