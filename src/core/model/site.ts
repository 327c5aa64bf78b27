// The site as commissioned: frozen, checked data. Nothing in it changes while the controller runs.

import type { ChargerProfile, OcppVersion } from './charger.ts';
import type { Cap } from './limit.ts';
import type { SiteModbusServer } from './modbus-server.ts';
import type { ModbusConnection, SiteBus, SiteMeter } from './site-meters.ts';
import type { CircuitId, ContactId, EvseId, GroupId, MeterId, Phase, PhaseAmps, SiteId, StationId } from './units.ts';

export type Circuit = {
  readonly id: CircuitId;
  readonly name: string;
  /** Absent for the root, the connection to the grid. */
  readonly parent?: CircuitId;
  /** Rating of the protective device in amperes per phase. */
  readonly ratingAmps: PhaseAmps;
  /** Kept free beneath the rating, in amperes per phase. */
  readonly marginAmps: PhaseAmps;
  /** Active power cap over all phases. */
  readonly limitWatts?: number;
  /** Apparent power cap over all phases, such as a transformer's. */
  readonly limitVoltAmperes?: number;
  /** The EVs below may differ by this much between two phases at most (VDE-AR-N 4100: 4.6 kVA, 20 A). */
  readonly unbalanceAmps?: number;
  /**
   * Generation on this circuit may be used by EVs on top of the rating: a base load below zero counts as it is. Only where an electrician has
   * rated the busbar behind the fuse for both sources; otherwise it counts as zero.
   */
  readonly usesGeneration?: boolean;
  /** What the loads other than EVs are taken to draw where no meter tells, in amperes per phase. */
  readonly allowanceAmps: PhaseAmps;
  /** The most that the loads other than EVs can draw: taken while the circuit's meter is lost, and in the floor proof. */
  readonly worstBaseLoadAmps: PhaseAmps;
  /** The meter that measures this circuit as a whole, EVs included. */
  readonly meter?: MeterId;
  /** Where no meter measures it as a whole: its base load is added up of the circuits below it and of these. */
  readonly sum?: LoadSum;
};

/** What a circuit's base load is added up of, beside the base loads of the circuits that it feeds. */
export type LoadSum = {
  /** Meters of loads, generators and storage that hang directly on the circuit; no EV is behind them. */
  readonly meters: readonly MeterId[];
  /** The most that loads which nobody measures can draw, per phase. */
  readonly otherAmps: PhaseAmps;
};

/** A contact that is read over Modbus, and the limit that is in force while it is active. */
export type SiteInput = {
  readonly id: ContactId;
  readonly name: string;
  readonly connection: ModbusConnection;
  readonly contact: {
    readonly kind: 'discrete-input' | 'coil';
    /** Zero-based, as on the wire. */
    readonly address: number;
  };
  /** `open`: a bit of 0 means active, so that a broken wire does. */
  readonly activeWhen: 'closed' | 'open';
  /** It counts as released when it was read so for this long; active counts at once. */
  readonly debounceMs: number;
  readonly pollMs: number;
  /** Its `cap` is an emergency stop, which is latched. */
  readonly emergencyStop?: true;
  readonly cap: Cap;
};

/** A coil that others can look at; written, never read. */
export type SiteOutput = {
  readonly id: string;
  readonly name: string;
  readonly connection: ModbusConnection;
  /** Zero-based address, as on the wire. */
  readonly coil: number;
  /** `alive`: changes sides each second while cycles finish; the others are on while it is so. */
  readonly shows: 'alive' | 'limited' | 'emergency-stop';
};

export type Station = {
  readonly id: StationId;
  readonly name: string;
  readonly profile: ChargerProfile;
  /** The versions that are spoken with it, the highest first; absent: 1.6 alone. */
  readonly ocpp?: readonly OcppVersion[];
  /** `sha256(<identity> ":" <key bytes>)` in hex; absent: nobody may connect under this identity. */
  readonly keySha256?: string;
  readonly evses: readonly EvseId[];
};

export type Evse = {
  readonly id: EvseId;
  readonly station: StationId;
  /** OCPP 2.x evseId; OCPP 1.6 connectorId. */
  readonly number: number;
  readonly name: string;
  readonly circuit: CircuitId;
  readonly supply: 'ac' | 'dc';
  /** The grid phases behind the EVSE's own L1, L2, L3 in that order: the phase rotation, and by its length the wiring. */
  readonly phases: readonly Phase[];
  /** Below this it cannot charge: 6 A for AC (IEC 61851-1), its own for DC. Amperes per phase at the grid side. */
  readonly minAmps: number;
  /** What the hardware can draw at most, whatever it is told. */
  readonly maxAmps: number;
  readonly stepAmps: number;
  /** DC only: output power ÷ grid power. A charger may take a watt limit as its output, so limits are sent in output watts. */
  readonly efficiency?: number;
  /** The permanent floor: what remains when the controller is silent. 0, or at least `minAmps`. */
  readonly floorAmps: number;
  /** Higher is served first. */
  readonly priority: number;
  /** Share inside one priority class; 1 for all is equal amperes per phase. */
  readonly weight: number;
};

