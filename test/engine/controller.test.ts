// The control loop on the virtual clock: its rhythm, its urgency, what it survives, and what people may ask of it.
import { describe, expect, test } from 'vitest';
import type { Solvers } from '../../src/core/allocate/proposers.ts';
import type { CycleRecord, StationCommand } from '../../src/core/model/decision.ts';
import type { Cap } from '../../src/core/model/limit.ts';
import type { Memory } from '../../src/core/model/memory.ts';
import type { MeterState, StationState } from '../../src/core/model/snapshot.ts';
import { onEachPhase } from '../../src/core/model/units.ts';
import { Controller } from '../../src/engine/controller.ts';
import { changeCaps } from '../../src/engine/limit-requests.ts';
import type { ControlStore } from '../../src/engine/ports.ts';
import type { KeptWish } from '../../src/engine/requests.ts';
import { VirtualClock } from '../../src/simulator/virtual-clock.ts';
import { silentLog } from '../../src/system/log.ts';
import { buildSite } from '../support/site-builder.ts';

function room(
  part: {
    readonly store?: Partial<ControlStore>;
    readonly stored?: Memory;
    readonly solvers?: Solvers;
    readonly wishes?: readonly KeptWish[];
  } = {},
) {
  const clock = new VirtualClock();
  const site = buildSite();
  const sent: StationCommand[] = [];
  const records: CycleRecord[] = [];
  const saved: Memory[] = [];
  const listeners: { reading?: (meter: string) => void; urgent?: (reason: string) => void } = {};
  let meter: MeterState = { reading: { currentAmps: onEachPhase(10), measuredAt: clock.now() } };
  let stations: { [id: string]: StationState } = {};
  const surroundings = { clock, random: { next: () => 0.5, uuid: () => 'id' }, log: silentLog };
  const adapter = { start: async () => {}, stop: async () => {} };
  let caps: readonly Cap[] = [];
  let wishes: readonly KeptWish[] = part.wishes ?? [];
  const controller = new Controller(
    surroundings,
    site,
    {
      meters: {
        ...adapter,
        states: () => ({ main: meter }),
        onReading: (listener) => {
          listeners.reading = listener;
        },
      },
      stations: {
        ...adapter,
        states: () => stations,
        send: (commands) => {
          sent.push(...commands);
          return { refused: [] };
        },
        onUrgent: (listener) => {
          listeners.urgent = listener;
        },
      },
      store: {
        load: async () => ({ epoch: 7, caps, wishes, ...(part.stored ? { memory: part.stored } : {}) }),
        saveMemory: (memory) => void saved.push(memory),
        saveCaps: async (newest) => {
          caps = newest;
        },
        saveWishes: async (newest) => {
          wishes = newest;
        },
        ...part.store,
      },
      journal: { append: () => {} },
      audience: { publish: (record) => void records.push(record) },
    },
    'box',
    part.solvers,
  );
  const connected = (id: string): StationState => ({
    station: id,
    link: { state: 'connected', since: clock.now(), connection: 1 },
    evses: [
      {
        evse: `${id}/1`,
        connectorStatus: 'Occupied',
        chargingState: 'Charging',
        transaction: { id: '1', startedAt: clock.now() },
      },
    ],
    upstreamProfiles: [],
    upstreamLink: 'none',
  });
  return {
    clock,
    site,
    controller,
    sent,
    records,
    saved,
    /** Station A answers every limit sent so far with Accepted. */
    accept: () => {
      const at = clock.now();
      const progress = (role: 'floor' | 'lease') => {
        const last = sent.findLast((command) => 'role' in command && command.role === role && command.evse === 'A/1');
        return last ? { [role]: { commandId: last.id, state: 'accepted', at, sentAt: at } as const } : {};
      };
      const { A: image } = stations;
      stations = {
        ...stations,
        A: { ...image!, evses: [{ ...image!.evses[0]!, ...progress('floor'), ...progress('lease') }] },
      };
    },
    read: (amps: number, keepsMs?: number) => {
      const measuredAt = clock.now();
      const until = keepsMs === undefined ? {} : { until: { fresh: measuredAt + keepsMs, held: measuredAt + keepsMs } };
      meter = { reading: { currentAmps: onEachPhase(amps), measuredAt, ...until } };
      listeners.reading?.('main');
    },
    connect: (id: string) => {
      stations = { ...stations, [id]: connected(id) };
      listeners.urgent?.('connected');
    },
    breakStations: () => {
      stations = { A: null as unknown as StationState, ...stations, B: { station: 'B' } as StationState };
    },
  };
}

