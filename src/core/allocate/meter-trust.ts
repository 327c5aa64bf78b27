// How far each circuit's meter is trusted beside what the stations below it measure: known steps of the load, and the level itself. It can only
// take trust away.

import { afterChange, afterLevel, afterLook, afterReading, MAX_STEP_MS, NO_STEPS } from '../metering/load-steps.ts';
import type { LoadStepMemory, Memory } from '../model/memory.ts';
import type { Circuit, Policy, Site } from '../model/site.ts';
import { siteIndex } from '../model/site-index.ts';
import type { MeterReading, Snapshot } from '../model/snapshot.ts';
import { type Instant, PHASES, type Phase, type PhaseAmps } from '../model/units.ts';
import { meterFreshness, type Trust } from './base-load.ts';
import { type Drawing, FOLLOW_MS, lastChange } from './draw.ts';

export type MeterTrust = {
  /** By index into `site.circuits`. */
  readonly trust: readonly Trust[];
  /** By index into `site.circuits`: what the next cycle remembers; absent for circuits without a meter or without EVSEs. */
  readonly steps: readonly (LoadStepMemory | undefined)[];
};

/** The meter shows less than the EVs draw by this part and these amperes: stations' own meters are not better than that. */
const LESS_SHARE = 0.15;
const LESS_AMPS = 3;
/** No sooner than this is it more than a moment's difference between two meters. */
const LESS_MS = 10_000;

/** So much export is more than the noise of a phase at rest. */
const EXPORT_AMPS = 2;

/** What EVSEs tell is gone through no more often: whatever changes at one is on the move for seconds. */
const ASK_EVERY_MS = 2_000;

/** What one EVSE tells of itself: its current, nothing but what it may draw, or that it is on the move. */
type Told =
  | { readonly kind: 'settled'; readonly amps?: readonly number[]; readonly measuredAt?: Instant }
  | { readonly kind: 'blind' }
  | { readonly kind: 'moving'; readonly since: Instant };

const BLIND: Told = { kind: 'blind' };
const AT_REST: Told = { kind: 'settled' };

/**
 * Trust in each meter, as the cycles before left it, and what this one adds for the next: so a sample that goes missing in a cycle never loosens
 * anything in it. `drawings`: by index into `site.evses`.
 */
export function meterTrust(
  site: Site,
  drawings: readonly Drawing[],
  { meters, now }: Pick<Snapshot, 'meters' | 'now'>,
  memory: Memory,
): MeterTrust {
  const { evsesBelow } = siteIndex(site);
  let told: readonly Told[] | undefined;
  const steps = site.circuits.map((circuit, at): LoadStepMemory | undefined => {
    const below = evsesBelow[at]!;
    if (circuit.meter === undefined || below.length === 0) return undefined;
    const before = memory.circuits[circuit.id]?.steps ?? NO_STEPS;
    const meter = meters[circuit.meter];
    const reading = meterFreshness(meter, now, site.policy) === 'fresh' ? meter!.reading : undefined;
    const read = reading ? afterReading(before, reading.newestAmps ?? reading.currentAmps) : before;
    const { askedAt = Number.NEGATIVE_INFINITY } = before;
    if (now >= askedAt && now - askedAt < ASK_EVERY_MS) return read;
    told ??= drawings.map((drawing) => toldBy(drawing, now, site.policy));
    return { ...looked({ site, circuit, below, drawings, told, reading, now }, read), askedAt: now };
  });
  return {
    steps,
    trust: site.circuits.map(({ id }) => {
      const { suspicion, lessSince } = memory.circuits[id]?.steps ?? NO_STEPS;
      if (suspicion && suspicion.since < now) return 'none';
      return lessSince !== undefined && lessSince < now ? 'no-release' : 'full';
    }),
  };
}

type LookInput = {
  readonly site: Site;
  readonly circuit: Circuit;
  readonly below: readonly number[];
  readonly drawings: readonly Drawing[];
  readonly told: readonly Told[];
  /** Absent while it is not fresh. */
  readonly reading: MeterReading | undefined;
  readonly now: Instant;
};

