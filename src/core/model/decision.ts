// What a cycle decided, for whom, and why; the journal line, the test fixture and the console's view are this record.

import type { ChargingProfile } from './charging-profile.ts';
import type { Source } from './limit.ts';
import type { Memory } from './memory.ts';
import type { Snapshot } from './snapshot.ts';
import type {
  CircuitId,
  CommandId,
  EvseId,
  GroupId,
  Instant,
  Phase,
  PhaseAmps,
  SiteId,
  StationId,
  TransactionId,
} from './units.ts';

/** Why an EVSE has the share it has: data; `explain.ts` makes the sentence. */
export type Reason =
  | { readonly kind: 'no-car' }
  /** A row of a circuit is full; `phase` is absent when the power cap binds. `source` is the author of the number. */
  | { readonly kind: 'circuit-full'; readonly circuit: CircuitId; readonly phase?: Phase; readonly source: Source }
  /** Nothing but the EVSE's, the charger's or the car's own maximum holds it. */
  | { readonly kind: 'own-maximum'; readonly source: Source; readonly limitAmps: number }
  /** A group of EVSEs has used up its own limit; `phase` is absent when its power binds. */
  | { readonly kind: 'group-full'; readonly group: GroupId; readonly phase?: Phase; readonly source: Source }
  /** More on `phase` would leave `against` too far behind. */
  | {
      readonly kind: 'unbalanced';
      readonly circuit: CircuitId;
      readonly phase: Phase;
      readonly against: Phase;
      readonly limitAmps: number;
    }
  /** It charges from surplus alone, and there is no more of it. */
  | { readonly kind: 'surplus-used'; readonly surplusWatts: number }
  /** A cap on this EVSE alone, such as upstream's profile. */
  | {
      readonly kind: 'capped';
      readonly source: Source;
      readonly limitAmps: number;
      readonly note?: string;
      readonly until?: Instant;
    }
  /** Its minimum does not fit; others come first. */
  | {
      readonly kind: 'paused';
      readonly by: PausedBy;
      readonly neededAmps: number;
      /** How much of what it needs is missing, in amperes on its phases; absent when it waits for its time only. */
      readonly missingAmps?: number;
      /** It is due again then, if nothing else changes. */
      readonly dueAt?: Instant;
    }
  /** More is granted and waits for these. */
  | { readonly kind: 'rising'; readonly waitsFor: 'decreases' | 'dwell' | 'meter' | 'answer' | 'write-budget' }
  /** Not under our control: reserved at what it may draw. */
  | { readonly kind: 'unreachable'; readonly reservedAmps: number }
  | { readonly kind: 'floor-not-proved'; readonly reservedAmps: number }
  | { readonly kind: 'disobedient'; readonly reservedAmps: number }
  | { readonly kind: 'failsafe'; readonly detail: string };

/** What keeps a paused EVSE from its minimum. */
export type PausedBy =
  | { readonly kind: 'circuit'; readonly circuit: CircuitId; readonly phase?: Phase; readonly source: Source }
  | { readonly kind: 'group'; readonly group: GroupId; readonly phase?: Phase; readonly source: Source }
  | { readonly kind: 'unbalance'; readonly circuit: CircuitId; readonly phase: Phase; readonly against: Phase }
  | { readonly kind: 'station'; readonly station: StationId; readonly source: Source }
  | { readonly kind: 'surplus'; readonly surplusWatts: number }
  /** A cap on itself below its minimum. */
  | { readonly kind: 'cap'; readonly source: Source; readonly limitAmps: number }
  /** It was paused a moment ago: contactors and cars need their rest. */
  | { readonly kind: 'rest' };

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
  readonly power?: {
    readonly limitWatts: number;
    /** Watts of active, or volt-amperes of apparent power. */
    readonly unit: 'W' | 'VA';
    readonly source: Source;
    readonly expectedWatts: number;
  };
};

/** Ends a transaction whose charger does not keep to its limit (OCPP 1.6 RemoteStopTransaction, 2.x RequestStopTransaction). */
export type StopCommand = {
  readonly kind: 'stop-transaction';
  readonly id: CommandId;
  readonly station: StationId;
  readonly evse: EvseId;
  readonly transactionId: TransactionId;
  readonly because: 'disobedient';
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

/** What is sent to a station. */
export type StationCommand = Command | StopCommand;

export type Notice = {
  readonly severity: 'info' | 'warning' | 'alarm';
  /** A code of `docs/errors.md`. */
  readonly code: string;
  /** A sentence for people that says what to do next. */
  readonly text: string;
};

export type SolverReport = {
  /** Who answered: the LP (javascript-lp-solver or HiGHS), progressive filling, the greedy stand-in, or nobody (floors). */
  readonly answeredBy: 'lp' | 'highs' | 'filling' | 'greedy' | 'floors';
  readonly variables: number;
  readonly rows: number;
  /** Present when somebody before failed: who and why. */
  readonly fellBackBecause?: string;
};

export type Decision = {
  readonly mode: 'normal' | 'cautious' | 'failsafe';
  /** In the order in which they must be sent: decreases before increases. */
  readonly commands: readonly Command[];
  /** Transactions to be ended. */
  readonly stops: readonly StopCommand[];
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
