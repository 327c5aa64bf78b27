// Builds what is physically so on a site for tests of those who watch a run: idle and sound unless said otherwise; circuits carry what their EVSEs draw.
import type { Command } from '../../src/core/model/decision.ts';
import type { Site } from '../../src/core/model/site.ts';
import { siteIndex } from '../../src/core/model/site-index.ts';
import { mapPhases, onEachPhase, type PhaseAmps } from '../../src/core/model/units.ts';
import type { Checker, TrueCircuit, TrueEvse, Truth, Violation } from '../../src/simulator/truth.ts';
import { T0 } from './cycle-record.ts';

export type TruthParts = {
  readonly at?: number;
  readonly elapsedMs?: number;
  readonly isControlled?: boolean;
  /** What the building draws below the root, and below other circuits by id; one number stands for each phase. */
  readonly base?: number | PhaseAmps;
  readonly baseOf?: Readonly<Record<string, number | PhaseAmps>>;
  /** Parts of EVSEs by id; one number of amperes stands for each of its phases. */
  readonly evses?: Readonly<
    Record<string, Partial<Omit<TrueEvse, 'amps'>> & { readonly drawn?: number | readonly number[] }>
  >;
};

/** The truth of one step; `elapsedMs` is one second. */
export function truth(site: Site, parts: TruthParts = {}): Truth {
  const evses = site.evses.map((evse): TrueEvse => {
    const { drawn = 0, ...part } = parts.evses?.[evse.id] ?? {};
    return {
      evse: evse.id,
      station: evse.station,
      hasCar: drawn !== 0,
      amps: typeof drawn === 'number' ? evse.phases.map(() => drawn) : drawn,
      limitAmps: evse.floorAmps,
      mightAmps: evse.floorAmps,
      floorAmps: evse.floorAmps,
      errs: false,
      isClockAstray: false,
      isLinked: true,
      ...part,
    };
  });
  const circuits = site.circuits.map((circuit, at): TrueCircuit => {
    const base = parts.baseOf?.[circuit.id] ?? (at === 0 ? parts.base : undefined) ?? 0;
    const baseAmps = typeof base === 'number' ? onEachPhase(base) : base;
    const amps = mapPhases((phase) =>
      siteIndex(site).evsesBelow[at]!.reduce(
        (sum, evse) => sum + (evses[evse]!.amps[site.evses[evse]!.phases.indexOf(phase)] ?? 0),
        baseAmps[phase],
      ),
    );
    return { circuit: circuit.id, amps, baseAmps };
  });
  const { at = T0, elapsedMs = 1_000, isControlled = true } = parts;
  return { at, elapsedMs, circuits, evses, isControlled };
}

/** An EVSE without an installed floor. */
export function withoutFloor(truthOfStep: Truth, evse: string): Truth {
  const evses = truthOfStep.evses.map((one) => {
    if (one.evse !== evse) return one;
    const { floorAmps: _floor, ...rest } = one;
    return rest;
  });
  return { ...truthOfStep, evses };
}

/** Tells the checker of `seconds` such seconds, one after the other, from `from` on; all violations. */
export function watch(
  checker: Checker,
  site: Site,
  parts: TruthParts,
  seconds: number,
  from = T0,
): readonly Violation[] {
  const found: Violation[] = [];
  for (let second = 1; second <= seconds; second++) {
    found.push(...(checker.onTruth?.(truth(site, { ...parts, at: from + second * 1_000 })) ?? []));
  }
  return found;
}

/** A command for an EVSE: a lease of 10 A that raises it, unless said otherwise. */
export function installProfile(evse: string, part: Partial<Command> = {}): Command {
  const limitAmps = part.limitAmps ?? 10;
  return {
    kind: 'install-profile',
    id: `test-${evse}`,
    station: evse.split('/')[0]!,
    evse,
    role: 'lease',
    change: 'increase',
    limitAmps,
    profile: {
      id: 9_011,
      stackLevel: 1,
      purpose: 'TxDefaultProfile',
      kind: 'Absolute',
      schedule: { unit: 'A', startSchedule: T0, periods: [{ startPeriodSeconds: 0, limit: limitAmps }] },
    },
    ...part,
  };
}
