// The root circuit's last quarter of an hour for the console's chart: a bounded ring in memory, never a store.

import type { CycleRecord } from '../core/model/decision.ts';
import type { HistoryView } from '../core/model/state-view.ts';
import { type CircuitId, type Instant, mapPhases, PHASES, type PhaseAmps, type WallTime } from '../core/model/units.ts';

export const HISTORY_MS = 15 * 60_000;
/** Closer points are dropped, so that a fast cycle does not shorten the past. */
export const HISTORY_STEP_MS = 1_000;
/** One point each step; the oldest goes first. */
export const MAX_HISTORY_POINTS = HISTORY_MS / HISTORY_STEP_MS;

type Point = {
  readonly at: Instant;
  readonly atWall: WallTime;
  readonly limitAmps: number;
  readonly meteredAmps: { readonly [P in keyof PhaseAmps]: number | null };
};

export class History {
  readonly #circuit: CircuitId;
  #points: Point[] = [];

  constructor(circuit: CircuitId) {
    this.#circuit = circuit;
  }

  add(record: CycleRecord): void {
    const report = record.decision.circuits.find((circuit) => circuit.circuit === this.#circuit);
    if (!report) return;
    const { now, wallNow } = record.snapshot;
    const last = this.#points.at(-1);
    // A cycle that was asked for in between; half a step of slack keeps an uneven 1 Hz cycle whole.
    if (last && now - last.at < HISTORY_STEP_MS / 2) return;
    this.#points.push({
      at: now,
      atWall: wallNow,
      limitAmps: Math.min(...PHASES.map((phase) => report.phases[phase].limitAmps)),
      meteredAmps: mapPhases((phase) => report.phases[phase].meteredAmps ?? null),
    });
    while (this.#points.length > MAX_HISTORY_POINTS || this.#points[0]!.at < now - HISTORY_MS) this.#points.shift();
  }

  view(): HistoryView {
    return {
      circuit: this.#circuit,
      atWallMs: this.#points.map((point) => point.atWall),
      limitAmps: this.#points.map((point) => point.limitAmps),
      meteredAmps: mapPhases((phase) => this.#points.map((point) => point.meteredAmps[phase])),
    };
  }
}
