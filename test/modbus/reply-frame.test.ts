// The frame guard by number tables: which bytes are exactly the reply to a read of two registers of unit 1.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkReply } from '../../src/modbus/reply-frame.ts';

const request = { unitId: 1, functionCode: 4, address: 52, count: 2 } as const;
const bytes = (hex: string) => Uint8Array.from(hex.split(' ').map((byte) => Number.parseInt(byte, 16)));
const GOOD = '00 07 00 00 00 07 01 04 04 46 5c 50 00';

describe('the guard of one reply', () => {
  // biome-ignore format: a table
  test.each([
    // whole and right
    [GOOD, 'complete'],
    ['00 07 00 00 00 03 01 84 02', 'complete'],
    // right so far
    ['00', 'incomplete'],
    ['00 07 00 00 00 07 01', 'incomplete'],
    ['00 07 00 00 00 07 01 04 04 46 5c 50', 'incomplete'],
    // wrong protocol id
    ['00 07 00 01 00 07 01 04 04 46 5c 50 00', 'protocol id is not 0'],
    ['de ad be ef', 'protocol id is not 0'],
    // wrong lengths
    ['00 07 00 00 ff ff 01 04 04 46 5c 50 00', 'length field says 65535, expected 7'],
    ['00 07 00 00 00 09 01 04 06', 'length field says 9, expected 7'],
    // another unit, function, byte count
    ['00 07 00 00 00 07 4d 04 04 46 5c 50 00', 'unit id 77 answers, asked was 1'],
    ['00 07 00 00 00 03 4d 84 02', 'unit id 77 answers, asked was 1'],
    ['00 07 00 00 00 07 01 03 04 46 5c 50 00', 'function code 3, expected 4'],
    ['00 07 00 00 00 03 01 83 02', 'function code 131, expected 132'],
    ['00 07 00 00 00 07 01 04 02 46 5c 50 00', 'byte count 2, expected 4'],
    // one byte too many
    [`${GOOD} 00`, '1 bytes after the reply'],
    [`${GOOD} ${GOOD}`, '13 bytes after the reply'],
  ])('%s: %s', (hex, expected) => {
    const check = checkReply(request, bytes(hex));
    expect(typeof check === 'object' ? check.fault : check).toBe(expected);
  });

  test('a right reply is never faulted while it grows byte by byte, and any change of its header but the transaction id is found', () => {
    const whole = bytes(GOOD);
    for (let length = 0; length < whole.length; length++)
      expect(checkReply(request, whole.subarray(0, length))).toBe('incomplete');
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 8 }), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const spoilt = whole.slice();
        spoilt[at]! ^= flip;
        expect(checkReply(request, spoilt)).not.toBe('complete');
      }),
    );
  });
});