describe('the control loop', () => {
  test('the cycle that takes the worst for a lost meter comes in the moment in which its reading is too old', async () => {
    const { clock, controller, records, read } = room();
    await controller.start();
    await clock.advance(4_000);
    // Also where that moment lies in the pause after a cycle.
    for (const sinceCycleMs of [700, 150]) {
      const cycleAt = records.at(-1)!.snapshot.now;
      await clock.advance(cycleAt + 1_000 + sinceCycleMs - clock.now());
      read(10);
      const readAt = clock.now();
      await clock.advance(3_500);
      const first = records.find(
        ({ snapshot, decision }) => snapshot.now > readAt && decision.circuits[0]!.baseLoadFrom === 'worst',
      );
      const lateMs = first!.snapshot.now - readAt - 3_000;
      expect(lateMs).toBeGreaterThan(0);
      expect(lateMs).toBeLessThanOrEqual(200);
    }
    await controller.stop();
  });

  test('what changes a limit is kept in its cycle; renewals alone are kept once a minute', async () => {
    const { clock, controller, records, saved, read, connect, accept } = room();
    await controller.start();
    connect('A');
    const kinds = { changed: 0, renewed: 0, renewedAndKept: 0 };
    for (let second = 0; second < 600; second++) {
      const before = { records: records.length, saved: saved.length };
      await clock.advance(1_000);
      const commands = records.slice(before.records).flatMap(({ decision }) => decision.commands);
      const keeps = saved.length - before.saved;
      if (commands.some(({ change }) => change !== 'renewal')) {
        kinds.changed++;
        expect(keeps).toBeGreaterThan(0);
      } else if (commands.length > 0) {
        kinds.renewed++;
        kinds.renewedAndKept += keeps;
      } else expect(keeps).toBe(0);
      accept();
      read(10);
    }
    expect(kinds.changed).toBeGreaterThan(0);
    expect(kinds.renewed).toBeGreaterThan(20);
    expect(kinds.renewedAndKept).toBeGreaterThanOrEqual(5);
    expect(kinds.renewedAndKept).toBeLessThanOrEqual(10);
    await controller.stop();
  });

  test('a reading that says itself how long it lasts is waited for as long, and no longer', async () => {
    const { clock, controller, records, read } = room();
    await controller.start();
    await clock.advance(4_000);
    await clock.advance(records.at(-1)!.snapshot.now + 1_700 - clock.now());
    read(10, 6_000);
    const readAt = clock.now();
    await clock.advance(7_500);
    const later = records.filter(({ snapshot }) => snapshot.now > readAt);
    const first = later.find(({ decision }) => decision.circuits[0]!.baseLoadFrom === 'worst')!;
    const lateMs = first.snapshot.now - readAt - 6_000;
    expect(lateMs).toBeGreaterThan(0);
    expect(lateMs).toBeLessThanOrEqual(200);
    await controller.stop();
  });

  test('cycles once a second and names itself and its epoch in every command', async () => {
    const { clock, controller, records, sent, connect } = room();
    await controller.start();
    await clock.advance(10_000);
    expect(records.length).toBe(11);
    connect('A');
    await clock.advance(1_000);
    expect(sent[0]).toMatchObject({ id: 'box-7-1', role: 'floor', evse: 'A/1' });
    expect(records.at(-1)!.controller).toEqual({ id: 'box', epoch: 7 });
    await controller.stop();
  });

  test('the solvers that were made ready before the start are offered to every decision', async () => {
    let offered = 0;
    const solvers: Solvers = {
      get highs() {
        offered += 1;
        return () => ({ kind: 'failed', because: 'a test' }) as const;
      },
    };
    const { clock, controller } = room({ solvers });
    await controller.start();
    await clock.advance(2_000);
    await controller.stop();
    expect(offered).toBeGreaterThanOrEqual(3);
  });

  test('an overload on the meter brings the next cycle forward', async () => {
    const { clock, controller, records, read } = room();
    await controller.start();
    await clock.advance(2_300);
    const before = records.length;
    read(64);
    await clock.advance(50);
    expect(records.length).toBe(before + 1);
    expect(records.at(-1)!.decision.notices.map((notice) => notice.code)).toContain('CIRCUIT_OVERLOADED');
    await controller.stop();
  });

  test('a storm of urgent calls cannot bring cycles closer than the smallest gap', async () => {
    const { clock, controller, records, connect } = room();
    await controller.start();
    for (let i = 0; i < 100; i++) {
      connect(`S${i % 3}`);
      await clock.advance(10);
    }
    expect(records.length).toBeLessThanOrEqual(1 + 1_000 / 200 + 1);
    await controller.stop();
  });

  test('a fault inside a decision ends the cycle without a command, tells it, and the loop runs on', async () => {
    const { clock, controller, records, breakStations } = room();
    await controller.start();
    breakStations();
    await clock.advance(2_000);
    const last = records.at(-1)!.decision;
    expect(last).toMatchObject({ mode: 'failsafe', commands: [] });
    expect(last.notices[0]!.code).toBe('DECISION_FAILED');
    expect(controller.isAlive()).toBe(true);
    await controller.stop();
  });

  test('after a restart, floors are still proved and old leases still reserved', async () => {
    const at = 5_000;
    const lease = {
      commandId: 'old-1',
      limitAmps: 20,
      sentAt: at,
      acknowledgedAt: at,
      settledAt: at,
      endsBy: at + 60_000,
      holdsUntil: at + 50_000,
    };
    const known = {
      floor: { state: 'proved' as const, amps: 6, since: at, settledAt: at },
      leases: [lease],
      failures: 0,
      disobeyedSamples: 0,
    };
    const { clock, controller, records } = room({
      stored: { author: 'box-6', nextCommandNumber: 9, circuits: {}, evses: { 'A/1': known } },
    });
    await controller.start();
    await clock.advance(10);
    expect(records[0]!.decision.shares.map((share) => share.exposureAmps)).toEqual([20, 32, 32]);
    await clock.advance(71_000);
    expect(records.at(-1)!.decision.shares.map((share) => share.exposureAmps)).toEqual([6, 32, 32]);
    await controller.stop();
  });

  test('is not alive before its first cycle nor after its last', async () => {
    const { clock, controller } = room();
    expect(controller.isAlive()).toBe(false);
    await controller.start();
    await clock.advance(100);
    expect(controller.isAlive()).toBe(true);
    await controller.stop();
    await clock.advance(20_000);
    expect(controller.isAlive()).toBe(false);
  });
});

