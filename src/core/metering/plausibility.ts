// Judges whether a meter's sample can be true; it never changes a number, and in doubt it refuses: unknown is bad news.

import type { RefusedBy } from '../model/snapshot.ts';
import { type Instant, PHASES, type PhaseAmps } from '../model/units.ts';
import { type Contradiction, type CounterState, counterFault, countersAfter, NO_COUNTERS } from './counters.ts';
import type { Sample } from './sample.ts';
import { type StuckState, stuckAfter } from './stuck-part.ts';

export type Bounds = {
  readonly nominalVolts: number;
  /** Amperes per phase above which a current is absurd for this connection. */
  readonly plausibleAmps: number;
  /** Something behind the meter generates: a phase may export. */
  readonly mayExport: boolean;
  /** The meter's ratio: small errors of a meter behind a transformer grow with it. */
  readonly factor: number;
  /** Identical registers for longer than this are a frozen meter. */
  readonly frozenAfterMs: number;
  /** The total was read in another request than the powers of the phases: it may be a moment older or newer. */
  readonly isTotalReadApart: boolean;
};

/** What must be remembered from one sample to the next. */
export type PlausibilityState = {
  /** The registers last seen, since when, and in how many samples in a row. */
  readonly same?: { readonly fingerprint: string; readonly since: Instant; readonly samples: number };
  /** The values of each phase, and how long they stand. */
  readonly parts: StuckState;
  readonly counters: CounterState;
  /** Samples in a row in which the phases did not add up to a total that was read apart. */
  readonly mismatches: number;
  /** Currents of the last sample that was believed. */
  readonly amps?: PhaseAmps;
  /** While the meter seems to be turned round: the currents that it said last. */
  readonly turnedAmps?: PhaseAmps;
};

export type Verdict =
  /** `doubt`: it is believed, and yet something about it is odd that can only make us too careful. */
  | { readonly kind: 'accepted'; readonly doubt?: Contradiction }
  | { readonly kind: 'absurd'; readonly by: RefusedBy; readonly detail: string }
  /** `since`: when the registers last changed; what they say is true of that moment at best. */
  | { readonly kind: 'frozen'; readonly by: RefusedBy; readonly detail: string; readonly since: Instant };

export const NOTHING_SEEN: PlausibilityState = { mismatches: 0, parts: {}, counters: NO_COUNTERS };

const VOLTS_BAND = { from: 0.5, to: 1.5 };
const HERTZ_BAND = { from: 45, to: 65 };
/** Active power cannot exceed V × I; a tenth more for what the meter rounds and reads a moment later. */
const POWER_SHARE = 1.1;
const OFFSET_WATTS = 100;
const SUM_SHARE = 0.03;
/** A total read apart may miss a step of the load twice in a row; three times is another register map. */
const MISMATCHES_TOLERATED = 2;
/** Fewer equal samples prove nothing, however far apart they are. */
const FROZEN_SAMPLES = 3;
/** So much export is noise of a phase at rest, or this share of the most that is plausible. */
const EXPORT_NOISE_AMPS = 2;
const EXPORT_NOISE_SHARE = 0.01;
/** A meter is turned round when at least two phases carried so much, and all say the opposite within this share. */
const TURNED_AMPS = 3;
const TURNED_SHARE = 0.15;
const TURNED_PHASES = 2;
type Fault = { readonly by: RefusedBy; readonly detail: string };

/**
 * `now`: when the registers arrived. Returns the verdict and the state for the next call. A counter that went back or jumped is refused once
 * and then taken as the new start: a meter may be exchanged or cleared, and must not stay absurd for ever.
 */
