// Base loads that are added up of what is below: number tables, and the laws against an adding-up of its own.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { DrawRange } from '../../../src/core/allocate/base-load.ts';
import { type BaseLoads, baseLoadsOf } from '../../../src/core/allocate/base-loads.ts';
import { decide } from '../../../src/core/decide.ts';
import { circuitLimits } from '../../../src/core/limits/caps.ts';
import { emptyMemory, type Memory } from '../../../src/core/model/memory.ts';
import type { Circuit, Site } from '../../../src/core/model/site.ts';
import type { MeterSubject, SiteMeter } from '../../../src/core/model/site-meters.ts';
import type { MeterState, Snapshot } from '../../../src/core/model/snapshot.ts';
import { onEachPhase, PHASES, type Phase } from '../../../src/core/model/units.ts';
import { breachBeforeDispatch } from '../../../src/engine/dispatch-guard.ts';
import { runs } from '../../support/property-runs.ts';
import { buildSite, circuit } from '../../support/site-builder.ts';

const NOW = 1_000_000;
type MeterPart = { of?: MeterSubject; worst?: number; phases?: readonly Phase[] };
const meter = (id: string, { of, worst, phases }: MeterPart = {}): SiteMeter => ({
  from: 'modbus',
  id,
  name: `Meter ${id}`,
  profile: 'eastron-sdm630',
  connection: { endpoint: { transport: 'tcp', host: '127.0.0.1', port: 5020 }, unitId: 1 },
  pollMs: 1_000,
  factor: 1,
  plausibleAmps: 400,
  ...(of ? { of } : {}),
  ...(worst === undefined ? {} : { worstAmps: onEachPhase(worst) }),
  ...(phases ? { phases } : {}),
});
const sumOf = (otherAmps: number, ...meters: string[]) => ({ meters, otherAmps: onEachPhase(otherAmps) });
const reading = (amps: number, ageMs = 0): MeterState => ({
  reading: { currentAmps: onEachPhase(amps), measuredAt: NOW - ageMs },
});
const state = (site: Site, meters: Snapshot['meters']): Snapshot => ({
  cycle: 1,
  now: NOW,
  wallNow: NOW,
  meters,
  stations: Object.fromEntries(
    site.stations.map(({ id }) => [
      id,
      { station: id, link: { state: 'never' }, evses: [], upstreamProfiles: [], upstreamLink: 'none' },
    ]),
  ),
  caps: [],
  wishes: {},
});
const none = onEachPhase<DrawRange>({ low: 0, high: 0 });
const loadsOf = (site: Site, meters: Snapshot['meters'], memory: Memory = emptyMemory('t')) =>
  baseLoadsOf(
    site,
    site.circuits.map(() => none),
    site.circuits.map(() => 'full' as const),
    circuitLimits(site, [], NOW),
    state(site, meters),
    memory,
  );
const told = (loads: BaseLoads, id = 'main') => [
  loads.byCircuit.get(id)!.amps.L1,
  loads.byCircuit.get(id)!.from,
  [...loads.byCircuit.keys()].indexOf(id) === -1 ? undefined : loads.freshness[[...loads.byCircuit.keys()].indexOf(id)],
];

/** main: 4 A of others, a heat pump (12 A at worst), a tenant without a worst, and a board with its own meter (20 A at worst). */
const yard = (main: Partial<Circuit> = {}, meters: readonly SiteMeter[] = []) =>
  buildSite({
    circuits: [
      circuit({ id: 'main', worstBaseLoadAmps: onEachPhase(60), sum: sumOf(4, 'pump', 'shop'), ...main }),
      circuit({ id: 'board', parent: 'main', meter: 'board', worstBaseLoadAmps: onEachPhase(20) }),
    ],
    meters: [meter('board'), meter('pump', { of: 'load', worst: 12 }), meter('shop', { of: 'load' }), ...meters],
  });

