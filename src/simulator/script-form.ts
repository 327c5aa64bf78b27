// A script as JSON text, and back: checks every field of what people and other programs hand in, and holds it to its bounds.

import type { Site } from '../core/model/site.ts';
import type { PhaseAmps } from '../core/model/units.ts';
import { type Car, MAX_RESPONSE_MS } from './car.ts';
import {
  byKind,
  type Fields,
  Findings,
  type Form,
  type FormFault,
  list,
  number,
  object,
  oneOf,
  optional,
  text,
  whole,
} from './form.ts';
import { MAX_SERIES_PARTS } from './load-series.ts';
import type { BaseLoadKind, Happening, Script } from './script.ts';
import { endMsOf, subjectOf } from './script-subject.ts';

/** A month of some hundred stations at the harshest level. */
export const MAX_HAPPENINGS = 500_000;
export const MAX_SCRIPT_HOURS = 24 * 366;
/** Characters of a script's text. */
export const MAX_SCRIPT_TEXT = 150_000_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const YEAR_MS = MAX_SCRIPT_HOURS * HOUR_MS;
const MAX_AMPS = 100_000;

export type ReadScript =
  | { readonly ok: true; readonly script: Script }
  | { readonly ok: false; readonly faults: readonly FormFault[] };

const id = text(200);
const anAmps = number(0, MAX_AMPS, ' of amperes');
const ms = (max: number, min = 0) => whole(min, max, ' of milliseconds');
const atMs = ms(YEAR_MS);
const forMs = ms(YEAR_MS, 1);
const byMs = ms(YEAR_MS, -YEAR_MS);
const phaseAmps: Form<PhaseAmps> = object<PhaseAmps>({ L1: anAmps, L2: anAmps, L3: anAmps });

const car = object<Car>({
  phases: oneOf(1, 2, 3),
  maxAmps: anAmps,
  minAmps: anAmps,
  batteryWh: whole(1, 100_000_000, ' of watt-hours'),
  reactionMs: optional(ms(MAX_RESPONSE_MS)),
  wakesAtAmps: optional(anAmps),
  taperFrom: optional(number(0, 0.999)),
});

type Of<K extends Happening['kind']> = Extract<Happening, { readonly kind: K }>;
/** The fields of a kind, time and kind first. */
const happeningOf = <K extends Happening['kind']>(kind: K, fields: Omit<Fields<Of<K>>, 'atMs' | 'kind'>): Form<Of<K>> =>
  object<Of<K>>({ atMs, kind: oneOf(kind), ...fields } as unknown as Fields<Of<K>>);

const happening = byKind<Happening>({
  'car-comes': happeningOf('car-comes', {
    evse: id,
    car,
    storedWh: whole(0, 100_000_000, ' of watt-hours'),
    idTag: text(20),
    forMs,
  }),
  'link-lost': happeningOf('link-lost', { station: id, how: oneOf('closed', 'half-open'), forMs }),
  'network-slow': happeningOf('network-slow', { station: id, delayMs: ms(HOUR_MS), forMs }),
  'station-errs': happeningOf('station-errs', {
    station: id,
    manner: oneOf('obeys-late', 'silent', 'accepts-without-applying', 'forgets-on-reconnect', 'rounds-up', 'refuses'),
    forMs,
  }),
  'station-reboots': happeningOf('station-reboots', { station: id, forgets: oneOf(true, false) }),
  'station-clock': happeningOf('station-clock', { station: id, byMs }),
  'meter-errs': happeningOf('meter-errs', {
    meter: id,
    fault: oneOf(
      ...([
        'stuck',
        'stuck-phase',
        'flipped',
        'flipped-phase',
        'swapped',
        'times-ten',
        'tenth',
        'wrap',
        'jump',
      ] as const),
      ...(['dip', 'spike', 'late', 'dead'] as const),
    ),
    forMs,
  }),
  'building-steps': happeningOf('building-steps', { amps: phaseAmps, forMs }),
  'controller-dies': happeningOf('controller-dies', { how: oneOf('crash', 'hang'), forMs }),
  'power-cut': happeningOf('power-cut', { forMs }),
  'grid-outage': happeningOf('grid-outage', { forMs }),
  'gateway-dies': happeningOf('gateway-dies', {}),
  'disk-errs': happeningOf('disk-errs', { fault: oneOf('full', 'slow', 'read-only'), forMs }),
  'upstream-errs': happeningOf('upstream-errs', {
    fault: oneOf('down', 'silent', 'late', 'callerror', 'loses-answers'),
    forMs,
  }),
  'wall-clock': happeningOf('wall-clock', { byMs }),
  'limit-set': happeningOf('limit-set', { circuit: id, limitAmps: anAmps, forMs }),
});

type Load<K extends BaseLoadKind['kind']> = Extract<BaseLoadKind, { readonly kind: K }>;
const part = number(0, 1);
const baseLoad = byKind<BaseLoadKind>({
  flat: object<Load<'flat'>>({ kind: oneOf('flat'), part }),
  walk: object<Load<'walk'>>({ kind: oneOf('walk') }),
  office: object<Load<'office'>>({ kind: oneOf('office') }),
  series: object<Load<'series'>>({
    kind: oneOf('series'),
    name: id,
    stepMs: ms(DAY_MS, 1_000),
    parts: list(part, 1, MAX_SERIES_PARTS),
  }),
});

const form = object<Script>({
  site: id,
  seed: whole(-Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER),
  hours: number(0.01, MAX_SCRIPT_HOURS),
  faults: oneOf('none', 'field', 'harsh'),
  baseLoad,
  happenings: list(happening, 0, MAX_HAPPENINGS),
});

