// What a car surely draws and may draw on one phase: a fresh sample alone is believed, and every change opens the range again.
import { describe, expect, test } from 'vitest';
import { drawRanges } from '../../../src/core/allocate/draw.ts';
import type { EvseMemory } from '../../../src/core/model/memory.ts';
import type { EvseState, StationLink } from '../../../src/core/model/snapshot.ts';
import { evseMemory, leaseEntry, settledLease } from '../../support/ledger.ts';
import { buildSite, evse } from '../../support/site-builder.ts';

const NOW = 1_000_000;
const ago = (ms: number) => NOW - ms;
const { policy } = buildSite();
const connected: StationLink = { state: 'connected', since: 0, connection: 1 };

type Known = {
  readonly phase?: number;
  readonly isActive?: boolean;
  /** `null`: the snapshot does not name the station. */
  readonly link?: StationLink | null;
  readonly state?: Partial<EvseState>;
  readonly memory?: Partial<EvseMemory>;
  readonly exposureAmps?: number;
};

function range({ phase = 0, isActive = true, link = connected, state, memory, exposureAmps = 16 }: Known) {
  const own: EvseState | undefined = state && { evse: 'A/1', connectorStatus: 'Occupied', ...state };
  const station = link
    ? { station: 'A', link, evses: own ? [own] : [], upstreamProfiles: [], upstreamLink: 'none' as const }
    : undefined;
  const wired = evse({ station: 'A' });
  const phases = isActive ? wired.phases : [];
  const drawing = { evse: wired, station, state: own, memory: evseMemory(memory), exposureAmps, phases };
  return drawRanges(drawing, NOW, policy)[phase];
}

const sample = (ageMs: number, ...amps: number[]) => ({ drawn: { amps, measuredAt: ago(ageMs) } });
const exactly = (amps: number) => ({ low: amps, high: amps });

describe('nothing has changed for long', () => {
  const rows: [string, Known, number][] = [
    ['a fresh sample is believed', { state: sample(1_000, 9, 8, 7) }, 9],
    ['phase by phase', { phase: 2, state: sample(1_000, 9, 8, 7) }, 7],
    ['a phase that the sample does not tell of draws nothing', { phase: 2, state: sample(1_000, 9) }, 0],
    ['also where it is more than may be drawn', { state: sample(1_000, 20), exposureAmps: 16 }, 20],
    ['also on a phase that was thought unused', { isActive: false, state: sample(1_000, 9) }, 9],
    ['a negative current is none', { state: sample(1_000, -9) }, 0],
    ['a sample of now', { state: sample(0, 9) }, 9],
    ['in its last fresh millisecond', { state: sample(60_000, 9) }, 9],
    ['in the next, what is unknown counts as base load', { state: sample(60_001, 9) }, 0],
    ['a sample of the future is none', { state: sample(-1, 9) }, 0],
    ['no sample', { state: {} }, 0],
    ['no word of the EVSE', {}, 0],
    ['no word of the station', { link: null, state: sample(1_000, 9) }, 0],
    ['a station that has gone', { link: { ...connected, state: 'disconnected' }, state: sample(1_000, 9) }, 0],
    ['a station that never came', { link: { state: 'never' }, state: sample(1_000, 9) }, 0],
  ];
  test.each(rows)('%s', (_story, known, expected) => {
    expect(range(known)).toEqual(exactly(expected));
  });
});

