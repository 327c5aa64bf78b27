// Who is stopped, when, and how often: disobedience that lasts ends in a stop, and nothing else does.
import { describe, expect, test } from 'vitest';
import type { Situation } from '../../../src/core/allocate/situation.ts';
import { ASK_AGAIN_MS, stopsOf } from '../../../src/core/command/stops.ts';
import { onEachPhase } from '../../../src/core/model/units.ts';
import { blank, NOW as PLAN_NOW, plan, situation as planned } from '../../support/command-bench.ts';
import { buildSite } from '../../support/site-builder.ts';
import { World } from '../../support/world.ts';

const site = buildSite({ policy: { stopDisobedientAfterMs: 60_000 } });
const NOW = 1_000_000;
const disobedient: Partial<Situation['memory']> = {
  disobedientSince: NOW - 60_000,
  disobeyedAt: NOW - 5_000,
  judgedSampleAt: NOW - 6_000,
};

function situation(memory: Partial<Situation['memory']>, part: Partial<Situation> = {}): Situation {
  const evse = site.evses[0]!;
  const state = {
    evse: evse.id,
    connectorStatus: 'Occupied',
    transaction: { id: '7', startedAt: NOW - 900_000 },
  } as const;
  return {
    at: 0,
    evse,
    profile: site.stations[0]!.profile,
    station: {
      station: 'A',
      link: { state: 'connected', since: 0, connection: 1 },
      evses: [state],
      upstreamProfiles: [],
      upstreamLink: 'none',
    },
    state,
    memory: { floor: { state: 'proved', amps: 6, since: 0 }, leases: [], failures: 0, disobeyedSamples: 2, ...memory },
    phases: evse.phases,
    exposureAmps: 32,
    exposureBecause: 'disobedient',
    assuredAmps: 0,
    balances: false,
    cap: undefined,
    role: { kind: 'reserved', amps: 32 },
    ...part,
  };
}
const stops = (...situations: Situation[]) => stopsOf(situations, site.policy, NOW);
const asked = (transaction: string, agoMs: number) => ({
  stopAsked: { transaction, commandId: 'test-1-1', at: NOW - agoMs },
});

describe('a transaction is ended', () => {
  test('when its charger has been disobedient for as long as policy allows', () => {
    expect(stops(situation(disobedient))).toEqual([
      {
        at: 0,
        kind: 'stop-transaction',
        station: 'A',
        evse: 'A/1',
        transactionId: '7',
        because: 'disobedient',
      },
    ]);
  });

  const { station, state } = situation({});
  const { transaction: _transaction, ...idle } = state!;
  test.each<[string, number, Situation]>([
    ['not a millisecond sooner', 0, situation({ ...disobedient, disobedientSince: NOW - 59_999 })],
    ['not while it is trusted', 0, situation({})],
    ['not when it obeys since the newest sample', 0, situation({ ...disobedient, judgedSampleAt: NOW - 4_999 })],
    [
      'but when the newest sample is the disobedient one',
      1,
      situation({ ...disobedient, judgedSampleAt: NOW - 5_000 }),
    ],
    ['not without a transaction', 0, situation(disobedient, { state: idle })],
    ['not of an EVSE that nothing is known of', 0, situation(disobedient, { state: undefined })],
    [
      'not over a link that is down',
      0,
      situation(disobedient, { station: { ...station!, link: { state: 'disconnected', since: 0, connection: 1 } } }),
    ],
    ['not of a station that was never seen', 0, situation(disobedient, { station: undefined })],
    ['not again a moment after it was asked', 0, situation({ ...disobedient, ...asked('7', ASK_AGAIN_MS - 1) })],
    ['again when it has not ended in time', 1, situation({ ...disobedient, ...asked('7', ASK_AGAIN_MS) })],
    ['at once when another transaction was asked', 1, situation({ ...disobedient, ...asked('6', 1_000) })],
  ])('%s', (_story, count, one) => {
    expect(stops(one).length).toBe(count);
  });

  test('each of several on its own account', () => {
    const evse = site.evses[1]!;
    expect(stops(situation({}), situation(disobedient, { at: 1, evse })).map(({ at, evse: id }) => [at, id])).toEqual([
      [1, 'B/1'],
    ]);
  });
});

test('stops are numbered after the commands of their cycle, and remembered by their numbers', () => {
  const wiring = buildSite();
  const bad = {
    ...disobedient,
    leases: [],
    disobedientSince: PLAN_NOW - 120_000,
    disobeyedAt: PLAN_NOW,
    judgedSampleAt: PLAN_NOW,
  };
  const reserved = { role: { kind: 'reserved', amps: 32 } } as const;
  const result = plan(
    wiring,
    [
      planned(wiring, 0, blank({ floor: { state: 'unproved' } }), reserved),
      planned(wiring, 1, blank(bad), reserved),
      planned(wiring, 2, blank(bad), reserved),
    ],
    { targets: [0, 0, 0] },
  );
  expect(result.commands.map(({ id }) => id)).toEqual(['box-7-1']);
  expect(result.stops.map(({ id, evse, transactionId }) => [id, evse, transactionId])).toEqual([
    ['box-7-2', 'B/1', '2'],
    ['box-7-3', 'C/1', '3'],
  ]);
  expect(result.nextCommandNumber).toBe(4);
  expect(result.memories.map(({ stopAsked }) => stopAsked)).toEqual([
    undefined,
    { transaction: '2', commandId: 'box-7-2', at: PLAN_NOW },
    { transaction: '3', commandId: 'box-7-3', at: PLAN_NOW },
  ]);
});

test('a charger that accepts and does not obey is stopped after two minutes, and again for as long as it goes on', () => {
  const world = new World(buildSite());
  world.base = onEachPhase(40);
  world.charger('A/1').manner = 'accepts-without-applying';
  world.plugIn('A/1');
  let foundAt: number | undefined;
  const stopped: { at: number; id: string; transactionId: string }[] = [];
  for (let second = 0; second < 300; second++) {
    const decision = world.step();
    if (decision.notices.some(({ code }) => code === 'STATION_DISOBEDIENT')) foundAt ??= world.now;
    for (const { id, transactionId } of decision.stops) stopped.push({ at: world.now - foundAt!, id, transactionId });
    const numbers = [...decision.commands, ...decision.stops].map(({ id }) => id);
    expect(new Set(numbers).size).toBe(numbers.length);
  }
  expect(stopped.map(({ at }) => at)).toEqual([120_000, 240_000]);
  expect(new Set(stopped.map(({ transactionId }) => transactionId))).toEqual(new Set(['1']));
  expect(stopped[0]!.id).toMatch(/^test-1-\d+$/);
  expect(world.memory.evses['A/1']!.stopAsked).toMatchObject({ transaction: '1', commandId: stopped.at(-1)!.id });
  const last = world.decisions.at(-1)!;
  expect(last.shares[0]).toMatchObject({ exposureAmps: 32, reason: { kind: 'disobedient' } });
});
