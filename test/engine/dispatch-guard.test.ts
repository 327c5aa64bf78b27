// The last look before dispatch: passes whatever the planner plans on random sites, and finds each single lie in a decision.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decide } from '../../src/core/decide.ts';
import type { Command, Decision } from '../../src/core/model/decision.ts';
import type { EvseMemory, LeaseEntry } from '../../src/core/model/memory.ts';
import type { Site } from '../../src/core/model/site.ts';
import type { Snapshot } from '../../src/core/model/snapshot.ts';
import { onEachPhase } from '../../src/core/model/units.ts';
import { breachBeforeDispatch } from '../../src/engine/dispatch-guard.ts';
import { circuitReport } from '../support/cycle-record.ts';
import { lawRuns } from '../support/law-runs.ts';
import { randomCycle } from '../support/random-cycle.ts';
import { buildSite, circuit, evse } from '../support/site-builder.ts';

test('what the planner plans on random sites is never refused', () => {
  fc.assert(
    fc.property(randomCycle(), ({ site, snapshot, memory }) => {
      expect(breachBeforeDispatch(site, snapshot, decide(site, snapshot, memory))).toBeUndefined();
    }),
    lawRuns(1_500),
  );
});

const NOW = 1_000_000;
const BASE_AMPS = 20;
const site = buildSite({
  circuits: [
    circuit({ id: 'main', meter: 'main', ratingAmps: onEachPhase(63), marginAmps: onEachPhase(1) }),
    circuit({ id: 'board', parent: 'main', ratingAmps: onEachPhase(32), worstBaseLoadAmps: onEachPhase(0) }),
  ],
  evses: [evse({ station: 'A', circuit: 'board' }), evse({ station: 'B' }), evse({ station: 'C' })],
});

const lease = (limitAmps: number, part: Partial<LeaseEntry> = {}): LeaseEntry => ({
  commandId: `old-${limitAmps}`,
  limitAmps,
  sentAt: NOW - 10_000,
  acknowledgedAt: NOW - 9_000,
  settledAt: NOW - 4_000,
  holdsUntil: NOW + 45_000,
  endsBy: NOW + 60_000,
  ...part,
});
const known = (leases: readonly LeaseEntry[], part: Partial<EvseMemory> = {}): EvseMemory => ({
  floor: { state: 'proved', amps: 6, since: 0, settledAt: 0 },
  leases,
  failures: 0,
  disobeyedSamples: 0,
  ...part,
});
const told = (id: string, limitAmps: number, part: Partial<Command> = {}): Command => ({
  kind: 'install-profile',
  id: `new-${id}`,
  station: id,
  evse: `${id}/1`,
  role: 'lease',
  change: 'increase',
  limitAmps,
  profile: {
    id: 9_011,
    stackLevel: 1,
    purpose: 'TxDefaultProfile',
    kind: 'Absolute',
    schedule: {
      unit: 'A',
      startSchedule: NOW,
      durationSeconds: 120,
      periods: [{ startPeriodSeconds: 0, limit: limitAmps }],
    },
  },
  ...part,
});

const stations = Object.fromEntries(
  site.stations.map(({ id }) => [
    id,
    {
      station: id,
      link: { state: 'connected', since: 0, connection: 1 } as const,
      evses: [{ evse: `${id}/1`, connectorStatus: 'Occupied' as const, transaction: { id: `tx-${id}`, startedAt: 0 } }],
      upstreamProfiles: [],
      upstreamLink: 'none' as const,
    },
  ]),
);
const snapshot: Snapshot = {
  cycle: 1,
  now: NOW,
  wallNow: NOW,
  meters: { main: { reading: { currentAmps: onEachPhase(40), measuredAt: NOW - 500 } } },
  stations,
  caps: [],
  wishes: {},
};

