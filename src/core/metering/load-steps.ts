// What known steps of the load have shown of a circuit's meter: looks at rest, votes that fade, and a suspicion that only agreeing steps end.

import type { LoadStepMemory, Look, StepOutcome, StepSuspicion, StepTrouble } from '../model/memory.ts';
import { type Instant, mapPhases, PHASES, type Phase, type PhaseAmps } from '../model/units.ts';
import { isSameRatio, type Outcome, outcomeOf, STEP_AMPS, withinAmps } from './step-outcome.ts';

/** Where a count of steps stops. */
export const MAX_STEPS = 1_000_000_000;
/** Two looks at rest lie at least this far apart: what a station tells of a moment later began after the older one. */
export const LOOK_EVERY_MS = 10_000;
/** A step is measured over no more than this: the building has its own mind. */
export const MAX_STEP_MS = 120_000;
/**
 * Whatever steps must do so within this time. We lower cars when the building rises and raise them when it falls: along a slow ramp the two cancel
 * at the meter, which is no fault of the meter's.
 */
export const MAX_SPREAD_MS = 8_000;
/** An older vote weighs less by this factor with each new one, and by half after so long. */
const FADES = 0.7;
const HALF_LIFE_MS = 1_800_000;
/** Two votes in a row, the older one not too old. */
const VOTES_NEEDED = 1.5;
/** What is left of a vote after two steps that agree is forgotten. */
const LEAST_VOTES = 0.3;
/** So many agreeing steps in a row end a suspicion. */
const STEPS_TO_CLEAR = 2;
/** The noise follows what is seen by this part each time, and is bounded. */
const NOISE_FOLLOWS = 0.2;
const LEAP_TIMES = 3;
const LEAP_AMPS = 1;
const MAX_NOISE_AMPS = 10_000;
const FIRST_NOISE_AMPS = 0.5;

export const NO_STEPS: LoadStepMemory = {
  looks: [],
  noiseAmps: FIRST_NOISE_AMPS,
  agreed: 0,
  counts: {},
};

/** The memory after another fresh reading. */
export function afterReading(memory: LoadStepMemory, meterAmps: PhaseAmps): LoadStepMemory {
  const isWithin = ({ lowAmps, highAmps }: Look) =>
    PHASES.every((phase) => meterAmps[phase] >= lowAmps[phase] && meterAmps[phase] <= highAmps[phase]);
  if (memory.looks.every(isWithin)) return memory;
  const looks = memory.looks.map((look) => ({
    ...look,
    lowAmps: mapPhases((phase) => Math.min(look.lowAmps[phase], meterAmps[phase])),
    highAmps: mapPhases((phase) => Math.max(look.highAmps[phase], meterAmps[phase])),
  }));
  return { ...memory, looks };
}

/**
 * The memory while something below the circuit changes: a limit, a status, a connection, last `at` that instant. A step that nothing announced
 * says nothing about the meter, because the meter may have shown it before the station told of it.
 */
export function afterChange(memory: LoadStepMemory, at: Instant): LoadStepMemory {
  const { changed } = memory;
  if (changed && at <= changed.to) return memory;
  return { ...memory, changed: { from: changed?.from ?? at, to: at } };
}

/** The memory after a look at rest: everything below is settled. `look` MUST be of a reading that `afterReading` has seen. */
export function afterLook(memory: LoadStepMemory, seen: Omit<Look, 'lowAmps' | 'highAmps'>): LoadStepMemory {
  const look: Look = { ...seen, lowAmps: seen.meterAmps, highAmps: seen.meterAmps };
  const [from, newer] = memory.looks;
  const { changed, ...rest } = memory;
  if (!from || look.blind !== from.blind || look.at - from.at > MAX_STEP_MS || look.at < from.at)
    return { ...rest, looks: [look] };
  const ev = mapPhases((phase) => look.evAmps[phase] - from.evAmps[phase]);
  const meter = mapPhases((phase) => look.meterAmps[phase] - from.meterAmps[phase]);
  if (PHASES.some((phase) => Math.abs(ev[phase]) >= STEP_AMPS)) {
    const after: LoadStepMemory = { ...rest, looks: [look] };
    const isStep = changed !== undefined && changed.to - changed.from <= MAX_SPREAD_MS;
    const isStraight = PHASES.every((phase) =>
      wentStraight(from, look, phase, withinAmps(ev[phase], memory.noiseAmps)),
    );
    const outcome = isStep && isStraight ? outcomeOf(ev, meter, memory.noiseAmps) : undefined;
    return outcome ? voted(after, outcome, look.at) : after;
  }
  const last = newer ?? from;
  if (look.at - last.at < LOOK_EVERY_MS) return changed ? rest : memory;
  const movedAmps = Math.max(...PHASES.map((phase) => last.highAmps[phase] - last.lowAmps[phase]));
  // One leap, such as the meter's own when it is turned, is not yet a restless building.
  const likely = Math.min(movedAmps, LEAP_TIMES * memory.noiseAmps + LEAP_AMPS);
  const noiseAmps = Math.min(MAX_NOISE_AMPS, memory.noiseAmps + NOISE_FOLLOWS * (likely - memory.noiseAmps));
  return { ...rest, looks: [last, look], noiseAmps };
}

