// A decision that lies, or none at all: floors leave in its place, nothing in force is forgotten, and the watchdog is not fed.
import { describe, expect, test } from 'vitest';
import { decide } from '../../src/core/decide.ts';
import type { Command, CycleRecord, Decision, StationCommand } from '../../src/core/model/decision.ts';
import type { EvseState, StationState } from '../../src/core/model/snapshot.ts';
import { onEachPhase } from '../../src/core/model/units.ts';
import { Controller } from '../../src/engine/controller.ts';
import { VirtualClock } from '../../src/simulator/virtual-clock.ts';
import { silentLog } from '../../src/system/log.ts';
import { rememberingLog } from '../store/support.ts';
import { buildSite, circuit, evse, genericAc } from '../support/site-builder.ts';

type Decide = typeof decide;

/** Three cars on chargers that accept and follow whatever they are told; 63 A, 10 A of them for the building. */
async function room(
  part: { readonly meter?: () => boolean; readonly profile?: typeof genericAc; readonly cFloorAmps?: number } = {},
) {
  const clock = new VirtualClock();
  const site = buildSite({
    circuits: [circuit({ id: 'main', meter: 'main' })],
    evses: [evse({ station: 'A' }), evse({ station: 'B' }), evse({ station: 'C', floorAmps: part.cFloorAmps ?? 6 })],
    ...(part.profile ? { profile: part.profile } : {}),
    policy: { increase: { dwellMs: 2_000, deadbandAmps: 0.5, rampAmpsPerSecond: 50 } },
  });
  let lie: Decide = decide;
  let progress = 0;
  const countProgress = () => {
    progress += 1;
  };
  const sent: { readonly at: number; readonly command: StationCommand }[] = [];
  const records: CycleRecord[] = [];
  const told: { [id: string]: Partial<EvseState> } = {};
  const linked: { [id: string]: boolean } = { A: true, B: true, C: true };
  const nonsense = new Set<string>();
  const state = (id: string): StationState => ({
    station: id,
    link: { state: linked[id] ? 'connected' : 'disconnected', since: 0, connection: 1 },
    evses: [
      {
        evse: `${id}/1`,
        connectorStatus: 'Occupied',
        chargingState: 'Charging',
        transaction: { id: `tx-${id}`, startedAt: 0 },
        ...told[id],
      },
    ],
    upstreamProfiles: [],
    upstreamLink: 'none',
  });
  const adapter = { start: async () => {}, stop: async () => {} };
  const reading = () => ({ currentAmps: onEachPhase(10), measuredAt: clock.now() });
  const controller = new Controller(
    { clock, random: { next: () => 0.5, uuid: () => 'id' }, log: silentLog },
    site,
    {
      meters: {
        ...adapter,
        states: () => (part.meter?.() === false ? {} : { main: { reading: reading() } }),
        onReading: () => {},
      },
      stations: {
        ...adapter,
        states: () =>
          Object.fromEntries(
            site.stations.map(({ id }) => [id, nonsense.has(id) ? ({ station: id } as StationState) : state(id)]),
          ),
        send: (commands) => {
          for (const command of commands) {
            sent.push({ at: clock.now(), command });
            if (command.kind !== 'install-profile') continue;
            const answer = { commandId: command.id, state: 'accepted' as const, at: clock.now() };
            told[command.station] = { ...told[command.station], [command.role]: answer };
          }
          return { refused: [] };
        },
        onUrgent: () => {},
      },
      store: {
        load: async () => ({ epoch: 1, caps: [], wishes: [] }),
        saveMemory: () => {},
        saveCaps: async () => {},
        saveWishes: async () => {},
      },
      journal: { append: () => {} },
      audience: { publish: (record) => void records.push(record) },
    },
    'box',
    {},
    { decide: (...args) => lie(...args), onProgress: countProgress },
  );
  await controller.start();
  await clock.advance(30_000);
  return {
    clock,
    site,
    controller,
    records,
    linked,
    nonsense,
    progress: () => progress,
    /** From the next cycle on. */
    lieBy: (distort: (honest: Decision, ...args: Parameters<Decide>) => Decision) => {
      sent.length = 0;
      lie = (...args) => distort(decide(...args), ...args);
    },
    beHonest: () => {
      lie = decide;
    },
    sent: () => sent.map(({ command }) => command as Command),
    leases: (id: string) => records.at(-1)!.decision.memory.evses[`${id}/1`]!.leases.map(({ limitAmps }) => limitAmps),
  };
}

