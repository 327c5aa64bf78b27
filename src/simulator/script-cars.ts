// Who comes to a simulated site and when: drivers by day and by night, each EVSE by itself and never two cars on one at once.

import type { Evse, Site } from '../core/model/site.ts';
import type { WallTime } from '../core/model/units.ts';
import { drawCar } from './car-models.ts';
import { Draws, HOUR_MS, hours, MINUTE_MS, minutes, type Span } from './draws.ts';
import type { Happening } from './script.ts';
import type { SeededStreams } from './seeded-random.ts';

const DAY_MS = 24 * HOUR_MS;

/** What a driver who comes at this hour of the day stays for: `long` with this chance, else `short`; then how soon the next one comes. */
type Hours = { readonly until: number; readonly longChance: number; readonly long: Span; readonly pause: Span };
const SHORT = minutes(25, 210);
const DC_STAY = minutes(15, 100);
const NIGHT_UNTIL = 5;
const DAY: readonly Hours[] = [
  { until: NIGHT_UNTIL, longChance: 0.3, long: hours(4, 9), pause: minutes(60, 300) },
  // Those who come to work.
  { until: 10, longChance: 0.6, long: hours(5, 9), pause: minutes(5, 60) },
  { until: 17, longChance: 0.2, long: hours(4, 6), pause: minutes(5, 90) },
  // Those who stay overnight.
  { until: 22, longChance: 0.6, long: hours(8, 13), pause: minutes(10, 120) },
  { until: 24, longChance: 0.5, long: hours(6, 9), pause: minutes(30, 240) },
];
/** The first driver of an EVSE: some are there from the start. */
const FIRST = minutes(0, 120);
/** Of those who would come at night, this part comes in the morning instead, spread over these hours. */
const WAITS_FOR_MORNING_PART = 0.7;
const MORNING = hours(0, 3);
/** Between two cars on one EVSE a driver unplugs and another one parks. */
export const SHORTEST_PAUSE_MS = 5 * MINUTE_MS;
const CHARGE_PARTS: Span = [0.05, 0.85];

/** Every arrival within `hoursMs`, EVSE by EVSE in the site's order; the last cars may stay beyond the end. `startsAtWall` is read as UTC. */
export function carsOf(site: Site, streams: SeededStreams, hoursMs: number, startsAtWall: WallTime): Happening[] {
  return site.evses.flatMap((evse, at) => {
    const random = streams.stream(`cars/${evse.id}`);
    const draws = new Draws(random);
    const cars: Happening[] = [];
    let atMs = arrivalMs(draws.within(FIRST), draws, startsAtWall);
    for (let count = 1; atMs < hoursMs; count++) {
      const forMs = stayMs(evse, draws, startsAtWall + atMs);
      const car = drawCar(evse, random);
      cars.push({
        kind: 'car-comes',
        atMs,
        evse: evse.id,
        car,
        storedWh: Math.floor(car.batteryWh * draws.part(CHARGE_PARTS)),
        // OCPP 1.6 §7.28: an idTag has at most 20 characters.
        idTag: `SIM-${at + 1}-${count}`,
        forMs,
      });
      const leavesAtMs = atMs + forMs;
      const pauseMs = Math.max(SHORTEST_PAUSE_MS, draws.within(hoursAt(startsAtWall + leavesAtMs).pause));
      atMs = arrivalMs(leavesAtMs + pauseMs, draws, startsAtWall);
    }
    return cars;
  });
}

function arrivalMs(atMs: number, draws: Draws, startsAtWall: WallTime): number {
  const sinceMidnightMs = timeOfDayMs(startsAtWall + atMs);
  if (sinceMidnightMs >= NIGHT_UNTIL * HOUR_MS || !draws.chance(WAITS_FOR_MORNING_PART)) return atMs;
  return atMs + NIGHT_UNTIL * HOUR_MS - sinceMidnightMs + draws.within(MORNING);
}

function stayMs(evse: Evse, draws: Draws, at: WallTime): number {
  const { longChance, long } = hoursAt(at);
  const isLong = draws.chance(longChance);
  // On DC a short visit is the rule, and a bus or a van that stays overnight the exception.
  if (evse.supply === 'dc') return draws.within(isLong && draws.chance(0.5) ? long : DC_STAY);
  return draws.within(isLong ? long : SHORT);
}

function hoursAt(at: WallTime): Hours {
  const sinceMidnightMs = timeOfDayMs(at);
  return DAY.find(({ until }) => sinceMidnightMs < until * HOUR_MS)!;
}

function timeOfDayMs(at: WallTime): number {
  return ((at % DAY_MS) + DAY_MS) % DAY_MS;
}
