// The independent check of an allocation: recomputes every limit from the site itself and shares no code with who proposed it.

import type { GroupLimit } from '../limits/caps.ts';
import type { Circuit, Site } from '../model/site.ts';
import { oncePerSite } from '../model/site-index.ts';
import { type CircuitId, PHASES } from '../model/units.ts';
import type { Limits } from './capacity.ts';
import type { Situation } from './situation.ts';

/** Amperes (and, times the voltage, watts) by which rounding of floating point may overshoot. */
const TOLERANCE_AMPS = 1e-4;

/**
 * The first thing that is wrong with giving each EVSE `amps[i]` (by index into `site.evses`), in words, or undefined when all holds:
 * 0 or ≥ minimum, ≤ maximum, on the step, every circuit, phase, power cap, group, station limit, unbalance and the surplus. A limit that
 * base load and reserved EVSEs alone exceed is accepted only while no candidate that loads it gets anything.
 */
export function verify(
  site: Site,
  limits: Limits,
  situations: readonly Situation[],
  amps: readonly number[],
): string | undefined {
  const given: Given = { site, situations, amps };
  const below = evsesBelow(site);
  return (
    wrongShare(given) ??
    firstOf(site.circuits, (circuit) =>
      overfullCircuit(
        circuit,
        limits,
        below.get(circuit.id)!.map((at) => situations[at]!),
        given,
      ),
    ) ??
    firstOf(limits.groups, (group) => overfullGroup(group, limits.surplusWatts, given)) ??
    firstOf(limits.stations, ({ station, amps: most }) => {
      const own = situations.filter((situation) => situation.evse.station === station);
      const load = own.reduce((sum, situation) => sum + takes(situation, amps), 0);
      return own.some((one) => gets(one, amps)) && !(load <= most + TOLERANCE_AMPS)
        ? `station ${station} would draw ${load} A of ${most} A`
        : undefined;
    }) ??
    overdrawnSurplus(limits.surplusWatts, given)
  );
}

type Given = { readonly site: Site; readonly situations: readonly Situation[]; readonly amps: readonly number[] };

