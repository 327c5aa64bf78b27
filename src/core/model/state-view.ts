// What a person is shown of a site and of a cycle, as plain JSON: the api room writes it, the console reads it; nothing decides by it.

import type { CircuitReport, Decision, Notice, Reason } from './decision.ts';
import type { Failsafe } from './limit.ts';
import type { RefusedCounts } from './snapshot.ts';
import type {
  CircuitId,
  ContactId,
  EvseId,
  GroupId,
  MeterId,
  PerPhase,
  Phase,
  PhaseAmps,
  SiteId,
  StationId,
  WallTime,
} from './units.ts';

export type CircuitSiteView = {
  readonly id: CircuitId;
  readonly name: string;
  readonly parent?: CircuitId;
  readonly ratingAmps: PhaseAmps;
  readonly marginAmps: PhaseAmps;
  readonly limitWatts?: number;
  readonly meter?: MeterId;
};

export type EvseSiteView = {
  readonly id: EvseId;
  readonly name: string;
  readonly station: StationId;
  readonly circuit: CircuitId;
  readonly supply: 'ac' | 'dc';
  readonly phases: readonly Phase[];
  readonly minAmps: number;
  readonly maxAmps: number;
  readonly floorAmps: number;
  readonly priority: number;
};

export type MeterSiteView = {
  readonly id: MeterId;
  readonly name: string;
  /** The way by which its values come. */
  readonly from: 'modbus' | 'combined' | 'push' | 'mqtt' | 'station';
  /** What it measures where that is no circuit as a whole. */
  readonly of?: 'load' | 'pv' | 'storage';
  /** Absent: all three. */
  readonly phases?: readonly Phase[];
  /** Of a combined one. */
  readonly members?: readonly MeterId[];
};

/** The commissioned site without addresses and keys. */
export type SiteView = {
  readonly id: SiteId;
  readonly name: string;
  readonly timezone: string;
  readonly nominalVolts: number;
  readonly cycleMs: number;
  /** Parents before children; the first is the root. */
  readonly circuits: readonly CircuitSiteView[];
  readonly meters: readonly MeterSiteView[];
  readonly stations: readonly { readonly id: StationId; readonly name: string; readonly profile: string }[];
  readonly evses: readonly EvseSiteView[];
};

export type PhaseView = {
  readonly limitAmps: number;
  /** Who set the limit, in words. */
  readonly limitAuthor: string;
  readonly marginAmps: number;
  readonly baseLoadAmps: number;
  readonly exposureAmps: number;
  readonly allocatedAmps: number;
  readonly headroomAmps: number;
  readonly meteredAmps?: number;
};

export type CircuitView = {
  readonly id: CircuitId;
  readonly baseLoadFrom: CircuitReport['baseLoadFrom'];
  readonly phases: PerPhase<PhaseView>;
  readonly power?: {
    readonly limitWatts: number;
    readonly unit: 'W' | 'VA';
    readonly limitAuthor: string;
    readonly expectedWatts: number;
  };
};

/** What a charging point is doing, in the order in which a person would ask. */
export type EvseActivity =
  | 'never-connected'
  | 'offline'
  | 'faulted'
  | 'unavailable'
  | 'charging'
  | 'paused-by-charger'
  | 'paused-by-car'
  | 'car-connected'
  | 'reserved'
  | 'free'
  | 'unknown';

/** What somebody wants of the car at an EVSE; energies count from the start of its transaction. */
export type WishView = {
  /** Who asked, in words. */
  readonly author: string;
  /** No transaction runs: it waits for the next one on this EVSE. */
  readonly isWaiting: boolean;
  readonly energyWh?: number;
  /** Absent where the charger does not report it. */
  readonly deliveredWh?: number;
  readonly departureWallMs?: WallTime;
  /** Amperes per phase that the rest takes from now on, to be ready shortly before the departure; 0 when the car has all that was asked. */
  readonly neededAmps?: number;
  readonly onlySurplus?: boolean;
  readonly priority?: number;
  readonly note?: string;
};

