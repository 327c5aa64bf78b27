// The meters of a site and the lines on which they are reached, as commissioned: frozen, checked data like the site that they belong to.

import type { MeterWiring } from './meter-wiring.ts';
import type { BusId, MeterId, Phase, PhaseAmps, StationId } from './units.ts';

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
