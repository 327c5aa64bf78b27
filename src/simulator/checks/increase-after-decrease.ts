// No EVSE is raised before what it is given has left the others: every raise of a cycle against what the chargers truly may still be told to draw.
// It shares no code with the core's own last word on the same law, so that the two do not err together.

import type { CycleRecord, Reason, Share } from '../../core/model/decision.ts';
import type { Site } from '../../core/model/site.ts';
import { type SiteIndex, siteIndex } from '../../core/model/site-index.ts';
import { PHASES } from '../../core/model/units.ts';
import type { Checker, CheckerOptions, TrueEvse, Truth, Violation } from '../truth.ts';
import { shown } from './circuit-rows.ts';

const TOLERANCE_AMPS = 1e-3;
/** What the decision says of an EVSE that it does not command: it is reserved at its exposure. */
const RESERVED: readonly Reason['kind'][] = ['unreachable', 'floor-not-proved', 'disobedient'];

/**
 * For every circuit and phase that an increase of the cycle loads: the increase, or what may come to rule if that is more, summed over the EVSEs
 * below on the phases that the decision counts, and the base load that it believes, fit the limit less the margin. A charger that errs, whose
 * clock was set wrong a moment ago, or that the decision reserves, counts with the exposure that the decision has for it.
 */
export class IncreaseAfterDecreaseChecker implements Checker {
  readonly name = 'increase-after-decrease';
  readonly #site: Site;
  readonly #index: SiteIndex;
  readonly #raisedAmps: Float64Array;
  /** For each circuit and phase, what may flow, and whether an increase of this cycle adds to it. */
  readonly #amps: Float64Array;
  readonly #isLoaded: Uint8Array;
  #increases = 0;
  #leastHeadroomAmps = Number.POSITIVE_INFINITY;

  constructor({ site }: CheckerOptions) {
    this.#site = site;
    this.#index = siteIndex(site);
    this.#raisedAmps = new Float64Array(site.evses.length);
    this.#amps = new Float64Array(site.circuits.length * PHASES.length);
    this.#isLoaded = new Uint8Array(this.#amps.length);
  }

  onCycle({ decision }: CycleRecord, truth: Truth): readonly Violation[] {
    this.#raisedAmps.fill(0);
    let count = 0;
    for (const { change, evse, limitAmps } of decision.commands) {
      const at = this.#index.evseAt.get(evse);
      if (change !== 'increase' || at === undefined) continue;
      this.#raisedAmps[at] = Math.max(this.#raisedAmps[at]!, limitAmps);
      count += 1;
    }
    if (count === 0) return [];
    this.#increases += count;
    this.#amps.fill(0);
    this.#isLoaded.fill(0);
    for (let at = 0; at < truth.evses.length; at++) this.#add(at, decision.shares[at], truth.evses[at]!);
    return this.#overloads(decision.circuits, truth.at);
  }

  figures(): Readonly<Record<string, number>> {
    return {
      increaseCount: this.#increases,
      ...(Number.isFinite(this.#leastHeadroomAmps)
        ? { leastHeadroomAmps: Math.round(this.#leastHeadroomAmps * 1000) / 1000 }
        : {}),
    };
  }

  /** Adds one EVSE to the rows it loads. Without a share it counts with all it has. */
  #add(at: number, share: Share | undefined, evse: TrueEvse): void {
    const own = this.#site.evses[at]!;
    const raisedAmps = this.#raisedAmps[at]!;
    const amps = Math.max(raisedAmps, share ? mostAmps(share, evse) : own.maxAmps);
    const phases = share ? share.phases : own.phases;
    for (const circuit of this.#index.pathOf[at]!) {
      for (const phase of phases) {
        const row = circuit * PHASES.length + PHASES.indexOf(phase);
        this.#amps[row]! += amps;
        if (raisedAmps !== 0) this.#isLoaded[row] = 1;
      }
    }
  }

  #overloads(reports: CycleRecord['decision']['circuits'], at: number): readonly Violation[] {
    const violations: Violation[] = [];
    for (let row = 0; row < this.#amps.length; row++) {
      if (this.#isLoaded[row] === 0) continue;
      const circuit = this.#site.circuits[Math.floor(row / PHASES.length)]!;
      const phase = PHASES[row % PHASES.length]!;
      const report = reports[Math.floor(row / PHASES.length)]?.phases[phase];
      const limitAmps = Math.min(circuit.ratingAmps[phase], report?.limitAmps ?? circuit.ratingAmps[phase]);
      const mostForAll = limitAmps - circuit.marginAmps[phase];
      const baseAmps = report?.baseLoadAmps ?? circuit.worstBaseLoadAmps[phase];
      const headroomAmps = mostForAll - baseAmps - this.#amps[row]!;
      this.#leastHeadroomAmps = Math.min(this.#leastHeadroomAmps, headroomAmps);
      // Not a number is too little.
      if (headroomAmps >= -TOLERANCE_AMPS) continue;
      const text = `${circuit.id} ${phase}: an increase left while its chargers may still draw ${shown(this.#amps[row]!)} and the building ${shown(baseAmps)}; together at most ${shown(mostForAll)} were free.`;
      violations.push({ checker: this.name, at, text });
    }
    return violations;
  }
}

/**
 * What may rule at an EVSE without this cycle's increase. A lease below the floor is renewed long before it ends, so the floor beneath it is not
 * counted as long as nothing higher may rule: then what rules now counts, or what the decision expects if that is more.
 */
function mostAmps(share: Share, { errs, isClockAstray, mightAmps, limitAmps, floorAmps }: TrueEvse): number {
  if (errs || isClockAstray || RESERVED.includes(share.reason.kind)) return share.exposureAmps;
  const isFloorBeneath = floorAmps !== undefined && mightAmps <= floorAmps;
  return isFloorBeneath ? Math.min(mightAmps, Math.max(limitAmps, share.exposureAmps)) : mightAmps;
}
