// A meter that shows plausible values of something else: found by known steps of the cars' current, taken for lost, told, and believed again.
import { describe, expect, test } from 'vitest';
import { decide } from '../../../src/core/decide.ts';
import type { Notice } from '../../../src/core/model/decision.ts';
import type { StepTrouble } from '../../../src/core/model/memory.ts';
import type { Site } from '../../../src/core/model/site.ts';
import type { Snapshot } from '../../../src/core/model/snapshot.ts';
import { mapPhases, onEachPhase, PHASES, type PhaseAmps } from '../../../src/core/model/units.ts';
import { buildSite, circuit, evse } from '../../support/site-builder.ts';
import { World } from '../../support/world.ts';

type Spoil = (amps: PhaseAmps) => PhaseAmps;
const truth: Spoil = (amps) => amps;

/** A site whose meter shows what `spoil` makes of the truth; something on it generates unless said otherwise. */
function parking(parts: { mayExport?: boolean; phases?: 1 | 3; carAmps?: number; worstAmps?: number } = {}) {
  const { mayExport = true, phases = 3, worstAmps = 20 } = parts;
  const built = buildSite({
    circuits: [
      circuit({ id: 'main', meter: 'main', ratingAmps: onEachPhase(100), worstBaseLoadAmps: onEachPhase(worstAmps) }),
    ],
    evses: ['A', 'B'].map((station) => evse({ station, floorAmps: 0 })),
  });
  const site: Site = mayExport
    ? { ...built, meters: built.meters.map((meter) => ({ ...meter, mayExport: true as const })) }
    : built;
  let spoil = truth;
  const spoilt = ({ meters, ...rest }: Snapshot): Snapshot => {
    const reading = meters.main?.reading;
    if (!reading) return { meters, ...rest };
    return { ...rest, meters: { main: { reading: { ...reading, currentAmps: spoil(reading.currentAmps) } } } };
  };
  const world = new World(site, (own, snapshot, ...others) => decide(own, spoilt(snapshot), ...others));
  world.base = { L1: 9, L2: 12, L3: 7 };
  world.step(40);
  const steps = () => world.decisions.at(-1)!.circuits[0]!.meterSteps;
  /** A car comes and goes, so often; half a minute each. */
  const comeAndGo = (times: number) => {
    for (let time = 0; time < times; time++) {
      world.plugIn('A/1', { phases, maxAmps: parts.carAmps ?? 16 });
      world.step(45);
      world.unplug('A/1');
      world.step(45);
    }
  };
  /** From now on; a minute later the meter has shown it for a while. */
  const from = (next: Spoil, seconds = 60) => {
    spoil = next;
    if (seconds > 0) world.step(seconds);
  };
  return { world, steps, comeAndGo, from };
}

const noticeOf = (world: World): Notice | undefined =>
  world.decisions.at(-1)!.notices.find(({ code }) => code === 'METER_CONTRADICTED');

test('steps that show at the meter are counted, and nothing is held against it', () => {
  const { world, steps, comeAndGo } = parking();
  comeAndGo(4);
  expect(steps()?.suspicion).toBeUndefined();
  expect(Object.keys(steps()!.counts)).toEqual(['agrees']);
  expect(steps()!.counts.agrees).toBeGreaterThanOrEqual(6);
  expect(world.decisions.at(-1)!.mode).toBe('normal');
});

const FAULTS: readonly (readonly [string, Spoil, StepTrouble, string, RegExp])[] = [
  [
    'all transformers reversed',
    (amps) => mapPhases((phase) => 30 - amps[phase]),
    'sign',
    'L1 L2 L3',
    /seem reversed on L1, L2 and L3/,
  ],
  [
    'one reversed',
    (amps) => ({ ...amps, L2: 30 - amps.L2 }),
    'sign',
    'L2',
    /seem reversed on L2: turn them, or set invertPhases/,
  ],
  ['a third of the current', (amps) => mapPhases((phase) => amps[phase] / 3), 'scale', 'L1 L2 L3', /shows 0.33 times/],
  ['three times the current', (amps) => mapPhases((phase) => amps[phase] * 3), 'scale', 'L1 L2 L3', /shows 3 times/],
  [
    'a meter of something else',
    (amps) => mapPhases((phase) => 20 + amps[phase] / 1_000),
    'unmoved',
    'L1 L2 L3',
    /does not feel/,
  ],
  [
    'one phase that stands',
    (amps) => ({ ...amps, L3: 11 }),
    'unmoved',
    'L3',
    /does not feel what the chargers draw on L3/,
  ],
];