function firstOf<T>(all: readonly T[], fault: (one: T) => string | undefined): string | undefined {
  for (const one of all) {
    const found = fault(one);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Whether it gets anything that it could be denied. */
function gets({ at, role }: Situation, amps: readonly number[]): boolean {
  return role.kind === 'candidate' && amps[at]! > (role.neverZero ? role.lower + TOLERANCE_AMPS : 0);
}

function takes({ at, role }: Situation, amps: readonly number[]): number {
  return role.kind === 'reserved' ? role.amps : amps[at]!;
}

function wrongShare({ situations, amps }: Given): string | undefined {
  for (const { at, evse, role } of situations) {
    const given = amps[at];
    if (given === undefined || !Number.isFinite(given) || given < 0) return `${evse.id} would get ${given} A`;
    if (role.kind === 'reserved' || given === 0) continue;
    if (given < role.lower - TOLERANCE_AMPS)
      return `${evse.id} would get ${given} A, below its minimum of ${role.lower} A`;
    if (given > role.upper + TOLERANCE_AMPS)
      return `${evse.id} would get ${given} A, above its maximum of ${role.upper} A`;
    const steps = given / evse.stepAmps;
    if (Math.abs(steps - Math.round(steps)) > 1e-6)
      return `${evse.id} would get ${given} A, off its step of ${evse.stepAmps} A`;
  }
  return undefined;
}

function overfullCircuit(
  circuit: Circuit,
  limits: Limits,
  below: readonly Situation[],
  { site, amps }: Given,
): string | undefined {
  const limit = limits.circuits.get(circuit.id);
  const base = limits.baseLoads.get(circuit.id);
  if (!limit || !base) return `${circuit.id} has no limit or no base load`;
  let watts = 0;
  for (const phase of PHASES) {
    let load = base.amps[phase];
    let isUsed = false;
    for (const one of below) {
      if (!one.phases.includes(phase)) continue;
      load += takes(one, amps);
      isUsed ||= gets(one, amps);
    }
    watts += load * site.nominalVolts;
    const most = limit.phases[phase].amps - circuit.marginAmps[phase];
    if (!(load <= most + TOLERANCE_AMPS) && isUsed) return `${circuit.id} ${phase} would carry ${load} A of ${most} A`;
  }
  if (limit.power && !(watts <= limit.power.watts + TOLERANCE_AMPS * site.nominalVolts)) {
    if (below.some((one) => gets(one, amps))) return `${circuit.id} would carry ${watts} W of ${limit.power.watts} W`;
  }
  return circuit.unbalanceAmps === undefined ? undefined : unbalanced(circuit, circuit.unbalanceAmps, below, amps);
}

/** The EVSEs on each circuit and on all circuits below it, as indices into `site.evses`, by walking up from each. */
const evsesBelow = oncePerSite((site): ReadonlyMap<CircuitId, readonly number[]> => {
  const parentOf = new Map(site.circuits.map(({ id, parent }) => [id, parent]));
  const below = new Map<CircuitId, number[]>(site.circuits.map(({ id }) => [id, []]));
  for (const [at, { circuit }] of site.evses.entries()) {
    const seen = new Set<CircuitId>();
    // A tree that bites its own tail must not hang the loop.
    for (let id: CircuitId | undefined = circuit; id !== undefined && !seen.has(id); id = parentOf.get(id)) {
      seen.add(id);
      below.get(id)?.push(at);
    }
  }
  return below;
});

function unbalanced(
  circuit: Circuit,
  most: number,
  below: readonly Situation[],
  amps: readonly number[],
): string | undefined {
  for (const phase of PHASES) {
    for (const against of PHASES) {
      if (against === phase) continue;
      let difference = 0;
      let isLoaded = false;
      for (const one of below) {
        const [on, off] = [one.phases.includes(phase), one.phases.includes(against)];
        if (on && !off) {
          difference += takes(one, amps);
          isLoaded ||= gets(one, amps);
        } else if (off && !on && one.balances) {
          difference -=
            one.role.kind === 'reserved'
              ? Math.min(one.role.amps, one.assuredAmps)
              : amps[one.at]! * (one.drawnPart ?? 1);
        }
      }
      if (isLoaded && !(difference <= most + TOLERANCE_AMPS))
        return `${circuit.id} would draw ${difference} A more on ${phase} than on ${against}, of ${most} A`;
    }
  }
  return undefined;
}

function overfullGroup(limit: GroupLimit, surplusWatts: number, { site, situations, amps }: Given): string | undefined {
  const ids = new Set(limit.members);
  const members = situations.filter(({ evse }) => ids.has(evse.id));
  if (!members.some((one) => gets(one, amps))) return undefined;
  for (const phase of PHASES) {
    const users = members.filter((one) => one.phases.includes(phase));
    const load = users.reduce((sum, one) => sum + takes(one, amps), 0);
    const most = limit.amps?.[phase] ?? Number.POSITIVE_INFINITY;
    if (!(load <= most + TOLERANCE_AMPS) && users.some((one) => gets(one, amps)))
      return `group ${limit.group} would draw ${load} A of ${most} A on ${phase}`;
  }
  const watts = members.reduce((sum, one) => sum + takes(one, amps) * one.phases.length * site.nominalVolts, 0);
  const most = (limit.watts ?? Number.POSITIVE_INFINITY) + (limit.netOfSurplus ? surplusWatts : 0);
  return watts <= most + TOLERANCE_AMPS * site.nominalVolts
    ? undefined
    : `group ${limit.group} would draw ${watts} W of ${most} W`;
}

/**
 * Sessions on surplus have it to themselves after all others, of whom what is merely reserved counts as far as it is drawn. One that was let
 * start a moment ago, or must never be sent 0 A, keeps its minimum without any; one that is paused leaves nothing of that to the others.
 */
function overdrawnSurplus(surplusWatts: number, { site, situations, amps }: Given): string | undefined {
  let [drawnWatts, keptWatts] = [0, 0];
  let isUsed = false;
  for (const one of situations) {
    const drawn = one.role.kind === 'reserved' ? Math.min(one.role.amps, one.assuredAmps) : amps[one.at]!;
    const watts = drawn * one.phases.length * site.nominalVolts;
    const lives = one.role.kind === 'candidate' && one.role.onlySurplus;
    drawnWatts += watts;
    if (!lives) keptWatts += watts;
    else if (one.role.kind === 'candidate' && (one.role.keepsPlace || one.role.neverZero) && drawn > 0)
      keptWatts += one.role.lower * one.phases.length * site.nominalVolts;
    isUsed ||= lives && gets(one, amps);
  }
  return !isUsed || drawnWatts <= Math.max(surplusWatts, keptWatts) + TOLERANCE_AMPS * site.nominalVolts
    ? undefined
    : `${drawnWatts} W would be drawn while sessions on surplus charge, of ${surplusWatts} W of surplus`;
}