/** EVSEs that share a limit of their own, wherever they hang in the tree: a tenant's, the controllable ones of §14a. */
export type EvGroup = {
  readonly id: GroupId;
  readonly name: string;
  readonly evses: readonly EvseId[];
  /** What all of them together may draw, per phase. */
  readonly limitAmps?: PhaseAmps;
  /** What all of them together may draw over all phases. */
  readonly limitWatts?: number;
  /** What the site would otherwise export may be used on top of `limitWatts`. */
  readonly netOfSurplus?: boolean;
};

export type Policy = {
  readonly cycleMs: number;
  /** Who gives way when there is not enough for all: everybody a part, or those who leave later. */
  readonly scarcity: 'part-for-everyone' | 'earliest-departure-first';
  readonly pause: {
    /** A car that was let start keeps its minimum for this long, unless safety or a higher priority needs it. */
    readonly minOnMs: number;
    /** A paused car stays paused for at least this long. */
    readonly minOffMs: number;
    /** Where not all equals can charge, a place changes hands after this long. */
    readonly turnMs: number;
  };
  readonly rampDown: {
    /** A car that takes less than offered for this long is offered what it takes and `marginAmps`. */
    readonly afterMs: number;
    readonly marginAmps: number;
  };
  /** A disobedient charger's transaction is stopped after this long. */
  readonly stopDisobedientAfterMs: number;
  readonly meter: {
    /** Up to this age a reading is fresh. */
    readonly holdAfterMs: number;
    /** From this age on the meter is lost: worst base load. Between the two nothing is raised. */
    readonly staleAfterMs: number;
  };
  /** Up to this age a station's own current measurement may be subtracted from the meter's. */
  readonly stationSampleMaxAgeMs: number;
  readonly increase: {
    /** More must have been possible for this long before a share rises, and this long must pass between two rises. */
    readonly dwellMs: number;
    /** Smaller rises wait until they are worth a command. */
    readonly deadbandAmps: number;
    /** Counted from the EVSE's last change. */
    readonly rampAmpsPerSecond: number;
  };
  /** Time constant with which a fall of the base load is believed. */
  readonly baseLoadReleaseMs: number;
  /** How long a rise on the meter may be explained by cars that were just allowed more, before it counts as base load. */
  readonly attributionMs: number;
  /** Drawn more than in force by over this many amperes, after settling, is disobedience. */
  readonly obedienceToleranceAmps: number;
  /** Unknown idTokens while the upstream cannot be asked. */
  readonly unknownIdTokenWhenOffline: 'accept' | 'refuse';
};

export type SiteUpstream = {
  /** ws:// or wss:// endpoint; the station's identity is appended. */
  readonly url: string;
  /** Name of the environment variable that holds the Basic auth password for all stations; absent: no password. */
  readonly passwordEnv?: string;
};

export type Listen = { readonly host: string; readonly port: number };

/** PEM files by absolute path. What is in them never travels with the site: a site is shown, journalled and handed between threads. */
export type StationsTls = {
  /** The controller's own certificate, followed by those of its issuers (OCPP security profile 2). */
  readonly certificateFile: string;
  readonly keyFile: string;
  /** Authorities whose certificates stations must show (OCPP security profile 3); absent: stations are not asked for one. */
  readonly clientCaFile?: string;
};

/** Without `tls` stations are served in plain text (OCPP security profile 1). */
export type StationsListen = Listen & { readonly tls?: StationsTls };

export type Site = {
  readonly id: SiteId;
  readonly name: string;
  readonly timezone: string;
  /** Phase to neutral. */
  readonly nominalVolts: number;
  /** Parents before children; the first is the root. */
  readonly circuits: readonly Circuit[];
  readonly buses: readonly SiteBus[];
  readonly meters: readonly SiteMeter[];
  readonly inputs: readonly SiteInput[];
  readonly outputs: readonly SiteOutput[];
  readonly stations: readonly Station[];
  readonly evses: readonly Evse[];
  readonly groups: readonly EvGroup[];
  readonly upstream?: SiteUpstream;
  readonly policy: Policy;
  readonly listen: { readonly stations: StationsListen; readonly http: Listen };
  /** Busbar as a Modbus device; absent: it is none. */
  readonly modbusServer?: SiteModbusServer;
};
