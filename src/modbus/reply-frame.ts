// Judges the bytes of one reply against what was asked, in either framing, before anybody reads a value out of them.

import { crc16 } from './crc16.ts';

/** One read of registers: 3 = holding, 4 = input. */
export type RegisterRequest = {
  readonly unitId: number;
  readonly functionCode: 3 | 4;
  /** Zero-based, as on the wire. */
  readonly address: number;
  /** 1 to 125. */
  readonly count: number;
};

/** One read of single bits: 1 = coils, 2 = discrete inputs; `count` 1 to 2,000. */
export type BitRequest = Omit<RegisterRequest, 'functionCode'> & { readonly functionCode: 1 | 2 };

/** Switches one coil; the device echoes it. */
export type CoilWrite = {
  readonly unitId: number;
  readonly functionCode: 5;
  readonly address: number;
  readonly isOn: boolean;
};

export type ModbusRequest = RegisterRequest | BitRequest | CoilWrite;

export type ReplyCheck = 'incomplete' | 'complete' | { readonly fault: string };

/** MBAP header without the unit id: transaction, protocol, length. */
const HEADER_BYTES = 6;
const CRC_BYTES = 2;
/** Unit id, function code and the byte count or the exception code. */
const SHORT_CORE_BYTES = 3;
/** Unit id, function code, address, value. */
const WRITE_CORE_BYTES = 6;
const COIL_ON = 0xff00;
/** Set in the function code of a reply that is an exception. */
const EXCEPTION_BIT = 0x80;

/** Bytes of registers or bits that the reply to a read carries; 0 for a write. */
export function dataBytesOf(request: ModbusRequest): number {
  if (request.functionCode === 5) return 0;
  return request.functionCode > 2 ? 2 * request.count : Math.ceil(request.count / 8);
}

/** Bytes of the reply from unit id to the last of its data: without MBAP header, without checksum. */
export function coreBytesOf(request: ModbusRequest): number {
  return request.functionCode === 5 ? WRITE_CORE_BYTES : SHORT_CORE_BYTES + dataBytesOf(request);
}

/**
 * A reply in MBAP. `bytes`: all that came since the request left. Faults are found at the first byte that cannot belong to the reply.
 * `transaction`: the id sent with the request; absent: not looked at. Modbus Messaging on TCP/IP 1.0b §3.1.3, application protocol 1.1b3
 * §6.1 to §6.5 and §7.
 */
export function checkReply(request: ModbusRequest, bytes: Uint8Array, transaction?: number): ReplyCheck {
  const at = (index: number) => bytes[index];
  if ((at(2) ?? 0) !== 0 || (at(3) ?? 0) !== 0) return { fault: 'protocol id is not 0' };
  if (bytes.length < HEADER_BYTES) return 'incomplete';
  const id = at(0)! * 256 + at(1)!;
  if (transaction !== undefined && id !== transaction)
    return { fault: `transaction id ${id} answers, asked was ${transaction}` };
  const length = at(4)! * 256 + at(5)!;
  const whole = coreBytesOf(request);
  if (length !== SHORT_CORE_BYTES && length !== whole)
    return { fault: `length field says ${length}, expected ${whole}` };
  const fault = coreFault(request, bytes.subarray(HEADER_BYTES), length === SHORT_CORE_BYTES && length !== whole);
  return fault === undefined ? sized(bytes, HEADER_BYTES + length) : { fault };
}

/** A reply as a serial frame with its checksum; otherwise as `checkReply`. Modbus over serial line 1.02 §2.5.1. */
export function checkRtuReply(request: ModbusRequest, bytes: Uint8Array): ReplyCheck {
  const isException = bytes[1] === (request.functionCode | EXCEPTION_BIT);
  const core = isException ? SHORT_CORE_BYTES : coreBytesOf(request);
  const fault = coreFault(request, bytes.subarray(0, core), isException);
  if (fault !== undefined) return { fault };
  const size = sized(bytes, core + CRC_BYTES);
  if (size !== 'complete') return size;
  const sum = bytes[core]! + bytes[core + 1]! * 256;
  return crc16(bytes.subarray(0, core)) === sum ? 'complete' : { fault: 'the checksum is wrong' };
}

function sized(bytes: Uint8Array, whole: number): ReplyCheck {
  if (bytes.length > whole) return { fault: `${bytes.length - whole} bytes after the reply` };
  return bytes.length === whole ? 'complete' : 'incomplete';
}

/** What is wrong with the reply from its unit id on, as far as it came. */
function coreFault(request: ModbusRequest, core: Uint8Array, isException: boolean): string | undefined {
  const [unitId, functionCode, first] = core;
  if (unitId !== undefined && unitId !== request.unitId)
    return `unit id ${unitId} answers, asked was ${request.unitId}`;
  const expected = isException ? request.functionCode | EXCEPTION_BIT : request.functionCode;
  if (functionCode !== undefined && functionCode !== expected)
    return `function code ${functionCode}, expected ${expected}`;
  if (isException) return undefined;
  if (request.functionCode === 5) {
    const { address, isOn } = request;
    const echo = [unitId, functionCode, address >> 8, address & 0xff, isOn ? COIL_ON >> 8 : 0, 0];
    return core.some((byte, at) => byte !== echo[at]) ? 'the echo is not what was written' : undefined;
  }
  const dataBytes = dataBytesOf(request);
  return first !== undefined && first !== dataBytes ? `byte count ${first}, expected ${dataBytes}` : undefined;
}
