// The cars that come to a simulated site: a small catalogue of kinds as they are met in the field, no brand's data sheet.

import type { Evse } from '../core/model/site.ts';
import type { Random } from '../engine/ports.ts';
import type { Car } from './car.ts';

export type CarModel = Car & {
  readonly id: string;
  /** How often it is met, in proportion to the others. */
  readonly share: number;
};

/** Cars on AC: what most of Europe's drive-ways and car parks see, the odd ones seldom. */
export const AC_CAR_MODELS: readonly CarModel[] = [
  { id: 'three-phase-16', share: 6, phases: 3, maxAmps: 16, minAmps: 6, batteryWh: 77_000 },
  { id: 'three-phase-16-slow', share: 2, phases: 3, maxAmps: 16, minAmps: 6, batteryWh: 60_000, reactionMs: 3_000 },
  { id: 'three-phase-32', share: 1, phases: 3, maxAmps: 32, minAmps: 6, batteryWh: 90_000, taperFrom: 0.9 },
  // Needs 8 A to begin and stops below it.
  { id: 'three-phase-needs-8', share: 1, phases: 3, maxAmps: 32, minAmps: 8, batteryWh: 52_000, wakesAtAmps: 10 },
  { id: 'two-phase-16', share: 2, phases: 2, maxAmps: 16, minAmps: 6, batteryWh: 45_000 },
  { id: 'one-phase-32', share: 1, phases: 1, maxAmps: 32, minAmps: 6, batteryWh: 40_000, reactionMs: 1_000 },
  { id: 'one-phase-16-hybrid', share: 3, phases: 1, maxAmps: 16, minAmps: 6, batteryWh: 12_000, taperFrom: 0.95 },
  // Sleeps after a pause until it is offered much more than its minimum.
  { id: 'one-phase-20-sleeper', share: 1, phases: 1, maxAmps: 20, minAmps: 6, batteryWh: 35_000, wakesAtAmps: 13 },
  { id: 'one-phase-needs-10', share: 1, phases: 1, maxAmps: 32, minAmps: 10, batteryWh: 24_000, reactionMs: 3_000 },
];

/** Batteries on DC, where any car or bus takes what there is. */
const DC_BATTERIES_WH = [58_000, 77_000, 100_000, 300_000, 350_000] as const;

/** A car that can charge at `evse`: never of more phases than are wired there. Draws `scene.model` once. */
export function drawCar(evse: Pick<Evse, 'supply' | 'phases' | 'minAmps' | 'maxAmps'>, random: Random): Car {
  const draw = random.next('scene.model');
  const wired = Math.min(3, evse.phases.length) as 1 | 2 | 3;
  if (evse.supply === 'dc') {
    const batteryWh = DC_BATTERIES_WH[Math.floor(draw * DC_BATTERIES_WH.length)]!;
    return { phases: wired, maxAmps: evse.maxAmps, minAmps: evse.minAmps, batteryWh };
  }
  const { id: _id, share: _share, ...car } = pickByShare(draw);
  return { ...car, phases: Math.min(car.phases, wired) as 1 | 2 | 3 };
}

const SHARES = AC_CAR_MODELS.reduce((sum, model) => sum + model.share, 0);

function pickByShare(draw: number): CarModel {
  let left = draw * SHARES;
  for (const model of AC_CAR_MODELS) {
    left -= model.share;
    if (left < 0) return model;
  }
  return AC_CAR_MODELS[0]!;
}
