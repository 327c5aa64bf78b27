// The laws of a whole decision over random sites and cycles: no limit is exceeded while chargers move from the old to the new, the same again
// commands nothing, what is unknown is bad news, and nothing well-typed makes it throw.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decide } from '../../../src/core/decide.ts';
import type { Decision } from '../../../src/core/model/decision.ts';
import type { Snapshot, StationState } from '../../../src/core/model/snapshot.ts';
import { mapPhases, PHASES } from '../../../src/core/model/units.ts';
import { lawRuns } from '../../support/law-runs.ts';
import { loadOf, type OwnRow, ownRows } from '../../support/own-rows.ts';
import { type Cycle, randomCycle } from '../../support/random-cycle.ts';
import { NOW } from '../../support/random-sharing.ts';

/** Cycles in which EVSEs may follow one another down. */
const MAX_FOLLOWING = 3;
/** Volts, and watts per ampere on three phases. */
const VOLTS = 230;

/** Every limit as the decision's reader would reckon it: from the site, the caps, and the base loads and surplus that it reports. */
function rowsOf({ site, snapshot }: Cycle, decision: Decision): readonly OwnRow[] {
  const stations = site.stations.flatMap(({ id }) =>
    (snapshot.stations[id]?.upstreamProfiles ?? [])
      .filter(({ evse }) => evse === 0)
      .map(({ profile: { schedule } }) => {
        const limit = schedule.periods[0]!.limit;
        return {
          station: id,
          amps: schedule.unit === 'A' ? limit : limit / (3 * VOLTS),
          source: { kind: 'upstream' } as const,
        };
      }),
  );
  return ownRows({
    site,
    caps: snapshot.caps,
    now: snapshot.now,
    baseLoads: decision.circuits.map(({ phases }) => ({
      L1: phases.L1.baseLoadAmps,
      L2: phases.L2.baseLoadAmps,
      L3: phases.L3.baseLoadAmps,
    })),
    surplusWatts: decision.memory.surplus?.watts ?? 0,
    stations,
    evses: decision.shares.map(({ phases }) => ({ phases, balances: true })),
  });
}

/** What each EVSE is seen to draw on every phase that it is counted on; 0 where nothing fresh is known. */
function seenAmps({ site, snapshot }: Cycle, decision: Decision): readonly number[] {
  return site.evses.map((evse, at) => {
    const station = snapshot.stations[evse.station];
    const drawn = station?.evses.find((one) => one.evse === evse.id)?.drawn;
    if (station?.link.state !== 'connected' || !drawn) return 0;
    if (NOW - drawn.measuredAt > site.policy.stationSampleMaxAgeMs) return 0;
    return Math.min(...decision.shares[at]!.phases.map((phase) => drawn.amps[evse.phases.indexOf(phase)]!));
  });
}

test('during every change no limit is exceeded: the higher of old and new counts wherever something rises', () => {
  fc.assert(
    fc.property(randomCycle(), (cycle) => {
      const { site, snapshot, memory } = cycle;
      const decision = decide(site, snapshot, memory);
      const raised = site.evses.map(({ id }, at) => {
        const own = decision.commands.filter(({ evse, change }) => evse === id && change === 'increase');
        return Math.max(decision.shares[at]!.exposureAmps, ...own.map(({ limitAmps }) => limitAmps));
      });
      const seen = seenAmps(cycle, decision);
      for (const row of rowsOf(cycle, decision)) {
        const isRaised = raised.some(
          (amps, at) => row.factors[at]! > 0 && amps > decision.shares[at]!.exposureAmps + 1e-6,
        );
        if (!isRaised) continue;
        expect(loadOf(row, raised, seen), row.name).toBeLessThanOrEqual(row.room + 1e-4 * Math.max(...row.factors));
      }
      expect(decision.notices.map(({ code }) => code)).not.toContain('FUSE_LAW_CHECK');
      expect(decision.solver.fellBackBecause ?? 'lp: known').toMatch(/^lp: /);
    }),
    lawRuns(1_500),
  );
});

test('whatever may still be in force counts: a limit that was sent is done with only when a later one has settled, or it has run out', () => {
  fc.assert(
    fc.property(randomCycle(), ({ site, snapshot, memory }) => {
      const { shares, memory: after } = decide(site, snapshot, memory);
      for (const [at, { id, maxAmps }] of site.evses.entries()) {
        const leases = after.evses[id]!.leases.filter(({ sentAt }) => sentAt < NOW);
        const settled = leases.findLastIndex(({ settledAt }) => settledAt !== undefined);
        for (const { limitAmps, endsBy } of leases.slice(Math.max(0, settled))) {
          if (endsBy > NOW)
            expect(shares[at]!.exposureAmps, id).toBeGreaterThanOrEqual(Math.min(limitAmps, maxAmps) - 1e-6);
        }
      }
    }),
    lawRuns(600),
  );
});

