// The cap from outside, moment by moment: what holds, what brings it to life, and that silence never loosens it.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ExternalCapTerms } from '../../../src/core/model/modbus-server.ts';
import {
  type CapLedger,
  type CapWrite,
  capOf,
  hear,
  NOTHING_HEARD,
  standingOf,
  valueInForce,
} from '../../../src/modbus/server/external-cap.ts';
import { AMPS_CAP, WATTS_CAP } from '../../support/device-world.ts';

type Story = readonly (readonly [atMs: number, write: CapWrite])[];

function ledgerOf(story: Story, terms: ExternalCapTerms = AMPS_CAP): CapLedger {
  return story.reduce((ledger, [at, write]) => hear(terms, ledger, write, at), NOTHING_HEARD);
}

const inForce = (story: Story, now: number, terms: ExternalCapTerms = AMPS_CAP) =>
  valueInForce(terms, standingOf(terms, ledgerOf(story, terms), now));

describe('amperes in force: failsafe 20 A, heartbeat within 10 s', () => {
  test.each<[string, Story, number, number, string]>([
    ['before anything was written the failsafe', [], 0, 20, 'waiting'],
    ['a heartbeat alone brings nothing to life', [[0, { beat: 1 }]], 1, 20, 'waiting'],
    ['a cap at once', [[0, { value: 32 }]], 0, 32, 'live'],
    ['zero is a cap', [[0, { value: 0 }]], 0, 0, 'live'],
    ['to the last moment of its heartbeat', [[0, { value: 32 }]], 10_000, 32, 'live'],
    ['and no longer', [[0, { value: 32 }]], 10_001, 20, 'silent'],
    [
      'a heartbeat keeps it',
      [
        [0, { value: 32 }],
        [9_000, { beat: 1 }],
      ],
      19_000,
      32,
      'live',
    ],
    [
      'for the same time again',
      [
        [0, { value: 32 }],
        [9_000, { beat: 1 }],
      ],
      19_001,
      20,
      'silent',
    ],
    [
      'a heartbeat that comes too late does not bring it back',
      [
        [0, { value: 32 }],
        [10_001, { beat: 1 }],
      ],
      10_002,
      20,
      'silent',
    ],
    [
      'a cap does',
      [
        [0, { value: 32 }],
        [10_001, { beat: 1 }],
        [12_000, { value: 40 }],
      ],
      12_000,
      40,
      'live',
    ],
    ['a lost cap that was tighter than the failsafe stays', [[0, { value: 8 }]], 10_001, 8, 'silent'],
    ['also for hours', [[0, { value: 8 }]], 36_000_000, 8, 'silent'],
  ])('%s', (_what, story, now, amps, state) => {
    expect(inForce(story, now)).toBe(amps);
    expect(standingOf(AMPS_CAP, ledgerOf(story), now).state).toBe(state);
  });

  test('with maxAgeMs the cap itself must be renewed, whatever the heartbeat says', () => {
    const terms = { ...AMPS_CAP, maxAgeMs: 15_000 };
    const story: Story = [
      [0, { value: 32 }],
      [8_000, { beat: 1 }],
      [14_000, { beat: 2 }],
    ];
    expect(standingOf(terms, ledgerOf(story, terms), 15_000)).toEqual({ state: 'live', value: 32, leftMs: 0 });
    expect(standingOf(terms, ledgerOf(story, terms), 15_001)).toEqual({ state: 'too-old', value: 32, since: 15_000 });
    expect(inForce([...story, [16_000, { value: 31 }]], 16_000, terms)).toBe(31);
  });
});

describe('as a limit', () => {
  test('live: the author, the amperes of each phase, the note of the site file', () => {
    expect(capOf({ ...AMPS_CAP, note: 'kitchen first' }, ledgerOf([[0, { value: 32 }]]), 0)).toEqual({
      id: 'external:main',
      source: { kind: 'facility-manager', id: 'building management system' },
      scope: { kind: 'circuit', circuit: 'main' },
      limitAmps: { L1: 32, L2: 32, L3: 32 },
      note: 'kitchen first',
    });
  });

  test('in watts, for the utility, on its failsafe, and since when', () => {
    expect(capOf(WATTS_CAP, ledgerOf([[5, { value: 9_000 }]], WATTS_CAP), 20_000)).toEqual({
      id: 'external:main',
      source: { kind: 'utility', id: 'building management system' },
      scope: { kind: 'circuit', circuit: 'main' },
      limitWatts: 4_200,
      note: 'no longer heard',
      failsafe: { because: 'silent', since: 10_005 },
    });
    expect(capOf(WATTS_CAP, NOTHING_HEARD, 0)).toMatchObject({
      limitWatts: 4_200,
      failsafe: { because: 'never-heard' },
    });
  });
});

describe('for all stories', () => {
  const stories = fc
    .array(
      fc.tuple(
        fc.nat(8_000),
        fc.record({ value: fc.option(fc.integer({ min: 0, max: 63 }), { nil: undefined }), beat: fc.nat(0xffff) }),
      ),
      { maxLength: 20 },
    )
    .map((steps) => {
      let at = 0;
      return steps.map(([gapMs, { value, beat }]) => {
        at += gapMs;
        return [at, { beat, ...(value === undefined ? {} : { value }) }] as const;
      });
    });
  const terms = fc.record({
    failsafe: fc.integer({ min: 0, max: 63 }),
    maxAgeMs: fc.integer({ min: 1_000, max: 20_000 }),
  });

  test('time alone never loosens what holds (law 3)', () => {
    fc.assert(
      fc.property(stories, terms, fc.nat(60_000), fc.nat(60_000), (story, part, one, more) => {
        const all = { ...AMPS_CAP, ...part };
        const start = story.at(-1)?.[0] ?? 0;
        const before = inForce(story, start + one, all);
        const later = inForce(story, start + one + more, all);
        const isStillLive = standingOf(all, ledgerOf(story, all), start + one + more).state === 'live';
        expect(isStillLive ? before === later : later <= before).toBe(true);
      }),
    );
  });

  test('a heartbeat alone never loosens what holds', () => {
    fc.assert(
      fc.property(stories, terms, fc.nat(60_000), (story, part, gapMs) => {
        const all = { ...AMPS_CAP, ...part };
        const at = (story.at(-1)?.[0] ?? 0) + gapMs;
        expect(inForce([...story, [at, { beat: 7 }]], at, all)).toBe(inForce(story, at, all));
      }),
    );
  });

  test('without a living cap never more than the failsafe', () => {
    fc.assert(
      fc.property(stories, terms, fc.nat(120_000), (story, part, now) => {
        const all = { ...AMPS_CAP, ...part };
        const { state } = standingOf(all, ledgerOf(story, all), now);
        if (state !== 'live') expect(inForce(story, now, all)).toBeLessThanOrEqual(part.failsafe);
      }),
    );
  });
});