/** 20 A building, A at 10 A, B at 10 A, C at its floor of 6 A: 46 of 62 A; A is to rise to 26 A: exactly full. */
function decision(part: Partial<Decision> = {}, evses: { [id: string]: EvseMemory } = {}): Decision {
  return {
    mode: 'normal',
    commands: [told('A', 26)],
    stops: [],
    shares: [],
    circuits: [
      circuitReport('main', () => ({ baseLoadAmps: BASE_AMPS })),
      circuitReport('board', () => ({ baseLoadAmps: 0 })),
    ],
    solver: { answeredBy: 'lp', variables: 1, rows: 1 },
    notices: [],
    memory: {
      author: 'box-1',
      nextCommandNumber: 9,
      circuits: {},
      evses: {
        'A/1': known([lease(10)]),
        'B/1': known([lease(10)]),
        'C/1': known([]),
        ...evses,
      },
    },
    ...part,
  };
}
/** A floor has no end. */
function floorFor(id: string, limitAmps: number, durationSeconds?: number): Command {
  const command = told(id, limitAmps, { role: 'floor', change: 'decrease' });
  const { durationSeconds: _ends, ...schedule } = command.profile.schedule;
  const ends = durationSeconds === undefined ? {} : { durationSeconds };
  return { ...command, profile: { ...command.profile, stackLevel: 0, schedule: { ...schedule, ...ends } } };
}
const commanding = (...commands: readonly Command[]) => decision({ commands });
const wire = (part: Partial<Command['profile']['schedule']>) => {
  const command = told('A', 20);
  return { ...command, profile: { ...command.profile, schedule: { ...command.profile.schedule, ...part } } };
};
/** The decision with its commands in the ledger, where it holds anything of their EVSEs. */
function remembering(one: Decision): Decision {
  const evses = { ...one.memory.evses };
  for (const { evse: at, id, role, limitAmps } of one.commands) {
    const before = evses[at];
    if (!before) continue;
    const { acknowledgedAt: _a, settledAt: _s, ...entry } = lease(limitAmps, { commandId: id, sentAt: NOW });
    evses[at] =
      role === 'floor'
        ? { ...before, floor: { state: 'sent', commandId: id, amps: limitAmps, sentAt: NOW } }
        : { ...before, leases: [...before.leases, entry] };
  }
  return { ...one, memory: { ...one.memory, evses } };
}
const judge = (one: Decision, known: Partial<Snapshot> = {}, place: Site = site) =>
  breachBeforeDispatch(place, { ...snapshot, ...known }, remembering(one));

describe('a plan that just fits', () => {
  test('may leave', () => {
    expect(judge(decision())).toBeUndefined();
  });

  test.each<[string, Decision]>([
    ['everybody lowered', commanding(told('A', 6, { change: 'decrease' }), told('B', 0, { change: 'decrease' }))],
    ['a renewal', commanding(told('A', 10, { change: 'renewal' }))],
    [
      'a renewal below a minimum that has been raised since',
      decision({ commands: [told('A', 4, { change: 'renewal' })] }, { 'A/1': known([lease(4)]) }),
    ],
    ['a floor', commanding(floorFor('A', 6))],
    ['an ended lease that was higher', decision({}, { 'B/1': known([lease(30, { endsBy: NOW }), lease(10)]) })],
    ['a lease that a settled one has replaced', decision({}, { 'B/1': known([lease(30), lease(10)]) })],
    [
      'a car that is known to charge on one phase only',
      decision(
        { commands: [told('B', 32)] },
        {
          'A/1': known([lease(10)], { seenPhases: 1, seenSamples: 3 }),
          'B/1': known([lease(10)], { seenPhases: 2, seenSamples: 3 }),
        },
      ),
    ],
    ['the end of a transaction that runs', decision({ stops: [stop('B', 'tx-B')] })],
  ])('%s', (_story, one) => {
    expect(judge(one)).toBeUndefined();
  });
});

function stop(station: string, transactionId: string) {
  return {
    kind: 'stop-transaction',
    id: 's',
    station,
    evse: `${station}/1`,
    transactionId,
    because: 'disobedient',
  } as const;
}

