// Several meters of one connection made into one: on each phase the larger load of those that are believed. It never shows less load, nor
// looks younger, than what is left of them does.

import type { Policy } from '../model/site.ts';
import type { MeterReading, MeterState } from '../model/snapshot.ts';
import { type Instant, type MeterId, mapPhases, PHASES, type Phase, type PhaseAmps } from '../model/units.ts';
import { freshnessOf, untilOf } from './freshness.ts';

/** Two meters of one phase may differ by so much, or by this share of the larger current: they are read at different moments. */
export const AGREEMENT_AMPS = 3;
export const AGREEMENT_SHARE = 0.1;
/** Samples in a row that make a disagreement, and that end it. */
export const DISAGREEING_SAMPLES = 5;

export type Member = {
  readonly id: MeterId;
  readonly name: string;
  /** The grid phases that it measures. */
  readonly phases: readonly Phase[];
  readonly state: MeterState | undefined;
};

/** How far one member is below the highest on one phase. */
type Gap = {
  /** As last compared. */
  readonly amps: number;
  /** Samples in a row that were too far apart, or, once it is in dispute, that agreed again. */
  readonly samples: number;
  readonly isDisputed: boolean;
};

type PhaseMemory = {
  /** `measuredAt` of each member's sample that was compared last. */
  readonly comparedAt: { readonly [member: MeterId]: Instant };
  readonly gaps: { readonly [member: MeterId]: Gap };
};

export type Combination = {
  readonly state: MeterState;
  /** What the next call is given. */
  readonly memory: { readonly [P in Phase]: PhaseMemory };
};

const NOTHING_COMPARED: PhaseMemory = { comparedAt: {}, gaps: {} };
export const NOTHING_COMBINED: Combination = {
  state: {},
  memory: mapPhases(() => NOTHING_COMPARED),
};

type Heard = { readonly member: Member; readonly reading: MeterReading };
type PhaseView = {
  readonly amps: number;
  readonly watts?: number;
  readonly volts?: number;
  readonly measuredAt: Instant;
  readonly newestAt: Instant;
  readonly until: NonNullable<MeterReading['until']>;
  readonly isLost: boolean;
};

/**
 * What is believed at `now`. `ages` are those of readings that bring no ends of their own.
 *
 * On each phase the members that are not lost count, the highest current rules, and the reading is as old as the newest of them; where all are
 * lost, the highest that they said last, at its age. Over the phases the oldest age rules. While two that are fresh differ by more than
 * `AGREEMENT_AMPS` and `AGREEMENT_SHARE` in `DISAGREEING_SAMPLES` samples in a row, the lower one is in dispute: should the higher one be lost
 * then, the lower one counts with the difference added, so that the loss frees nothing. A phase that no member has measured is no reading.
 */
export function combine(
  members: readonly Member[],
  before: Combination,
  now: Instant,
  ages: Policy['meter'],
  nominalVolts: number,
): Combination {
  const memory = mapPhases((phase) => compare(heardOn(phase, members), phase, before.memory[phase], now, ages));
  const views = mapPhases((phase) => viewOf(heardOn(phase, members), phase, memory[phase], now, ages, nominalVolts));
  const { L1, L2, L3 } = views;
  const reading = L1 && L2 && L3 ? readingOf({ L1, L2, L3 }, members, now, ages) : before.state.reading;
  const suspicion = suspicionOf(members, memory, views, before.state.suspicion, now);
  return { state: { ...(reading ? { reading } : {}), ...(suspicion ? { suspicion } : {}) }, memory };
}

function heardOn(phase: Phase, members: readonly Member[]): readonly Heard[] {
  return members.flatMap((member) =>
    member.phases.includes(phase) && member.state?.reading ? [{ member, reading: member.state.reading }] : [],
  );
}

/** Compares the fresh members of a phase once each of them has said something new. */
function compare(
  heard: readonly Heard[],
  phase: Phase,
  before: PhaseMemory,
  now: Instant,
  ages: Policy['meter'],
): PhaseMemory {
  const fresh = heard.filter(({ reading }) => freshnessOf(reading, now, ages) === 'fresh');
  const isNew = ({ member, reading }: Heard) =>
    reading.measuredAt > (before.comparedAt[member.id] ?? Number.NEGATIVE_INFINITY);
  if (fresh.length < 2 || !fresh.every(isNew)) return before;
  const top = Math.max(...fresh.map(({ reading }) => reading.currentAmps[phase]));
  const tolerance = Math.max(AGREEMENT_AMPS, AGREEMENT_SHARE * Math.abs(top));
  const gaps: { [member: MeterId]: Gap } = { ...before.gaps };
  const comparedAt: { [member: MeterId]: Instant } = { ...before.comparedAt };
  for (const { member, reading } of fresh) {
    comparedAt[member.id] = reading.measuredAt;
    const amps = top - reading.currentAmps[phase];
    const gap = gapAfter(gaps[member.id], amps, amps > tolerance);
    if (gap) gaps[member.id] = gap;
    else delete gaps[member.id];
  }
  return { comparedAt, gaps };
}

function gapAfter(before: Gap | undefined, amps: number, isApart: boolean): Gap | undefined {
  if (isApart) {
    const samples = (before?.samples ?? 0) + 1;
    const isDisputed = before?.isDisputed === true || samples >= DISAGREEING_SAMPLES;
    return { amps, samples: isDisputed ? 0 : samples, isDisputed };
  }
  if (!before?.isDisputed || before.samples + 1 >= DISAGREEING_SAMPLES) return undefined;
  return { amps, samples: before.samples + 1, isDisputed: true };
}

