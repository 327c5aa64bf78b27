// Judges the bytes of one Modbus TCP reply against what was asked, before anybody reads a value out of them.

/** One read of registers: 3 = holding, 4 = input. */
export type RegisterRequest = {
  readonly unitId: number;
  readonly functionCode: 3 | 4;
  /** Zero-based, as on the wire. */
  readonly address: number;
  /** 1 to 125. */
  readonly count: number;
};

export type ReplyCheck = 'incomplete' | 'complete' | { readonly fault: string };

/** MBAP header without the unit id: transaction, protocol, length. */
const HEADER_BYTES = 6;
/** Unit id, function code and the byte count or the exception code. */
const SHORT_PDU_BYTES = 3;

/**
 * `bytes`: all that came since the request left. Faults are found at the first byte that cannot belong to the reply. The transaction id is
 * left to the client that chose it. Modbus Messaging on TCP/IP 1.0b §3.1.3, application protocol 1.1b3 §6.3, §6.4 and §7.
 */
export function checkReply(request: RegisterRequest, bytes: Uint8Array): ReplyCheck {
  const at = (index: number) => bytes[index];
  if ((at(2) ?? 0) !== 0 || (at(3) ?? 0) !== 0) return { fault: 'protocol id is not 0' };
  const dataBytes = 2 * request.count;
  if (bytes.length < HEADER_BYTES) return 'incomplete';
  const length = at(4)! * 256 + at(5)!;
  if (length !== SHORT_PDU_BYTES && length !== SHORT_PDU_BYTES + dataBytes)
    return { fault: `length field says ${length}, expected ${SHORT_PDU_BYTES + dataBytes}` };
  if (bytes.length > 6 && at(6) !== request.unitId)
    return { fault: `unit id ${at(6)} answers, asked was ${request.unitId}` };
  const functionCode = length === SHORT_PDU_BYTES ? request.functionCode | 0x80 : request.functionCode;
  if (bytes.length > 7 && at(7) !== functionCode) return { fault: `function code ${at(7)}, expected ${functionCode}` };
  if (bytes.length > 8 && length !== SHORT_PDU_BYTES && at(8) !== dataBytes)
    return { fault: `byte count ${at(8)}, expected ${dataBytes}` };
  if (bytes.length > HEADER_BYTES + length)
    return { fault: `${bytes.length - HEADER_BYTES - length} bytes after the reply` };
  return bytes.length === HEADER_BYTES + length ? 'complete' : 'incomplete';
}