const rise = (honest: Decision, limitAmps: number, part: Partial<Command> = {}): Decision => {
  const command: Command = {
    kind: 'install-profile',
    id: 'lie',
    station: 'A',
    evse: 'A/1',
    role: 'lease',
    change: 'increase',
    limitAmps,
    profile: {
      id: 1,
      stackLevel: 1,
      purpose: 'TxDefaultProfile',
      kind: 'Absolute',
      schedule: {
        unit: 'A',
        startSchedule: 0,
        durationSeconds: 60,
        periods: [{ startPeriodSeconds: 0, limit: limitAmps }],
      },
    },
    ...part,
  };
  const known = honest.memory.evses[command.evse]!;
  const entry = { commandId: command.id, limitAmps, sentAt: 0, holdsUntil: Number.MAX_VALUE, endsBy: Number.MAX_VALUE };
  const evses = { ...honest.memory.evses, [command.evse]: { ...known, leases: [...(known?.leases ?? []), entry] } };
  return { ...honest, commands: [...honest.commands, command], memory: { ...honest.memory, evses } };
};

describe('a decision that lies', () => {
  test.each<[string, (honest: Decision) => Decision]>([
    [
      'more than the fuse',
      (honest) =>
        ['A', 'B', 'C'].reduce((lies, id) => rise(lies, 32, { id: `lie-${id}`, station: id, evse: `${id}/1` }), {
          ...honest,
          commands: [] as readonly Command[],
        }),
    ],
    ['no number', (honest) => rise(honest, Number.NaN)],
    ['between nothing and the minimum', (honest) => rise(honest, 3)],
    ['a charger that is not there', (honest) => rise(honest, 6, { station: 'Z', evse: 'Z/1' })],
    ['two leases for one car', (honest) => rise(rise(honest, 6), 7)],
    ['a forgotten ledger', (honest) => ({ ...rise(honest, 6), memory: { ...honest.memory, evses: {} } })],
    ['no base load', (honest) => ({ ...honest, circuits: [] })],
    [
      'no decision at all',
      () => {
        throw new Error('a mistake of ours');
      },
    ],
    ['nothing that can be read', () => null as unknown as Decision],
  ])('%s: floors leave in its place, once, and the watchdog is not fed', async (_story, distort) => {
    const { clock, controller, lieBy, sent, leases, records, progress, beHonest } = await room();
    const before = ['A', 'B', 'C'].map((id) => leases(id).at(-1)!);
    expect(Math.min(...before)).toBeGreaterThan(16);
    expect(progress()).toBe(31);
    lieBy(distort);
    await clock.advance(1_000);
    expect(
      sent().map(({ evse, role, change, limitAmps, profile }) => [
        evse,
        role,
        change,
        limitAmps,
        profile.schedule.periods[0]!.limit,
      ]),
    ).toEqual(['A', 'B', 'C'].map((id) => [`${id}/1`, 'lease', 'decrease', 6, 6]));
    const { decision } = records.at(-1)!;
    expect(decision.mode).toBe('failsafe');
    expect(decision.notices.map(({ severity, code }) => [severity, code])).toEqual([
      ['alarm', expect.stringMatching(/^(DISPATCH_REFUSED|DECISION_FAILED)$/)],
    ]);
    // What was in force may still be: it stays in the ledger beside the new.
    for (const [at, id] of ['A', 'B', 'C'].entries())
      expect(leases(id)).toEqual(expect.arrayContaining([before[at], 6]));
    await clock.advance(9_000);
    expect(sent()).toHaveLength(3);
    expect(progress()).toBe(31);
    expect(controller.isAlive()).toBe(true);
    beHonest();
    await clock.advance(30_000);
    expect(progress()).toBe(61);
    expect(records.at(-1)!.decision.mode).toBe('normal');
    expect(leases('A').at(-1)).toBeGreaterThan(16);
    const ids = records.flatMap((record) => record.decision.commands.map(({ id }) => id));
    expect(new Set(ids).size).toBe(ids.length);
    await controller.stop();
  });

  test('a lost meter that is believed all the same is no progress, and floors leave', async () => {
    let works = true;
    const { clock, controller, lieBy, sent, progress, records } = await room({ meter: () => works });
    works = false;
    lieBy((honest, _site, _snapshot) => ({ ...honest, commands: [], circuits: records[5]!.decision.circuits }));
    await clock.advance(1_000);
    expect(sent().map(({ limitAmps }) => limitAmps)).toEqual([6, 6, 6]);
    expect(progress()).toBe(31);
    await controller.stop();
  });

  test('a meter that is lost and declared so is progress', async () => {
    let works = true;
    const { clock, controller, progress } = await room({ meter: () => works });
    works = false;
    await clock.advance(20_000);
    expect(progress()).toBe(51);
    await controller.stop();
  });
});

