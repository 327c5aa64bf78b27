// Reads a situation and finds everything that is wrong with it: JSON, fields, names that the site does not have, contradictions. Each fault says
// where, what stands there and what was expected; nothing is ever guessed.

import { describePath, type Fault, valueAt } from '../config/fault.ts';
import { parseJsonText } from '../config/json-text.ts';
import { faultsOf, nearest } from '../config/shape.ts';
import type { Site } from '../core/model/site.ts';
import { type EvseSituation, type Situation, situationSchema } from './situation-schema.ts';

/** What the faults name as their file. */
const FILE = 'standard input';
/** Names that a message lists at most. */
const MAX_NAMES = 12;

export type ReadSituation =
  | { readonly ok: true; readonly situation: Situation }
  | { readonly ok: false; readonly faults: readonly Fault[] };

/** The situation in `text`, or every fault in it. Never throws. */
export function readSituation(text: string, site: Site): ReadSituation {
  const json = parseJsonText(text);
  if (!json.ok) {
    const path = `line ${json.line}, column ${json.column}`;
    return { ok: false, faults: [{ file: FILE, path, value: json.found, expected: json.expected }] };
  }
  const root = json.value;
  const parsed = situationSchema.safeParse(root);
  const faults = [
    ...(parsed.success ? [] : faultsOf(parsed.error, { file: FILE, root })),
    ...unknownKeys(root, site),
    ...(parsed.success ? contradictions(parsed.data, site, root) : []),
  ];
  return parsed.success && faults.length === 0 ? { ok: true, situation: parsed.data } : { ok: false, faults };
}

type Path = readonly PropertyKey[];
const faultAt = (root: unknown, path: Path, expected: string): Fault => ({
  file: FILE,
  path: describePath(path),
  value: valueAt(root, path),
  expected,
});

type Named = { readonly id: string };

function unknownName(kind: string, path: Path, name: string, known: readonly Named[]): Fault[] {
  if (known.some(({ id }) => id === name)) return [];
  const ids = known.map(({ id }) => id);
  const near = nearest(name, ids);
  const listed = ids.length === 0 ? 'the site has none' : `the site has ${ids.slice(0, MAX_NAMES).join(', ')}`;
  const more = ids.length > MAX_NAMES ? ` and ${ids.length - MAX_NAMES} more` : '';
  const expected = `the id of ${kind}${near === undefined ? '' : ` (did you mean ${near}?)`}; ${listed}${more}`;
  return [{ file: FILE, path: describePath(path), value: name, expected }];
}

/** Keys are looked for in what was written: a schema passes over names such as `__proto__`. */
function unknownKeys(root: unknown, site: Site): Fault[] {
  const keysOf = (field: string) => {
    const value = valueAt(root, [field]);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.keys(value) : [];
  };
  const check = (field: string, kind: string, known: readonly Named[]) =>
    keysOf(field).flatMap((name) => unknownName(kind, [field, name], name, known));
  return [
    ...check('meters', 'a meter', site.meters),
    ...check('evses', 'an EVSE', site.evses),
    ...check('stations', 'a station', site.stations),
    ...check('circuits', 'a circuit', site.circuits),
  ];
}

function contradictions(situation: Situation, site: Site, root: unknown): Fault[] {
  const { evses, limits, circuits } = situation;
  return [
    ...site.evses.flatMap(({ id, phases }) =>
      Object.hasOwn(evses, id) ? evseFaults(['evses', id], evses[id]!, phases, root) : [],
    ),
    ...site.stations.flatMap((station) => dividedStation(station.evses, evses, root)),
    ...site.circuits.flatMap(({ id, meter }) =>
      meter === undefined && Object.hasOwn(circuits, id) && circuits[id]?.believedBaseLoadAmps !== undefined
        ? [
            faultAt(
              root,
              ['circuits', id, 'believedBaseLoadAmps'],
              'a circuit with a meter; the base load of this one is its allowance',
            ),
          ]
        : [],
    ),
    ...limits.flatMap((limit, at) => limitFaults(limit, ['limits', at], site, root)),
  ];
}

/** What only a session has. */
const OF_A_SESSION = [
  'wish',
  'energyWh',
  'energyKilowattHours',
  'phases',
  'takesAmps',
  'onMinutes',
  'pausedMinutes',
  'waitingMinutes',
  'wakeAttempts',
] as const;

