// Where a request begins and ends on the wire: whole frames, pieces of frames, and bytes that are none.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MAX_FRAME_BYTES, MAX_PDU_BYTES, readFrame, writeFrame } from '../../../src/modbus/server/frames.ts';
import { frameOf } from '../../support/device-world.ts';

const read = (...bytes: number[]) => readFrame(Uint8Array.from(bytes));

test.each<[string, number[], unknown]>([
  ['nothing', [], 'incomplete'],
  ['a whole header and no more', [0, 1, 0, 0, 0, 6], 'incomplete'],
  ['one byte short', [0, 1, 0, 0, 0, 3, 1, 3], 'incomplete'],
  ['another protocol', [0, 1, 0, 1], { fault: 'protocol id is not 0' }],
  ['another protocol, seen in its first byte', [0, 1, 9], { fault: 'protocol id is not 0' }],
  ['a length of nothing', [0, 1, 0, 0, 0, 0], { fault: 'length field says 0, expected at least 2' }],
  ['a unit id without a function', [0, 1, 0, 0, 0, 1], { fault: 'length field says 1, expected at least 2' }],
  ['one byte too long', [0, 1, 0, 0, 0, 255], { fault: 'length field says 255 or more, expected at most 254' }],
  [
    '64 KiB, seen in its first byte',
    [0, 1, 0, 0, 0xff],
    { fault: 'length field says 65280 or more, expected at most 254' },
  ],
])('%s', (_what, bytes, expected) => {
  expect(read(...bytes)).toEqual(expected);
});

test('the longest frame there is, and the bytes behind it are left alone', () => {
  const pdu = Array.from({ length: MAX_PDU_BYTES }, (_, at) => at & 0xff);
  const bytes = Uint8Array.from([...frameOf(pdu, 17, 0x1234), 1, 2, 3]);
  const check = readFrame(bytes);
  expect(check).toMatchObject({ bytes: MAX_FRAME_BYTES, frame: { transactionId: 0x1234, unitId: 17 } });
  expect(typeof check === 'object' && 'frame' in check && [...check.frame.pdu]).toEqual(pdu);
});

describe('for all frames', () => {
  const frames = fc.record({
    transactionId: fc.nat(0xffff),
    unitId: fc.nat(0xff),
    pdu: fc.uint8Array({ minLength: 1, maxLength: MAX_PDU_BYTES }),
  });

  test('what is written is read again, and every beginning of it is incomplete, never a fault', () => {
    fc.assert(
      fc.property(frames, (frame) => {
        const bytes = writeFrame(frame, frame.pdu);
        expect(readFrame(bytes)).toEqual({ frame, bytes: bytes.length });
        for (let cut = 0; cut < bytes.length; cut++) expect(readFrame(bytes.subarray(0, cut))).toBe('incomplete');
      }),
      { numRuns: 50 },
    );
  });

  test('no bytes at all make it throw, and it never takes more than there are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => {
        const check = readFrame(bytes);
        if (typeof check === 'object' && 'frame' in check) {
          expect(check.bytes).toBeLessThanOrEqual(Math.min(bytes.length, MAX_FRAME_BYTES));
        }
      }),
    );
  });
});