test('a command says 0, or from the minimum to the maximum on the step; decreases leave before increases', () => {
  fc.assert(
    fc.property(randomCycle(), ({ site, snapshot, memory }) => {
      const { commands, shares } = decide(site, snapshot, memory);
      const evseOf = new Map(site.evses.map((evse) => [evse.id, evse]));
      for (const { role, change, limitAmps, evse: id, station, profile } of commands) {
        const evse = evseOf.get(id)!;
        expect(snapshot.stations[station]?.link.state).toBe('connected');
        expect(profile.schedule.periods).toHaveLength(1);
        if (role === 'floor') expect(limitAmps).toBe(evse.floorAmps);
        if (limitAmps === 0) {
          const neverZero = site.stations
            .find((one) => one.id === station)!
            .profile.quirks.includes('zero-amps-breaks-next-limit');
          // What was told before may be told again; nothing new may be 0.
          if (change !== 'renewal') expect(neverZero, `${id} by a ${change}`).toBe(false);
          continue;
        }
        expect(limitAmps, `${id} by a ${change}`).toBeGreaterThanOrEqual(evse.minAmps - 1e-6);
        expect(limitAmps).toBeLessThanOrEqual(evse.maxAmps + 1e-6);
        if (change === 'increase')
          expect(limitAmps / evse.stepAmps).toBeCloseTo(Math.round(limitAmps / evse.stepAmps), 6);
      }
      const places = commands.map(({ change }) => ['decrease', 'renewal', 'increase'].indexOf(change));
      expect(places).toEqual(places.toSorted((a, b) => a - b));
      expect(shares.map(({ evse }) => evse)).toEqual(site.evses.map(({ id }) => id));
    }),
    lawRuns(600),
  );
});

test('the same again: the same bytes from the same input, and with the memory after it no command at all', () => {
  fc.assert(
    fc.property(randomCycle(), ({ site, snapshot, memory }) => {
      const first = decide(site, snapshot, memory);
      expect(JSON.stringify(decide(site, structuredClone(snapshot), structuredClone(memory)))).toBe(
        JSON.stringify(first),
      );
      // Where somebody who balanced others was lowered, those follow in the next cycles.
      const mayFollow = site.circuits.some(({ unbalanceAmps }) => unbalanceAmps !== undefined);
      let last = first;
      for (let again = 0; again < (mayFollow ? MAX_FOLLOWING : 1); again++) last = decide(site, snapshot, last.memory);
      const again = mayFollow ? decide(site, snapshot, last.memory) : last;
      expect(again.commands).toEqual([]);
      expect(again.stops).toEqual([]);
    }),
    lawRuns(800),
  );
});

