// What one cycle hands to the next: the exposure ledger, filters and dwell. Plain data, so that it can be stored and replayed.

import type { CircuitId, CommandId, EvseId, Instant, MeterId, Phase, PhaseAmps, TransactionId } from './units.ts';

/** A leased limit that was sent and may be in force at the charger. */
export type LeaseEntry = {
  readonly commandId: CommandId;
  readonly limitAmps: number;
  /** The transaction that it is bound to (TxProfile): it ends with that one at the latest. Absent: it rules whoever charges. */
  readonly transaction?: TransactionId;
  readonly sentAt: Instant;
  /** Present once accepted. */
  readonly acknowledgedAt?: Instant;
  /** Present once the car has had its time to follow, or the measurement showed that it does: since when. Older entries are then void. */
  readonly settledAt?: Instant;
  /** It rules no longer than this, counted from the latest instant at which it may have been applied. */
  readonly endsBy: Instant;
  /** It rules at least until this (unless replaced), counted from the earliest. */
  readonly holdsUntil: Instant;
};

export type EvseMemory = {
  readonly floor:
    | { readonly state: 'unproved' }
    | { readonly state: 'sent'; readonly commandId: CommandId; readonly amps: number; readonly sentAt: Instant }
    | { readonly state: 'proved'; readonly amps: number; readonly since: Instant; readonly settledAt?: Instant };
  /** Newest last; those which can no longer be in force are dropped. Bounded by `MAX_LEASES`. */
  readonly leases: readonly LeaseEntry[];
  /** The connection and boot that the ledger refers to: a new one may mean forgotten profiles. */
  readonly connection?: number;
  readonly bootedAt?: Instant;
  /** Since when the allocation has wanted more than is offered. */
  readonly wantsMoreSince?: Instant;
  /** Last change of the offered limit. */
  readonly changedAt?: Instant;
  /** Last refusal or silence: the next try waits. */
  readonly failedAt?: Instant;
  readonly failures: number;
  /** Samples in a row above what is in force. */
  readonly disobeyedSamples: number;
  /** The newest sample that showed disobedience was judged then; absent while the charger is trusted. */
  readonly disobeyedAt?: Instant;
  /**
   * Our start, or its station's last connection, since which it has followed no limit of ours: it may have one of which the disk never heard, or have
   * forgotten what it was told; counted for as long as a limit may live. Absent afterwards.
   */
  readonly unknownSince?: Instant;
  /** `measuredAt` of the newest sample that was judged. */
  readonly judgedSampleAt?: Instant;
  /** Bit i set: current was seen on the EVSE's own phase i in this transaction; absent: nothing learnt, all wired phases count. */
  readonly seenPhases?: number;
  readonly seenInTransaction?: string;
  readonly seenSamples?: number;
  /** `measuredAt` of the newest sample that phases were learnt from. */
  readonly judgedSampleAtForPhases?: Instant;
  /** Since when the current disobedience lasts, so that its transaction is stopped in the end. */
  readonly disobedientSince?: Instant;
  /** The transaction that was asked to stop, by which command, and when. */
  readonly stopAsked?: { readonly transaction: string; readonly commandId: CommandId; readonly at: Instant };
  /** Since when the session waits for its first current, is told to charge, or is paused after that. */
  readonly service?: Service;
  /** What the car is seen to take. */
  readonly takes?: TakeMemory;
  /** Attempts to wake a car that does not begin again after a pause. */
  readonly wake?: { readonly attempts: number; readonly at: Instant };
  /** Profile writes that are left of the charger's daily budget, and when that was counted. */
  readonly writes?: { readonly left: number; readonly at: Instant };
};

export type Service =
  | { readonly state: 'waiting'; readonly since: Instant }
  /** `pausedBefore` is when it was last paused, while that was a moment ago. */
  | { readonly state: 'on'; readonly since: Instant; readonly pausedBefore?: Instant }
  /** `rests`: contactor and car need their rest before it is let start again. */
  | { readonly state: 'paused'; readonly since: Instant; readonly rests: boolean };