/** Not so when the building moved in between and we moved the cars because of it: the meter then went there and back. */
function wentStraight({ meterAmps, lowAmps, highAmps }: Look, to: Look, phase: Phase, within: number): boolean {
  const [low, high] = [
    Math.min(meterAmps[phase], to.meterAmps[phase]),
    Math.max(meterAmps[phase], to.meterAmps[phase]),
  ];
  return lowAmps[phase] >= low - within && highAmps[phase] <= high + within;
}

function voted(memory: LoadStepMemory, outcome: Outcome, at: Instant): LoadStepMemory {
  const counts = counted(memory.counts, outcome.kind);
  const { against, suspicion, agreed } = memory;
  if (outcome.kind === 'unclear') return { ...memory, counts };
  if (outcome.kind === 'agrees') {
    const { against: _, suspicion: _s, ...rest } = memory;
    // A step on other phases than those that are suspected says nothing about these.
    const isAbout = !suspicion || suspicion.kind === 'less' || meets(suspicion.phases, outcome.phases);
    const inARow = isAbout ? agreed + 1 : agreed;
    const isCleared = suspicion !== undefined && inARow >= STEPS_TO_CLEAR;
    const votes = (against?.votes ?? 0) / 2;
    return {
      ...{ ...rest, counts, agreed: suspicion && !isCleared ? inARow : 0 },
      ...(against && votes >= LEAST_VOTES && !isCleared ? { against: { ...against, votes } } : {}),
      ...(suspicion && !isCleared ? { suspicion } : {}),
    };
  }
  const { kind, phases, ratio } = outcome;
  const isSame = against?.kind === kind && meets(against.phases, phases) && isSameFault(kind, against.ratio, ratio);
  const weight = isSame ? FADES * 0.5 ** (Math.max(0, at - against.at) / HALF_LIFE_MS) : 0;
  const votes = (against?.votes ?? 0) * weight + 1;
  const found: StepSuspicion | undefined =
    votes >= VOTES_NEEDED ? { kind, phases, ratio, since: suspicion?.since ?? at } : suspicion;
  return {
    ...{ ...memory, counts, agreed: 0, against: { kind, phases, ratio, votes, at } },
    ...(found ? { suspicion: found } : {}),
  };
}

/**
 * The memory after a look at the level alone, for a circuit behind which nothing generates. `lessOn`: the phases on which the meter shows less
 * than the EVs draw; `isProved`: their stations have measured that draw anew since it began to. Steps that agree end this suspicion too.
 */
export function afterLevel(
  memory: LoadStepMemory,
  {
    lessOn,
    ratio,
    isProved,
  }: { readonly lessOn: readonly Phase[]; readonly ratio: number; readonly isProved: boolean },
  now: Instant,
): LoadStepMemory {
  const { lessSince, suspicion } = memory;
  if (lessOn.length === 0) {
    if (lessSince === undefined) return memory;
    const { lessSince: _, ...rest } = memory;
    return rest;
  }
  const since = lessSince ?? now;
  if (!isProved || suspicion !== undefined) return lessSince === undefined ? { ...memory, lessSince: since } : memory;
  const found: StepSuspicion = { kind: 'less', phases: lessOn, ratio, since: now };
  return { ...memory, lessSince: since, suspicion: found, agreed: 0, counts: counted(memory.counts, 'less') };
}

/** Two proportions of one fault; for the kinds that have one. */
function isSameFault(kind: StepTrouble, before: number, after: number): boolean {
  return kind !== 'scale' || isSameRatio(before, after);
}

const meets = (a: readonly Phase[], b: readonly Phase[]): boolean => a.some((phase) => b.includes(phase));

const counted = (counts: LoadStepMemory['counts'], kind: StepOutcome): LoadStepMemory['counts'] => ({
  ...counts,
  [kind]: Math.min(MAX_STEPS, (counts[kind] ?? 0) + 1),
});