/** Reads what `writeScriptText` or a person has written; every fault with its path, its value and what was expected, up to a bound. */
export function readScript(scriptText: string): ReadScript {
  if (scriptText.length > MAX_SCRIPT_TEXT)
    return refused(`${scriptText.length} characters`, `at most ${MAX_SCRIPT_TEXT} characters; choose fewer hours`);
  let raw: unknown;
  try {
    raw = JSON.parse(scriptText);
  } catch (cause) {
    // What is no JSON is an expected refusal; the parser's own words say where.
    return refused(scriptText.slice(0, 40), `a script in JSON (${(cause as SyntaxError).message})`);
  }
  const findings = new Findings();
  const script = form(raw, findings);
  if (findings.faults.length === 0) findings.below('happenings', () => addTangles(script.happenings, findings));
  return findings.faults.length === 0 ? { ok: true, script } : { ok: false, faults: findings.faults };
}

function refused(value: string, expected: string): ReadScript {
  return { ok: false, faults: [{ path: '', value, expected }] };
}

/** What each happening may be by itself and all of them together may not. */
function addTangles(happenings: readonly Happening[], findings: Findings): void {
  const freeAtMs = new Map<string, number>();
  let beforeMs = 0;
  for (const [at, one] of happenings.entries()) {
    const key = `${one.kind}, ${subjectOf(one)}`;
    const leastMs = Math.max(beforeMs, freeAtMs.get(key) ?? 0);
    if (one.atMs < leastMs) {
      const why = leastMs > beforeMs ? `until then lasts the one before (${key})` : 'they stand in the order of time';
      findings.below(at, () => findings.below('atMs', () => findings.add(one.atMs, `at least ${leastMs}: ${why}`)));
    }
    if (one.kind === 'car-comes') findings.below(at, () => addCarTangles(one, findings));
    freeAtMs.set(key, endMsOf(one));
    beforeMs = Math.max(beforeMs, one.atMs);
  }
}

function addCarTangles({ car: { minAmps, maxAmps, batteryWh }, storedWh }: Of<'car-comes'>, findings: Findings): void {
  if (storedWh > batteryWh)
    findings.below('storedWh', () => findings.add(storedWh, `at most what its battery holds, ${batteryWh}`));
  if (minAmps > maxAmps)
    findings.below('car', () =>
      findings.below('minAmps', () => findings.add(minAmps, `at most its maxAmps, ${maxAmps}`)),
    );
}

/** What a script names and the site does not have; empty: the script can be played on it. */
export function misfitsOf(script: Script, site: Site): readonly FormFault[] {
  const findings = new Findings();
  if (script.site !== site.id)
    findings.below('site', () => findings.add(script.site, `the id of the site, ${site.id}`));
  const evses = new Map(site.evses.map((evse) => [evse.id, evse]));
  const known = {
    evse: new Set(evses.keys()),
    station: new Set(site.stations.map((station) => station.id)),
    meter: new Set(site.meters.flatMap((meter) => (meter.from === 'modbus' ? [meter.id] : []))),
    circuit: new Set(site.circuits.map((circuit) => circuit.id)),
  };
  const check = (field: keyof typeof known, value: string): void => {
    if (known[field].has(value)) return;
    const expected =
      known[field].size === 0
        ? `no ${field}: the site has none`
        : `a ${field} of the site, such as ${[...known[field]][0]}`;
    findings.below(field, () => findings.add(value, expected));
  };
  const checkOne = (one: Happening): void => {
    if ('evse' in one) check('evse', one.evse);
    if ('station' in one) check('station', one.station);
    if ('meter' in one) check('meter', one.meter);
    if ('circuit' in one) check('circuit', one.circuit);
    if (one.kind === 'upstream-errs' && !site.upstream)
      findings.below('kind', () => findings.add(one.kind, 'another kind: the site has no upstream'));
    const wired = one.kind === 'car-comes' ? evses.get(one.evse)?.phases.length : undefined;
    if (one.kind === 'car-comes' && wired !== undefined && one.car.phases > wired)
      findings.below('car', () =>
        findings.below('phases', () =>
          findings.add(one.car.phases, `at most the ${wired} that are wired at ${one.evse}`),
        ),
      );
  };
  findings.below('happenings', () => {
    for (const [at, one] of script.happenings.entries()) {
      if (findings.isFull) return;
      findings.below(at, () => checkOne(one));
    }
  });
  return findings.faults;
}

/** In the order in which they are written, whoever made the script: the same script is the same text. */
const FIELDS = [
  ...['atMs', 'kind', 'evse', 'station', 'meter', 'circuit', 'how', 'manner', 'fault', 'forgets', 'delayMs', 'byMs'],
  ...['limitAmps', 'amps', 'L1', 'L2', 'L3', 'car', 'phases', 'maxAmps', 'minAmps', 'batteryWh', 'reactionMs'],
  ...['wakesAtAmps', 'taperFrom', 'storedWh', 'idTag', 'forMs', 'part', 'name', 'stepMs', 'parts'],
];

/** JSON with one happening on each line, so that two scripts can be compared line by line; ends with a line feed. */
export function writeScriptText({ site, seed, hours, faults, baseLoad, happenings }: Script): string {
  const head = JSON.stringify({ site, seed, hours, faults }, undefined, 2).slice(0, -2);
  const load = JSON.stringify(baseLoad, FIELDS);
  const lines = happenings.map((one) => `    ${JSON.stringify(one, FIELDS)}`).join(',\n');
  const all = happenings.length === 0 ? '[]' : `[\n${lines}\n  ]`;
  return `${head},\n  "baseLoad": ${load},\n  "happenings": ${all}\n}\n`;
}
