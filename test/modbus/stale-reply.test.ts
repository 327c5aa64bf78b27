// Which replies need a proof on a line whose replies do not name their requests: tables, and a line that brings old replies at any time.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { coreBytesOf, type ModbusRequest } from '../../src/modbus/reply-frame.ts';
import { OWED_MS, StaleReplies, TWIN_MS } from '../../src/modbus/stale-reply.ts';

const read = (unitId: number, address: number, count: number, functionCode: 3 | 4 = 4): ModbusRequest => ({
  unitId,
  functionCode,
  address,
  count,
});
const shape = (request: ModbusRequest) => `${request.unitId}:${request.functionCode}:${coreBytesOf(request)}`;

/** A request that was asked at 0 and answered, or not. */
function lineAfter(request: ModbusRequest, isAnswered: boolean): StaleReplies {
  const stale = new StaleReplies();
  expect(stale.proofFor(request, 0)).toBeUndefined();
  stale.asked(request, 0);
  if (isAnswered) stale.answered(request, 0);
  return stale;
}

describe('after a good reply', () => {
  test.each([
    ['another length needs no proof', read(1, 52, 2), undefined],
    ['nor does another unit', read(2, 0, 18), undefined],
    ['nor another function', read(1, 0, 18, 3), undefined],
    ['the same shape elsewhere does', read(1, 100, 18), { ask: read(1, 100, 2) }],
    ['and the same again', read(1, 0, 18), { ask: read(1, 0, 2) }],
  ] as const)('%s', (_name, second, expected) => {
    expect(lineAfter(read(1, 0, 18), true).proofFor(second, 1)).toEqual(expected);
  });

  test('a twin may come for so long and no longer: at 1 Hz no proof is needed', () => {
    const stale = lineAfter(read(1, 0, 18), true);
    expect(stale.proofFor(read(1, 0, 18), TWIN_MS - 1)).toBeDefined();
    expect(stale.proofFor(read(1, 0, 18), TWIN_MS)).toBeUndefined();
  });

  test('bits are told apart by their bytes, and a coil that is written twice is proved by reading it', () => {
    const bits = { unitId: 1, functionCode: 2, address: 0, count: 4 } as const;
    expect(lineAfter(bits, true).proofFor(bits, 1)).toEqual({ ask: { ...bits, count: 9 } });
    const write = { unitId: 1, functionCode: 5, address: 6, isOn: true } as const;
    expect(lineAfter(write, true).proofFor({ ...write, isOn: false }, 1)).toEqual({
      ask: { unitId: 1, functionCode: 1, address: 6, count: 1 },
    });
  });
});

describe('after a reply that never came', () => {
  test('it is owed for five seconds, and a proof never has its shape either', () => {
    const stale = lineAfter(read(1, 0, 18), false);
    stale.asked(read(1, 0, 2), 0);
    expect(stale.proofFor(read(1, 50, 18), OWED_MS - 1)).toEqual({ ask: read(1, 50, 4) });
    expect(stale.proofFor(read(1, 50, 18), OWED_MS)).toBeUndefined();
  });

  test('a unit that answers no proof gets silence instead, until it has answered one', () => {
    const stale = lineAfter(read(1, 0, 18), false);
    stale.proved(read(1, 0, 18), false);
    expect(stale.proofFor(read(1, 0, 18), 1)).toHaveProperty('ask');
    stale.proved(read(1, 0, 18), false);
    expect(stale.proofFor(read(1, 0, 18), 1)).toEqual({ listen: true });
    stale.proved(read(1, 0, 18), true);
    expect(stale.proofFor(read(1, 0, 18), 1)).toHaveProperty('ask');
  });

  test('where every shape of a proof may still come there is silence', () => {
    const stale = lineAfter(read(1, 0, 18), false);
    for (const count of [1, 2, 3, 4, 5, 6, 7, 8]) stale.asked(read(1, 0, count), 0);
    expect(stale.proofFor(read(1, 0, 18), 1)).toEqual({ listen: true });
  });
});

/** Any request of two units, of few shapes, so that they meet. */
const requests: fc.Arbitrary<ModbusRequest> = fc.oneof(
  fc.record({
    unitId: fc.integer({ min: 1, max: 2 }),
    functionCode: fc.constantFrom(3 as const, 4 as const),
    address: fc.integer({ min: 0, max: 1_000 }),
    count: fc.constantFrom(1, 2, 4, 18),
  }),
  fc.record({
    unitId: fc.integer({ min: 1, max: 2 }),
    functionCode: fc.constant(5 as const),
    address: fc.integer({ min: 0, max: 3 }),
    isOn: fc.boolean(),
  }),
);

test('whatever old reply comes in whatever place, none is believed: a line in order, one frame of it late or twice', () => {
  const steps = fc.array(
    fc.record({ request: requests, afterMs: fc.integer({ min: 1, max: 300 }), isLost: fc.boolean() }),
    {
      minLength: 2,
      maxLength: 25,
    },
  );
  fc.assert(
    fc.property(steps, fc.nat(), fc.nat(), (list, whichAt, whereAt) => {
      const stale = new StaleReplies();
      let now = 0;
      let serial = 0;
      /** Frames asked for so far, by number; each reply carries the number of its question. */
      const asked: { readonly id: number; readonly key: string; readonly at: number; readonly isLost: boolean }[] = [];
      const strikesAt = whereAt % list.length;
      let isStruck = false;
      for (const [index, { request, afterMs, isLost }] of list.entries()) {
        now += afterMs;
        const proof = stale.proofFor(request, now);
        // The line before this request: at most one old frame turns up, of those that still may.
        const old = asked.filter(({ at, isLost: lost }) => now - at < (lost ? OWED_MS : TWIN_MS));
        const stray = !isStruck && index >= strikesAt && old.length > 0 ? old[whichAt % old.length] : undefined;
        const queue: { readonly id: number; readonly key: string }[] = [];
        const ask = (one: ModbusRequest, lost: boolean) => {
          const frame = { id: serial++, key: shape(one), at: now, isLost: lost };
          stale.asked(one, now);
          asked.push(frame);
          if (!lost) queue.push(frame);
          return frame;
        };
        if (stray) {
          queue.push(stray);
          isStruck = true;
        }
        const mine = ask(request, isLost && !stray);
        const first = queue.shift();
        if (first === undefined || first.key !== mine.key) continue;
        stale.answered(request, now);
        let isBelieved = true;
        if (proof && 'ask' in proof) {
          const second = queue.length > 0 ? undefined : ask(proof.ask, false);
          // What came before the proof was asked, or in its place, tells the first reply for an old one.
          isBelieved = second !== undefined && queue.shift()?.id === second.id;
          if (isBelieved) stale.answered(proof.ask, now);
        } else if (proof) isBelieved = queue.length === 0;
        if (isBelieved) expect(first.id).toBe(mine.id);
      }
    }),
  );
});
