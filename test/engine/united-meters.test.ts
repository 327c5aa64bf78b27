// All meters behind one port: combined ones among them, told of with their parts, and the overloads that new readings show.
import { describe, expect, test } from 'vitest';
import { decide } from '../../src/core/decide.ts';
import type { CycleRecord } from '../../src/core/model/decision.ts';
import { emptyMemory } from '../../src/core/model/memory.ts';
import type { Circuit } from '../../src/core/model/site.ts';
import type { SiteMeter } from '../../src/core/model/site-meters.ts';
import type { MeterState, Snapshot } from '../../src/core/model/snapshot.ts';
import { onEachPhase } from '../../src/core/model/units.ts';
import { overloadedCircuits } from '../../src/engine/meter-watch.ts';
import type { MetersPort } from '../../src/engine/ports.ts';
import { UnitedMeters } from '../../src/engine/united-meters.ts';
import { PushedMeters } from '../../src/meters/pushed-meters.ts';
import { VirtualClock } from '../../src/simulator/virtual-clock.ts';
import { silentLog } from '../../src/system/log.ts';
import { buildSite, circuit } from '../support/site-builder.ts';

/** A source that says what it is told to. */
class Source implements MetersPort {
  readonly #states: { [id: string]: MeterState } = {};
  readonly #listeners: ((meter: string) => void)[] = [];
  started = 0;
  stopped = 0;
  fault: Error | undefined;

