// The site as commissioned: frozen, checked data. Nothing in it changes while the controller runs.

import type { ChargerProfile, OcppVersion } from './charger.ts';
import type { Cap } from './limit.ts';
import type { MeterWiring } from './meter-wiring.ts';
import type { SiteModbusServer } from './modbus-server.ts';
import type {
  BusId,
  CircuitId,
  ContactId,
  EvseId,
  GroupId,
  MeterId,
  Phase,
  PhaseAmps,
  SiteId,
  StationId,
} from './units.ts';

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

/** Where Modbus devices are reached: a socket of their own, a gateway with many behind it, or a serial line. */
export type ModbusEndpoint =
  | {
      /** `tcp`: MBAP frames; `rtu-over-tcp`: serial frames with their CRC on a socket; `udp`: MBAP in datagrams. */
      readonly transport: 'tcp' | 'rtu-over-tcp' | 'udp';
      readonly host: string;
      readonly port: number;
    }
  | {
      readonly transport: 'rtu';
      /** Of the serial device, such as /dev/ttyUSB0. */
      readonly path: string;
      readonly baud: number;
      readonly parity: 'none' | 'even' | 'odd';
      readonly stopBits: 1 | 2;
    };

/** A line that several devices share, one request at a time. */
export type SiteBus = {
  readonly id: BusId;
  readonly name: string;
  readonly endpoint: ModbusEndpoint;
  /** Of the serial line behind a gateway, where it is known; a serial endpoint has its own. */
  readonly wireBaud?: number;
};

/** One device behind an endpoint. */
export type ModbusConnection = {
  readonly endpoint: ModbusEndpoint;
  readonly unitId: number;
  /** The bus of the site file that it shares; absent: an endpoint of its own. */
  readonly bus?: BusId;
  /** Of the bus's serial line behind a gateway, where it is known. */
  readonly wireBaud?: number;
};

/** What a meter that measures no circuit as a whole measures. */
export type MeterSubject = 'load' | 'pv' | 'storage';

/** What is said of a meter by whatever way its values come. */
export type MeterPlace = {
  readonly id: MeterId;
  readonly name: string;
  /** Absent: a circuit as a whole, or part of a combined meter. */
  readonly of?: MeterSubject;
  /** The grid phases that it measures; absent: all three. What it says of others is not looked at. */
  readonly phases?: readonly Phase[];
  /** The most that what it measures can draw, per phase: taken in a sum while the meter is lost. */
  readonly worstAmps?: PhaseAmps;
};

/** A meter that is read over Modbus by a profile; its readings are in phases of the grid. */
export type ModbusMeter = MeterPlace &
  MeterWiring & {
    readonly from: 'modbus';
    /** Id of a meter profile in profiles/meters. */
    readonly profile: string;
    readonly connection: ModbusConnection;
    readonly pollMs: number;
    /** Which of several equal groups of inputs, for a profile that has groups. */
    readonly group?: number;
    /** Amperes above which a reading is absurd for this connection. */
    readonly plausibleAmps: number;
    /** Something behind it generates, so that a phase may export; absent: export is a sign of reversed transformers. */
    readonly mayExport?: true;
  };

/** Several meters of one connection: the larger load of those that are fresh, on each phase. */
export type CombinedMeter = MeterPlace & {
  readonly from: 'combined';
  /** None of them is combined itself. */
  readonly members: readonly MeterId[];
};

/** What is said of a meter that tells by itself. */
export type ToldMeterSettings = MeterPlace & {
  /** Up to this age its reading is fresh; half as much more, and it is lost. */
  readonly maxAgeMs: number;
  /** As for a Modbus meter. */
  readonly plausibleAmps: number;
  readonly mayExport?: true;
};

/** A meter whose values are handed in over the API. */
export type PushedMeter = ToldMeterSettings & { readonly from: 'push' };

/** The main meter of a station, as its MeterValues of connector 0 tell. Its `phases`: those behind the station's own L1, L2, L3. */
export type StationMeter = ToldMeterSettings & { readonly from: 'station'; readonly station: StationId };

/** Where in a JSON payload a value stands (RFC 6901; empty: the payload itself), and what it is multiplied by. */
export type PayloadValue = { readonly pointer: string; readonly factor: number };

/** Values of a payload, in A, V, W, Wh after multiplying. */
export type PayloadMap = {
  readonly currentAmps: { readonly [P in Phase]?: PayloadValue };
  readonly volts?: { readonly [P in Phase]?: PayloadValue };
  readonly powerWatts?: { readonly [P in Phase]?: PayloadValue };
  readonly totalPowerWatts?: PayloadValue;
  readonly energyImportWh?: PayloadValue;
  readonly energyExportWh?: PayloadValue;
  /** Pointer of the time at which they were measured: a date-time with its zone, or seconds or milliseconds since 1970. */
  readonly measuredAt?: string;
};

/** Where an MQTT broker is. What is in the variables and files never travels with the site. */
export type MqttBroker = {
  /** mqtt:// or mqtts://, without credentials. */
  readonly url: string;
  /** Names of environment variables. */
  readonly usernameEnv?: string;
  readonly passwordEnv?: string;
  /** Authorities that may have signed the broker's certificate, as an absolute path; absent: those of Node. */
  readonly caFile?: string;
};

/** A meter whose values come as JSON on a topic of an MQTT broker. */
export type MqttMeter = ToldMeterSettings & {
  readonly from: 'mqtt';
  readonly broker: MqttBroker;
  /** Without wildcards. */
  readonly topic: string;
  readonly payload: PayloadMap;
};

export type SiteMeter = ModbusMeter | CombinedMeter | PushedMeter | StationMeter | MqttMeter;

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