describe('after a change', () => {
  test.each([
    // changed so long ago, sample of 9 A of so long ago, exposure 16 A
    ['a sample five seconds after it is the last word', 15_000, 10_000, exactly(9)],
    ['one a millisecond sooner is not', 14_999, 10_000, { low: 9, high: 16 }],
    ['twenty seconds after it anything is still possible', 20_000, 16_000, { low: 9, high: 16 }],
    ['then only what is measured counts', 20_001, 16_000, exactly(9)],
  ])('%s', (_story, changedAgoMs, sampleAgoMs, expected) => {
    expect(range({ state: sample(sampleAgoMs, 9), memory: { changedAt: ago(changedAgoMs) } })).toEqual(expected);
  });

  const recent = ago(8_000);
  const was9 = sample(9_000, 9);
  test.each([
    ['a new limit', { memory: { changedAt: recent } }],
    ['a new status', { state: { statusSince: recent } }],
    ['a new transaction', { state: { transaction: { id: '7', startedAt: recent } } }],
    ['a new connection', { link: { ...connected, since: recent } }],
  ] as [string, Known][])('%s opens the range', (_story, known) => {
    expect(range({ ...known, state: { ...was9, ...known.state } })).toEqual({ low: 9, high: 16 });
  });

  test('a station that has just gone may draw anything from nothing to all it was told', () => {
    expect(range({ link: { ...connected, state: 'disconnected', since: recent }, state: was9 })).toEqual({
      low: 0,
      high: 16,
    });
  });

  test('so may one that has not called since, as long as the last limit is that new', () => {
    expect(range({ link: { state: 'never' }, memory: { changedAt: recent } })).toEqual({ low: 0, high: 16 });
  });

  test('a new limit counts as a change from its acceptance, a renewal not at all', () => {
    const lease = leaseEntry(12, ago(16_000), { acknowledgedAt: ago(11_000) });
    const state = sample(7_000, 9);
    const open = { low: 9, high: 16, followed: 12 };
    expect(range({ state, memory: { changedAt: ago(16_000), leases: [lease] } })).toEqual(open);
    expect(range({ state, memory: { changedAt: ago(90_000), leases: [lease] } })).toEqual(exactly(9));
    const unanswered = leaseEntry(12, ago(11_000));
    expect(range({ state, memory: { changedAt: ago(11_000), leases: [unanswered] } })).toEqual({ low: 9, high: 16 });
  });

  test.each([
    [
      'on a phase that no current was seen on, no more than the sample is possible',
      { isActive: false },
      { low: 9, high: 9 },
    ],
    ['a sample above what may be drawn is possible still', { exposureAmps: 8 }, { low: 9, high: 9 }],
    [
      'the car may already be as low as the lowest limit sent',
      { memory: { leases: [settledLease(12, ago(40_000)), leaseEntry(6, recent)] } },
      { low: 6, high: 16 },
    ],
    ['limits above the sample lift nothing', { memory: { leases: [leaseEntry(12, recent)] } }, { low: 9, high: 16 }],
  ] as [string, Known, object][])('%s', (_story, known, expected) => {
    expect(range({ state: was9, ...known, memory: { changedAt: recent, ...known.memory } })).toEqual(expected);
  });

  test('when the time for it is over and no newer sample came, no more than may be drawn is certain', () => {
    const memory = { changedAt: ago(21_000) };
    expect(range({ state: sample(22_000, 9), memory, exposureAmps: 6 })).toEqual(exactly(6));
    expect(range({ state: sample(22_000, 9), memory, exposureAmps: 6, isActive: false })).toEqual(exactly(0));
  });
});

describe('what it draws if it has followed', () => {
  const lease = (acknowledgedAgoMs?: number) =>
    leaseEntry(7, ago(9_000), acknowledgedAgoMs === undefined ? {} : { acknowledgedAt: ago(acknowledgedAgoMs) });
  test.each([
    ['what it accepted as long ago as a car may take', lease(5_000), { low: 7, high: 16, followed: 7 }],
    ['is not known before', lease(4_999), { low: 7, high: 16 }],
    ['nor without its answer', lease(), { low: 7, high: 16 }],
    ['a limit above what it may draw says nothing', { ...lease(5_000), limitAmps: 20 }, { low: 9, high: 16 }],
  ] as const)('%s', (_story, newest, expected) => {
    const memory = { changedAt: ago(9_000), leases: [newest] };
    expect(range({ state: sample(9_000, 9), memory })).toEqual(expected);
  });
});
