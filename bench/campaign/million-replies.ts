// Judges reply frames by the hundred thousand: right ones, and ones that belong to another request or were spoiled on the way.
import { checkReply, type RegisterRequest } from '../../src/modbus/reply-frame.ts';
import { seededRandom } from '../../src/simulator/seeded-random.ts';

export type RepliesReport = { readonly judged: number; readonly spoiled: number; readonly wrong: number };

const HEADER_BYTES = 9;

/** `wrong`: whole frames that were taken though they answer another request or their frame is spoiled, or sound ones that were refused. */
export function millionReplies(seed: number, count: number): RepliesReport {
  const random = seededRandom(seed);
  const below = (bound: number) => Math.floor(random.next('reply') * bound);
  let [spoiled, wrong] = [0, 0];
  for (let at = 0; at < count; at++) {
    const asked = drawRequest(below);
    const answered = below(4) === 0 ? drawRequest(below) : asked;
    const bytes = frameOf(answered, below);
    const isSound = isSameFrame(asked, answered) && below(2) === 0;
    if (!isSound) spoil(bytes, asked, below);
    const taken = checkReply(asked, bytes) === 'complete';
    const isRight = isWhole(asked, bytes);
    if (!isRight) spoiled += 1;
    if (taken !== isRight) wrong += 1;
  }
  return { judged: count, spoiled, wrong };
}

type Below = (bound: number) => number;

function drawRequest(below: Below): RegisterRequest {
  return { unitId: 1 + below(3), functionCode: below(2) === 0 ? 3 : 4, address: below(60_000), count: 1 + below(4) };
}

/** Two requests whose sound replies look the same: only the transaction id, which the client checks, tells them apart. */
const isSameFrame = (a: RegisterRequest, b: RegisterRequest) =>
  a.unitId === b.unitId && a.functionCode === b.functionCode && a.count === b.count;

function frameOf({ unitId, functionCode, count }: RegisterRequest, below: Below): Buffer {
  const bytes = Buffer.alloc(HEADER_BYTES + 2 * count, 0);
  bytes.writeUInt16BE(below(65_536), 0);
  bytes.writeUInt16BE(3 + 2 * count, 4);
  bytes.set([unitId, functionCode, 2 * count], 6);
  for (let at = HEADER_BYTES; at < bytes.length; at++) bytes[at] = below(256);
  return bytes;
}

/** One byte of the frame around the values becomes another one; sometimes it was so before. */
function spoil(bytes: Buffer, _asked: RegisterRequest, below: Below): void {
  bytes[2 + below(7)] = below(256);
}

/** Said anew and in another way than the guard says it: the frame is, byte for byte, the one that was asked for. */
function isWhole({ unitId, functionCode, count }: RegisterRequest, bytes: Buffer): boolean {
  const head = Buffer.from([0, 0, 0, 3 + 2 * count, unitId, functionCode, 2 * count]);
  const exception = Buffer.from([0, 0, 0, 3, unitId, functionCode | 0x80]);
  if (bytes.subarray(2, HEADER_BYTES).equals(head)) return bytes.length === HEADER_BYTES + 2 * count;
  return bytes.subarray(2, 8).equals(exception) && bytes.length === HEADER_BYTES;
}