export function judge(
  bounds: Bounds,
  previous: PlausibilityState,
  input: { readonly sample: Sample; readonly fingerprint: string; readonly now: Instant },
): { readonly verdict: Verdict; readonly next: PlausibilityState } {
  const { sample, fingerprint, now } = input;
  const same =
    previous.same?.fingerprint === fingerprint
      ? { ...previous.same, samples: previous.same.samples + 1 }
      : { fingerprint, since: now, samples: 1 };
  const sum = sumMismatch(bounds, sample);
  const mismatches = sum === undefined ? 0 : previous.mismatches + 1;
  // Where nothing may be exported every single sample says whether it is turned: nothing must be remembered of it.
  const turnedAmps = bounds.mayExport ? turnedRound(previous, sample) : undefined;
  const garbled = garbledBy(bounds, sample, { sum, mismatches, turnedAmps });
  const { next: parts, stuck } = stuckAfter(bounds, previous.parts, sample, now);
  const counters = garbled ? previous.counters : countersAfter(bounds, previous.counters, sample, now);
  const next: PlausibilityState = {
    same,
    parts,
    counters,
    mismatches,
    ...(turnedAmps && { turnedAmps }),
    ...(garbled === undefined ? { amps: sample.currentAmps } : previous.amps && { amps: previous.amps }),
  };
  const fault = garbled ?? counted(counterFault(bounds, previous.counters, sample, now), counters.contradiction);
  if (fault) return { verdict: { kind: 'absurd', ...fault }, next };
  const unchangedMs = now - same.since;
  if (unchangedMs > bounds.frozenAfterMs && same.samples >= FROZEN_SAMPLES) {
    const detail = `all registers the same for ${Math.round(unchangedMs / 1_000)} s (${same.samples} reads)`;
    return { verdict: { kind: 'frozen', by: 'frozen', detail, since: same.since }, next };
  }
  if (stuck) return { verdict: { kind: 'frozen', by: 'frozen-part', ...stuck }, next };
  const { contradiction } = counters;
  return { verdict: { kind: 'accepted', ...(contradiction && { doubt: contradiction }) }, next };
}

/** Why a sample cannot be true by itself, or beside the one before. */
function garbledBy(
  bounds: Bounds,
  sample: Sample,
  seen: {
    readonly sum: string | undefined;
    readonly mismatches: number;
    readonly turnedAmps: PhaseAmps | undefined;
  },
): Fault | undefined {
  const { sum, mismatches, turnedAmps } = seen;
  const isTolerated = bounds.isTotalReadApart && mismatches <= MISMATCHES_TOLERATED;
  const turned = turnedAmps && `all currents are the opposite of what they were: ${shown(turnedAmps)}`;
  return (
    failed('impossible', impossible(sample)) ??
    failed('out-of-band', outOfBand(bounds, sample)) ??
    failed('sum', isTolerated ? undefined : sum) ??
    failed('export', exported(bounds, sample)) ??
    failed('turned', turned)
  );
}

/** A meter that counts more than its power says may show too little current; one that counts less is believed all the same. */
function counted(detail: string | undefined, contradiction: Contradiction | undefined): Fault | undefined {
  if (detail !== undefined) return { by: 'counter', detail };
  if (contradiction?.kind !== 'counts-more') return undefined;
  return { by: 'energy', detail: `${contradiction.detail}: check the ratio of its transformers` };
}

const failed = (by: RefusedBy, detail: string | undefined): Fault | undefined =>
  detail === undefined ? undefined : { by, detail };

function impossible(sample: Sample): string | undefined {
  const { phases: _, ...measured } = sample;
  for (const [name, value] of Object.entries(measured)) {
    const numbers = typeof value === 'number' ? [value] : PHASES.map((phase) => value[phase]);
    const wrong = numbers.find((number) => !Number.isFinite(number));
    if (wrong !== undefined) return `${name} is ${wrong}`;
  }
  return undefined;
}

