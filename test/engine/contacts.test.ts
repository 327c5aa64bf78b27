// The whole control room with contacts, on the virtual clock: a limit within one cycle, a stop that is latched over restarts, and who clears it.
import { describe, expect, test } from 'vitest';
import { stopCap } from '../../src/core/limits/emergency-stop.ts';
import type { CycleRecord, StationCommand } from '../../src/core/model/decision.ts';
import type { Cap } from '../../src/core/model/limit.ts';
import type { SiteInput } from '../../src/core/model/site.ts';
import type { StationState } from '../../src/core/model/snapshot.ts';
import { onEachPhase } from '../../src/core/model/units.ts';
import { AppError } from '../../src/engine/app-error.ts';
import { Controller } from '../../src/engine/controller.ts';
import type { ControlStore } from '../../src/engine/ports.ts';
import { Contacts } from '../../src/modbus/contacts.ts';
import { VirtualClock } from '../../src/simulator/virtual-clock.ts';
import { silentLog } from '../../src/system/log.ts';
import { buildSite } from '../support/site-builder.ts';

const DIM = 0;
const DOOR = 1;
const common = {
  connection: { endpoint: { transport: 'tcp', host: '192.0.2.7', port: 502 }, unitId: 1 },
  debounceMs: 1_000,
  pollMs: 500,
} as const;
const inputs: readonly SiteInput[] = [
  {
    ...common,
    id: 'dim',
    name: 'Dim',
    contact: { kind: 'discrete-input', address: DIM },
    activeWhen: 'closed',
    cap: {
      id: 'contact:dim',
      source: { kind: 'utility', id: 'contact Dim' },
      scope: { kind: 'group', group: 'all' },
      limitWatts: 4_200,
    },
  },
  {
    ...common,
    id: 'door',
    name: 'Door',
    contact: { kind: 'discrete-input', address: DOOR },
    activeWhen: 'open',
    emergencyStop: true,
    cap: stopCap('contact:door', 'contact Door'),
  },
];
const site = buildSite({
  inputs,
  groups: [{ id: 'all', name: 'All', evses: ['A/1', 'B/1', 'C/1'], limitWatts: 40_000 }],
});
const stations = Object.fromEntries(
  site.stations.map(({ id }): [string, StationState] => [
    id,
    { station: id, link: { state: 'never' }, evses: [], upstreamProfiles: [], upstreamLink: 'none' },
  ]),
);
const surroundings = (clock: VirtualClock) => ({
  clock,
  random: { next: () => 0.5, uuid: () => 'id' },
  log: silentLog,
});

/** A module, a disk, and controllers that come and go on them. */
function world() {
  const clock = new VirtualClock();
  const bits = new Set([DOOR]);
  let isDead = false;
  let caps: readonly Cap[] = [];
  let isDiskBroken = false;
  const latched: string[] = [];
  const store: ControlStore = {
    load: async () => ({ epoch: 1, caps, wishes: [] }),
    saveMemory: () => {},
    saveCaps: async (newest) => {
      if (isDiskBroken) throw new AppError('STORE_WRITE_FAILED', 'no space left');
      caps = newest;
    },
    saveWishes: async () => {},
  };
  const begin = async () => {
    const records: CycleRecord[] = [];
    const sent: StationCommand[] = [];
    const adapter = { start: async () => {}, stop: async () => {} };
    const contacts = new Contacts(surroundings(clock), inputs, () => ({
      readBits: async (_code, address, count) => {
        await clock.sleep('test.module', 10);
        if (isDead) throw new AppError('METER_TIMEOUT', 'no whole answer within 300 ms');
        return Array.from({ length: count }, (_, at) => bits.has(address + at));
      },
    }));
    const controller = new Controller(
      surroundings(clock),
      site,
      {
        meters: {
          ...adapter,
          states: () => ({ main: { reading: { currentAmps: onEachPhase(10), measuredAt: clock.now() } } }),
          onReading: () => {},
        },
        stations: {
          ...adapter,
          states: () => stations,
          send: (commands) => {
            sent.push(...commands);
            return { refused: [] };
          },
          onUrgent: () => {},
        },
        store,
        journal: { append: () => {} },
        audience: { publish: (record) => void records.push(record) },
        signals: [contacts],
      },
      'box',
      {},
      { onLatched: (by) => void latched.push(by) },
    );
    const started = controller.start();
    await clock.advance(20);
    await started;
    const last = () => records.at(-1)!;
    return {
      controller,
      records,
      caps: () => last().snapshot.caps.map(({ id }) => id),
      codes: () =>
        last()
          .decision.notices.map(({ code }) => code)
          .filter((code) => code !== 'STATION_NEVER_SEEN'),
      end: async () => {
        const stopped = controller.stop();
        await clock.advance(1_000);
        await stopped;
      },
    };
  };
  return {
    clock,
    bits,
    begin,
    latched,
    kept: () => caps.map(({ id }) => id),
    kill: () => {
      isDead = true;
    },
    revive: () => {
      isDead = false;
    },
    breakDisk: (isBroken: boolean) => {
      isDiskBroken = isBroken;
    },
  };
}
const clear = { kind: 'clear-emergency-stop', who: 'Anna', note: 'looked at it' } as const;

