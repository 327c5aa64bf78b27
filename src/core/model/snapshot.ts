// All that is known at one instant, frozen: the only thing besides the site and the memory that a decision reads.

import type { InstalledProfile } from './charging-profile.ts';
import type { ContactState } from './contact.ts';
import type { Cap } from './limit.ts';
import type {
  CommandId,
  EvseId,
  Instant,
  MeterId,
  Phase,
  PhaseAmps,
  StationId,
  TransactionId,
  WallTime,
} from './units.ts';
import type { Wish } from './wish.ts';

/** One plausible sample of a meter. */
export type MeterReading = {
  /** Amperes per phase, import positive. */
  readonly currentAmps: PhaseAmps;
  /** The phases that the meter covers; absent: all three. Of the others nothing is known: their 0 is no reading. */
  readonly phases?: readonly Phase[];
  /** Watts per phase, import positive. */
  readonly powerWatts?: PhaseAmps;
  readonly volts?: PhaseAmps;
  readonly totalPowerWatts?: number;
  readonly frequencyHz?: number;
  readonly energyImportWh?: number;
  /** When the frequency was read; absent: with the rest. It may be older, as it is not read in every poll. */
  readonly frequencyMeasuredAt?: Instant;
  /** When the energy was read; absent: with the rest. */
  readonly energyMeasuredAt?: Instant;
  /** What the newest sample said, where that was less than the one before: `currentAmps` keeps the higher of the two. */
  readonly newestAmps?: PhaseAmps;
  /**
   * When currents, powers and voltages were measured; nothing above is newer but by the length of a poll. Of the oldest part, where phases were
   * measured at different times.
   */
  readonly measuredAt: Instant;
  /** Of its newest part, where that is newer. */
  readonly newestAt?: Instant;
  /** The last instants at which it is fresh, and not yet lost; absent: by the policy's ages. */
  readonly until?: { readonly fresh: Instant; readonly held: Instant };
};

/** The checks that a sample may fail, each once a sample: the first that it fails. */
export type RefusedBy =
  | 'unreachable'
  /** An answer without what is needed of it. */
  | 'incomplete'
  /** Not a number. */
  | 'impossible'
  | 'out-of-band'
  | 'sum'
  | 'export'
  | 'turned'
  /** An energy counter went back or jumped. */
  | 'counter'
  /** It counts more energy than its power adds up to. */
  | 'energy'
  | 'frozen'
  | 'frozen-part';

/** Attempts that gave no reading, by what they failed at; each count stops at `MAX_REFUSED`. */
export type RefusedCounts = { readonly [R in RefusedBy]?: number };

/** A meter's last good reading, and why nothing newer is believed when that is so; `disagrees`: why one that is combined of others is not sound. */
export type MeterState = {
  /** Absent until the first good reading. */
  readonly reading?: MeterReading;
  /** Present while the newest samples are refused; the reading above then only ages. */
  readonly suspicion?: {
    readonly kind: 'unreachable' | 'frozen' | 'absurd' | 'disagrees';
    readonly detail: string;
    readonly since: Instant;
  };
  /** Something is odd about readings that are believed all the same, because it can only make us too careful. */
  readonly doubt?: { readonly kind: 'scale'; readonly detail: string; readonly since: Instant };
  /** Since the start; absent: none. */
  readonly refused?: RefusedCounts;
};

/** OCPP 2.0.1 ConnectorStatusEnumType, and Unknown until the station has said. */
export type ConnectorStatus = 'Available' | 'Occupied' | 'Reserved' | 'Unavailable' | 'Faulted' | 'Unknown';
/** OCPP 2.0.1 ChargingStateEnumType. */
export type ChargingState = 'Charging' | 'EVConnected' | 'SuspendedEV' | 'SuspendedEVSE' | 'Idle';

/** Where a command stands. `at` is the instant at which it entered this state. */
export type CommandProgress = {
  readonly commandId: CommandId;
  readonly state: 'queued' | 'sent' | 'accepted' | 'refused' | 'unanswered' | 'dropped';
  readonly at: Instant;
  /** When its first byte may have left; absent while queued or dropped unsent. */
  readonly sentAt?: Instant;
  /** The charger's words, for people. */
  readonly detail?: string;
};

export type DrawnCurrent = {
  /** Amperes on the EVSE's own L1, L2, L3 in that order, as many as are wired. */
  readonly amps: readonly number[];
  readonly measuredAt: Instant;
};

export type EvseState = {
  readonly evse: EvseId;
  readonly connectorStatus: ConnectorStatus;
  /** When connectorStatus or chargingState last changed. */
  readonly statusSince?: Instant;
  readonly chargingState?: ChargingState;
  readonly transaction?: { readonly id: TransactionId; readonly startedAt: Instant; readonly energyWh?: number };
  readonly drawn?: DrawnCurrent;
  /** Amperes that the station says it offers to the car: information, never proof. */
  readonly stationOfferedAmps?: number;
  /** Progress of the newest floor and the newest lease command for this EVSE. */
  readonly floor?: CommandProgress;
  readonly lease?: CommandProgress;
  /** Progress of the newest request to end a transaction here. */
  readonly stop?: CommandProgress;
};

export type StationLink =
  | { readonly state: 'never' }
  | {
      readonly state: 'connected' | 'disconnected';
      readonly since: Instant;
      /** Counts this station's connections; a new number means that it may have forgotten things. */
      readonly connection: number;
    };

/** What a station says of its own connection to the grid, on its own L1, L2, L3; import positive. */
export type MainsSample = {
  readonly amps: readonly (number | undefined)[];
  readonly volts?: readonly (number | undefined)[];
  readonly watts?: readonly (number | undefined)[];
  readonly totalWatts?: number;
  readonly energyImportWh?: number;
  readonly measuredAt: Instant;
};

/** Everything the gateway knows of one station; always whole, so that losing an older image loses nothing. */
export type StationState = {
  readonly station: StationId;
  readonly link: StationLink;
  /** Last BootNotification. */
  readonly bootedAt?: Instant;
  readonly model?: { readonly vendor: string; readonly model: string; readonly firmware?: string };
  /** Station's clock minus ours, where its messages tell. */
  readonly clockSkewMs?: number;
  readonly evses: readonly EvseState[];
  /** Of its main meter (OCPP 1.6 connector 0), where it has one and tells. */
  readonly mains?: MainsSample;
  /** What upstream believes to be installed on this station; a bound for us, never sent on as it is. */
  readonly upstreamProfiles: readonly InstalledProfile[];
  readonly upstreamLink: 'none' | 'connected' | 'down';
};

export type Snapshot = {
  /** Counts cycles of this controller epoch. */
  readonly cycle: number;
  readonly now: Instant;
  /** The wall clock at `now`: for absolute times on the wire only. */
  readonly wallNow: WallTime;
  readonly meters: { readonly [meter: MeterId]: MeterState };
  readonly stations: { readonly [station: StationId]: StationState };
  readonly caps: readonly Cap[];
  /** Digital inputs, for those who look; what they ask for is among the caps. */
  readonly contacts?: readonly ContactState[];
  /** What people and fleets want of a charging session, by EVSE. */
  readonly wishes: { readonly [evse: EvseId]: Wish };
};
