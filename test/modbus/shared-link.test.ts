// Several units on one line in virtual time: a dead one never starves its neighbours, and each gets its turn, gap and deadline.
import { describe, expect, onTestFinished, test } from 'vitest';
import type { ModbusEndpoint } from '../../src/core/model/site-meters.ts';
import { AppError } from '../../src/engine/app-error.ts';
import { ModbusLink } from '../../src/modbus/register-reader.ts';
import { coreBytesOf, type ModbusRequest } from '../../src/modbus/reply-frame.ts';
import type { OpenSession } from '../../src/modbus/session.ts';
import { seededRandom } from '../../src/simulator/seeded-random.ts';
import { VirtualClock } from '../../src/simulator/virtual-clock.ts';

const SERIAL: ModbusEndpoint = { transport: 'rtu', path: '/dev/ttyUSB0', baud: 9_600, parity: 'none', stopBits: 1 };
const GATEWAY: ModbusEndpoint = { transport: 'rtu-over-tcp', host: '192.0.2.1', port: 502 };
const TURNAROUND_MS = 40;
const CHARACTER_MS = 10 / 9.6;

/** A line at 9600 8N1 on which the units of `dead` are silent; a serial one goes on after a timeout, another one is closed. */
function line(endpoint: ModbusEndpoint, dead: readonly number[]) {
  const clock = new VirtualClock();
  const asked: { readonly request: ModbusRequest; readonly at: number; readonly deadlineMs: number }[] = [];
  let opened = 0;
  const open: OpenSession = async () => {
    opened++;
    let isOpen = true;
    let refuse = (_error: AppError) => {};
    return {
      get isOpen() {
        return isOpen;
      },
      request: (request, deadlineMs) => {
        asked.push({ request, at: clock.now(), deadlineMs });
        const { promise, resolve, reject } = Promise.withResolvers<readonly number[]>();
        refuse = reject;
        const isDead = dead.includes(request.unitId);
        const answerMs = Math.ceil(TURNAROUND_MS + (8 + 2 + coreBytesOf(request)) * CHARACTER_MS);
        clock.timer('test.line', isDead ? deadlineMs : answerMs, () => {
          if (!isDead) resolve([]);
          else {
            isOpen = endpoint.transport === 'rtu';
            reject(new AppError('METER_TIMEOUT', 'silence'));
          }
        });
        return promise;
      },
      destroy: () => {
        isOpen = false;
        refuse(new AppError('METER_CLOSED', 'destroyed'));
      },
    };
  };
  const link = new ModbusLink({ clock, random: seededRandom(1) }, endpoint, {}, open);
  onTestFinished(() => link.close());
  return { clock, link, asked, opened: () => opened };
}

/** Polls two blocks of a unit at 1 Hz, as a meter does, and notes when both came. */
function poll({ clock, link }: ReturnType<typeof line>, unitId: number, gapMs: number): number[] {
  const good: number[] = [];
  const unit = link.unit(unitId, gapMs);
  void (async () => {
    for (let next = clock.now(); ; ) {
      try {
        await unit.read(4, 0, 18);
        await unit.read(4, 52, 2);
        good.push(clock.now());
      } catch {
        // Counted by its absence.
      }
      next = Math.max(next + 1_000, clock.now());
      await clock.sleep('test.poll', next - clock.now());
    }
  })();
  return good;
}

/** The longest time between two good polls from `from` on. */
const worstGapMs = (times: readonly number[], from: number) =>
  Math.max(...times.filter((at) => at >= from).map((at, index, all) => (index === 0 ? 0 : at - all[index - 1]!)));

describe.each([
  ['a serial line', SERIAL],
  ['a gateway', GATEWAY],
] as const)('four units at 1 Hz on %s', (_name, endpoint) => {
  test('all alive: every poll of each comes', async () => {
    const world = line(endpoint, []);
    const good = [1, 2, 3, 4].map((unit) => poll(world, unit, 20));
    await world.clock.advance(60_000);
    for (const times of good) {
      expect(times.length).toBeGreaterThanOrEqual(59);
      expect(worstGapMs(times, 0)).toBeLessThanOrEqual(1_100);
    }
  });

  test('one dead: its neighbours are never older than 2.1 s, also while it is being found dead', async () => {
    const world = line(endpoint, [3]);
    const from = world.clock.now();
    const good = [1, 2, 3, 4].map((unit) => poll(world, unit, 20));
    await world.clock.advance(60_000);
    expect(good[2]).toEqual([]);
    for (const times of [good[0]!, good[1]!, good[3]!]) {
      expect(times.length).toBeGreaterThanOrEqual(50);
      expect(worstGapMs(times, from)).toBeLessThanOrEqual(2_100);
    }
  });

  test('all but one dead: the one goes on, and the dead ones are still asked at least every 9 s', async () => {
    const world = line(endpoint, [1, 2, 4]);
    const good = [1, 2, 3, 4].map((unit) => poll(world, unit, 20));
    await world.clock.advance(20_000);
    const from = world.clock.now();
    await world.clock.advance(60_000);
    expect(worstGapMs(good[2]!, from)).toBeLessThanOrEqual(2_100);
    for (const unitId of [1, 2, 4]) {
      const asked = world.asked.filter(({ request }) => request.unitId === unitId).map(({ at }) => at);
      expect(worstGapMs(asked, from)).toBeLessThanOrEqual(9_000);
    }
    // Half of the line at least belongs to those who answer.
    const lost = world.asked.filter(({ request, at }) => at >= from && request.unitId !== 3);
    expect(lost.reduce((sum, { deadlineMs }) => sum + deadlineMs, 0)).toBeLessThan(33_000);
  });
});

test('a serial line is opened once and stays open whatever its units do', async () => {
  const world = line(SERIAL, [2]);
  for (const unit of [1, 2]) poll(world, unit, 0);
  await world.clock.advance(30_000);
  expect(world.opened()).toBe(1);
});

describe('the deadline of a request', () => {
  test.each([
    // A host on the network: the bytes take no time.
    [{ transport: 'tcp', host: '192.0.2.1', port: 502 }, undefined, 125, 300],
    // Serial frames through a gateway whose line is not known.
    [GATEWAY, undefined, 18, 500],
    // 8 + 41 bytes of eleven bits at 9600: 56.1 ms, rounded up.
    [GATEWAY, 9_600, 18, 557],
    [{ transport: 'tcp', host: '192.0.2.1', port: 502 }, 9_600, 18, 557],
    // Ten bits a character: 51.04 ms.
    [SERIAL, undefined, 18, 552],
    // 8 + 255 bytes at 300 baud.
    [{ ...SERIAL, baud: 300 }, undefined, 125, 9_267],
  ] as const)('%o, wire baud %s, %i registers: %i ms', async (endpoint, wireBaud, count, expected) => {
    const clock = new VirtualClock();
    const deadlines: number[] = [];
    const open: OpenSession = async () => ({
      isOpen: true,
      request: async (_request, deadlineMs) => {
        deadlines.push(deadlineMs);
        return [];
      },
      destroy: () => {},
    });
    const link = new ModbusLink({ clock, random: seededRandom(1) }, endpoint, {}, open, wireBaud);
    const reading = link.unit(1).read(3, 0, count);
    await clock.advance(1_000);
    await reading;
    expect(deadlines).toEqual([expected]);
  });
});
