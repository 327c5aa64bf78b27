// The fuse law as an independent check on what is about to be sent: shares no code with the planner, and has the last word.

import type { Limits } from '../allocate/capacity.ts';
import type { Situation } from '../allocate/situation.ts';
import type { GroupLimit } from '../limits/caps.ts';
import type { Command } from '../model/decision.ts';
import type { Circuit, Site } from '../model/site.ts';
import { type CircuitId, PHASES, type Phase } from '../model/units.ts';

/** Amperes (and, times the voltage, watts) by which rounding of floating point may overshoot. */
const TOLERANCE_AMPS = 1e-4;

/** One EVSE while the commands are on their way: what it may draw at most, and what it is certainly seen to draw. */
type Drawing = Pick<Situation, 'evse' | 'phases' | 'balances'> & {
  readonly mostAmps: number;
  readonly leastAmps: number;
  readonly isRaised: boolean;
};

/**
 * Law 1 over the cycle's commands: an increase counts from the moment it is sent, a decrease not yet. Every limit that an increase loads must
 * hold: circuits by phase (limit − margin, base load included) and by power, groups, whole stations; and for unbalance, what may be drawn on
 * one phase against what is seen to be drawn on the other, less what a decrease on its way takes from it. Returns the first that is broken, in words, or undefined. Surplus is no fuse: a
 * session that lives on it is held by its target alone.
 */
export function breachOfFuseLaw(
  site: Site,
  limits: Limits,
  situations: readonly Situation[],
  commands: readonly Command[],
): string | undefined {
  const raisedTo = new Map<string, number>();
  const loweredTo = new Map<string, number>();
  for (const command of commands) {
    if (command.change === 'decrease' && command.role === 'lease') loweredTo.set(command.evse, command.limitAmps);
    if (command.change !== 'increase') continue;
    if (!Number.isFinite(command.limitAmps) || command.limitAmps < 0)
      return `${command.evse} would be told ${command.limitAmps} A`;
    raisedTo.set(command.evse, Math.max(raisedTo.get(command.evse) ?? 0, command.limitAmps));
  }
  if (raisedTo.size === 0) return undefined;
  const drawings = situations.map(({ evse, phases, balances, exposureAmps, assuredAmps }): Drawing => {
    const mostAmps = Math.max(exposureAmps, raisedTo.get(evse.id) ?? 0);
    const leastAmps = Math.min(exposureAmps, assuredAmps, loweredTo.get(evse.id) ?? assuredAmps);
    return { evse, phases, balances, mostAmps, leastAmps, isRaised: mostAmps > exposureAmps };
  });
  const below = drawingsBelow(site, drawings);
  for (const circuit of site.circuits) {
    const found = circuitBreach(circuit, below.get(circuit.id) ?? [], limits, site.nominalVolts);
    if (found !== undefined) return found;
  }
  for (const group of limits.groups) {
    const found = groupBreach(group, drawings, limits.surplusWatts, site.nominalVolts);
    if (found !== undefined) return found;
  }
  for (const { station, amps } of limits.stations) {
    const own = drawings.filter(({ evse }) => evse.station === station);
    const load = sum(own, ({ mostAmps }) => mostAmps);
    if (isOver(load, amps, own)) return `station ${station} could draw ${one(load)} A of ${one(amps)} A`;
  }
  return undefined;
}

const one = (value: number) => value.toFixed(1);

function sum(drawings: readonly Drawing[], amount: (drawing: Drawing) => number): number {
  return drawings.reduce((total, drawing) => total + amount(drawing), 0);
}

/** Too much, and not only because of those who are not raised. What is not a number is too much. */
function isOver(load: number, most: number, loading: readonly Drawing[], tolerance = TOLERANCE_AMPS): boolean {
  return !(load <= most + tolerance) && loading.some(({ isRaised }) => isRaised);
}

/** The EVSEs below each circuit, found from each of them upwards. */
function drawingsBelow(site: Site, drawings: readonly Drawing[]): ReadonlyMap<CircuitId, readonly Drawing[]> {
  const circuits = new Map(site.circuits.map((circuit) => [circuit.id, circuit]));
  const below = new Map<CircuitId, Drawing[]>();
  for (const drawing of drawings) {
    for (let circuit = circuits.get(drawing.evse.circuit), hops = 0; circuit && hops <= circuits.size; hops++) {
      const known = below.get(circuit.id);
      if (known) known.push(drawing);
      else below.set(circuit.id, [drawing]);
      circuit = circuit.parent === undefined ? undefined : circuits.get(circuit.parent);
    }
  }
  return below;
}

function circuitBreach(circuit: Circuit, below: readonly Drawing[], limits: Limits, volts: number): string | undefined {
  const { phases, power } = limits.circuits.get(circuit.id)!;
  const { amps: base } = limits.baseLoads.get(circuit.id)!;
  for (const phase of PHASES) {
    const loading = below.filter((drawing) => drawing.phases.includes(phase));
    const load = base[phase] + sum(loading, ({ mostAmps }) => mostAmps);
    const most = phases[phase].amps - circuit.marginAmps[phase];
    if (isOver(load, most, loading)) return `${circuit.id} ${phase} could carry ${one(load)} A of ${one(most)} A`;
  }
  if (power) {
    const load = volts * (base.L1 + base.L2 + base.L3) + wattsOf(below, volts);
    if (isOver(load, power.watts, below, TOLERANCE_AMPS * volts))
      return `${circuit.id} could carry ${one(load)} ${power.unit} of ${one(power.watts)} ${power.unit}`;
  }
  return circuit.unbalanceAmps === undefined ? undefined : unbalanceBreach(circuit.id, circuit.unbalanceAmps, below);
}

function wattsOf(drawings: readonly Drawing[], volts: number): number {
  return sum(drawings, ({ mostAmps, phases }) => mostAmps * phases.length * volts);
}

function unbalanceBreach(id: CircuitId, most: number, below: readonly Drawing[]): string | undefined {
  const onlyOn = (phase: Phase, other: Phase) =>
    below.filter(({ phases }) => phases.includes(phase) && !phases.includes(other));
  for (const phase of PHASES) {
    for (const against of PHASES) {
      if (against === phase) continue;
      const loading = onlyOn(phase, against);
      const balancing = onlyOn(against, phase).filter(({ balances }) => balances);
      const difference = sum(loading, ({ mostAmps }) => mostAmps) - sum(balancing, ({ leastAmps }) => leastAmps);
      if (isOver(difference, most, loading))
        return `${id} could draw ${one(difference)} A more on ${phase} than on ${against}, of ${one(most)} A`;
    }
  }
  return undefined;
}

function groupBreach(
  { group, members, amps, watts, netOfSurplus }: GroupLimit,
  drawings: readonly Drawing[],
  surplusWatts: number,
  volts: number,
): string | undefined {
  const ids = new Set(members);
  const own = drawings.filter(({ evse }) => ids.has(evse.id));
  for (const phase of amps ? PHASES : []) {
    const loading = own.filter(({ phases }) => phases.includes(phase));
    const load = sum(loading, ({ mostAmps }) => mostAmps);
    if (isOver(load, amps![phase], loading))
      return `group ${group} could draw ${one(load)} A of ${one(amps![phase])} A on ${phase}`;
  }
  if (watts === undefined) return undefined;
  const load = wattsOf(own, volts);
  const most = watts + (netOfSurplus ? surplusWatts : 0);
  return isOver(load, most, own, TOLERANCE_AMPS * volts)
    ? `group ${group} could draw ${one(load)} W of ${one(most)} W`
    : undefined;
}
