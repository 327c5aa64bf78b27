// The frames of Modbus TCP as a server sees them: bytes in, a request, "not all there yet" or a fault; it never guesses where a frame begins.

/** Modbus Messaging on TCP/IP 1.0b §3.1.3: transaction, protocol and length; the unit id is counted by the length. */
export const HEADER_BYTES = 6;
/** Application protocol 1.1b3 §4.1: 253 bytes of PDU, after the unit id. */
export const MAX_PDU_BYTES = 253;
export const MAX_FRAME_BYTES = HEADER_BYTES + 1 + MAX_PDU_BYTES;
/** A unit id and a function code. */
const LEAST_LENGTH = 2;

export type Frame = {
  readonly transactionId: number;
  readonly unitId: number;
  /** Function code and what follows; 1 to 253 bytes. */
  readonly pdu: Uint8Array;
};

export type FrameCheck =
  | 'incomplete'
  /** `bytes`: how many of the buffer the frame took. */
  | { readonly frame: Frame; readonly bytes: number }
  | { readonly fault: string };

/** Looks at the beginning of what a master sent. A fault is found at the first byte that shows it; nothing after it can be trusted. */
export function readFrame(buffer: Uint8Array): FrameCheck {
  if ((buffer[2] ?? 0) !== 0 || (buffer[3] ?? 0) !== 0) return { fault: 'protocol id is not 0' };
  if (buffer.length < HEADER_BYTES)
    return buffer[4] !== undefined && buffer[4] > 0 ? tooLong(buffer[4] * 256) : 'incomplete';
  const length = buffer[4]! * 256 + buffer[5]!;
  if (length > 1 + MAX_PDU_BYTES) return tooLong(length);
  if (length < LEAST_LENGTH) return { fault: `length field says ${length}, expected at least ${LEAST_LENGTH}` };
  if (buffer.length < HEADER_BYTES + length) return 'incomplete';
  const frame: Frame = {
    transactionId: buffer[0]! * 256 + buffer[1]!,
    unitId: buffer[6]!,
    pdu: buffer.subarray(HEADER_BYTES + 1, HEADER_BYTES + length),
  };
  return { frame, bytes: HEADER_BYTES + length };
}

/** The answer to `frame` with this PDU. */
export function writeFrame({ transactionId, unitId }: Frame, pdu: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES + 1 + pdu.length);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, transactionId);
  view.setUint16(4, 1 + pdu.length);
  bytes[6] = unitId;
  bytes.set(pdu, HEADER_BYTES + 1);
  return bytes;
}

function tooLong(length: number): FrameCheck {
  return { fault: `length field says ${length} or more, expected at most ${1 + MAX_PDU_BYTES}` };
}
