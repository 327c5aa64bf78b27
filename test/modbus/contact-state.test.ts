// The readings of a contact step by step: active at once, released late, unknown when silent; and by property never less strict than that.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { afterReading, afterSilence, type ContactMemory, neverRead } from '../../src/modbus/contact-state.ts';
import { contactRule } from '../../src/modbus/contacts.ts';
import { runs } from '../support/property-runs.ts';

const rule = { debounceMs: 1_000, staleAfterMs: 5_000 };
type Step = readonly [at: number, reading: 'on' | 'off' | '-', state: ContactMemory['state'], since: number];

/** Plays readings (`-`: none) and compares the state, and since when, after each. */
function play(steps: readonly Step[], by = rule) {
  let memory = neverRead(0);
  const seen = steps.map(([at, reading]): Step => {
    if (reading !== '-') memory = afterReading(memory, reading === 'on', at, by);
    const { state, since } = afterSilence(memory, at, by);
    return [at, reading, state, since];
  });
  expect(seen).toEqual(steps);
  return memory;
}

describe('one contact', () => {
  test('never read, it is unknown; its first reading counts at once, so that a restart pauses nobody', () => {
    play([
      [0, '-', 'unknown', 0],
      [60_000, '-', 'unknown', 0],
      [60_500, 'off', 'released', 60_500],
    ]);
  });

  test('active counts at once, released only when it was seen so for the whole debounce', () => {
    play([
      [0, 'off', 'released', 0],
      [500, 'on', 'active', 500],
      [1_000, 'off', 'active', 500],
      [1_999, 'off', 'active', 500],
      [2_000, 'off', 'released', 2_000],
    ]);
  });

  test('a contact that bounces stays active, since the first moment', () => {
    const memory = play([
      [0, 'off', 'released', 0],
      [500, 'on', 'active', 500],
      [1_000, 'off', 'active', 500],
      [1_400, 'on', 'active', 500],
      [1_500, 'off', 'active', 500],
      [2_400, 'off', 'active', 500],
      [2_500, 'off', 'released', 2_500],
    ]);
    expect(memory.activations).toBe(1);
  });

  test('a reading is believed up to its bound; afterwards the contact is unknown, and readings must last anew', () => {
    play([
      [0, 'off', 'released', 0],
      [5_000, '-', 'released', 0],
      [5_001, '-', 'unknown', 5_001],
      [9_000, 'off', 'unknown', 9_000],
      [9_999, 'off', 'unknown', 9_000],
      [10_000, 'off', 'released', 10_000],
    ]);
  });

  test('what is read after a gap begins anew, whatever was read before it', () => {
    play([
      [0, 'on', 'active', 0],
      [900, 'off', 'active', 0],
      [7_000, 'off', 'unknown', 7_000],
      [7_900, 'off', 'unknown', 7_000],
      [20_000, 'off', 'unknown', 7_000],
      [21_000, 'off', 'released', 21_000],
    ]);
  });

  test('without a debounce a release counts at once, and each activation is counted once', () => {
    const by = { ...rule, debounceMs: 0 };
    const memory = play(
      [
        [0, 'on', 'active', 0],
        [1, 'off', 'released', 1],
        [2, 'on', 'active', 2],
        [6_000, 'on', 'active', 6_000],
        [6_001, 'off', 'released', 6_001],
      ],
      by,
    );
    expect(memory.activations).toBe(2);
  });

  test.each([
    [100, 5_000],
    [1_666, 5_000],
    [1_667, 5_001],
    [3_000, 9_000],
    [60_000, 10_000],
  ])('polled each %i ms, a reading counts for %i ms', (pollMs, staleAfterMs) => {
    expect(contactRule({ debounceMs: 7, pollMs })).toEqual({ debounceMs: 7, staleAfterMs });
  });
});

describe('whatever is read, and whenever', () => {
  const readings = fc.array(fc.tuple(fc.integer({ min: 1, max: 8_000 }), fc.boolean()), { maxLength: 40 });
  const rules = fc.record({
    debounceMs: fc.integer({ min: 0, max: 6_000 }),
    staleAfterMs: fc.integer({ min: 1, max: 10_000 }),
  });

  test('it counts as released only on a fresh reading that says so, with none that says otherwise within the debounce', () => {
    fc.assert(
      fc.property(readings, rules, fc.integer({ min: 0, max: 12_000 }), (steps, by, laterMs) => {
        let memory = neverRead(0);
        let at = 0;
        const told: { at: number; isActive: boolean }[] = [];
        for (const [gapMs, isActive] of steps) {
          at += gapMs;
          memory = afterReading(memory, isActive, at, by);
          told.push({ at, isActive });
        }
        const now = at + laterMs;
        if (afterSilence(memory, now, by).state !== 'released') return;
        const last = told.at(-1)!;
        expect(last.isActive).toBe(false);
        expect(now - last.at).toBeLessThanOrEqual(by.staleAfterMs);
        const lastActive = told.findLast(({ isActive }) => isActive);
        if (lastActive) expect(last.at - lastActive.at).toBeGreaterThanOrEqual(by.debounceMs);
      }),
      runs(500),
    );
  });

  test('a reading that was lost never makes it less strict', () => {
    const isStrict = (steps: readonly (readonly [number, boolean])[], now: number, by: typeof rule) => {
      const memory = steps.reduce((known, [at, isActive]) => afterReading(known, isActive, at, by), neverRead(0));
      return afterSilence(memory, now, by).state !== 'released';
    };
    const released = fc.array(fc.integer({ min: 1, max: 6_000 }), { minLength: 2, maxLength: 20 });
    fc.assert(
      fc.property(released, rules, fc.nat(), fc.integer({ min: 0, max: 12_000 }), (gaps, by, which, laterMs) => {
        const steps = gaps.map(
          (_gap, last) => [gaps.slice(0, last + 1).reduce((sum, gap) => sum + gap), false] as const,
        );
        const lost = 1 + (which % (steps.length - 1));
        const now = steps.at(-1)![0] + laterMs;
        // The first reading of all is kept: it is what a restart begins with.
        if (isStrict(steps, now, by)) expect(isStrict(steps.toSpliced(lost, 1), now, by)).toBe(true);
      }),
      runs(500),
    );
  });
});