describe('what is below is added up', () => {
  test.each<[string, MeterState | undefined, MeterState | undefined, MeterState | undefined, unknown]>([
    // board, pump, shop → base load of main, whence, how fresh; others 4 A; fresh up to 2 s, lost from beyond 3 s
    ['all fresh', reading(5), reading(7), reading(3), [19, 'sum', 'fresh']],
    ['export counts as nothing', reading(5), reading(-7), reading(3), [12, 'sum', 'fresh']],
    ['one held', reading(5), reading(7, 2_500), reading(3), [24, 'held', 'held']],
    ['a lost load at its worst', reading(5), reading(7, 3_001), reading(3), [24, 'worst', 'lost']],
    ['or at what it showed, where that is more', reading(5), reading(17, 3_001), reading(3), [29, 'worst', 'lost']],
    ['a lost circuit below at its worst', reading(5, 3_001), reading(7), reading(3), [34, 'worst', 'lost']],
    ['a lost meter without a worst: the whole worst', reading(5), reading(7), undefined, [60, 'worst', 'lost']],
    ['or the sum, where that is more', reading(50), reading(7), undefined, [61, 'worst', 'lost']],
    ['nothing was ever read', undefined, undefined, undefined, [60, 'worst', 'lost']],
  ])('%s', (_story, board, pump, shop, expected) => {
    const states = { ...(board ? { board } : {}), ...(pump ? { pump } : {}), ...(shop ? { shop } : {}) };
    expect(told(loadsOf(yard(), states))).toEqual(expected);
  });

  test.each<[string, boolean, MeterState | undefined, number]>([
    ['generation counts only where it may be used', true, reading(-9), 10],
    ['and as nothing elsewhere', false, reading(-9), 19],
    ['lost, it is nothing', true, reading(-9, 3_001), 19],
    ['never read, it is nothing', true, undefined, 19],
    ['what an inverter draws at night counts', true, reading(1), 20],
  ])('%s', (_story, usesGeneration, pv, expected) => {
    const site = yard({ sum: sumOf(4, 'pump', 'shop', 'pv'), ...(usesGeneration ? { usesGeneration } : {}) }, [
      meter('pv', { of: 'pv' }),
    ]);
    const loads = loadsOf(site, { board: reading(5), pump: reading(7), shop: reading(3), ...(pv ? { pv } : {}) });
    expect(loads.byCircuit.get('main')!.amps.L2).toBe(expected);
  });

  test('a circuit below that may export counts for its parent only where that may use it', () => {
    const with2 = (usesGeneration: boolean) =>
      buildSite({
        circuits: [
          circuit({ id: 'main', sum: sumOf(10), ...(usesGeneration ? { usesGeneration } : {}) }),
          circuit({ id: 'roof', parent: 'main', meter: 'main', usesGeneration: true }),
        ],
      });
    expect(told(loadsOf(with2(true), { main: reading(-6) }))[0]).toBe(4);
    expect(told(loadsOf(with2(false), { main: reading(-6) }))[0]).toBe(10);
  });

  test('circuits without a meter give their allowance, and sums stand on sums', () => {
    const site = buildSite({
      circuits: [
        circuit({ id: 'main', worstBaseLoadAmps: onEachPhase(60), sum: sumOf(1) }),
        circuit({ id: 'wing', parent: 'main', sum: sumOf(2) }),
        circuit({ id: 'deck', parent: 'wing', allowanceAmps: onEachPhase(5) }),
        circuit({ id: 'hall', parent: 'wing', meter: 'main' }),
      ],
    });
    expect(
      [...loadsOf(site, { main: reading(8) }).byCircuit].map(([id, { amps, from }]) => [id, amps.L3, from]),
    ).toEqual([
      ['main', 16, 'sum'],
      ['wing', 15, 'sum'],
      ['deck', 5, 'allowance'],
      ['hall', 8, 'meter'],
    ]);
    expect(loadsOf(site, { main: reading(8, 2_900) }).freshness).toEqual(['held', 'held', 'fresh', 'held']);
  });

  test('what a meter says of phases that it does not measure is nothing', () => {
    const site = yard({ sum: sumOf(4, 'pump') }, []);
    const meters = site.meters.map((one) => (one.id === 'pump' ? { ...one, phases: ['L2'] as const } : one));
    const { amps } = loadsOf({ ...site, meters }, { board: reading(5), pump: reading(7) }).byCircuit.get('main')!;
    expect(amps).toEqual({ L1: 9, L2: 16, L3: 9 });
  });

  test('a load that falls is believed slowly, one that rises at once', () => {
    const site = yard();
    const first = loadsOf(site, { board: reading(0), pump: reading(10, 1_000), shop: reading(0) });
    const memory = (loads: BaseLoads): Memory => ({ ...emptyMemory('t'), meters: loads.meters! });
    const fallen = loadsOf(site, { board: reading(0), pump: reading(2), shop: reading(0) }, memory(first));
    expect(fallen.meters!.pump!.baseLoadAmps.L1).toBe(10);
    const risen = loadsOf(site, { board: reading(0), pump: reading(11), shop: reading(0) }, memory(first));
    expect(told(risen)[0]).toBe(15);
  });
});

