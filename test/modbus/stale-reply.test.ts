// Which question must come between two requests on a line whose replies do not name them: tables, and a device whose replies come late.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { coreBytesOf, type ModbusRequest } from '../../src/modbus/reply-frame.ts';
import { StaleReplies } from '../../src/modbus/stale-reply.ts';

const read = (unitId: number, address: number, count: number, functionCode: 3 | 4 = 4): ModbusRequest => ({
  unitId,
  functionCode,
  address,
  count,
});
const shape = (request: ModbusRequest) => `${request.unitId}:${request.functionCode}:${coreBytesOf(request)}`;

describe('between two requests', () => {
  test.each([
    ['another length', read(1, 0, 18), read(1, 52, 2), undefined],
    ['another unit', read(1, 0, 18), read(2, 0, 18), undefined],
    ['another function', read(1, 0, 18, 3), read(1, 0, 18, 4), undefined],
    ['the same shape elsewhere', read(1, 52, 2), read(1, 72, 2), { ask: read(1, 72, 4) }],
    ['the same again', read(1, 0, 18), read(1, 0, 18), { ask: read(1, 0, 2) }],
  ] as const)('%s', (_name, first, second, expected) => {
    const stale = new StaleReplies();
    expect(stale.before(first)).toBeUndefined();
    stale.answered(first);
    expect(stale.before(second)).toEqual(expected);
  });

  test('bits are told apart by their bytes, and a coil is read before it is written again', () => {
    const stale = new StaleReplies();
    const bits = { unitId: 1, functionCode: 2, address: 0, count: 4 } as const;
    stale.answered(bits);
    expect(stale.before(bits)).toEqual({ ask: { ...bits, count: 9 } });
    const write = { unitId: 1, functionCode: 5, address: 6, isOn: true } as const;
    expect(stale.before(write)).toBeUndefined();
    stale.answered(write);
    expect(stale.before({ ...write, isOn: false })).toEqual({
      ask: { unitId: 1, functionCode: 1, address: 6, count: 1 },
    });
  });
});

describe('after a reply that never came', () => {
  test('the unit is asked something else first, until it has answered; its neighbours are not', () => {
    const stale = new StaleReplies();
    stale.unanswered(read(1, 0, 18));
    expect(stale.before(read(2, 0, 18))).toBeUndefined();
    expect(stale.before(read(1, 52, 2))).toBeUndefined();
    expect(stale.before(read(1, 0, 18))).toEqual({ ask: read(1, 0, 2) });
    stale.unanswered(read(1, 0, 2));
    expect(stale.before(read(1, 0, 18))).toEqual({ ask: read(1, 0, 4) });
    stale.answered(read(1, 0, 4));
    expect(stale.before(read(1, 0, 18))).toBeUndefined();
  });

  test('a unit that answers no question between is listened to instead, for long while it owes something', () => {
    const stale = new StaleReplies();
    const request = read(1, 0, 18);
    stale.unanswered(request);
    for (const count of [2, 4, 1]) stale.unanswered(read(1, 0, count));
    expect(stale.before(request)).toEqual({ listen: 'long' });
    stale.answered(request);
    expect(stale.before(request)).toEqual({ listen: 'short' });
  });
});

test('whatever was lost, no request and no question between has the shape of a reply that may still come', () => {
  const requests = fc.record({
    request: fc.oneof(
      fc.record({
        unitId: fc.integer({ min: 1, max: 2 }),
        functionCode: fc.constantFrom(3 as const, 4 as const),
        address: fc.integer({ min: 0, max: 100 }),
        count: fc.constantFrom(1, 2, 4, 18),
      }),
      fc.record({
        unitId: fc.integer({ min: 1, max: 2 }),
        functionCode: fc.constant(5 as const),
        address: fc.integer({ min: 0, max: 3 }),
        isOn: fc.boolean(),
      }),
    ),
    isAnswered: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(requests, { maxLength: 40 }), (steps) => {
      const stale = new StaleReplies();
      let owed: ModbusRequest[] = [];
      let last: ModbusRequest | undefined;
      /** Asks one thing of the line and checks what could be mistaken for its reply. */
      const ask = (request: ModbusRequest, isAnswered: boolean) => {
        expect(owed.map(shape)).not.toContain(shape(request));
        if (last) expect(shape(last)).not.toBe(shape(request));
        if (isAnswered) {
          owed = owed.filter(({ unitId }) => unitId !== request.unitId);
          last = request;
          stale.answered(request);
        } else {
          owed.push(request);
          stale.unanswered(request);
        }
      };
      for (const { request, isAnswered } of steps) {
        const before = stale.before(request);
        if (before && 'ask' in before) {
          ask(before.ask, isAnswered);
          if (!isAnswered) continue;
        } else if (before) {
          // Listened to: what was owed has come and gone, or never will.
          owed = owed.filter(({ unitId }) => unitId !== request.unitId);
          last = undefined;
        }
        ask(request, isAnswered);
      }
    }),
  );
});
