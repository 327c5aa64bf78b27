// A wrong situation is told with its place, its value and what was expected; whatever comes in is answered.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MAX_FAULTS_TOLD } from '../../src/wiring/allocate-verb.ts';
import { allocateOn, site } from './situation-site.ts';

const car = { car: true };

describe('a wrong situation', () => {
  const at = (path: string, got: string, expected: RegExp | string) => [path, got, expected] as const;
  test.each<[unknown, readonly (readonly [string, string, RegExp | string])[]]>([
    ['', [at('line 1, column 1', '"the end of the file"', 'a value')]],
    ['{"evses": {"A/1": {"car": true,}}}', [at('line 1, column 32', '"}"', 'a further field after the comma')]],
    ['{"meters": {}, "meters": {}}', [at('line 1, column 16', '"meters"', 'each field once')]],
    ['[]', [at('', '[]', 'an object: a situation')]],
    [{ evse: {} }, [at('evse', '{}', 'did you mean evses?')]],
    [
      { evses: { 'A/2': {} } },
      [at('evses["A/2"]', '"A/2"', 'the id of an EVSE (did you mean A/1?); the site has A/1, B/1, B/2')],
    ],
    [
      { meters: { attic: { currentAmps: 1 } } },
      [at('meters.attic', '"attic"', 'the id of a meter; the site has main')],
    ],
    [{ stations: { A: {}, Z: {} } }, [at('stations.Z', '"Z"', 'the id of a station')]],
    [{ circuits: { attic: {} } }, [at('circuits.attic', '"attic"', 'the id of a circuit')]],
    ['{"evses": {"__proto__": {"car": true}}}', [at('evses.__proto__', '"__proto__"', 'the id of an EVSE')]],
    [{ meters: { main: {} } }, [at('meters.main.currentAmps', 'nothing', 'a number of amperes from -10000 to 10000')]],
    [{ evses: { 'A/1': { offeredAmps: '16' } } }, [at('evses["A/1"].offeredAmps', '"16"', 'a number of amperes')]],
    [
      { evses: { 'A/1': { drawnAmps: [1, 2, 3, 4] } } },
      [at('evses["A/1"].drawnAmps', '[1,2,3,4]', 'a number of amperes')],
    ],
    [
      { evses: { 'B/2': { drawnAmps: [1, 2] } } },
      [at('evses["B/2"].drawnAmps', '[1,2]', 'at most 1 number: it is wired to L2')],
    ],
    [
      { evses: { 'B/2': { ...car, phases: ['L1'] } } },
      [at('evses["B/2"].phases[0]', '"L1"', 'a phase that it is wired to: L2')],
    ],
    [{ evses: { 'A/1': { ...car, phases: ['L1', 'L1'] } } }, [at('evses["A/1"].phases[1]', '"L1"', 'each phase once')]],
    [
      { evses: { 'A/1': { wish: { priority: 1 } } } },
      [at('evses["A/1"].wish', '{"priority":1}', '"car": true beside it')],
    ],
    [{ evses: { 'A/1': { pausedMinutes: 1 } } }, [at('evses["A/1"].pausedMinutes', '1', '"car": true')]],
    [{ evses: { 'A/1': { status: 'Charging' } } }, [at('evses["A/1"].status', '"Charging"', '"car": true')]],
    [
      { evses: { 'A/1': { ...car, status: 'Available' } } },
      [at('evses["A/1"].status', '"Available"', 'a status with a car')],
    ],
    [
      { evses: { 'A/1': { ...car, onMinutes: 1, pausedMinutes: 2 } } },
      [at('evses["A/1"].pausedMinutes', '2', 'only one of onMinutes')],
    ],
    [
      { evses: { 'A/1': { ...car, energyWh: 1, energyKilowattHours: 2 } } },
      [at('evses["A/1"].energyKilowattHours', '2', 'only one of energyWh')],
    ],
    [
      { evses: { 'A/1': { ...car, wish: { energyWh: 1, energyKilowattHours: 2 } } } },
      [at('evses["A/1"].wish.energyKilowattHours', '2', 'only one of energyWh')],
    ],
    [
      { evses: { 'A/1': { acknowledgedAmps: 2 } } },
      [at('evses["A/1"].acknowledgedAmps', '2', 'offeredAmps beside it')],
    ],
    [
      { evses: { 'A/1': { connected: 'never', offeredAmps: 2 } } },
      [at('evses["A/1"].offeredAmps', '2', 'nothing: a station that has never')],
    ],
    [
      { evses: { 'A/1': { connected: 'never', floor: 'confirmed' } } },
      [at('evses["A/1"].floor', '"confirmed"', 'nothing: a station')],
    ],
    [
      { evses: { 'B/1': { connected: false }, 'B/2': {} } },
      [at('evses["B/2"].connected', 'nothing', 'the same as for B/1')],
    ],
    [
      { circuits: { sub: { believedBaseLoadAmps: 1 } } },
      [at('circuits.sub.believedBaseLoadAmps', '1', 'a circuit with a meter')],
    ],
    [{ limits: [{ limitAmps: 1 }] }, [at('limits[0]', '{"limitAmps":1}', 'exactly one of circuit, group and evse')]],
    [
      { limits: [{ circuit: 'main', evse: 'A/1', limitAmps: 1 }] },
      [at('limits[0]', '{"circuit":"main"', 'exactly one of')],
    ],
    [
      { limits: [{ circuit: 'main' }] },
      [at('limits[0]', '{"circuit":"main"}', 'limitAmps, limitWatts or limitVoltAmperes')],
    ],
    [
      { limits: [{ group: 'tenants', limitAmps: 1 }] },
      [at('limits[0].group', '"tenants"', 'the id of a group (did you mean tenant?)')],
    ],
    [{ limits: [{ circuit: 'attic', limitAmps: 1 }] }, [at('limits[0].circuit', '"attic"', 'the id of a circuit')]],
    [{ limits: [{ evse: 'A/1', limitVoltAmperes: 1 }] }, [at('limits[0].limitVoltAmperes', '1', 'only circuits have')]],
    [
      { limits: [{ evse: 'A/1', limitWatts: 1, netOfSurplus: true }] },
      [at('limits[0].netOfSurplus', 'true', 'a group and limitWatts')],
    ],
    [
      { limits: [{ evse: 'A/1', limitAmps: 1, startsInMinutes: 5, endsInMinutes: 5 }] },
      [at('limits[0].endsInMinutes', '5', 'more than the 5 of startsInMinutes')],
    ],
    [{ limits: [{ evse: 'A/1', limitAmps: -1 }] }, [at('limits[0].limitAmps', '-1', 'from 0 to 10000')]],
    // Several at once, each at its place.
    [
      { meters: { main: { currentAmps: [1, 2] }, x: { currentAmps: 0 } }, evses: { 'A/1': { car: 'yes' } } },
      [
        at('meters.main.currentAmps', '[1,2]', 'a number of amperes'),
        at('evses["A/1"].car', '"yes"', 'true or false'),
        at('meters.x', '"x"', 'the id of a meter'),
      ],
    ],
  ])('%j', (situation, faults) => {
    const { code, out, err } = allocateOn(site, situation);
    expect(code).toBe(1);
    expect(out).toBe('');
    expect(err).toHaveLength(faults.length);
    faults.forEach(([path, got, expected], index) => {
      const line = err[index]!;
      expect(line.startsWith(`standard input${path === '' ? '' : `: ${path}`}: got ${got}`), line).toBe(true);
      expect(line).toContain(expected);
    });
  });

  test(`tells ${MAX_FAULTS_TOLD} faults and counts the others`, () => {
    const evses = Object.fromEntries(Array.from({ length: MAX_FAULTS_TOLD + 7 }, (_, at) => [`Z${at}/1`, {}]));
    const { err } = allocateOn(site, { evses });
    expect(err).toHaveLength(MAX_FAULTS_TOLD + 1);
    expect(err.at(-1)).toBe('standard input: and 7 more');
  });
});