describe('what people ask', () => {
  test('a site limit holds in the next cycle, at once, with its author', async () => {
    const { clock, controller, records } = room();
    await controller.start();
    await clock.advance(500);
    const answer = await controller.request({ kind: 'set-circuit-limit', circuit: 'main', limitAmps: 30, who: 'anna' });
    expect(answer.ok).toBe(true);
    await clock.advance(50);
    expect(records.at(-1)!.decision.circuits[0]!.phases.L2).toMatchObject({
      limitAmps: 30,
      limitSource: { kind: 'facility-manager', id: 'anna' },
    });
    await controller.request({ kind: 'clear-circuit-limit', circuit: 'main', who: 'anna' });
    await clock.advance(1_000);
    expect(records.at(-1)!.decision.circuits[0]!.phases.L2.limitAmps).toBe(63);
    await controller.stop();
  });

  test('when the disk refuses, the limit holds all the same and the person is told', async () => {
    const { clock, controller, records } = room({
      store: { saveCaps: async () => Promise.reject(new Error('disk full')) },
    });
    await controller.start();
    const answer = await controller.request({ kind: 'set-circuit-limit', circuit: 'main', limitAmps: 30, who: 'anna' });
    expect(answer).toMatchObject({ ok: false, code: 'STORE_WRITE_FAILED' });
    await clock.advance(1_000);
    expect(records.at(-1)!.decision.circuits[0]!.phases.L1.limitAmps).toBe(30);
    await controller.stop();
  });

  test.each([
    ['an unknown circuit', { circuit: 'attic', limitAmps: 10 }, 'circuit'],
    ['above the rating', { circuit: 'main', limitAmps: 64 }, 'limitAmps'],
    ['below zero', { circuit: 'main', limitAmps: -1 }, 'limitAmps'],
    ['not a number', { circuit: 'main', limitAmps: Number.NaN }, 'limitAmps'],
    ['both units', { circuit: 'main', limitAmps: 10, limitWatts: 10 }, 'limitAmps'],
    ['no unit', { circuit: 'main' }, 'limitAmps'],
    ['too many watts', { circuit: 'main', limitWatts: 1e9 }, 'limitWatts'],
    ['an end in the past', { circuit: 'main', limitAmps: 10, untilMs: 5 }, 'untilMs'],
  ])('%s is refused by field and changes nothing', (_story, part, field) => {
    const answer = changeCaps(buildSite(), [], { kind: 'set-circuit-limit', who: 'anna', ...part }, 1_000);
    expect(answer).toMatchObject({ ok: false, field });
  });

  test('zero amperes is a limit, not an absence', () => {
    const answer = changeCaps(
      buildSite(),
      [],
      { kind: 'set-circuit-limit', circuit: 'main', limitAmps: 0, who: 'anna' },
      1_000,
    );
    expect(answer).toMatchObject({ ok: true, caps: [{ limitAmps: onEachPhase(0) }] });
  });
});