export type EvseView = {
  readonly id: EvseId;
  readonly activity: EvseActivity;
  /** What the charger says it is. */
  readonly model?: string;
  readonly targetAmps: number;
  readonly offeredAmps: number;
  readonly acknowledgedAmps?: number;
  readonly exposureAmps: number;
  /** On the grid's phases. */
  readonly drawnAmps?: PhaseAmps;
  readonly phases: readonly Phase[];
  readonly reason: {
    readonly kind: Reason['kind'];
    /** Why it has this share. */
    readonly text: string;
    /** What would have to change for it to get more; absent where there is no car to want it. */
    readonly remedy?: string;
  };
  readonly wish?: WishView;
};

export type MeterView = {
  readonly id: MeterId;
  readonly state: 'fresh' | 'ageing' | 'lost';
  readonly ageMs?: number;
  /** As it said last, however old that is; import positive. */
  readonly currentAmps?: PhaseAmps;
  /** Active power over all phases, import positive. */
  readonly powerWatts?: number;
  /** Why newer samples are refused, what known steps of the load hold against it, or what else is wrong with it. */
  readonly trouble?: string;
  /** For how long. */
  readonly troubleMs?: number;
  /** Attempts that gave no reading, by what they failed at, since the controller started. */
  readonly refused?: RefusedCounts;
  /** How known steps of the chargers' current came out at it, since the controller started. */
  readonly steps?: NonNullable<CircuitReport['meterSteps']>['counts'];
};

/** A digital input. */
export type ContactView = {
  readonly id: ContactId;
  readonly name: string;
  readonly state: 'active' | 'released' | 'unknown';
  readonly sinceWallMs: WallTime;
  readonly isEmergencyStop: boolean;
  readonly activations: number;
  /** Of the newest good reading; absent until the first. */
  readonly ageMs?: number;
  /** Why it is unknown. */
  readonly trouble?: string;
};

/** The emergency stop in force. */
export type EmergencyStopView = {
  /** Who or what stopped, in words. */
  readonly author: string;
  /** It stays until a person clears it; else it holds only for as long as a contact cannot be read. */
  readonly isLatched: boolean;
  /** What keeps it from being cleared, in words. */
  readonly heldBy: readonly string[];
  readonly sinceWallMs?: WallTime;
  readonly note?: string;
};

/** A limit from outside the commissioned ratings. */
export type CapView = {
  readonly id: string;
  readonly author: string;
  readonly authorKind: string;
  readonly circuit?: CircuitId;
  readonly group?: GroupId;
  readonly evse?: EvseId;
  readonly limitAmps?: PhaseAmps;
  readonly limitWatts?: number;
  readonly limitVoltAmperes?: number;
  readonly fromWallMs?: WallTime;
  readonly untilWallMs?: WallTime;
  readonly note?: string;
  /** Present while its source is not heard and a stored default stands in its place. */
  readonly failsafe?: { readonly because: Failsafe['because']; readonly sinceWallMs?: WallTime };
};

/** One cycle for people: no memory, no commands, sentences included. */
export type StateView = {
  /** `<epoch>-<cycle>`: rises with every cycle and every start. */
  readonly id: string;
  readonly epoch: number;
  readonly cycle: number;
  readonly wallNowMs: WallTime;
  readonly mode: Decision['mode'];
  readonly circuits: readonly CircuitView[];
  readonly meters: readonly MeterView[];
  readonly evses: readonly EvseView[];
  readonly caps: readonly CapView[];
  readonly contacts: readonly ContactView[];
  readonly emergencyStop?: EmergencyStopView;
  readonly notices: readonly Notice[];
  readonly answeredBy: Decision['solver']['answeredBy'];
  readonly fellBackBecause?: string;
  readonly durationMs: { readonly collect: number; readonly decide: number; readonly dispatch: number };
};

/** A state and how old it was when it was sent; ages are counted on the controller's steady time line. */
export type AgedStateView = StateView & { readonly ageMs: number };

/** The root circuit's recent past, column by column; `null` where the meter told nothing. */
export type HistoryView = {
  readonly circuit: CircuitId;
  readonly atWallMs: readonly WallTime[];
  /** The lowest of the three phases' limits. */
  readonly limitAmps: readonly number[];
  readonly meteredAmps: PerPhase<readonly (number | null)[]>;
};
