// Runs a rule over all sessions, step by step, and counts energy, full cars and every row that carried more than its limit.
import { type Bay, bays, rowLimits, rowLoads } from './car-park.ts';
import type { Session, Sessions } from './session.ts';

/** A car that still wants energy, as a rule sees it. Departures are known, the future arrivals are not. */
export type Car = {
  readonly session: Session;
  readonly bay: Bay;
  readonly remainingWh: number;
  /** Hours until it leaves, in whole steps; at least one step. */
  readonly stayHours: number;
  /** What it can still use in this step, in amperes per phase: its maximum, or less when it is nearly full. */
  readonly usableAmps: number;
  /** What it was given in the step before. */
  readonly lastAmps: number;
};

export type Step = {
  readonly atMs: number;
  readonly hours: number;
  readonly rootAmps: number;
  readonly limits: readonly number[];
};

/** Amperes per phase for each car. A rule that must remember is made anew for each run. */
export type Rule = (cars: readonly Car[], step: Step) => readonly number[];

export type Outcome = {
  readonly deliveredWh: number;
  readonly demandWh: number;
  readonly full: number;
  readonly sessions: number;
  /** Share of its demand that the worst-served tenth of the sessions gets at most. */
  readonly tenthShare: number;
  /** Times that a session began or began again. */
  readonly starts: number;
  /** Steps × rows over their limit. */
  readonly violations: number;
};

/** A session whose demand can be met in its whole steps: what cannot be delivered at full current is no demand. */
export type Demand = {
  readonly session: Session;
  readonly bay: Bay;
  readonly energyWh: number;
  /** First step, and the one after the last: only steps that lie wholly inside the stay count. */
  readonly from: number;
  readonly until: number;
};

const FULL_WH = 1;

export function demandsOf(sessions: Sessions, stepMs: number): readonly Demand[] {
  return sessions.list.map((session): Demand => {
    const bay = bays[session.bay]!;
    const from = Math.ceil(session.arrivesMs / stepMs);
    const until = Math.max(from, Math.floor(session.departsMs / stepMs));
    const mostWh = (until - from) * (stepMs / 3_600_000) * bay.maxAmps * bay.wattsPerAmp;
    return { session, bay, energyWh: Math.min(session.energyWh, mostWh), from, until };
  });
}

/** A car draws what it is given until it is full or leaves; the row check is on what it is given. */
export function simulate(rule: Rule, sessions: Sessions, rootAmps: number, stepMs: number): Outcome {
  const demands = demandsOf(sessions, stepMs);
  const hours = stepMs / 3_600_000;
  const limits = rowLimits(rootAmps);
  const remaining = demands.map((demand) => demand.energyWh);
  const last = demands.map(() => 0);
  const byStart = demands.map((_, at) => at).sort((a, b) => demands[a]!.from - demands[b]!.from || a - b);
  const steps = Math.max(...demands.map((demand) => demand.until));
  let present: number[] = [];
  let next = 0;
  let violations = 0;
  let starts = 0;
  for (let step = 0; step < steps; step++) {
    while (next < byStart.length && demands[byStart[next]!]!.from <= step) present.push(byStart[next++]!);
    present = present.filter((at) => demands[at]!.until > step && remaining[at]! > 1e-6);
    if (present.length === 0) continue;
    const cars = present.map((at): Car => {
      const { session, bay, until } = demands[at]!;
      return {
        session,
        bay,
        remainingWh: remaining[at]!,
        stayHours: (until - step) * hours,
        usableAmps: Math.min(bay.maxAmps, remaining[at]! / (bay.wattsPerAmp * hours)),
        lastAmps: last[at]!,
      };
    });
    const amps = rule(cars, { atMs: step * stepMs, hours, rootAmps, limits });
    violations += rowLoads(cars.map(({ bay }, at) => ({ bay, amps: amps[at]! }))).filter(
      (load, row) => load > limits[row]! + 1e-6,
    ).length;
    present.forEach((at, index) => {
      const { bay } = demands[at]!;
      if (!(amps[index]! >= 0 && amps[index]! <= bay.maxAmps + 1e-6))
        throw new Error(`bay ${bay.number} was given ${amps[index]} A; expected 0 to ${bay.maxAmps} A`);
      if (last[at] === 0 && amps[index]! > 0) starts++;
      last[at] = amps[index]!;
      remaining[at] = Math.max(0, remaining[at]! - amps[index]! * bay.wattsPerAmp * hours);
    });
  }
  const demandWh = demands.reduce((sum, demand) => sum + demand.energyWh, 0);
  const shares = demands
    .map((demand, at) => (demand.energyWh > 0 ? 1 - remaining[at]! / demand.energyWh : 1))
    .sort((a, b) => a - b);
  return {
    demandWh,
    deliveredWh: demandWh - remaining.reduce((sum, wh) => sum + wh, 0),
    full: remaining.filter((wh) => wh < FULL_WH).length,
    sessions: demands.length,
    tenthShare: shares[Math.floor(shares.length / 10)]!,
    starts,
    violations,
  };
}
