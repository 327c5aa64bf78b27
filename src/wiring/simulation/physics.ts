// The currents of a simulated site: what the buildings and the cars draw, added up from the branches to the connection.

import type { Circuit, Site } from '../../core/model/site.ts';
import { type CircuitId, mapPhases, PHASES, type PhaseAmps, type WallTime } from '../../core/model/units.ts';
import { type BaseLoad, baseLoadOf } from '../../simulator/base-load.ts';
import type { BaseLoadKind } from '../../simulator/script.ts';
import type { SeededStreams } from '../../simulator/seeded-random.ts';
import type { TrueCircuit } from '../../simulator/truth.ts';

/** An EVSE's conductors: at which places of its own list the grid's L1, L2, L3 stand; −1 where it has none. */
type Wired = readonly [number, number, number];

export class Physics {
  readonly #circuits: readonly Circuit[];
  /** Index of the parent; −1 for the root. */
  readonly #parents: readonly number[];
  /** Index of the circuit each EVSE hangs on. */
  readonly #circuitOf: readonly number[];
  readonly #wired: readonly Wired[];
  readonly #baseLoads: readonly BaseLoad[];
  readonly #base: Float64Array;
  readonly #amps: Float64Array;
  #steps: readonly PhaseAmps[] = [];

  /** Each circuit has the loads that are commissioned for it and for none of its branches. */
  constructor(site: Site, kind: BaseLoadKind, streams: SeededStreams, startsAtWall: WallTime) {
    const { circuits, evses } = site;
    this.#circuits = circuits;
    const at = new Map(circuits.map((circuit, index): [CircuitId, number] => [circuit.id, index]));
    this.#parents = circuits.map(({ parent }) => (parent === undefined ? -1 : at.get(parent)!));
    this.#circuitOf = evses.map(({ circuit }) => at.get(circuit)!);
    this.#wired = evses.map(({ phases }) => PHASES.map((phase) => phases.indexOf(phase)) as unknown as Wired);
    this.#baseLoads = circuits.map((circuit) => {
      const branches = circuits.filter(({ parent }) => parent === circuit.id);
      const own = mapPhases((phase) => {
        const below = branches.reduce((sum, { worstBaseLoadAmps }) => sum + worstBaseLoadAmps[phase], 0);
        return Math.max(0, circuit.worstBaseLoadAmps[phase] - below);
      });
      return baseLoadOf(kind, own, streams.stream(`base-load ${circuit.id}`), startsAtWall);
    });
    this.#base = new Float64Array(circuits.length * 3);
    this.#amps = new Float64Array(circuits.length * 3);
  }

  /** The building draws this much more at the connection until the returned function is called. */
  step(amps: PhaseAmps): () => void {
    this.#steps = [...this.#steps, amps];
    return () => {
      this.#steps = this.#steps.filter((one) => one !== amps);
    };
  }

  /** Computes the currents `atMs` after the start. `drawn`: by EVSE in the site's order, on its own phases; `isDark`: there is no grid. */
  compute(atMs: number, drawn: readonly (readonly number[])[], isDark: boolean): void {
    const [base, amps] = [this.#base, this.#amps];
    base.fill(0);
    amps.fill(0);
    if (isDark) return;
    for (let circuit = 0; circuit < this.#circuits.length; circuit++) {
      const own = this.#baseLoads[circuit]!.amps(atMs);
      PHASES.forEach((phase, at) => {
        base[circuit * 3 + at]! += own[phase];
      });
    }
    for (const step of this.#steps) {
      PHASES.forEach((phase, at) => {
        base[at]! += step[phase];
      });
    }
    for (let evse = 0; evse < drawn.length; evse++) {
      const [circuit, wired, own] = [this.#circuitOf[evse]!, this.#wired[evse]!, drawn[evse]!];
      for (let at = 0; at < 3; at++) {
        const place = wired[at]!;
        if (place >= 0) amps[circuit * 3 + at]! += own[place] ?? 0;
      }
    }
    // Parents stand before their children, so from the last to the first every branch is whole when it is added.
    for (let circuit = this.#circuits.length - 1; circuit >= 0; circuit--) {
      const parent = this.#parents[circuit]!;
      for (let at = 0; at < 3; at++) {
        amps[circuit * 3 + at]! += base[circuit * 3 + at]!;
        if (parent >= 0) amps[parent * 3 + at]! += amps[circuit * 3 + at]!;
      }
    }
    for (let circuit = this.#circuits.length - 1; circuit > 0; circuit--) {
      const parent = this.#parents[circuit]!;
      if (parent >= 0) for (let at = 0; at < 3; at++) base[parent * 3 + at]! += base[circuit * 3 + at]!;
    }
  }

  /** What flows through a circuit's protective device. */
  through(circuit: number): PhaseAmps {
    return this.#phases(this.#amps, circuit);
  }

  /** What the loads other than cars draw on a circuit itself, those of its branches left out. */
  ownLoad(circuit: number): PhaseAmps {
    const branches = this.#parents.flatMap((parent, at) => (parent === circuit ? [this.#phases(this.#base, at)] : []));
    const all = this.#phases(this.#base, circuit);
    return mapPhases((phase) => branches.reduce((rest, branch) => rest - branch[phase], all[phase]));
  }

  truth(): readonly TrueCircuit[] {
    return this.#circuits.map(({ id }, at) => ({
      circuit: id,
      amps: this.#phases(this.#amps, at),
      baseAmps: this.#phases(this.#base, at),
    }));
  }

  #phases(values: Float64Array, circuit: number): PhaseAmps {
    return { L1: values[circuit * 3]!, L2: values[circuit * 3 + 1]!, L3: values[circuit * 3 + 2]! };
  }
}