describe('whatever comes in', () => {
  const located = /^standard input(: .+)?: got .+, expected .+/s;
  const isAnswered = (text: string) => {
    const { code, out, err } = allocateOn(site, text);
    if (code === 0) expect(JSON.parse(out)).toHaveProperty('shares');
    else {
      expect(code).toBe(1);
      expect(err.length).toBeGreaterThan(0);
      expect(err[0]).toMatch(located);
    }
    return code;
  };

  test('any JSON ends in a decision or in located faults', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 6 }), (text) => {
        isAnswered(text);
      }),
      { numRuns: 300 },
    );
  });

  test('any text does', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => {
        isAnswered(text);
      }),
      { numRuns: 200 },
    );
  });

  test('situations of the right shape do, whatever they say', () => {
    const amps = fc.oneof(fc.double({ min: 0, max: 100, noNaN: true }), fc.constantFrom(0, 6, 16, 32, 10_000, -1));
    const minutes = fc.oneof(fc.integer({ min: 0, max: 2_000 }), fc.constantFrom(0.001, -5));
    const maybe = <T>(one: fc.Arbitrary<T>) => fc.option(one, { nil: undefined, freq: 2 });
    const phases = fc.oneof(amps, fc.tuple(amps, amps, amps));
    const wish = fc.record({
      energyWh: maybe(amps),
      departureInMinutes: maybe(minutes),
      onlySurplus: maybe(fc.boolean()),
      priority: maybe(fc.integer({ min: -2, max: 2 })),
    });
    const one = fc.record({
      car: fc.boolean(),
      connected: maybe(fc.constantFrom(true, false, 'never')),
      status: maybe(fc.constantFrom('Charging', 'SuspendedEV', 'EVConnected', 'Available', 'Faulted')),
      offeredAmps: maybe(amps),
      acknowledgedAmps: maybe(amps),
      offeredSecondsAgo: maybe(minutes),
      drawnAmps: maybe(amps),
      takesAmps: maybe(amps),
      onMinutes: maybe(minutes),
      wakeAttempts: maybe(fc.nat(3)),
      floor: maybe(fc.constantFrom('confirmed', 'sent', 'not-confirmed')),
      failedCommands: maybe(fc.nat(16)),
      disobedientMinutes: maybe(minutes),
      upstreamLimitAmps: maybe(amps),
      wish: maybe(wish),
    });
    const limit = fc.record({
      circuit: maybe(fc.constantFrom('main', 'sub')),
      group: maybe(fc.constant('tenant')),
      evse: maybe(fc.constantFrom('A/1', 'B/2')),
      limitAmps: maybe(phases),
      limitWatts: maybe(fc.integer({ min: 0, max: 50_000 })),
      netOfSurplus: maybe(fc.boolean()),
      endsInMinutes: maybe(minutes),
    });
    const situation = fc.record({
      meters: fc.record({
        main: maybe(fc.record({ currentAmps: phases.map((p) => p), ageMs: maybe(fc.nat(20_000)) })),
      }),
      evses: fc.record({ 'A/1': maybe(one), 'B/1': maybe(one), 'B/2': maybe(one) }),
      stations: fc.record({ B: maybe(fc.record({ upstreamLimitAmps: maybe(amps) })) }),
      limits: fc.array(limit, { maxLength: 3 }),
    });
    const codes = new Set<number>();
    fc.assert(
      fc.property(situation, (value) => {
        codes.add(isAnswered(JSON.stringify(value)));
      }),
      { numRuns: 500 },
    );
    expect([...codes].sort()).toEqual([0, 1]);
  });
});