  constructor(...ids: readonly string[]) {
    for (const id of ids) this.#states[id] = {};
  }
  say(id: string, amps: number, measuredAt: number): void {
    this.#states[id] = { reading: { currentAmps: onEachPhase(amps), measuredAt } };
    for (const listener of this.#listeners) listener(id);
  }
  states() {
    return { ...this.#states };
  }
  onReading(listener: (meter: string) => void): void {
    this.#listeners.push(listener);
  }
  async start(): Promise<void> {
    if (this.fault) throw this.fault;
    this.started += 1;
  }
  async stop(): Promise<void> {
    this.stopped += 1;
  }
}

const plain = buildSite().meters[0]!;
const meters: readonly SiteMeter[] = [
  { from: 'combined', id: 'main', name: 'Main', members: ['a', 'b'] },
  { ...plain, id: 'a', name: 'A' },
  { ...plain, id: 'b', name: 'B' },
  { ...plain, id: 'pump', name: 'Pump', of: 'load', worstAmps: onEachPhase(10) },
];

function united() {
  const clock = new VirtualClock();
  const logged: unknown[] = [];
  const note = (event: string, fields?: object) => void logged.push([event, fields]);
  const log = { ...silentLog, warn: note, info: note };
  const [one, other] = [new Source('a', 'pump'), new Source('b')];
  const site = buildSite({ meters });
  const port = new UnitedMeters({ clock, log }, site, [one, other]);
  const heard: string[] = [];
  port.onReading((meter) => heard.push(meter));
  return { clock, logged, one, other, port, heard, site };
}

test('every meter is in it, a combined one is told of with each of its parts', () => {
  const { clock, one, other, port, heard } = united();
  expect(port.states()).toMatchObject({ a: {}, b: {}, pump: {} });
  one.say('a', 10, clock.now());
  other.say('b', 12, clock.now());
  one.say('pump', 3, clock.now());
  expect(heard).toEqual(['a', 'main', 'b', 'main', 'pump']);
  expect(port.states().main!.reading).toMatchObject({ currentAmps: onEachPhase(12), measuredAt: clock.now() });
});

test('with one lost the other carries on; with both lost the whole is, and both changes are logged', async () => {
  const { clock, one, other, port, logged } = united();
  one.say('a', 10, clock.now());
  other.say('b', 12, clock.now());
  port.states();
  await clock.advance(3_001);
  one.say('a', 9, clock.now());
  expect(port.states().main).toMatchObject({ reading: { currentAmps: onEachPhase(9), measuredAt: clock.now() } });
  await clock.advance(3_001);
  expect(port.states().main!.suspicion).toMatchObject({ kind: 'unreachable' });
  await clock.advance(1_000);
  one.say('a', 9, clock.now());
  expect(port.states().main!.suspicion).toBeUndefined();
  expect(logged).toEqual([
    [
      'meter.suspect',
      { meter: 'main', kind: 'unreachable', detail: 'none of its meters on L1, L2, L3 is believed: A, B' },
    ],
    ['meter.recovered', { meter: 'main', after: 'unreachable', lostMs: 1_000 }],
  ]);
});

test('when one source cannot begin, those before it are stopped, and the fault is told', async () => {
  const { one, other, port } = united();
  other.fault = new Error('no such bus');
  await expect(port.start(new AbortController().signal)).rejects.toThrow('no such bus');
  expect([one.started, one.stopped, other.stopped]).toEqual([1, 1, 0]);
});

test('a reading that is handed in goes to the source whose meter it is, and to nobody where there is none', () => {
  const clock = new VirtualClock();
  const pushed: SiteMeter = { from: 'push', id: 'hall', name: 'Hall', maxAgeMs: 5_000, plausibleAmps: 100 };
  const surroundings = { clock, log: silentLog };
  const site = buildSite({ meters: [...meters, pushed] });
  const port = new UnitedMeters(surroundings, site, [
    new Source('a', 'b', 'pump'),
    new PushedMeters(surroundings, [pushed], 230),
  ]);
  const sample = { currentAmps: onEachPhase(4) };
  expect(port.push({ meter: 'hall', sample })).toEqual({ ok: true, measuredAt: clock.now(), ageMs: 0 });
  expect(port.states().hall!.reading).toMatchObject({ currentAmps: onEachPhase(4) });
  for (const meter of ['a', 'main', 'attic', 'constructor'])
    expect(port.push({ meter, sample })).toMatchObject({ ok: false, code: 'METER_NOT_PUSHED' });
});

test('it stops every source', async () => {
  const { one, other, port } = united();
  await port.start(new AbortController().signal);
  await port.stop();
  expect([one.stopped, other.stopped]).toEqual([1, 1]);
});

describe('a new reading shows an overload', () => {
  const circuits: readonly Circuit[] = [
    circuit({
      id: 'main',
      ratingAmps: onEachPhase(40),
      marginAmps: onEachPhase(2),
      worstBaseLoadAmps: onEachPhase(30),
      sum: { meters: ['pump'], otherAmps: onEachPhase(4) },
    }),
    circuit({
      id: 'board',
      parent: 'main',
      ratingAmps: onEachPhase(30),
      worstBaseLoadAmps: onEachPhase(16),
      meter: 'main',
    }),
  ];
  const site = buildSite({ circuits, meters, evses: [] });
  const at = 1_000_000;
  const reading = (amps: number) => ({ currentAmps: onEachPhase(amps), measuredAt: at });
  const snapshot: Snapshot = {
    cycle: 1,
    now: at,
    wallNow: at,
    meters: { main: { reading: reading(10) }, pump: { reading: reading(5) } },
    stations: {},
    caps: [],
    wishes: {},
  };
  const decision = decide(site, snapshot, emptyMemory('t'));
  const last: CycleRecord = {
    site: 'x',
    controller: { id: 'x', epoch: 1 },
    snapshot,
    decision,
    durationMs: { collect: 0, decide: 0, dispatch: 0 },
  };

  test.each([
    // main: 40 − 2 A, of it 10 A on the board, 5 A at the pump, 4 A of others: 19 A are left; the board carries 30 A
    ['the pump rises within what is left', 'pump', 24, []],
    ['the pump rises by more', 'pump', 24.1, ['main']],
    ['a meter of a circuit below rises by more than the sum has left', 'main', 29.1, ['main']],
    ['and above its own rating', 'main', 30.1, ['main', 'board']],
    ['a part is no meter of a circuit', 'a', 99, []],
  ])('%s', (_story, meter, amps, expected) => {
    expect(decision.circuits[0]!.phases.L1.headroomAmps).toBe(19);
    expect(overloadedCircuits(site, last, meter, reading(amps))).toEqual(expected);
  });
});