describe('unknown is bad news', () => {
  /** What a decision takes to be possible: what is left on each circuit and phase, what each EVSE may draw, and the surplus. */
  function constraintsOf({ circuits, shares, memory }: Decision) {
    return {
      headroom: circuits.flatMap(({ circuit, phases }) =>
        PHASES.map((phase) => [`${circuit} ${phase}`, phases[phase].headroomAmps] as const),
      ),
      exposure: shares.map(({ evse, exposureAmps }) => [evse, exposureAmps] as const),
      surplus: memory.surplus?.watts ?? 0,
    };
  }

  function expectNoLooser({ site, memory }: Cycle, known: Snapshot, lessKnown: Snapshot): void {
    const [one, other] = [known, lessKnown].map((snapshot) => constraintsOf(decide(site, snapshot, memory)));
    for (const [at, [name, headroom]] of one!.headroom.entries()) {
      expect(other!.headroom[at]![1], `headroom of ${name}`).toBeLessThanOrEqual(headroom + 1e-6);
    }
    for (const [at, [name, exposure]] of one!.exposure.entries()) {
      expect(other!.exposure[at]![1], `exposure of ${name}`).toBeGreaterThanOrEqual(exposure - 1e-6);
    }
    expect(other!.surplus).toBeLessThanOrEqual(one!.surplus + 1e-6);
  }

  test('a reading that ages or is lost never loosens a constraint', () => {
    fc.assert(
      fc.property(
        randomCycle(),
        fc.nat(5),
        fc.integer({ min: 1, max: 9_000 }),
        fc.boolean(),
        (cycle, which, age, isLost) => {
          const { snapshot } = cycle;
          const ids = Object.keys(snapshot.meters);
          const id = ids[which % Math.max(1, ids.length)];
          const reading = id === undefined ? undefined : snapshot.meters[id]?.reading;
          if (id === undefined || !reading) return;
          const withReading = (meter: Snapshot['meters'][string]): Snapshot => ({
            ...snapshot,
            meters: { ...snapshot.meters, [id]: meter },
          });
          // A reading that never comes cannot tell of more than was commissioned as the worst.
          const worst = cycle.site.circuits.find(({ meter }) => meter === id)!.worstBaseLoadAmps;
          const currentAmps = isLost
            ? mapPhases((phase) => Math.min(worst[phase], reading.currentAmps[phase]))
            : reading.currentAmps;
          const known = withReading({ reading: { currentAmps, measuredAt: NOW } });
          const lessKnown = withReading(isLost ? {} : { reading: { currentAmps, measuredAt: NOW - age } });
          expectNoLooser(cycle, known, lessKnown);
        },
      ),
      lawRuns(1_000),
    );
  });

  /** Whether nothing has changed for it lately, so that a rise on the meter is not explained by it (`attributionMs`). */
  function isSteady({ site, memory, snapshot }: Cycle, id: string, station: StationState): boolean {
    const state = station.evses.find(({ evse }) => evse === id)!;
    const own = memory.evses[id]!;
    const changes = [
      state.statusSince,
      state.transaction?.startedAt,
      station.link.state === 'never' ? undefined : station.link.since,
      own.changedAt,
      ...own.leases.flatMap(({ sentAt, acknowledgedAt }) => [sentAt, acknowledgedAt]),
    ];
    return changes.every((at) => at === undefined || snapshot.now - at > site.policy.attributionMs);
  }

  test('a sample that ages or is lost never loosens a constraint', () => {
    fc.assert(
      fc.property(randomCycle(), fc.integer({ min: 0, max: 255 }), fc.boolean(), (cycle, which, isLost) => {
        const { snapshot, memory, site } = cycle;
        const spoilt = site.evses.filter(({ id, station }, at) => {
          const state = snapshot.stations[station]!;
          const drawn = state.evses.find(({ evse }) => evse === id)?.drawn?.amps ?? [];
          const seen = memory.evses[id]?.seenPhases ?? 7;
          const told = memory.evses[id]?.leases.at(-1)?.limitAmps ?? 0;
          // News of its own, such as a phase never used before or too much drawn, is no news when it is lost.
          const tellsNews = drawn.some((amps, phase) => amps > told || (amps > 0 && (seen & (1 << phase)) === 0));
          return (which & (1 << at)) !== 0 && isSteady(cycle, id, state) && !tellsNews;
        });
        const ids = new Set(spoilt.map(({ id }) => id));
        const stations = Object.fromEntries(
          Object.entries(snapshot.stations).map(([name, station]) => [
            name,
            {
              ...station,
              evses: station.evses.map(({ drawn, ...state }) => {
                if (!drawn || (ids.has(state.evse) && isLost)) return state;
                const measuredAt = ids.has(state.evse) ? drawn.measuredAt - 65_000 : drawn.measuredAt;
                return { ...state, drawn: { ...drawn, measuredAt } };
              }),
            },
          ]),
        );
        expectNoLooser(cycle, snapshot, { ...snapshot, stations });
      }),
      lawRuns(1_000),
    );
  });
});

/** A copy in which the numbers at the chosen places, counted through the whole, are replaced. */
function spoil<T>(whole: T, places: readonly number[], by: number): T {
  let count = 0;
  JSON.stringify(whole, (_key, value) => {
    if (typeof value === 'number') count += 1;
    return value;
  });
  const chosen = new Set(places.map((place) => place % Math.max(1, count)));
  let at = 0;
  const copy = (value: unknown): unknown => {
    if (typeof value === 'number') return chosen.has(at++) ? by : value;
    if (Array.isArray(value)) return value.map(copy);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, copy(one)]));
  };
  return copy(whole) as T;
}

test('nothing well-typed makes it throw, and no nonsense in a snapshot becomes a command beyond the hardware', () => {
  const nonsense = fc.constantFrom(
    Number.NaN,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
    -1,
    0,
    1e300,
    -1e300,
  );
  fc.assert(
    fc.property(randomCycle(), fc.array(fc.nat(200), { minLength: 1, maxLength: 4 }), nonsense, (cycle, places, by) => {
      const { site, snapshot, memory } = cycle;
      const { commands } = decide(site, spoil(snapshot, places, by), memory);
      for (const { evse, limitAmps } of commands) {
        const { maxAmps } = site.evses.find(({ id }) => id === evse)!;
        expect(limitAmps >= 0 && limitAmps <= maxAmps + 1e-6, `${evse} is told ${limitAmps} A`).toBe(true);
      }
    }),
    lawRuns(1_500),
  );
});
