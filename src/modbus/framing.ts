// The two ways in which a Modbus request travels, behind one type: with the header of Modbus TCP, or as the serial line has it.

import type { ModbusEndpoint } from '../core/model/site-meters.ts';
import { crc16 } from './crc16.ts';
import { checkReply, checkRtuReply, type ModbusRequest, type ReplyCheck } from './reply-frame.ts';

/** A "serial frame" is unit id, function code, data and checksum, as the client makes and reads it. */
export type Framing = {
  /** A reply names its request by an id; without one, only its shape tells replies apart. */
  readonly hasTransactions: boolean;
  /** A serial frame as it goes on the wire. `transaction`: 0 to 65,535. */
  readonly encode: (frame: Buffer, transaction: number) => Buffer;
  readonly check: (request: ModbusRequest, bytes: Buffer, transaction: number) => ReplyCheck;
  /** A reply that `check` found complete, as a serial frame. */
  readonly decode: (bytes: Buffer) => Buffer;
};

const HEADER_BYTES = 6;
const CRC_BYTES = 2;

const MBAP: Framing = {
  hasTransactions: true,
  encode: (frame, transaction) => {
    const core = frame.subarray(0, -CRC_BYTES);
    const bytes = Buffer.alloc(HEADER_BYTES + core.length);
    bytes.writeUInt16BE(transaction, 0);
    bytes.writeUInt16BE(core.length, 4);
    core.copy(bytes, HEADER_BYTES);
    return bytes;
  },
  check: checkReply,
  decode: (bytes) => {
    const core = bytes.subarray(HEADER_BYTES);
    const frame = Buffer.alloc(core.length + CRC_BYTES);
    core.copy(frame);
    frame.writeUInt16LE(crc16(core), core.length);
    return frame;
  },
};

const RTU: Framing = {
  hasTransactions: false,
  encode: (frame) => frame,
  check: checkRtuReply,
  decode: (bytes) => bytes,
};

/** Modbus TCP and UDP carry the MBAP header; a serial line does not, nor does RTU over TCP. */
export function framingOf({ transport }: ModbusEndpoint): Framing {
  return transport === 'tcp' || transport === 'udp' ? MBAP : RTU;
}