function looked(input: LookInput, before: LoadStepMemory): LoadStepMemory {
  const { site, circuit, below, drawings, told, reading, now } = input;
  const evAmps = { L1: 0, L2: 0, L3: 0 };
  let blind = 0;
  let movedAt = Number.NEGATIVE_INFINITY;
  for (const at of below) {
    const one = told[at]!;
    if (one.kind === 'moving') movedAt = Math.max(movedAt, one.since);
    else if (one.kind === 'blind') blind = (blind * 31 + at + Math.round(drawings[at]!.exposureAmps * 10)) | 0;
    else addTo(evAmps, drawings[at]!, one.amps);
  }
  const isMoving = movedAt > Number.NEGATIVE_INFINITY;
  const changed = isMoving ? afterChange(before, movedAt) : before;
  if (!reading) return changed;
  const meterAmps = reading.newestAmps ?? reading.currentAmps;
  const stepped = isMoving ? changed : afterLook(changed, { at: now, evAmps, meterAmps, blind });
  const hasExported = PHASES.some((phase) => meterAmps[phase] < -EXPORT_AMPS);
  const after: LoadStepMemory = hasExported && !stepped.hasExported ? { ...stepped, hasExported } : stepped;
  if (after.hasExported || mayGenerate(site, circuit)) return after;
  const lessOn = lessOf(meterAmps, evAmps);
  const [worst] = lessOn;
  const isProved = worst !== undefined && isProvedLess(input, meterAmps, after.lessSince);
  const ratio = worst === undefined ? 1 : meterAmps[worst] / evAmps[worst];
  return afterLevel(after, { lessOn, ratio, isProved }, now);
}

/** The meter has shown less for a while, and less than what stations have measured since it began to. */
function isProvedLess({ below, drawings, told, now }: LookInput, meterAmps: PhaseAmps, since: Instant | undefined) {
  if (since === undefined || now - since < LESS_MS) return false;
  const evAmps = { L1: 0, L2: 0, L3: 0 };
  for (const at of below) {
    const one = told[at]!;
    if (one.kind === 'settled' && one.measuredAt !== undefined && one.measuredAt >= since)
      addTo(evAmps, drawings[at]!, one.amps);
  }
  return lessOf(meterAmps, evAmps).length > 0;
}

const lessOf = (meterAmps: PhaseAmps, evAmps: PhaseAmps): readonly Phase[] =>
  PHASES.filter((phase) => meterAmps[phase] + Math.max(LESS_AMPS, LESS_SHARE * evAmps[phase]) < evAmps[phase]);

function addTo(sums: { [P in Phase]: number }, { evse }: Drawing, amps: readonly number[] = []): void {
  for (let own = 0; own < amps.length && own < evse.phases.length; own++)
    sums[evse.phases[own]!] += Math.max(0, amps[own]!);
}

/** Something behind the circuit's meter may feed the EVs, so that the meter shows less than they draw. */
function mayGenerate({ meters, groups }: Site, { meter, usesGeneration }: Circuit): boolean {
  const own = meters.find((one) => one.id === meter);
  const parts = own?.from === 'combined' ? meters.filter(({ id }) => own.members.includes(id)) : own ? [own] : [];
  const mayExport = parts.some((part) => part.from !== 'combined' && part.mayExport === true);
  return usesGeneration === true || mayExport || groups.some(({ netOfSurplus }) => netOfSurplus === true);
}

/**
 * Settled: a fresh sample that was taken after the last change and the time to follow it, or a place that says it is free. On the move: a change
 * whose outcome a station that measures has yet to tell.
 */
function toldBy({ station, state, memory }: Drawing, now: Instant, policy: Policy): Told {
  const isConnected = station?.link.state === 'connected';
  const drawn = isConnected ? state?.drawn : undefined;
  const changedAt = lastChange(station, state, memory);
  if (drawn) {
    const ageMs = now - drawn.measuredAt;
    const isFresh = ageMs >= 0 && ageMs <= policy.stationSampleMaxAgeMs;
    if (isFresh && drawn.measuredAt >= changedAt + FOLLOW_MS)
      return { kind: 'settled', amps: drawn.amps, measuredAt: drawn.measuredAt };
  }
  const sinceMs = now - changedAt;
  if (isConnected && state?.connectorStatus === 'Available' && !state.transaction)
    return sinceMs >= FOLLOW_MS ? AT_REST : { kind: 'moving', since: changedAt };
  return sinceMs < (drawn ? MAX_STEP_MS : policy.attributionMs) ? { kind: 'moving', since: changedAt } : BLIND;
}
