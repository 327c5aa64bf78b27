// The rules of one link, each by itself: what ends the connection and what keeps it, how long it backs off, how long it stays silent.
import { once } from 'node:events';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type LinkTiming, ModbusLink } from '../../src/modbus/register-reader.ts';
import { VirtualClock } from '../../src/simulator/virtual-clock.ts';
import { freePort } from '../support/children.ts';
import { realSurroundings, tcpAt } from '../support/modbus-world.ts';
import { type Answer, serveModbus } from '../support/raw-modbus-server.ts';

/** A meter that answers as `answer` says, and a link to it. */
async function linked(answer: (request: number) => Answer, timing: Partial<LinkTiming> = {}) {
  let requests = 0;
  const server = await serveModbus(() => answer(++requests));
  const link = new ModbusLink(realSurroundings(), tcpAt(server.port), timing);
  onTestFinished(async () => {
    await link.close();
    await server.close();
  });
  return { server, link, read: (gapMs = 0) => link.unit(1, gapMs).read(3, 0, 1) };
}

describe('what ends the connection and what keeps it', () => {
  test('a request that is not answered in time takes its connection along: a late reply has nowhere to arrive', async () => {
    const { server, read } = await linked((request) => (request === 1 ? undefined : [7]), { deadlineMs: 40 });
    await expect(read()).rejects.toMatchObject({ code: 'METER_TIMEOUT' });
    expect(await read()).toEqual([7]);
    expect(server.accepted()).toBe(2);
  });

  test.each([1, 2, 3, 4, 6, 10, 11])(
    'exception %i is an answer: named by its code, on a connection that stays',
    async (exception) => {
      const { server, read } = await linked((request) => (request === 1 ? { exception } : [7]));
      await expect(read()).rejects.toMatchObject({ code: 'METER_EXCEPTION', fields: { exception } });
      expect(await read()).toEqual([7]);
      expect(server.accepted()).toBe(1);
    },
  );

  test('a reply with more registers than were asked for is refused whole', async () => {
    const { server, read } = await linked((request) => (request === 1 ? [7, 8] : [7]));
    await expect(read()).rejects.toMatchObject({ code: 'METER_FRAME' });
    expect(await read()).toEqual([7]);
    expect(server.accepted()).toBe(2);
  });

  test('a device that hangs up between two reads is asked again at once', async () => {
    const { server, read } = await linked(() => [7], { backOffFirstMs: 5_000 });
    await read();
    const [socket] = server.sockets();
    socket!.end();
    await once(socket!, 'close');
    expect(await read()).toEqual([7]);
  });
});

test('the silence that a slow meter needs is kept before each request', async () => {
  const { clock } = realSurroundings();
  const times: number[] = [];
  const { read } = await linked(() => {
    times.push(clock.now());
    return [1];
  });
  for (let turn = 0; turn < 4; turn++) await read(40);
  // A millisecond of rounding on each side.
  for (let turn = 1; turn < times.length; turn++) expect(times[turn]! - times[turn - 1]!).toBeGreaterThanOrEqual(38);
});

describe('back-off', () => {
  /** The delays that a link announces after each refused connection in a row, at the longest draw. */
  async function announcedDelays(timing: Partial<LinkTiming>, times: number): Promise<number[]> {
    const clock = new VirtualClock();
    const random = { next: () => 1, uuid: () => '' };
    const link = new ModbusLink({ clock, random }, tcpAt(await freePort()), timing);
    const delays: number[] = [];
    for (let turn = 0; turn < times; turn++) {
      await expect(link.unit(1).read(3, 0, 1)).rejects.toThrow(/ECONNREFUSED/);
      const refusal: Error = await link
        .unit(1)
        .read(3, 0, 1)
        .then(String, (error) => error);
      const delayMs = Number(/next try in (\d+) ms/.exec(refusal.message)?.[1]);
      delays.push(delayMs);
      await clock.advance(delayMs);
    }
    await link.close();
    return delays;
  }

  test('it doubles from failure to failure, stops at its longest, and meanwhile refuses at once', async () => {
    expect(await announcedDelays({ backOffFirstMs: 500 }, 6)).toEqual([500, 1_000, 2_000, 4_000, 5_000, 5_000]);
  });

  test('it starts again from the shortest after a good read', async () => {
    // Two silent requests, a good one, a silent one: were the failures still counted, the wait would be 320 ms.
    const { read } = await linked((request) => (request === 3 ? [7] : request < 5 ? undefined : [8]), {
      deadlineMs: 20,
      backOffFirstMs: 80,
    });
    const { clock } = realSurroundings();
    await expect(read()).rejects.toMatchObject({ code: 'METER_TIMEOUT' });
    await expect(read()).rejects.toMatchObject({ code: 'METER_TIMEOUT' });
    expect(await read()).toEqual([7]);
    await expect(read()).rejects.toMatchObject({ code: 'METER_TIMEOUT' });
    const from = clock.now();
    expect(await read()).toEqual([8]);
    expect(clock.now() - from).toBeLessThan(200);
  });
});