describe('a decision on a sum', () => {
  const meters = { board: reading(5), pump: reading(7), shop: reading(3) };

  test('remembers its meters, and says which is lost and what that means', () => {
    const site = yard();
    const decision = decide(site, state(site, { ...meters, pump: reading(7, 4_000) }), emptyMemory('t'));
    expect(Object.keys(decision.memory.meters!)).toEqual(['pump', 'shop']);
    expect(decision.mode).toBe('cautious');
    expect(decision.notices.filter(({ code }) => code.startsWith('METER'))).toEqual([
      {
        severity: 'alarm',
        code: 'METER_LOST',
        text: "Meter pump is lost: its last good reading is 4 s old. Its own worst counts on main. Check the meter's supply and its network link.",
      },
    ]);
    const late = decide(site, state(site, { ...meters, shop: reading(7, 2_400) }), emptyMemory('t'));
    expect(late.notices.find(({ code }) => code === 'METER_LATE')!.text).toContain('Nothing is raised on main');
  });

  test('the last look refuses one that counts on less than its meters say', () => {
    const site = yard();
    const snapshot = state(site, meters);
    const decision = decide(site, snapshot, emptyMemory('t'));
    expect(breachBeforeDispatch(site, snapshot, decision)).toBeUndefined();
    const [main, board] = decision.circuits;
    const less = (amps: number) => ({
      ...decision,
      circuits: [{ ...main!, phases: { ...main!.phases, L2: { ...main!.phases.L2, baseLoadAmps: amps } } }, board!],
    });
    expect(breachBeforeDispatch(site, snapshot, less(19))).toBeUndefined();
    expect(breachBeforeDispatch(site, snapshot, less(18.9))).toBe('main counts on less than its meters say');
    const lost = state(site, { ...meters, shop: {} });
    expect(breachBeforeDispatch(site, lost, less(59))).toBe('main counts on less than its meters say');
  });
});

