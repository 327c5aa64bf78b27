// What a cycle decided, for whom, and why; the journal line, the test fixture and the console's view are this record.

import type { ChargingProfile } from './charging-profile.ts';
import type { Authored, LimitNumber, Source } from './limit.ts';
import type { LoadStepMemory, Memory } from './memory.ts';
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

/**
 * Why an EVSE has the share it has, and what would have to change for it to get more: data; `explain.ts` makes the sentences. `moreAmps` is how
 * much more it could take on each of its phases before its own maximum holds it.
 */
export type Reason =
  | { readonly kind: 'no-car' }
  /** A car is plugged in and no transaction asks for energy. */
  | { readonly kind: 'not-started' }
  /** The charger says that it cannot charge. */
  | { readonly kind: 'out-of-service'; readonly status: 'Faulted' | 'Unavailable' }
  /** A row of a circuit is full. The author is that of the number. */
  | (CircuitBound & { readonly kind: 'circuit-full'; readonly moreAmps: number })
  /** Nothing but the EVSE's, the charger's or the car's own maximum holds it. */
  | { readonly kind: 'own-maximum'; readonly source: Source; readonly limitAmps: number }
  /** A group of EVSEs has used up its own limit. */
  | (GroupBound & { readonly kind: 'group-full'; readonly moreAmps: number })
  /** More on `phase` would leave `against` too far behind. */
  | {
      readonly kind: 'unbalanced';
      readonly circuit: CircuitId;
      readonly phase: Phase;
      readonly against: Phase;
      readonly limitAmps: number;
      readonly moreAmps: number;
    }
  /** It charges from surplus alone, and there is no more of it. */
  | { readonly kind: 'surplus-used'; readonly surplusWatts: number; readonly moreAmps: number }
  /** A cap on this EVSE alone, such as upstream's profile; with `station`, on all EVSEs of its station together. */
  | (Authored & {
      readonly kind: 'capped';
      readonly limitAmps: number;
      readonly station?: StationId;
      /** The charger's model must never be told less than this, so it is not, whatever the cap says. */
      readonly keptAtAmps?: number;
    })
  /** Its minimum does not fit; others come first. */
  | {
      readonly kind: 'paused';
      readonly by: PausedBy;
      readonly neededAmps: number;
      /** How much of what it needs is missing there, in amperes on its phases; absent when it waits for its time only. */
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

/** A row of a circuit; `phase` is absent for its power. */
type CircuitBound = Authored &
  LimitNumber & {
    readonly circuit: CircuitId;
    readonly phase?: Phase;
    /** Present where the circuit's meter is not believed: nothing is raised while it is late, and the worst is assumed once it is lost. */
    readonly meter?: 'late' | 'lost';
  };

/** A row of a group; `phase` is absent for its power. */
type GroupBound = Authored & LimitNumber & { readonly group: GroupId; readonly phase?: Phase };

/** What keeps a paused EVSE from its minimum. */
export type PausedBy =
  | (CircuitBound & { readonly kind: 'circuit' })
  | (GroupBound & { readonly kind: 'group' })
  | { readonly kind: 'unbalance'; readonly circuit: CircuitId; readonly phase: Phase; readonly against: Phase }
  | (Authored & { readonly kind: 'station'; readonly station: StationId; readonly limitAmps: number })
  | { readonly kind: 'surplus'; readonly surplusWatts: number }
  /** A cap on itself below its minimum. */
  | (Authored & { readonly kind: 'cap'; readonly limitAmps: number })
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
  /** `sum`: added up of what is below, each part known; with one of them late or lost it is `held` or `worst`. */
  readonly baseLoadFrom: 'meter' | 'sum' | 'held' | 'allowance' | 'worst';
  readonly phases: { readonly [P in Phase]: PhaseReport };
  /** What known steps of the EVs' load have shown of its meter: how often each outcome came, and what is held against it now. */
  readonly meterSteps?: Pick<LoadStepMemory, 'counts' | 'suspicion'>;
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
  readonly because: 'disobedient' | 'emergency-stop';
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
