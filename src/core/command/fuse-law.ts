// The fuse law as an independent check on what is about to be sent: shares no code with the planner, and has the last word.

import type { BaseLoad } from '../allocate/base-load.ts';
import type { Situation } from '../allocate/situation.ts';
import type { CircuitLimit } from '../limits/caps.ts';
import type { Command } from '../model/decision.ts';
import type { Site } from '../model/site.ts';
import { type CircuitId, PHASES } from '../model/units.ts';

const TOLERANCE_AMPS = 1e-4;

/**
 * Law 1 over the cycle's commands: an increase counts from the moment it is sent, a decrease not yet. On every circuit and phase that an
 * increase loads, exposure + base load must stay within limit − margin. Returns what is broken, in words, or undefined.
 */
export function breachOfFuseLaw(
  site: Site,
  limits: ReadonlyMap<CircuitId, CircuitLimit>,
  baseLoads: ReadonlyMap<CircuitId, BaseLoad>,
  situations: readonly Situation[],
  commands: readonly Command[],
): string | undefined {
  const raisedTo = new Map<string, number>();
  for (const command of commands) {
    if (command.change !== 'increase') continue;
    if (!Number.isFinite(command.limitAmps) || command.limitAmps < 0)
      return `${command.evse} would be told ${command.limitAmps} A`;
    raisedTo.set(command.evse, Math.max(raisedTo.get(command.evse) ?? 0, command.limitAmps));
  }
  if (raisedTo.size === 0) return undefined;
  const circuits = new Map(site.circuits.map((circuit) => [circuit.id, circuit]));
  const sums = new Map<string, { total: number; isRaised: boolean }>();
  for (const { evse, phases, exposureAmps } of situations) {
    const raised = raisedTo.get(evse.id);
    const worst = Math.max(exposureAmps, raised ?? 0);
    for (let circuit = circuits.get(evse.circuit), hops = 0; circuit && hops <= circuits.size; hops++) {
      for (const phase of phases) {
        const key = `${circuit.id} ${phase}`;
        const sum = sums.get(key) ?? { total: 0, isRaised: false };
        sums.set(key, {
          total: sum.total + worst,
          isRaised: sum.isRaised || (raised !== undefined && raised > exposureAmps),
        });
      }
      circuit = circuit.parent === undefined ? undefined : circuits.get(circuit.parent);
    }
  }
  for (const circuit of site.circuits) {
    for (const phase of PHASES) {
      const sum = sums.get(`${circuit.id} ${phase}`);
      if (!sum?.isRaised) continue;
      const most = limits.get(circuit.id)!.phases[phase].amps - circuit.marginAmps[phase];
      const load = sum.total + baseLoads.get(circuit.id)!.amps[phase];
      if (!(load <= most + TOLERANCE_AMPS)) {
        return `${circuit.id} ${phase} could carry ${load.toFixed(1)} A of ${most.toFixed(1)} A`;
      }
    }
  }
  return undefined;
}