function viewOf(
  heard: readonly Heard[],
  phase: Phase,
  memory: PhaseMemory,
  now: Instant,
  ages: Policy['meter'],
  nominalVolts: number,
): PhaseView | undefined {
  if (heard.length === 0) return undefined;
  const believed = heard.filter(({ reading }) => freshnessOf(reading, now, ages) !== 'lost');
  const counted = believed.length > 0 ? believed : heard;
  const addedTo = gapsToAdd(counted, memory);
  const amps = counted.map((one) => one.reading.currentAmps[phase] + addedTo(one));
  const withPower = counted.some(({ reading }) => reading.powerWatts);
  const watts = counted.map((one) => {
    const volts = one.reading.volts?.[phase] ?? nominalVolts;
    return (one.reading.powerWatts?.[phase] ?? volts * one.reading.currentAmps[phase]) + volts * addedTo(one);
  });
  // What is lost stays lost, also where it is so for a stamp of the future.
  const most = believed.length > 0 ? Number.POSITIVE_INFINITY : now - 1;
  const ends = counted.map(({ reading }) => untilOf(reading, ages));
  const byAge = counted.toSorted((a, b) => b.reading.measuredAt - a.reading.measuredAt);
  const newest = byAge[0]!.reading;
  const volts = byAge.map(({ reading }) => reading.volts?.[phase]).find((one) => one !== undefined);
  return {
    amps: Math.max(...amps),
    ...(withPower ? { watts: Math.max(...watts) } : {}),
    ...(volts === undefined ? {} : { volts }),
    measuredAt: newest.measuredAt,
    newestAt: newest.measuredAt,
    until: {
      fresh: Math.min(most, Math.max(...ends.map((end) => end.fresh))),
      held: Math.min(most, Math.max(...ends.map((end) => end.held))),
    },
    isLost: believed.length === 0,
  };
}

/** What is added to a member's current: its gap in a dispute, once none of those that stood above it counts any more. */
function gapsToAdd(counted: readonly Heard[], { gaps }: PhaseMemory): (one: Heard) => number {
  const isTopThere = counted.some(({ member }) => !gaps[member.id]?.isDisputed);
  return ({ member }) => (!isTopThere && gaps[member.id]?.isDisputed ? gaps[member.id]!.amps : 0);
}

function readingOf(
  views: { readonly [P in Phase]: PhaseView },
  members: readonly Member[],
  now: Instant,
  ages: Policy['meter'],
): MeterReading {
  const all = PHASES.map((phase) => views[phase]);
  const least = (value: (view: PhaseView) => number) => Math.min(...all.map(value));
  const powerWatts = all.every((view) => view.watts !== undefined)
    ? mapPhases((phase) => views[phase].watts!)
    : undefined;
  const measuredAt = least((view) => view.measuredAt);
  const newestAt = Math.max(...all.map((view) => view.newestAt));
  return {
    currentAmps: mapPhases((phase) => views[phase].amps),
    ...(powerWatts ? { powerWatts, totalPowerWatts: totalOf(powerWatts, members, now, ages) } : {}),
    ...(all.every((view) => view.volts !== undefined) ? { volts: mapPhases((phase) => views[phase].volts!) } : {}),
    measuredAt,
    ...(newestAt > measuredAt ? { newestAt } : {}),
    until: { fresh: least((view) => view.until.fresh), held: least((view) => view.until.held) },
  };
}

/** The most import of what the phases add up to and what each member that measures all of them says of the total. */
function totalOf(powerWatts: PhaseAmps, members: readonly Member[], now: Instant, ages: Policy['meter']): number {
  const totals = members.flatMap(({ phases, state }) => {
    const whole = PHASES.every((phase) => phases.includes(phase)) && freshnessOf(state?.reading, now, ages) !== 'lost';
    const total = whole ? state?.reading?.totalPowerWatts : undefined;
    return total === undefined ? [] : [total];
  });
  return Math.max(powerWatts.L1 + powerWatts.L2 + powerWatts.L3, ...totals);
}

function suspicionOf(
  members: readonly Member[],
  memory: Combination['memory'],
  views: { readonly [P in Phase]: PhaseView | undefined },
  before: MeterState['suspicion'],
  now: Instant,
): MeterState['suspicion'] {
  const found = lostDetail(members, views) ?? disputeDetail(members, memory);
  if (!found) return undefined;
  return { ...found, since: before?.kind === found.kind ? before.since : now };
}

type Found = Omit<NonNullable<MeterState['suspicion']>, 'since'>;

function lostDetail(
  members: readonly Member[],
  views: { readonly [P in Phase]: PhaseView | undefined },
): Found | undefined {
  const lost = PHASES.filter((phase) => views[phase]?.isLost !== false);
  if (lost.length === 0) return undefined;
  const those = members.filter(({ phases }) => lost.some((phase) => phases.includes(phase)));
  const why = those.map(({ name, state }) => {
    const { suspicion } = state ?? {};
    return suspicion ? `${name} (${suspicion.kind}: ${suspicion.detail})` : name;
  });
  return { kind: 'unreachable', detail: `none of its meters on ${lost.join(', ')} is believed: ${why.join(', ')}` };
}

function disputeDetail(members: readonly Member[], memory: Combination['memory']): Found | undefined {
  const disputed = PHASES.flatMap((phase) =>
    members.flatMap(({ id, name }) => {
      const gap = memory[phase].gaps[id];
      return gap?.isDisputed
        ? [`${name} shows ${Number(gap.amps.toFixed(1))} A less than the highest on ${phase}`]
        : [];
    }),
  );
  if (disputed.length === 0) return undefined;
  return { kind: 'disagrees', detail: `${disputed.join(', ')}; the highest counts` };
}
