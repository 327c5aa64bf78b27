// How long bytes take on a serial line, and the silences it needs; numbers only.

import type { ModbusEndpoint } from '../model/site-meters.ts';

/** Start bit and data bits of one character; parity and stop bits come on top. */
const START_AND_DATA_BITS = 9;
/** Modbus over serial line 1.02 §2.5.1.1: frames are apart by this many characters. */
const APART_CHARACTERS = 3.5;
/** After trouble: what a slow meter still owes arrives within this, as a rule of the field. */
const HUSH_MS = 50;

export type LineSetting = {
  readonly baud: number;
  readonly parity: 'none' | 'even' | 'odd';
  readonly stopBits: 1 | 2;
};

/** Milliseconds that one character of 8 data bits takes. */
export function characterMs({ baud, parity, stopBits }: LineSetting): number {
  return ((START_AND_DATA_BITS + (parity === 'none' ? 0 : 1) + stopBits) * 1_000) / baud;
}

/** Silence by which a device knows that a frame is over. */
export function apartMs(setting: LineSetting): number {
  return APART_CHARACTERS * characterMs(setting);
}

/** How long the line must have been silent after trouble before anything is asked on it. */
export function hushMs(endpoint: ModbusEndpoint): number {
  return endpoint.transport === 'rtu' ? Math.max(HUSH_MS, Math.ceil(apartMs(endpoint))) : HUSH_MS;
}

/** Listened before each serial frame of ours, so that a stray one is noticed before it can be taken for an answer. */
const FRAME_GAP_MS = 20;

/** Silence kept before each request, whatever the meter asks for: none where replies name their requests. */
export function frameGapMs(endpoint: ModbusEndpoint): number {
  if (endpoint.transport === 'rtu') return Math.max(FRAME_GAP_MS, Math.ceil(apartMs(endpoint)));
  return endpoint.transport === 'rtu-over-tcp' ? FRAME_GAP_MS : 0;
}

/** The serial line between us and a unit, as far as it is known. Behind a gateway eleven bits a character are assumed, the slowest. */
export function lineOf(endpoint: ModbusEndpoint, wireBaud?: number): LineSetting | undefined {
  if (endpoint.transport === 'rtu') return endpoint;
  return wireBaud === undefined ? undefined : { baud: wireBaud, parity: 'even', stopBits: 1 };
}

/** A request takes 8 bytes; its reply those from unit id to data, and a checksum. */
const REQUEST_BYTES = 8;
const CRC_BYTES = 2;

/** Milliseconds that a request and its reply of `coreBytes` take on the line. */
export function wireMs(coreBytes: number, line: LineSetting): number {
  return (REQUEST_BYTES + coreBytes + CRC_BYTES) * characterMs(line);
}
