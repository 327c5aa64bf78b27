// What a cycle decided, for whom, and why; the journal line, the test fixture and the console's view are this record.

import type { ChargingProfile } from './charging-profile.ts';
import type { Source } from './limit.ts';
import type { Memory } from './memory.ts';
import type { Snapshot } from './snapshot.ts';
import type { CircuitId, CommandId, EvseId, Phase, PhaseAmps, SiteId, StationId } from './units.ts';

/** Why an EVSE has the share it has: data; `explain.ts` makes the sentence. */
export type Reason =
  | { readonly kind: 'no-car' }
  /** A row of a circuit is full; `phase` is absent when the power cap binds. `source` is the author of the number. */
  | { readonly kind: 'circuit-full'; readonly circuit: CircuitId; readonly phase?: Phase; readonly source: Source }
  /** Nothing but the EVSE's, the charger's or the car's own maximum holds it. */
  | { readonly kind: 'own-maximum'; readonly source: Source; readonly limitAmps: number }
  /** A cap on this EVSE alone, such as upstream's profile. */
  | { readonly kind: 'capped'; readonly source: Source; readonly limitAmps: number; readonly note?: string }
  /** Its minimum does not fit; others come first. */
  | { readonly kind: 'paused'; readonly circuit: CircuitId; readonly phase?: Phase; readonly neededAmps: number }
  /** More is granted and waits for these. */
  | { readonly kind: 'rising'; readonly waitsFor: 'decreases' | 'dwell' | 'meter' | 'answer' }
  /** Not under our control: reserved at what it may draw. */
  | { readonly kind: 'unreachable'; readonly reservedAmps: number }
  | { readonly kind: 'floor-not-proved'; readonly reservedAmps: number }
  | { readonly kind: 'disobedient'; readonly reservedAmps: number }
  | { readonly kind: 'failsafe'; readonly detail: string };

export type Share = {
  readonly evse: EvseId;
  /** What the allocation gives it, in amperes per phase. */
  readonly targetAmps: number;
  /** The newest limit that we have sent, lease or floor. */
  readonly offeredAmps: number;
  /** The newest limit that the charger has accepted and that has not run out. */
  readonly acknowledgedAmps?: number;
  /** The most it may be drawing now, reserved on its phases. */
  readonly exposureAmps: number;
  /** Measured, on the grid's phases; absent when nothing fresh is known. */
  readonly drawnAmps?: PhaseAmps;
  /** The grid phases it is counted on. */
  readonly phases: readonly Phase[];
  readonly reason: Reason;
};

export type PhaseReport = {
  /** The limit in force: rating, or a tighter cap. */
  readonly limitAmps: number;
  readonly limitSource: Source;
  readonly marginAmps: number;
  readonly baseLoadAmps: number;
  /** Sum of exposures below. */
  readonly exposureAmps: number;
  /** Sum of targets below. */
  readonly allocatedAmps: number;
  /** limit − margin − baseLoad − exposure; negative says that the circuit may be overloaded now. */
  readonly headroomAmps: number;
  /** The meter's own figure, when it is fresh. */
  readonly meteredAmps?: number;
};

export type CircuitReport = {
  readonly circuit: CircuitId;
  readonly baseLoadFrom: 'meter' | 'held' | 'allowance' | 'worst';
  readonly phases: { readonly [P in Phase]: PhaseReport };
  readonly power?: { readonly limitWatts: number; readonly source: Source; readonly expectedWatts: number };
};

export type Command = {
  readonly kind: 'install-profile';
  readonly id: CommandId;
  readonly station: StationId;
  readonly evse: EvseId;
  readonly role: 'floor' | 'lease';
  readonly change: 'decrease' | 'increase' | 'renewal';
  /** The limit in amperes per phase, whatever unit the profile speaks. */
  readonly limitAmps: number;
  readonly profile: ChargingProfile;
};

export type Notice = {
  readonly severity: 'info' | 'warning' | 'alarm';
  /** A code of `docs/errors.md`. */
  readonly code: string;
  /** A sentence for people that says what to do next. */
  readonly text: string;
};

export type SolverReport = {
  /** Who answered: the LP, progressive filling, the greedy stand-in, or nobody (floors). */
  readonly answeredBy: 'lp' | 'filling' | 'greedy' | 'floors';
  readonly variables: number;
  readonly rows: number;
  /** Present when somebody before failed: who and why. */
  readonly fellBackBecause?: string;
};

export type Decision = {
  readonly mode: 'normal' | 'cautious' | 'failsafe';
  /** In the order in which they must be sent: decreases before increases. */
  readonly commands: readonly Command[];
  readonly shares: readonly Share[];
  readonly circuits: readonly CircuitReport[];
  readonly solver: SolverReport;
  readonly notices: readonly Notice[];
  /** Input of the next cycle. */
  readonly memory: Memory;
};

/** One cycle, whole. */
export type CycleRecord = {
  readonly site: SiteId;
  /** Who commands: leases and journal name the controller and its epoch, which rises with every start. */
  readonly controller: { readonly id: string; readonly epoch: number };
  readonly snapshot: Snapshot;
  readonly decision: Decision;
  readonly durationMs: { readonly collect: number; readonly decide: number; readonly dispatch: number };
};
