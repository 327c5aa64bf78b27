// Since when a session charges, waits or is paused; whether it rests; and when it is due.
import { describe, expect, test } from 'vitest';
import type { Service } from '../../../src/core/model/memory.ts';
import { serviceAfter, turnAt } from '../../../src/core/plan/rotation.ts';

const NOW = 10_000_000;
const MIN_OFF_MS = 300_000;
const on = (agoMs: number, pausedAgoMs?: number): Service => ({
  state: 'on',
  since: NOW - agoMs,
  ...(pausedAgoMs === undefined ? {} : { pausedBefore: NOW - pausedAgoMs }),
});
const paused = (agoMs: number, rests: boolean): Service => ({ state: 'paused', since: NOW - agoMs, rests });
const after = (before: Service | undefined, isOn: boolean) => serviceAfter(before, isOn, MIN_OFF_MS, NOW);

describe('service', () => {
  test.each<readonly [string, Service | undefined, boolean, Service]>([
    ['a session first seen without current waits', undefined, false, { state: 'waiting', since: NOW }],
    ['one first seen charging is on', undefined, true, { state: 'on', since: NOW }],
    ['waiting goes on', { state: 'waiting', since: 5 }, false, { state: 'waiting', since: 5 }],
    ['and ends with the first current', { state: 'waiting', since: 5 }, true, { state: 'on', since: NOW }],
    ['being on goes on', on(70_000), true, on(70_000)],
    ['a pause goes on', paused(70_000, true), false, paused(70_000, true)],
    ['after charging for a minute it rests', on(60_000), false, paused(0, true)],
    ['after a shorter time it does not', on(59_999), false, paused(0, false)],
    ['unless it was paused a moment ago already', on(10_000, 299_999), false, paused(0, true)],
    ['which is forgotten after the rest that it would have had', on(10_000, 300_000), false, paused(0, false)],
    ['who goes on after a pause remembers it', paused(20_000, false), true, on(0, 20_000)],
  ])('%s', (_story, before, isOn, expected) => {
    expect(after(before, isOn)).toEqual(expected);
  });
});

describe('whose turn', () => {
  test.each<readonly [string, readonly number[], number, number | undefined]>([
    ['nobody gives way', [], 0, undefined],
    ['the first takes the place of the longest served', [600_000, 300_000], 0, 300_000],
    ['the second that of the next', [600_000, 300_000], 1, 600_000],
    ['the third waits for the first place once more', [600_000, 300_000], 2, 1_200_000],
    ['a turn that is over is due now', [2_000_000], 0, 0],
  ])('%s', (_story, served, place, inMs) => {
    expect(turnAt(served, place, 900_000, NOW)).toBe(inMs === undefined ? undefined : NOW + inMs);
  });
});