describe('each lie is found by itself', () => {
  const main = (baseLoadAmps: number) => circuitReport('main', () => ({ baseLoadAmps }));
  const board = circuitReport('board', () => ({ baseLoadAmps: 0 }));
  const cap = (amps: number) => ({
    id: 'cap',
    source: { kind: 'utility' as const },
    scope: { kind: 'circuit' as const, circuit: 'main' },
    limitAmps: onEachPhase(amps),
  });

  test.each<[string, Decision, RegExp]>([
    ['a tenth of an ampere too much for the main fuse', commanding(told('A', 26.1)), /main L1 could carry 62\.1 A/],
    [
      'too much for a board alone',
      decision({
        commands: [told('A', 32)],
        circuits: [main(10), circuitReport('board', () => ({ baseLoadAmps: 5 }))],
      }),
      /board L1/,
    ],
    ['an increase that calls itself a renewal', commanding(told('A', 27, { change: 'renewal' })), /main/],
    ['an increase that calls itself a decrease', commanding(told('A', 27, { change: 'decrease' })), /main/],
    [
      'room that a decrease under way has not made yet',
      commanding(told('A', 28), told('B', 6, { change: 'decrease' })),
      /main/,
    ],
    ['two increases, each of which fits', commanding(told('A', 24), told('B', 24)), /main/],
    [
      'a lease in the ledger that is not settled yet',
      decision({}, { 'B/1': known([lease(10), lease(12, { settledAt: undefined as never })]) }),
      /main/,
    ],
    [
      'a lease that nobody has acknowledged',
      decision({}, { 'C/1': known([lease(7, { acknowledgedAt: undefined as never, settledAt: undefined as never })]) }),
      /main/,
    ],
    ['a floor that is not proved', decision({}, { 'C/1': known([], { floor: { state: 'unproved' } }) }), /main/],
    [
      'an EVSE that nothing is known of',
      decision({ memory: { ...decision().memory, evses: { 'A/1': known([lease(10)]), 'B/1': known([lease(10)]) } } }),
      /main/,
    ],
    ['a charger that does not obey', decision({}, { 'B/1': known([lease(10)], { disobeyedAt: NOW }) }), /main/],
    ['a base load that grew', decision({ circuits: [main(20.5), board] }), /main/],
    ['a base load that is not a number', decision({ circuits: [main(Number.NaN), board] }), /main has no base load/],
    ['a circuit that is left out', decision({ circuits: [main(20)] }), /board is not accounted for/],
    ['a ledger with a hole', decision({}, { 'B/1': known([lease(Number.NaN)]) }), /B\/1 may draw is not a number/],
    ['no number', commanding(told('A', Number.NaN)), /A\/1 would be told NaN A/],
    ['no end of amperes', commanding(told('A', Number.POSITIVE_INFINITY)), /told Infinity/],
    ['less than nothing', commanding(told('A', -1)), /told -1 A/],
    ['between nothing and the minimum', commanding(told('A', 5.9)), /told 5\.9 A of 6 to 32 A/],
    ['more than the hardware', commanding(told('A', 33)), /told 33 A of 6 to 32 A/],
    [
      'more on the wire than is meant',
      commanding(wire({ periods: [{ startPeriodSeconds: 0, limit: 32 }] })),
      /sent 32 A/,
    ],
    [
      'a later period with more',
      commanding(
        wire({
          periods: [
            { startPeriodSeconds: 0, limit: 20 },
            { startPeriodSeconds: 60, limit: 32 },
          ],
        }),
      ),
      /sent 32 A/,
    ],
    [
      'watts for three phases, all of which may go to one',
      commanding(wire({ unit: 'W', periods: [{ startPeriodSeconds: 0, limit: 20 * 3 * 230 }] })),
      /sent 13800 W/,
    ],
    [
      'a lease without an end',
      commanding({ ...floorFor('A', 10), role: 'lease' }),
      /the lease for A\/1 would never end/,
    ],
    ['a floor with an end', commanding(floorFor('A', 6, 60)), /the floor for A\/1 would end/],
    ['a floor that was not commissioned', commanding(floorFor('A', 16)), /A\/1 would get 16 A for a floor/],
    ['an EVSE that the site does not have', commanding(told('Z', 6)), /Z\/1 of Z is not of this site/],
    ["another station's EVSE", commanding(told('A', 6, { station: 'B' })), /A\/1 of B is not of this site/],
    ['two leases for one EVSE', commanding(told('A', 20), told('A', 10, { id: 'other' })), /two leases at once/],
    [
      'the end of a transaction that does not run',
      decision({ stops: [stop('B', 'tx-A')] }),
      /tx-A, which does not run/,
    ],
    ['the end of a transaction at an unknown station', decision({ stops: [stop('Z', 'tx')] }), /not of this site/],
  ])('%s', (_story, one, words) => {
    expect(judge(one)).toMatch(words);
  });

  test.each<[string, Partial<Snapshot>, RegExp]>([
    ['a limit set by people', { caps: [cap(60)] }, /main L1 could carry 61\.0 A of 59\.0 A/],
    ['a meter that was never read', { meters: {} }, /main counts on a meter that is lost/],
    [
      'a meter that is too old',
      { meters: { main: { reading: { currentAmps: onEachPhase(40), measuredAt: NOW - 5_001 } } } },
      /lost/,
    ],
    [
      'a reading from the future',
      { meters: { main: { reading: { currentAmps: onEachPhase(40), measuredAt: NOW + 1 } } } },
      /lost/,
    ],
  ])('%s', (_story, part, words) => {
    expect(judge(decision({ circuits: [main(19), board] }), part)).toMatch(words);
  });

  test('a lease that may end soon no longer keeps a floor that is not proved from ruling', () => {
    const ending = (inMs: number) =>
      decision({}, { 'B/1': known([lease(10, { holdsUntil: NOW + inMs })], { floor: { state: 'unproved' } }) });
    expect(judge(ending(10_001))).toBeUndefined();
    expect(judge(ending(10_000))).toMatch(/main L1 could carry 84\.0 A/);
  });

  test('a floor beneath a TxProfile counts, however long that one holds', () => {
    const paused = decision({}, { 'C/1': known([lease(0)]) });
    const byTransaction = {
      ...site,
      stations: site.stations.map((station) => ({
        ...station,
        profile: { ...station.profile, lease: { purpose: 'TxProfile', stackLevel: 0 } as const },
      })),
    };
    const more = { ...paused, commands: [told('A', 27)] };
    expect(judge(more)).toBeUndefined();
    expect(judge(more, {}, byTransaction)).toMatch(/main L1 could carry 63\.0 A of 62\.0 A/);
  });

  test('a command that the ledger would not know of', () => {
    const words = /the ledger would not know of the (lease|floor) for A\/1/;
    expect(breachBeforeDispatch(site, snapshot, commanding(told('A', 6)))).toMatch(words);
    expect(breachBeforeDispatch(site, snapshot, commanding(floorFor('A', 6)))).toMatch(words);
    const known = remembering(commanding(told('A', 6)));
    expect(breachBeforeDispatch(site, snapshot, { ...known, commands: [told('A', 7)] })).toMatch(words);
    expect(breachBeforeDispatch(site, snapshot, { ...known, memory: { ...known.memory, evses: {} } })).toMatch(words);
  });

  test('a limit that has ended, has not begun, or is none of the circuit binds nothing', () => {
    const caps = [
      { ...cap(10), until: NOW },
      { ...cap(10), from: NOW + 1 },
      { ...cap(10), scope: { kind: 'evse' as const, evse: 'A/1' } },
    ];
    expect(judge(decision(), { caps })).toBeUndefined();
  });

  test('an overload that no command makes worse holds up no decrease and no renewal', () => {
    const commands = [told('A', 10, { change: 'renewal' }), told('B', 6, { change: 'decrease' })];
    expect(judge(decision({ commands, circuits: [main(60), board] }))).toBeUndefined();
  });

  test('a model that forgets its floor counts with its hardware while its link is down', () => {
    const forgetful = buildSite({
      ...site,
      stations: site.stations.map((one) => ({ ...one, profile: { ...one.profile, holdsFloor: false } })),
    });
    const down = {
      ...stations,
      C: { ...stations.C!, link: { state: 'disconnected', since: 0, connection: 1 } as const },
    };
    expect(judge(decision(), {}, forgetful)).toBeUndefined();
    expect(judge(decision(), { stations: down }, forgetful)).toMatch(/main L1 could carry 88\.0 A/);
    expect(judge(decision(), { stations: down })).toBeUndefined();
  });
});