describe('whatever the meters say', () => {
  const amps = fc.integer({ min: -30, max: 60 });
  const age = fc.constantFrom(0, 500, 2_000, 2_001, 3_000, 3_001, 60_000);
  const one = fc.option(fc.record({ amps, age }), { nil: undefined });
  const world = fc.record({
    usesGeneration: fc.boolean(),
    other: fc.integer({ min: 0, max: 10 }),
    meters: fc.array(
      fc.record({
        state: one,
        of: fc.constantFrom<MeterSubject>('load', 'pv', 'storage'),
        worst: fc.option(fc.integer({ min: 0, max: 30 }), { nil: undefined }),
      }),
      { maxLength: 4 },
    ),
    children: fc.array(fc.record({ state: one, usesGeneration: fc.boolean(), isMetered: fc.boolean() }), {
      maxLength: 3,
    }),
  });
  type Drawn = typeof world extends fc.Arbitrary<infer T> ? T : never;
  const built = ({ usesGeneration, other, meters, children }: Drawn) => {
    const summed = meters.map((_, at) => `m${at}`);
    const site = buildSite({
      circuits: [
        circuit({
          id: 'main',
          worstBaseLoadAmps: onEachPhase(50),
          sum: sumOf(other, ...summed),
          ...(usesGeneration ? { usesGeneration } : {}),
        }),
        ...children.map((child, at) =>
          circuit({
            id: `c${at}`,
            parent: 'main',
            allowanceAmps: onEachPhase(3),
            worstBaseLoadAmps: onEachPhase(15),
            ...(child.isMetered ? { meter: `k${at}`, ...(child.usesGeneration ? { usesGeneration: true } : {}) } : {}),
          }),
        ),
      ],
      meters: [
        ...meters.map(({ of, worst }, at) => meter(`m${at}`, { of, ...(worst === undefined ? {} : { worst }) })),
        ...children.map((_, at) => meter(`k${at}`)),
      ],
    });
    const states = Object.fromEntries([
      ...meters.map(({ state: said }, at) => [`m${at}`, said ? reading(said.amps, said.age) : {}]),
      ...children.map(({ state: said }, at) => [`k${at}`, said ? reading(said.amps, said.age) : {}]),
    ]) as Snapshot['meters'];
    return { site, states };
  };
  type Said = { readonly amps: number; readonly age: number } | undefined;
  const isLost = (said: Said) => said === undefined || said.age > 3_000;

  test('the sum is that of its parts, added up in another way', () => {
    fc.assert(
      fc.property(world, (drawn) => {
        const { site, states } = built(drawn);
        const { usesGeneration, other, meters, children } = drawn;
        const count = (value: number) => (usesGeneration ? value : Math.max(0, value));
        const ofMeter = ({ state: said, worst }: Drawn['meters'][number]) => {
          const most = worst ?? 0;
          if (said === undefined) return most;
          if (isLost(said)) return Math.max(most, said.amps);
          // Held without a belief is as lost.
          return said.age > 2_000 ? Math.max(most, said.amps) : count(said.amps);
        };
        const ofChild = ({ state: said, usesGeneration: generates, isMetered }: Drawn['children'][number]) => {
          if (!isMetered) return 3;
          if (said === undefined || said.age > 2_000) return Math.max(15, said?.amps ?? 15);
          return count(generates ? said.amps : Math.max(0, said.amps));
        };
        const sum = [...meters.map(ofMeter), ...children.map(ofChild)].reduce((total, value) => total + value, other);
        const isUnbounded = meters.some(
          ({ state: said, of, worst }) => of !== 'pv' && worst === undefined && (said?.age ?? 9e9) > 2_000,
        );
        expect(loadsOf(site, states).byCircuit.get('main')!.amps.L1).toBeCloseTo(
          isUnbounded ? Math.max(sum, 50) : sum,
          9,
        );
      }),
      runs(1_000),
    );
  });

  test('losing or ageing any of them never lowers it, nor lets more rise', () => {
    fc.assert(
      fc.property(world, fc.nat(6), fc.boolean(), (drawn, which, gone) => {
        const { site, states } = built(drawn);
        const before = loadsOf(site, states);
        const memory: Memory = {
          ...emptyMemory('t'),
          ...(before.meters ? { meters: before.meters } : {}),
          circuits: Object.fromEntries(
            [...before.byCircuit].flatMap(([id, load]) => (load.memory ? [[id, load.memory]] : [])),
          ),
        };
        const now = loadsOf(site, states, memory);
        const ids = Object.keys(states);
        if (ids.length === 0) return;
        const id = ids[which % ids.length]!;
        const old = states[id]!.reading;
        const worse = {
          ...states,
          [id]: gone || !old ? {} : { reading: { ...old, measuredAt: old.measuredAt - 2_500 } },
        };
        const after = loadsOf(site, worse, memory);
        const rank = { fresh: 2, held: 1, lost: 0 };
        for (const phase of PHASES)
          expect(after.byCircuit.get('main')!.amps[phase]).toBeGreaterThanOrEqual(
            now.byCircuit.get('main')!.amps[phase] - 1e-9,
          );
        for (const [at, one] of after.freshness.entries())
          expect(rank[one]).toBeLessThanOrEqual(rank[now.freshness[at]!]);
      }),
      runs(1_000),
    );
  });

  test('the last look agrees with every decision', () => {
    fc.assert(
      fc.property(world, (drawn) => {
        const { site, states } = built(drawn);
        const snapshot = state(site, states);
        const first = decide(site, snapshot, emptyMemory('t'));
        expect(breachBeforeDispatch(site, snapshot, first)).toBeUndefined();
        const later = { ...snapshot, now: NOW + 1_000 };
        expect(breachBeforeDispatch(site, later, decide(site, later, first.memory))).toBeUndefined();
      }),
      runs(300),
    );
  });
});
