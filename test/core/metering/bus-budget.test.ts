// What a line carries, against figures known from the field, and the laws of every budget.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SLOW_EVERY_MS } from '../../../src/core/metering/block-plan.ts';
import { busBudget, PROOF_WITHIN_MS, TURNAROUND_MS } from '../../../src/core/metering/bus-budget.ts';
import { apartMs, characterMs, frameGapMs, hushMs, wireMs } from '../../../src/core/metering/line-time.ts';
import type { ModbusEndpoint } from '../../../src/core/model/site-meters.ts';
import { profileOf } from '../../support/meter-vectors.ts';

const serial = (baud: number, parity: 'none' | 'even' = 'none', stopBits: 1 | 2 = 1) =>
  ({ transport: 'rtu', path: '/dev/ttyUSB0', baud, parity, stopBits }) as const;
const TCP: ModbusEndpoint = { transport: 'tcp', host: '192.0.2.1', port: 502 };
const meters = (count: number, profile = 'eastron-sdm630', pollMs = 1_000) =>
  Array.from({ length: count }, (_, at) => ({ id: `m${at}`, profile: profileOf(profile), pollMs }));

describe('time on the wire', () => {
  // biome-ignore format: a table
  test.each([
    // start bit, 8 data bits, parity, stop bits
    [serial(9_600), 10 / 9.6], [serial(9_600, 'even'), 11 / 9.6], [serial(9_600, 'even', 2), 12 / 9.6], [serial(19_200), 10 / 19.2],
  ])('of one character: %o', (line, expected) => {
    expect(characterMs(line)).toBeCloseTo(expected, 9);
  });

  test('18 registers at 9600 8N1 are 8 + 41 bytes and 51 ms', () => {
    expect(wireMs(3 + 2 * 18, serial(9_600))).toBeCloseTo(51, 1);
  });

  test('frames are 3.5 characters apart, and never less than 20 ms where an old one could be taken for a new one', () => {
    expect(apartMs(serial(9_600))).toBeCloseTo(3.65, 2);
    expect(frameGapMs(serial(9_600))).toBe(20);
    expect(frameGapMs(serial(300))).toBe(117);
    expect(frameGapMs({ transport: 'rtu-over-tcp', host: '192.0.2.1', port: 502 })).toBe(20);
    expect(frameGapMs(TCP)).toBe(0);
  });

  test('after trouble a line is silent for 50 ms and 3.5 characters at least', () => {
    expect(hushMs(serial(9_600))).toBe(50);
    expect(hushMs(serial(300))).toBe(117);
    expect(hushMs(TCP)).toBe(50);
  });
});

describe('the budget of a line', () => {
  test('three meters of two blocks at 1 Hz fit a line of 9600 baud, a fourth does not', () => {
    expect(busBudget({ endpoint: serial(9_600) }, meters(3)).share).toBeCloseTo(0.84, 2);
    expect(busBudget({ endpoint: serial(9_600) }, meters(4)).share).toBeGreaterThan(1);
    // Half of what a meter takes are its own silences: twice the speed makes room for no fifth one.
    expect(busBudget({ endpoint: serial(19_200) }, meters(4)).share).toBeCloseTo(0.98, 2);
  });

  test('a meter on the network at 1 Hz fits easily, with nothing but its own silences', () => {
    const { meters: costs, share } = busBudget({ endpoint: TCP }, meters(1, 'siemens-pac'));
    expect(share).toBeLessThan(0.1);
    // Two fast requests, and a slow one every tenth time.
    expect(costs[0]!.busyMs).toBeCloseTo(2.1 * TURNAROUND_MS, 6);
  });

  test('what a gateway tells of its line is counted, with eleven bits a character', () => {
    const gateway: ModbusEndpoint = { transport: 'rtu-over-tcp', host: '192.0.2.1', port: 502 };
    const unknown = busBudget({ endpoint: gateway }, meters(2));
    const known = busBudget({ endpoint: gateway, wireBaud: 9_600 }, meters(2));
    const even = busBudget({ endpoint: serial(9_600, 'even') }, meters(2));
    expect(known).toEqual(even);
    expect(unknown.share).toBeLessThan(known.share);
  });

  test('blocks of one length in one poll, and polls that follow each other within 0.8 s, are proved by a question each', () => {
    const questionBytes = 8 + 3 + 4 + 2;
    const bytes = (profile: string, pollMs: number, endpoint: ModbusEndpoint = serial(9_600)) =>
      busBudget({ endpoint }, meters(1, profile, pollMs)).meters[0]!.bytes;
    // 4, 24, 24 and 24 registers: the third and the fourth are alike.
    expect(bytes('kostal-ksem-native', 1_000) - bytes('kostal-ksem-native', 1_000, TCP)).toBe(2 * questionBytes);
    expect(bytes('abb-eq', 799) - bytes('abb-eq', 800)).toBe(questionBytes);
  });

  test('polls at what the line sustains take seven tenths of it', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20 }), fc.constantFrom(1_200, 9_600, 38_400, 115_200), (count, baud) => {
        const { sustainedPollMs } = busBudget({ endpoint: serial(baud) }, meters(count));
        const { share } = busBudget({ endpoint: serial(baud) }, meters(count, 'eastron-sdm630', sustainedPollMs));
        expect(share).toBeLessThanOrEqual(0.7 + 1e-9);
        // Rounded up to a millisecond, which is a percent of the shortest polls.
        if (sustainedPollMs !== SLOW_EVERY_MS && sustainedPollMs !== PROOF_WITHIN_MS)
          expect(share).toBeGreaterThan(0.69);
      }),
    );
  });

  test('one more meter, a slower line or a shorter poll never takes less', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 10 }),
        fc.integer({ min: 300, max: 100_000 }),
        fc.integer({ min: 100, max: 9_000 }),
        (count, baud, pollMs) => {
          const share = (n: number, speed: number, every: number) =>
            busBudget({ endpoint: serial(speed) }, meters(n + 1, 'eastron-sdm630', every)).share;
          const base = share(count, baud, pollMs);
          expect(share(count + 1, baud, pollMs)).toBeGreaterThan(base);
          expect(share(count, baud * 2, pollMs)).toBeLessThanOrEqual(base);
          expect(share(count, baud, pollMs * 2)).toBeLessThan(base);
        },
      ),
    );
  });
});