describe('two steps find it', () => {
  test.each(FAULTS)('%s', (_name, spoil, kind, phases, text) => {
    const { world, steps, comeAndGo, from } = parking();
    from(spoil);
    comeAndGo(1);
    const found = steps()!.suspicion!;
    expect(found).toMatchObject({ kind });
    expect(found.phases.join(' ')).toBe(phases);
    const { circuits, mode } = world.decisions.at(-1)!;
    expect(mode).toBe('failsafe');
    expect(circuits[0]!.baseLoadFrom).toBe('worst');
    for (const phase of PHASES) expect(circuits[0]!.phases[phase].baseLoadAmps).toBeGreaterThanOrEqual(20);
    expect(noticeOf(world)).toMatchObject({ severity: 'alarm', text: expect.stringMatching(text) });

    // Put right: two steps that agree end it.
    from(truth);
    expect(steps()!.suspicion).toBeDefined();
    comeAndGo(2);
    expect(steps()!.suspicion).toBeUndefined();
    expect(noticeOf(world)).toBeUndefined();
    expect(steps()!.counts[kind]).toBeGreaterThanOrEqual(2);
  });

  test('another phase, by single-phase cars', () => {
    const { world, steps, comeAndGo, from } = parking({ phases: 1 });
    from(({ L1, L2, L3 }) => ({ L1: L3, L2: L1, L3: L2 }));
    comeAndGo(1);
    expect(steps()!.suspicion).toMatchObject({ kind: 'phase', phases: ['L1'] });
    expect(noticeOf(world)!.text).toMatch(/on other phases than L1: check the order/);
  });
});

test('a meter that shows too much is never believed to show less for being suspected', () => {
  const { world, comeAndGo, steps, from } = parking({ worstAmps: 20 });
  from((amps) => mapPhases((phase) => amps[phase] * 3));
  comeAndGo(1);
  expect(steps()!.suspicion).toMatchObject({ kind: 'scale' });
  expect(world.decisions.at(-1)!.circuits[0]!.phases.L2.baseLoadAmps).toBeGreaterThanOrEqual(3 * 12);
});

test('one odd step is forgiven', () => {
  const { world, steps, comeAndGo, from } = parking();
  comeAndGo(1);
  world.plugIn('A/1', { phases: 3, maxAmps: 16 });
  world.step(45);
  const before = world.currents();
  from(() => before, 0);
  world.unplug('A/1');
  world.step(45);
  expect(steps()!.counts.unmoved).toBe(1);
  from(truth, 130);
  comeAndGo(3);
  expect(steps()!.suspicion).toBeUndefined();
});

test('the building moves and the cars are moved against it, for an hour: nothing is held against the meter', () => {
  const { world, steps } = parking({ carAmps: 32 });
  for (const id of ['A/1', 'B/1']) world.plugIn(id, { phases: 3, maxAmps: 32 });
  for (let second = 0; second < 3_600; second++) {
    // Steps each minute and a half, and a slow swing that the cars follow: their sum at the meter hardly moves.
    const step = Math.floor(second / 90) % 2 === 0 ? 0 : 18;
    world.base = onEachPhase(45 + 15 * Math.sin(second / 240) + step);
    world.step();
    expect(steps()?.suspicion).toBeUndefined();
  }
  const { agrees = 0, unclear = 0, ...against } = steps()?.counts ?? {};
  expect(Object.values(against).reduce((sum, count) => sum + count, 0)).toBeLessThanOrEqual((agrees + unclear) / 4 + 1);
});

describe('less than the EVs draw, where nothing generates', () => {
  test('is found by itself within half a minute, and the base load never sinks meanwhile', () => {
    const { world, steps, from } = parking({ mayExport: false });
    world.plugIn('A/1', { phases: 3, maxAmps: 32 });
    world.step(60);
    const before = world.decisions.at(-1)!.circuits[0]!.phases.L2.baseLoadAmps;
    expect(before).toBeCloseTo(12, 0);
    from((amps) => mapPhases((phase) => amps[phase] / 10), 0);
    for (let second = 0; second < 60; second++) {
      world.step();
      // Until the EVSEs are gone through again the fall is not known to be wrong: 3 s of 30 s time constant at most.
      expect(world.decisions.at(-1)!.circuits[0]!.phases.L2.baseLoadAmps).toBeGreaterThanOrEqual(before * 0.9);
      if (steps()?.suspicion) {
        expect(second).toBeLessThanOrEqual(30);
        break;
      }
    }
    expect(steps()!.suspicion).toMatchObject({ kind: 'less' });
    world.step();
    expect(noticeOf(world)!.text).toMatch(/shows 0\.\d+ times of what the chargers alone draw/);
  });

  test('a car that has stopped before its station tells is no such thing', () => {
    const { world, steps } = parking({ mayExport: false });
    world.plugIn('A/1', { phases: 3, maxAmps: 32 });
    world.step(60);
    // It draws nothing any more; its station's last sample says 32 A for up to ten seconds.
    world.charger('A/1').car = { phases: 3, maxAmps: 0 };
    world.step(120);
    expect(steps()?.suspicion).toBeUndefined();
    expect(steps()?.counts.less).toBeUndefined();
  });

  test('where something generates it says nothing', () => {
    const { world, steps, from } = parking({ mayExport: true });
    world.plugIn('A/1', { phases: 3, maxAmps: 32 });
    world.step(60);
    from((amps) => mapPhases((phase) => amps[phase] - 20), 120);
    expect(steps()?.suspicion).toBeUndefined();
  });
});

test('the memory of steps is plain data of a bounded size, and a replay of its JSON decides the same', () => {
  const { world, comeAndGo } = parking();
  comeAndGo(2);
  const { steps } = world.memory.circuits.main!;
  expect(steps!.looks.length).toBeLessThanOrEqual(2);
  expect(JSON.stringify(steps).length).toBeLessThan(1_500);
  const again = JSON.parse(JSON.stringify(world.memory)) as typeof world.memory;
  const snapshot = world.snapshot();
  expect(decide(world.site, snapshot, again)).toEqual(decide(world.site, snapshot, world.memory));
});