describe('floors in place of a plan', () => {
  const broken = (): Decision => {
    throw new Error('a mistake of ours');
  };

  test('a charger that is held below its floor stays there while the others come down, by renewals of what it has', async () => {
    const { clock, controller, lieBy, sent } = await room();
    const capped = await controller.request({
      kind: 'set-circuit-limit',
      circuit: 'main',
      limitAmps: 22.5,
      who: 'anna',
    });
    expect(capped.ok).toBe(true);
    await clock.advance(20_000);
    const [paused, ...others] = new Set(
      sent()
        .filter(({ limitAmps }) => limitAmps === 0)
        .map(({ evse }) => evse),
    );
    expect(others).toEqual([]);
    lieBy(broken);
    await clock.advance(50_000);
    const own = sent().filter(({ evse }) => evse === paused);
    expect(own.map(({ change }) => change)).toEqual(own.map(() => 'renewal'));
    expect(own.map(({ role, limitAmps }) => [role, limitAmps])).toEqual(
      [
        ['lease', 0],
        ['lease', 0],
        ['lease', 0],
      ].slice(0, own.length),
    );
    expect(own.length).toBeGreaterThanOrEqual(2);
    expect(Math.max(...sent().map(({ limitAmps }) => limitAmps))).toBeLessThanOrEqual(6);
    await controller.stop();
  });

  test('a station that is not connected is told nothing, and what it may draw stays in the ledger', async () => {
    const { clock, controller, lieBy, sent, linked, leases } = await room();
    linked.B = false;
    const before = leases('B');
    lieBy(broken);
    await clock.advance(2_000);
    expect(sent().map(({ evse }) => evse)).toEqual(['A/1', 'C/1']);
    expect(leases('B')).toEqual(before);
    await controller.stop();
  });

  test('a station of which nonsense is known costs no other its floor', async () => {
    const { clock, controller, lieBy, sent, nonsense } = await room();
    nonsense.add('A');
    lieBy(broken);
    await clock.advance(1_000);
    expect(sent().map(({ evse }) => evse)).toEqual(['B/1', 'C/1']);
    await controller.stop();
  });

  test('a model that must never be told 0 A is told its minimum', async () => {
    const profile = { ...genericAc, quirks: ['zero-amps-breaks-next-limit'] as const };
    const { clock, controller, lieBy, sent } = await room({ profile, cFloorAmps: 0 });
    // With a floor of 0 A it cannot be told again what it was told before our start: it has to be waited for.
    await clock.advance(80_000);
    lieBy(broken);
    await clock.advance(1_000);
    expect(sent().find(({ evse }) => evse === 'C/1')).toMatchObject({ limitAmps: 6 });
    await controller.stop();
  });

  test('a charger whose floor is not proved gets it, once a minute', async () => {
    const { clock, controller, lieBy, sent, records } = await room();
    const unproved: Decision['memory']['evses'][string] = {
      floor: { state: 'unproved' },
      leases: [],
      failures: 0,
      disobeyedSamples: 0,
    };
    lieBy((honest) => ({
      ...honest,
      commands: [],
      memory: { ...honest.memory, evses: { ...honest.memory.evses, 'A/1': unproved } },
    }));
    await clock.advance(1_000);
    lieBy(broken);
    await clock.advance(59_000);
    expect(
      sent()
        .filter(({ role }) => role === 'floor')
        .map(({ evse, limitAmps, profile }) => [evse, limitAmps, profile.schedule.durationSeconds]),
    ).toEqual([['A/1', 6, undefined]]);
    await clock.advance(5_000);
    expect(sent().filter(({ role }) => role === 'floor')).toHaveLength(2);
    expect(records.at(-1)!.decision.mode).toBe('failsafe');
    await controller.stop();
  });

  test.each([true, false])(
    'a fault at the very first cycle ends no loop, whether the journal works (%s) or not',
    async (journalWorks) => {
      const clock = new VirtualClock();
      const log = rememberingLog();
      const adapter = { start: async () => {}, stop: async () => {} };
      let cycles = 0;
      const controller = new Controller(
        { clock, random: { next: () => 0.5, uuid: () => 'id' }, log },
        buildSite(),
        {
          meters: { ...adapter, states: () => ({}), onReading: () => {} },
          stations: { ...adapter, states: () => ({}), send: () => ({ refused: [] }), onUrgent: () => {} },
          store: {
            load: async () => ({ epoch: 1, caps: [], wishes: [] }),
            saveMemory: () => {},
            saveCaps: async () => {},
            saveWishes: async () => {},
          },
          journal: {
            append: () => {
              cycles += 1;
              if (!journalWorks) throw new Error('the journal is a mistake too');
            },
          },
          audience: { publish: () => {} },
        },
        'box',
        {},
        { decide: broken },
      );
      await controller.start();
      await clock.advance(5_000);
      expect(cycles).toBe(6);
      expect(log.lines.filter(({ event }) => event === 'control.cycle-failed')).toHaveLength(journalWorks ? 0 : 6);
      await controller.stop();
    },
  );
});
