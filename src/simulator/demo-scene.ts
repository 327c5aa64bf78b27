// Who comes and goes in the demo: cars of several kinds that arrive, charge for some minutes and leave, so that each minute something happens.

import type { Evse } from '../core/model/site.ts';
import type { Random } from '../engine/ports.ts';
import type { Car } from './car.ts';

export type Visit = {
  readonly car: Car;
  readonly storedWh: number;
  readonly idTag: string;
  /** Real milliseconds that it stays. */
  readonly stayMs: number;
};

const MODELS: readonly { readonly phases: 1 | 2 | 3; readonly maxAmps: number; readonly batteryWh: number }[] = [
  { phases: 3, maxAmps: 16, batteryWh: 77_000 },
  { phases: 3, maxAmps: 32, batteryWh: 52_000 },
  { phases: 1, maxAmps: 32, batteryWh: 40_000 },
  { phases: 1, maxAmps: 16, batteryWh: 12_000 },
  { phases: 3, maxAmps: 16, batteryWh: 60_000 },
  { phases: 2, maxAmps: 16, batteryWh: 58_000 },
];

/** A driver's visit to `evse`: on DC any car takes what there is. Stays 2 to 6 hours of a day that lasts `dayMs`. */
export function nextVisit(evse: Evse, random: Random, dayMs: number, count: number): Visit {
  const model = MODELS[Math.floor(random.next('scene.model') * MODELS.length)]!;
  const phases = evse.supply === 'dc' ? 3 : (Math.min(model.phases, evse.phases.length) as 1 | 2 | 3);
  const batteryWh = evse.supply === 'dc' ? 300_000 : model.batteryWh;
  return {
    car: { phases, maxAmps: evse.supply === 'dc' ? evse.maxAmps : model.maxAmps, minAmps: evse.minAmps, batteryWh },
    storedWh: batteryWh * (0.15 + 0.5 * random.next('scene.charge')),
    idTag: `DEMO-${String(count).padStart(4, '0')}`,
    stayMs: (dayMs / 24) * (2 + 4 * random.next('scene.stay')),
  };
}

/** How long an EVSE stays empty between two visits: short by day, longer by night. */
export function pauseMs(timeOfDayHours: number, random: Random, dayMs: number): number {
  const isNight = timeOfDayHours < 6 || timeOfDayHours >= 21;
  return (dayMs / 24) * (isNight ? 1.5 + 2 * random.next('scene.pause') : 0.2 + 1.2 * random.next('scene.pause'));
}