function outOfBand(bounds: Bounds, sample: Sample): string | undefined {
  const { nominalVolts, plausibleAmps } = bounds;
  const [lowVolts, highVolts] = [VOLTS_BAND.from * nominalVolts, VOLTS_BAND.to * nominalVolts];
  const offsetWatts = OFFSET_WATTS * Math.max(1, Math.abs(bounds.factor));
  for (const phase of sample.phases ?? PHASES) {
    const volts = sample.volts?.[phase];
    if (volts !== undefined && (volts < lowVolts || volts > highVolts))
      return `${phase} ${show(volts)} V, expected ${show(lowVolts)} to ${show(highVolts)} V`;
    const amps = Math.abs(sample.currentAmps[phase]);
    if (amps > plausibleAmps) return `${phase} ${show(amps)} A, expected at most ${show(plausibleAmps)} A`;
    const watts = Math.abs(sample.powerWatts?.[phase] ?? 0);
    const mostWatts = POWER_SHARE * (volts ?? nominalVolts) * amps + offsetWatts;
    if (watts > mostWatts)
      return `${phase} ${show(watts)} W from ${show(amps)} A, possible are at most ${show(mostWatts)} W`;
  }
  const hertz = sample.frequencyHz;
  if (hertz !== undefined && (hertz < HERTZ_BAND.from || hertz > HERTZ_BAND.to))
    return `${show(hertz)} Hz, expected ${HERTZ_BAND.from} to ${HERTZ_BAND.to} Hz`;
  return undefined;
}

/** Export where nothing generates. */
function exported({ mayExport, plausibleAmps, factor }: Bounds, { currentAmps }: Sample): string | undefined {
  if (mayExport) return undefined;
  const bearable = Number.isFinite(plausibleAmps) ? plausibleAmps * EXPORT_NOISE_SHARE : Math.abs(factor);
  const most = Math.max(EXPORT_NOISE_AMPS, bearable);
  const phase = PHASES.find((one) => currentAmps[one] < -most);
  if (phase === undefined) return undefined;
  return `${phase} exports ${show(-currentAmps[phase])} A and nothing there is said to generate: turn the transformers, or set mayExport`;
}

/**
 * The currents of a meter that seems to have been turned round since the last sample, so that what is drawn reads as export; until they are
 * turned back. A turn towards import is believed: it can only make us more careful.
 */
function turnedRound(previous: PlausibilityState, { currentAmps }: Sample): PhaseAmps | undefined {
  const { amps, turnedAmps } = previous;
  const before = turnedAmps ?? amps;
  if (!before) return undefined;
  const isOpposite =
    PHASES.filter((phase) => Math.abs(before[phase]) >= TURNED_AMPS).length >= TURNED_PHASES &&
    PHASES.every(
      (phase) =>
        Math.abs(before[phase] + currentAmps[phase]) <=
        Math.max(TURNED_AMPS / 2, TURNED_SHARE * Math.abs(before[phase])),
    );
  if (turnedAmps) return isOpposite ? undefined : currentAmps;
  const sum = (all: PhaseAmps) => all.L1 + all.L2 + all.L3;
  return isOpposite && sum(currentAmps) < sum(before) ? currentAmps : undefined;
}

const shown = (amps: PhaseAmps) => PHASES.map((phase) => `${show(amps[phase])} A`).join(', ');

function sumMismatch(bounds: Bounds, { powerWatts, totalPowerWatts }: Sample): string | undefined {
  if (!powerWatts || totalPowerWatts === undefined) return undefined;
  const phases = PHASES.map((phase) => powerWatts[phase]);
  const sum = phases.reduce((all, watts) => all + watts, 0);
  const tolerance =
    SUM_SHARE * phases.reduce((all, watts) => all + Math.abs(watts), 0) +
    OFFSET_WATTS * Math.max(1, Math.abs(bounds.factor));
  return Math.abs(sum - totalPowerWatts) > tolerance
    ? `the phases add up to ${show(sum)} W, the total says ${show(totalPowerWatts)} W`
    : undefined;
}

const show = (value: number) => String(Math.round(value * 10) / 10);