function evseFaults(path: Path, evse: EvseSituation, wired: readonly string[], root: unknown): Fault[] {
  const faults: Fault[] = [];
  const add = (field: Path, expected: string) => faults.push(faultAt(root, [...path, ...field], expected));
  const stated = (field: keyof EvseSituation) => evse[field] !== undefined;
  if (!evse.car) {
    for (const field of OF_A_SESSION) if (stated(field)) add([field], '"car": true beside it, or nothing');
    if (['Charging', 'SuspendedEV', 'SuspendedEVSE'].includes(evse.status ?? ''))
      add(['status'], '"car": true beside it, or a status without a session');
  } else if (evse.status === 'Available' || evse.status === 'Reserved') {
    add(['status'], 'a status with a car, such as Charging, because of "car": true');
  }
  onlyOne(['energyWh', 'energyKilowattHours'], evse, add);
  onlyOne(['onMinutes', 'pausedMinutes', 'waitingMinutes'], evse, add);
  if (evse.wish)
    onlyOne(['energyWh', 'energyKilowattHours'], evse.wish, (field, text) => add(['wish', ...field], text));
  if (stated('acknowledgedAmps') && !stated('offeredAmps')) {
    add(['acknowledgedAmps'], 'offeredAmps beside it: what it was told after that');
  }
  if (Array.isArray(evse.drawnAmps) && evse.drawnAmps.length > wired.length) {
    add(
      ['drawnAmps'],
      `at most ${wired.length} ${wired.length === 1 ? 'number' : 'numbers'}: it is wired to ${wired.join(' ')}`,
    );
  }
  evse.phases?.forEach((phase, at) => {
    if (!wired.includes(phase)) add(['phases', at], `a phase that it is wired to: ${wired.join(' ')}`);
    else if (evse.phases!.indexOf(phase) < at) add(['phases', at], 'each phase once');
  });
  if (evse.connected === 'never' && (evse.floor === 'confirmed' || stated('offeredAmps'))) {
    const field = stated('offeredAmps') ? 'offeredAmps' : 'floor';
    add([field], 'nothing: a station that has never connected was never told anything');
  }
  return faults;
}

function onlyOne<T extends object>(
  fields: readonly (keyof T & string)[],
  owner: T,
  add: (field: Path, expected: string) => void,
): void {
  const [first, ...others] = fields.filter((field) => owner[field] !== undefined);
  for (const field of others) add([field], `only one of ${fields.join(', ')}; there is ${first} already`);
}

/** A station has one link. */
function dividedStation(ids: readonly string[], evses: Situation['evses'], root: unknown): Fault[] {
  const listed = ids.filter((id) => Object.hasOwn(evses, id));
  const [first, ...others] = listed;
  if (first === undefined) return [];
  return others
    .filter((id) => evses[id]!.connected !== evses[first]!.connected)
    .map((id) => faultAt(root, ['evses', id, 'connected'], `the same as for ${first}: both are EVSEs of one station`));
}

function limitFaults(limit: Situation['limits'][number], path: Path, site: Site, root: unknown): Fault[] {
  const { circuit, group, evse } = limit;
  const at = (field: string, expected: string) => faultAt(root, [...path, field], expected);
  const scopes = (['circuit', 'group', 'evse'] as const).filter((kind) => limit[kind] !== undefined);
  if (scopes.length !== 1) return [faultAt(root, path, 'exactly one of circuit, group and evse')];
  const faults = [
    ...(circuit === undefined ? [] : unknownName('a circuit', [...path, 'circuit'], circuit, site.circuits)),
    ...(group === undefined ? [] : unknownName('a group', [...path, 'group'], group, site.groups)),
    ...(evse === undefined ? [] : unknownName('an EVSE', [...path, 'evse'], evse, site.evses)),
  ];
  if (limit.limitVoltAmperes !== undefined && circuit === undefined) {
    faults.push(at('limitVoltAmperes', 'limitWatts or limitAmps: only circuits have a limit of apparent power'));
  }
  if (limit.netOfSurplus && (group === undefined || limit.limitWatts === undefined)) {
    faults.push(at('netOfSurplus', 'a group and limitWatts beside it'));
  }
  if (limit.limitAmps === undefined && limit.limitWatts === undefined && limit.limitVoltAmperes === undefined) {
    faults.push(faultAt(root, path, 'limitAmps, limitWatts or limitVoltAmperes'));
  }
  if ((limit.endsInMinutes ?? Number.POSITIVE_INFINITY) <= (limit.startsInMinutes ?? -1)) {
    faults.push(at('endsInMinutes', `more than the ${limit.startsInMinutes} of startsInMinutes`));
  }
  return faults;
}