describe('a contact that limits', () => {
  test('is in force within one poll and one cycle, and gone after its debounce', async () => {
    const { clock, bits, begin } = world();
    const room = await begin();
    await clock.advance(3_000);
    expect(room.caps()).toEqual([]);
    expect(room.records.at(-1)!.snapshot.contacts!.map(({ id, state }) => [id, state])).toEqual([
      ['dim', 'released'],
      ['door', 'released'],
    ]);
    bits.add(DIM);
    const closedAt = clock.now();
    await clock.advance(1_000);
    const first = room.records.find(({ snapshot }) => snapshot.caps.some(({ id }) => id === 'contact:dim'))!;
    // A poll each 500 ms, 10 ms for the answer, and at most 200 ms between two cycles.
    expect(first.snapshot.now - closedAt).toBeLessThanOrEqual(710);
    bits.delete(DIM);
    await clock.advance(900);
    expect(room.caps()).toEqual(['contact:dim']);
    await clock.advance(1_200);
    expect(room.caps()).toEqual([]);
    await room.end();
  });

  test('a module that dies: its limit and its stop are in force, told as unreadable, and nothing is latched', async () => {
    const { clock, begin, kill, revive, kept, latched } = world();
    const room = await begin();
    kill();
    await clock.advance(8_000);
    expect(room.caps()).toEqual(['contact:dim', 'contact:door']);
    expect(room.codes()).toEqual(['EMERGENCY_STOP', 'CONTACT_UNREADABLE', 'CONTACT_UNREADABLE']);
    expect(room.records.at(-1)!.decision.notices[0]!.text).toMatch(
      /^Emergency stop by contact Door \(cannot be read\).*cannot be cleared while it is held: contact Door cannot be read\.$/,
    );
    revive();
    await clock.advance(3_000);
    expect(room.caps()).toEqual([]);
    expect([kept(), latched]).toEqual([[], []]);
    await room.end();
  });
});

