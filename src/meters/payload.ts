// Reads a meter's values out of a JSON payload by the site's pointers; what is not a number is not there, and nothing is guessed.

import type { Sample } from '../core/metering/sample.ts';
import type { PayloadMap, PayloadValue } from '../core/model/site-meters.ts';
import { mapPhases, PHASES, type Phase, type PhaseAmps, type WallTime } from '../core/model/units.ts';

export type PayloadReading =
  | { readonly kind: 'sample'; readonly sample: Sample; readonly measuredAtWall?: WallTime }
  /** What is wrong with it, in words. */
  | { readonly kind: 'unreadable'; readonly detail: string };

/** Numbers from here on are milliseconds since 1970, smaller ones seconds: as seconds this is the year 5138. */
const MILLISECONDS_FROM = 1e11;
const DECIMAL = /^[+-]?\d{1,15}(?:\.\d{1,15})?(?:[eE][+-]?\d{1,2})?$/;
const DATE_TIME = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:[Zz]|[+-]\d\d:?\d\d)$/;

/** `phases`: those of which a current MUST be there. A current or a given time that cannot be read makes the whole unreadable; others are left out. */
export function readPayload(bytes: Uint8Array, map: PayloadMap, phases: readonly Phase[]): PayloadReading {
  let root: unknown;
  try {
    root = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    // Whatever it is, it is no reading: said so below.
    return { kind: 'unreadable', detail: 'the payload is not JSON' };
  }
  const missing = phases.find((phase) => numberAt(root, map.currentAmps[phase]) === undefined);
  if (missing !== undefined) {
    const place = map.currentAmps[missing]?.pointer ?? '';
    return { kind: 'unreadable', detail: `the payload has no current of ${missing} at "${place}"` };
  }
  const time = map.measuredAt === undefined ? undefined : timeAt(root, map.measuredAt);
  if (map.measuredAt !== undefined && time === undefined)
    return { kind: 'unreadable', detail: `the payload has no date-time with its zone at "${map.measuredAt}"` };
  const volts = triple(root, map.volts);
  const powerWatts = triple(root, map.powerWatts);
  const single = <K extends 'totalPowerWatts' | 'energyImportWh' | 'energyExportWh'>(name: K) => {
    const value = numberAt(root, map[name]);
    return value === undefined ? {} : ({ [name]: value } as { [P in K]: number });
  };
  return {
    kind: 'sample',
    sample: {
      currentAmps: mapPhases((phase) => numberAt(root, map.currentAmps[phase]) ?? 0),
      ...(volts ? { volts } : {}),
      ...(powerWatts ? { powerWatts } : {}),
      ...single('totalPowerWatts'),
      ...single('energyImportWh'),
      ...single('energyExportWh'),
    },
    ...(time === undefined ? {} : { measuredAtWall: time }),
  };
}

function triple(root: unknown, places: PayloadMap['volts']): PhaseAmps | undefined {
  const values = PHASES.map((phase) => numberAt(root, places?.[phase]));
  const [L1, L2, L3] = values;
  return L1 === undefined || L2 === undefined || L3 === undefined ? undefined : { L1, L2, L3 };
}

/** Also a number that is written as text. */
function numberAt(root: unknown, place: PayloadValue | undefined): number | undefined {
  if (!place) return undefined;
  const value = at(root, place.pointer);
  const number = typeof value === 'string' && DECIMAL.test(value.trim()) ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number * place.factor : undefined;
}

function timeAt(root: unknown, pointer: string): WallTime | undefined {
  const value = at(root, pointer);
  if (typeof value === 'number' && Number.isFinite(value)) return value < MILLISECONDS_FROM ? value * 1_000 : value;
  if (typeof value !== 'string' || !DATE_TIME.test(value)) return undefined;
  const wall = Date.parse(value.replace(' ', 'T').toUpperCase());
  return Number.isFinite(wall) ? wall : undefined;
}

/** RFC 6901; own members only, `undefined` where it leads nowhere. */
function at(root: unknown, pointer: string): unknown {
  let value = root;
  if (pointer === '') return value;
  for (const step of pointer.slice(1).split('/')) {
    const key = step.replaceAll('~1', '/').replaceAll('~0', '~');
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<string, unknown>)[key];
  }
  return value;
}