export type TakeMemory = {
  /** Offered is cut to this: what it took lately, and a margin. Absent while it takes what it is offered. */
  readonly ceilingAmps?: number;
  /** Since when it takes less than it is offered. */
  readonly belowSince?: Instant;
  /** The most it took since then. */
  readonly peakAmps?: number;
  /** `measuredAt` of the newest sample that was judged. */
  readonly judgedSampleAt?: Instant;
  /** A change of these two lets the car show anew what it takes. */
  readonly transaction?: string;
  readonly statusSince?: Instant;
};

export type CircuitMemory = {
  /** Base load as believed after fast attack and slow release. */
  readonly baseLoadAmps: PhaseAmps;
  readonly at: Instant;
  /** `measuredAt` of the newest reading that it takes into account. */
  readonly readingAt?: Instant;
  /** What known steps of the load have shown of its meter; absent where no EV has been below it yet. */
  readonly steps?: LoadStepMemory;
};

/** How a step of the EVs' current came out at the meter above them. */
export type StepOutcome = 'agrees' | StepTrouble | 'unclear';
/** Reversed; in another proportion; on another phase; not felt. `less`: it shows less than EVs that keep on drawing. */
export type StepTrouble = 'sign' | 'scale' | 'phase' | 'unmoved' | 'less';

/** EVs and meter at one instant at which all that the EVs below draw was settled. */
export type Look = {
  readonly at: Instant;
  readonly evAmps: PhaseAmps;
  readonly meterAmps: PhaseAmps;
  /** The least and the most that the meter has shown since. */
  readonly lowAmps: PhaseAmps;
  readonly highAmps: PhaseAmps;
  /** Stands for the EVSEs of which no current is known, and what they may draw: equal before and after a step that counts. */
  readonly blind: number;
};

export type LoadStepMemory = {
  /** When what the EVSEs below tell was last gone through. */
  readonly askedAt?: Instant;
  /** The newest looks at rest, the older one first: a step is measured from the older one, so that it lies before the step began. */
  readonly looks: readonly Look[];
  /** Something below has changed since the newer look: when the first and the last of it did. */
  readonly changed?: { readonly from: Instant; readonly to: Instant };
  /** How far the meter moves by itself from one look to the next. */
  readonly noiseAmps: number;
  /** What speaks against the meter, while it does. */
  readonly against?: {
    readonly kind: StepTrouble;
    readonly phases: readonly Phase[];
    /** Of what the meter showed to what the EVs drew. */
    readonly ratio: number;
    readonly votes: number;
    readonly at: Instant;
  };
  /** Steps in a row that agreed on what is suspected. */
  readonly agreed: number;
  /** Since when the meter shows less than the EVs draw. */
  readonly lessSince?: Instant;
  /** It has shown export and was believed: something behind it generates, and may feed the EVs. */
  readonly hasExported?: true;
  readonly suspicion?: StepSuspicion;
  /** How often each came out, up to `MAX_STEPS`. */
  readonly counts: { readonly [O in StepOutcome]?: number };
};

/** The meter is taken for lost while it stands. `phases`: where it was seen. */
export type StepSuspicion = {
  readonly kind: StepTrouble;
  readonly phases: readonly Phase[];
  readonly ratio: number;
  readonly since: Instant;
};

export type Memory = {
  readonly evses: { readonly [evse: EvseId]: EvseMemory };
  readonly circuits: { readonly [circuit: CircuitId]: CircuitMemory };
  /** The same for the meters that a circuit's base load is added up of; absent where no circuit's is. */
  readonly meters?: { readonly [meter: MeterId]: CircuitMemory };
  /** The last time that a paused car took the place of a charging one. */
  readonly rotatedAt?: Instant;
  /** Power that the site would otherwise export, as believed. */
  readonly surplus?: { readonly watts: number; readonly at: Instant };
  /** Numbers commands; never reused within a controller's epoch. */
  readonly nextCommandNumber: number;
  /** Controller's id and epoch, part of each command's id. */
  readonly author: string;
};

/** The memory of a controller that knows nothing yet: every charger counts at its hardware maximum. */
export function emptyMemory(author: string): Memory {
  return { evses: {}, circuits: {}, nextCommandNumber: 1, author };
}