describe('the emergency stop of a contact', () => {
  test('stays after the contact is released and after a restart, until a person clears it', async () => {
    const { clock, bits, begin, kept, latched } = world();
    const first = await begin();
    bits.delete(DOOR);
    await clock.advance(1_000);
    expect(first.caps()).toEqual(['emergency-stop', 'contact:door']);
    expect([kept(), latched]).toEqual([['emergency-stop'], ['contact Door']]);
    bits.add(DOOR);
    await clock.advance(5_000);
    expect(first.caps()).toEqual(['emergency-stop']);
    await first.end();

    // However the wall clock was set meanwhile.
    clock.stepWallClock(-86_400_000);
    const second = await begin();
    await clock.advance(2_000);
    expect(second.records.every(({ snapshot }) => snapshot.caps.some(({ id }) => id === 'emergency-stop'))).toBe(true);
    expect(second.codes()).toEqual(['EMERGENCY_STOP']);
    expect(await second.controller.request(clear)).toMatchObject({ ok: true, caps: [] });
    await clock.advance(1_000);
    expect([second.caps(), kept()]).toEqual([[], []]);
    expect(latched).toEqual(['contact Door']);
    await second.end();
  });

  test('is not cleared while the contact is active, nor while it cannot be read', async () => {
    const { clock, bits, begin, kill, revive } = world();
    const room = await begin();
    bits.delete(DOOR);
    await clock.advance(1_000);
    expect(await room.controller.request(clear)).toMatchObject({
      ok: false,
      code: 'EMERGENCY_STOP_HELD',
      text: expect.stringContaining('contact Door is active'),
    });
    bits.add(DOOR);
    kill();
    await clock.advance(10_000);
    expect(await room.controller.request(clear)).toMatchObject({
      code: 'EMERGENCY_STOP_HELD',
      text: expect.stringContaining('contact Door cannot be read'),
    });
    expect(room.caps()).toContain('emergency-stop');
    revive();
    await clock.advance(3_000);
    expect(await room.controller.request(clear)).toMatchObject({ ok: true });
    await room.end();
  });

  test('pressed again after it was cleared, it is latched again', async () => {
    const { clock, bits, begin, latched } = world();
    const room = await begin();
    for (const _ of [1, 2]) {
      bits.delete(DOOR);
      await clock.advance(600);
      bits.add(DOOR);
      await clock.advance(3_000);
      expect(room.caps()).toEqual(['emergency-stop']);
      await room.controller.request(clear);
      await clock.advance(1_000);
      expect(room.caps()).toEqual([]);
    }
    expect(latched).toEqual(['contact Door', 'contact Door']);
    await room.end();
  });

  test('a disk in trouble does not keep it from being in force', async () => {
    const { clock, bits, begin, breakDisk, kept } = world();
    const room = await begin();
    breakDisk(true);
    bits.delete(DOOR);
    await clock.advance(1_000);
    expect(room.caps()).toContain('emergency-stop');
    expect(kept()).toEqual([]);
    await room.end();
  });

  test('is in force from the first cycle on when the contact is active at the start', async () => {
    const { clock, bits, begin } = world();
    bits.delete(DOOR);
    const room = await begin();
    await clock.advance(500);
    expect(room.records[0]!.snapshot.caps.map(({ id }) => id)).toEqual(['emergency-stop', 'contact:door']);
    await room.end();
  });
});

describe('the emergency stop of a person', () => {
  test('is pressed, kept with who first pressed it and why, and cleared by another', async () => {
    const { clock, begin, kept } = world();
    const room = await begin();
    const press = { kind: 'press-emergency-stop', who: 'Ben', note: 'smoke in bay 3' } as const;
    expect(await room.controller.request(press)).toMatchObject({ ok: true });
    expect(await room.controller.request({ ...press, who: 'Carl' })).toMatchObject({ ok: true });
    await clock.advance(1_000);
    const [cap] = room.records.at(-1)!.snapshot.caps;
    expect(cap).toMatchObject({ source: { kind: 'emergency-stop', id: 'Ben' }, note: 'smoke in bay 3' });
    expect(cap).not.toHaveProperty('from');
    expect(kept()).toEqual(['emergency-stop']);
    expect(await room.controller.request(clear)).toMatchObject({ ok: true });
    expect(await room.controller.request(clear)).toMatchObject({ ok: false, code: 'EMERGENCY_STOP_NOT_SET' });
    await room.end();
  });

  test('survives limits that are set and cleared meanwhile', async () => {
    const { clock, begin } = world();
    const room = await begin();
    await room.controller.request({ kind: 'press-emergency-stop', who: 'Ben' });
    await room.controller.request({ kind: 'set-circuit-limit', circuit: 'main', limitAmps: 20, who: 'Ben' });
    await room.controller.request({ kind: 'clear-circuit-limit', circuit: 'main', who: 'Ben' });
    await clock.advance(1_000);
    expect(room.caps()).toEqual(['emergency-stop']);
    await room.end();
  });
});
