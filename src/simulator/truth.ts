// What is physically so on the simulated site at one instant, whatever anybody believes of it; what every checker is given. Types only.

import type { CycleRecord } from '../core/model/decision.ts';
import type { Site } from '../core/model/site.ts';
import type { CircuitId, EvseId, Instant, PhaseAmps, StationId } from '../core/model/units.ts';

export type TrueEvse = {
  readonly evse: EvseId;
  readonly station: StationId;
  readonly hasCar: boolean;
  /** Drawn on the EVSE's own phases, in their order. */
  readonly amps: readonly number[];
  /** The limit that rules at the charger now, hardware included. */
  readonly limitAmps: number;
  /** The highest limit that may come to rule by what the charger holds and what is under way to it, without another command of ours. */
  readonly mightAmps: number;
  /** The floor that is installed; absent: none, so that the charger runs unlimited when everything else has ended. */
  readonly floorAmps?: number;
  /** The charger does not do what it should just now (a `station-errs` of the script), or did until a moment ago. */
  readonly errs: boolean;
  /** Its clock was set wrong and nobody has told it the time since, so that its leases rule at other times than they were meant to. */
  readonly isClockAstray: boolean;
  readonly isLinked: boolean;
};

export type TrueCircuit = {
  readonly circuit: CircuitId;
  /** Through the circuit's protective device, EVs included. */
  readonly amps: PhaseAmps;
  /** What the building alone draws below it. */
  readonly baseAmps: PhaseAmps;
};

/** The site from `at − elapsedMs` to `at`: currents were these during that time. */
export type Truth = {
  readonly at: Instant;
  readonly elapsedMs: number;
  /** In the order of the site's circuits and EVSEs. */
  readonly circuits: readonly TrueCircuit[];
  readonly evses: readonly TrueEvse[];
  /** Whether a controller runs: not while it is dead, and not while it hangs. */
  readonly isControlled: boolean;
};

export type Violation = {
  /** The checker's name, such as `fuse-law`. */
  readonly checker: string;
  readonly at: Instant;
  /** For a person: where, what it was, what it had to be. */
  readonly text: string;
};

/** Sizes of what may pile up, for the checker of bounds: name, what is in it, and how much it may hold. */
export type QueueSize = { readonly queue: string; readonly size: number; readonly bound: number };

/** Watches a run. Every call returns the violations that became certain with it; a checker never throws and keeps bounded state. */
export interface Checker {
  readonly name: string;
  onTruth?(truth: Truth): readonly Violation[];
  /** After the cycle was decided, in the instant in which its commands are handed over; `truth` is of the same instant, before them. */
  onCycle?(record: CycleRecord, truth: Truth): readonly Violation[];
  onQueues?(queues: readonly QueueSize[], at: Instant): readonly Violation[];
  /** At the end of the run. */
  onEnd?(at: Instant): readonly Violation[];
  /** Figures for the report, units in their names. */
  figures?(): Readonly<Record<string, number>>;
}

export type CheckerOptions = { readonly site: Site };
