// Answers one request of a master: reads by slicing registers, writes by handing a cap on; everything else is an exception of the standard.

import type { Instant } from '../../core/model/units.ts';
import type { RegisterDevice } from './device.ts';
import type { CapLedger, CapWrite } from './external-cap.ts';
import type { Frame } from './frames.ts';
import { EXCEPTION, type ExceptionCode, planWrite } from './plan-write.ts';

/** Application protocol 1.1b3 §6.3, §6.4 and §6.12. */
export const MAX_READ_REGISTERS = 125;
export const MAX_WRITE_REGISTERS = 123;
/** "This server, whatever its unit id": Messaging on TCP/IP 1.0b §4.4.1.2. */
const ANY_UNIT = 0xff;
const LAST_ADDRESS = 0xffff;

export type AnswerParts = {
  readonly device: RegisterDevice;
  readonly unitId: number;
  readonly now: () => Instant;
  /** Hands a write to the control room and gives its ledger; undefined: it did not take it. MUST NOT reject. */
  readonly onWrite: (write: CapWrite) => Promise<CapLedger | undefined>;
  /** False when too much was written lately. */
  readonly mayWrite: () => boolean;
};

/** The PDU of the answer; a promise only where the control room is asked. */
export function answerOf(frame: Frame, parts: AnswerParts): Uint8Array | Promise<Uint8Array> {
  const { pdu, unitId } = frame;
  const functionCode = pdu[0]!;
  if (unitId !== parts.unitId && unitId !== ANY_UNIT) return exception(functionCode, EXCEPTION.NO_SUCH_UNIT);
  switch (functionCode) {
    case 3:
    case 4:
      return answerRead(pdu, parts);
    case 6:
      return answerWriteOne(pdu, parts);
    case 16:
      return answerWriteMany(pdu, parts);
    default:
      return exception(functionCode, EXCEPTION.ILLEGAL_FUNCTION);
  }
}

function answerRead(pdu: Uint8Array, { device, now }: AnswerParts): Uint8Array {
  const functionCode = pdu[0]!;
  const count = wordAt(pdu, 3);
  if (pdu.length !== 5 || count < 1 || count > MAX_READ_REGISTERS)
    return exception(functionCode, EXCEPTION.ILLEGAL_VALUE);
  const data = device.read(wordAt(pdu, 1), count, now());
  if (data === undefined) return exception(functionCode, EXCEPTION.ILLEGAL_ADDRESS);
  const answer = new Uint8Array(2 + data.length);
  answer[0] = functionCode;
  answer[1] = data.length;
  answer.set(data, 2);
  return answer;
}

function answerWriteOne(pdu: Uint8Array, parts: AnswerParts): Uint8Array | Promise<Uint8Array> {
  if (parts.device.terms === undefined) return exception(6, EXCEPTION.ILLEGAL_FUNCTION);
  if (pdu.length !== 5) return exception(6, EXCEPTION.ILLEGAL_VALUE);
  return write(6, wordAt(pdu, 1), [wordAt(pdu, 3)], pdu, parts);
}

function answerWriteMany(pdu: Uint8Array, parts: AnswerParts): Uint8Array | Promise<Uint8Array> {
  if (parts.device.terms === undefined) return exception(16, EXCEPTION.ILLEGAL_FUNCTION);
  const [address, count] = [wordAt(pdu, 1), wordAt(pdu, 3)];
  const isWhole = pdu.length >= 6 && pdu[5] === 2 * count && pdu.length === 6 + 2 * count;
  if (!isWhole || count < 1 || count > MAX_WRITE_REGISTERS) return exception(16, EXCEPTION.ILLEGAL_VALUE);
  if (address + count - 1 > LAST_ADDRESS) return exception(16, EXCEPTION.ILLEGAL_ADDRESS);
  const words = Array.from({ length: count }, (_, index) => wordAt(pdu, 6 + 2 * index));
  return write(16, address, words, pdu.slice(0, 5), parts);
}

/** `echo`: the PDU that says "done". */
function write(
  functionCode: number,
  address: number,
  words: readonly number[],
  echo: Uint8Array,
  { device, onWrite, mayWrite }: AnswerParts,
): Uint8Array | Promise<Uint8Array> {
  const plan = planWrite(device.terms!, address, words);
  if ('exception' in plan) return exception(functionCode, plan.exception);
  if (!mayWrite()) return exception(functionCode, EXCEPTION.BUSY);
  // The request's bytes are gone when the answer comes.
  const done = Uint8Array.from(echo);
  return onWrite(plan.write).then((ledger) => {
    if (ledger === undefined) return exception(functionCode, EXCEPTION.BUSY);
    device.heard(ledger);
    return done;
  });
}

function exception(functionCode: number, code: ExceptionCode): Uint8Array {
  return Uint8Array.of(functionCode | 0x80, code);
}

/** Zero where the PDU is too short; its length is checked by whoever reads it. */
function wordAt(pdu: Uint8Array, index: number): number {
  return (pdu[index] ?? 0) * 256 + (pdu[index + 1] ?? 0);
}
