// What a station says of itself at the door, in numbers and bytes.
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createConnection, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import type { Clock } from '../../src/engine/ports.ts';
import { INCUMBENT_PONG_MS } from '../../src/ocpp/gateway.ts';
import { credentialsFrom, identityFrom, isKeyRight, isOriginAllowed } from '../../src/ocpp/handshake.ts';
import { UPGRADE_DEADLINE_MS } from '../../src/ocpp/server.ts';
import {
  LEAST_WAITING,
  MAX_STRANGERS,
  MAX_STRANGERS_PER_ADDRESS,
  WAITING_DEADLINE_MS,
} from '../../src/ocpp/stranger-line.ts';
import { MAX_FAILURES_PER_MINUTE } from '../../src/ocpp/upgrade-guard.ts';
import { VirtualClock } from '../../src/simulator/virtual-clock.ts';
import { buildSite, evse } from '../support/site-builder.ts';
import { Bench } from '../support/station-bench.ts';

/** Virtual time that tells when so many timers of a name have been set. */
class WatchedClock implements Clock {
  readonly #clock = new VirtualClock();
  readonly #set = new Map<string, number>();
  #listener = () => {};

  now = () => this.#clock.now();
  wall = () => this.#clock.wall();
  sleep: Clock['sleep'] = (...args) => this.#clock.sleep(...args);
  timer: Clock['timer'] = (name, ...rest) => {
    this.#set.set(name, (this.#set.get(name) ?? 0) + 1);
    this.#listener();
    return this.#clock.timer(name, ...rest);
  };

  async untilSet(name: string, count: number): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#listener = () => void ((this.#set.get(name) ?? 0) >= count && resolve());
      this.#listener();
    });
  }

  advance = (byMs: number) => this.#clock.advance(byMs);
}

const basic = (bytes: Buffer) => `Basic ${bytes.toString('base64')}`;
const sha = (text: Buffer) => createHash('sha256').update(text).digest('hex');

test.each([
  ['/ocpp/CP-1', 'CP-1'],
  ['///ocpp//CP_1.=*+@', 'CP_1.=*+@'],
  ['/ocpp/a%2Bb', 'a+b'],
  ['/ocpp/a%252Bb', undefined],
  ['/ocpp/a/b', undefined],
  ['/ocpp/a%2Fb', undefined],
  ['/ocpp/', undefined],
  ['/OCPP/x', undefined],
  ['/ocpp/%', undefined],
  ['/ocpp/x%0d%0a', undefined],
  ['/ocpp/%F0%9F%98%80', undefined],
])('identity in %s: %s', (url, identity) => {
  expect(identityFrom(url)).toBe(identity);
});

describe('credentials', () => {
  test('are bytes: a key that is no UTF-8 and has colons in it is kept whole', () => {
    const key = Buffer.from('3aff00803a', 'hex');
    const credentials = credentialsFrom(basic(Buffer.concat([Buffer.from('CP:'), key])));
    expect(credentials!.user.toString()).toBe('CP');
    expect(credentials!.key.equals(key)).toBe(true);
    expect(isKeyRight('CP', credentials!.key, sha(Buffer.concat([Buffer.from('CP:'), key])))).toBe(true);
  });

  test.each([
    undefined,
    '',
    'Basic',
    'Basic !!!',
    'Bearer abc',
    `Basic ${'A'.repeat(600)}`,
    basic(Buffer.from('no colon')),
  ])('%.30s are none', (header) => expect(credentialsFrom(header)).toBeUndefined());

  test('no key, an empty key, no hash or a broken hash let nobody in', () => {
    const hash = sha(Buffer.from('CP:k'));
    expect(isKeyRight('CP', Buffer.from('k'), hash)).toBe(true);
    expect(isKeyRight('CP', undefined, hash)).toBe(false);
    expect(isKeyRight('CP', Buffer.alloc(0), sha(Buffer.from('CP:')))).toBe(false);
    expect(isKeyRight('CP', Buffer.from('k'), undefined)).toBe(false);
    expect(isKeyRight('CP', Buffer.from('k'), '')).toBe(false);
    expect(isKeyRight('CP', undefined, '00'.repeat(32))).toBe(false);
  });
});

test.each([
  [undefined, 'busbar.local:9220', true],
  ['http://busbar.local', 'busbar.local:9220', true],
  ['busbar.local', 'busbar.local:9220', true],
  ['https://evil.example', 'busbar.local:9220', false],
  ['null', 'busbar.local:9220', false],
  ['http://busbar.local.evil.example', 'busbar.local', false],
  ['http://busbar.local', undefined, false],
])('origin %s at %s: %s', (origin, host, isAllowed) => {
  expect(isOriginAllowed(origin, host)).toBe(isAllowed);
});

describe('strangers', () => {
  let bench: Bench;
  const callers: Socket[] = [];
  afterEach(async () => {
    for (const caller of callers.splice(0)) caller.destroy();
    await bench.stop();
  });

  /** A caller who says nothing. */
  async function call(localAddress = '127.0.0.1') {
    const closed = Promise.withResolvers<void>();
    const socket = createConnection({ port: bench.gateway.address().port, host: '127.0.0.1', localAddress });
    socket.on('error', () => {}).on('close', () => closed.resolve());
    callers.push(socket);
    await once(socket, 'connect');
    return { socket, closed: closed.promise };
  }
  const crowd = (count: number, localAddress?: string) =>
    Promise.all(Array.from({ length: count }, () => call(localAddress)));

  test('a caller that says nothing is cut off at the deadline, and whoever waited behind it is served', async () => {
    const clock = new WatchedClock();
    bench = await new Bench({ clock }).start();
    const silent = await crowd(MAX_STRANGERS_PER_ADDRESS);
    const station = bench.socket('A');
    await clock.untilSet('ocpp.waiting', 1);
    expect(silent.filter(({ socket }) => socket.destroyed).length).toBe(0);
    await clock.advance(UPGRADE_DEADLINE_MS);
    await Promise.all(silent.map(({ closed }) => closed));
    await station;
  });

  test('beyond the end of the line callers are reset at once, which is told once, and nobody waits for ever', async () => {
    const clock = new VirtualClock();
    bench = await new Bench({ clock }).start();
    const silent = await crowd(MAX_STRANGERS_PER_ADDRESS + LEAST_WAITING);
    const [first, second] = await crowd(2);
    await Promise.all([first!.closed, second!.closed]);
    expect(silent.filter(({ socket }) => socket.destroyed).length).toBe(0);
    const told = () => bench.logged.filter(({ event }) => event.includes('strangers')).map(({ event }) => event);
    expect(told()).toEqual(['ocpp.too-many-strangers']);
    await clock.advance(WAITING_DEADLINE_MS);
    await Promise.all(silent.map(({ closed }) => closed));
    expect(told()).toEqual(['ocpp.too-many-strangers', 'ocpp.strangers-turned-away']);
    await bench.socket('A');
  });

  test('a herd of stations behind one address is served to the last one', async () => {
    const evses = Array.from({ length: 200 }, (_, at) => evse({ station: `S${at}` }));
    bench = await new Bench({ site: buildSite({ evses }) }).start();
    await Promise.all(bench.site.stations.map(({ id }) => bench.socket(id)));
    expect(bench.site.stations.filter(({ id }) => !bench.gateway.isConnected(id))).toEqual([]);
  });

  test('a crowd at some addresses holds up a station at another for one turn at most', async () => {
    const clock = new WatchedClock();
    bench = await new Bench({ clock }).start();
    const full = MAX_STRANGERS / MAX_STRANGERS_PER_ADDRESS;
    const crowds = [];
    for (let at = 0; at < full; at++) crowds.push(await crowd(MAX_STRANGERS_PER_ADDRESS, `127.0.1.${at + 1}`));
    await crowd(10, '127.0.1.1');
    await crowd(10, '127.0.2.1');
    const station = bench.socket('A', { dial: { localAddress: '127.0.3.1' } });
    await clock.untilSet('ocpp.waiting', 21);
    // The first place that gets free goes to who came first, the second to the station and not to the next of the crowd.
    for (const { socket } of crowds[1]!.slice(0, 2)) socket.destroy();
    await station;
  });

  test('a crowd that fills the line loses a place of it to a station that comes from elsewhere', async () => {
    const clock = new WatchedClock();
    bench = await new Bench({ clock }).start();
    const full = MAX_STRANGERS / MAX_STRANGERS_PER_ADDRESS;
    for (let at = 0; at < full; at++) await crowd(MAX_STRANGERS_PER_ADDRESS, `127.0.1.${at + 1}`);
    const waiting = await crowd(LEAST_WAITING, '127.0.2.1');
    await clock.untilSet('ocpp.waiting', LEAST_WAITING);
    const station = bench.socket('A', { dial: { localAddress: '127.0.3.1' } });
    await Promise.race(waiting.map(({ closed }) => closed));
    expect(waiting.filter(({ socket }) => socket.destroyed).length).toBe(1);
    await clock.advance(UPGRADE_DEADLINE_MS);
    await station;
  });

  test('a station that has shown its key holds up nobody while an older link of its own is looked after', async () => {
    const clock = new WatchedClock();
    const evses = Array.from({ length: MAX_STRANGERS_PER_ADDRESS + 8 }, (_, at) => evse({ station: `S${at}` }));
    bench = await new Bench({ clock, site: buildSite({ evses }) }).start();
    const dialAll = () => Promise.all(bench.site.stations.map(({ id }) => bench.socket(id, { autoPong: false })));
    await dialAll();
    const again = dialAll();
    // All of them ask for a pong of the older links before any of these is late.
    await clock.untilSet('rpc.pong', evses.length);
    await clock.advance(INCUMBENT_PONG_MS);
    await again;
  });

  test('oversized and overnumerous headers are 431', async () => {
    bench = await new Bench().start();
    const many = Object.fromEntries(Array.from({ length: 150 }, (_, i) => [`x-${i}`, '1']));
    await expect(bench.socket('A', { headers: many })).rejects.toThrow('HTTP 431');
    await expect(bench.socket('A', { headers: { 'x-long': 'x'.repeat(17_000) } })).rejects.toThrow('HTTP 431');
  });

  test('guessing is told, and the station with the right key still comes in', async () => {
    bench = await new Bench().start();
    for (let i = 0; i <= MAX_FAILURES_PER_MINUTE; i++)
      await expect(bench.socket('A', { key: Buffer.from(`guess ${i}`) })).rejects.toThrow('HTTP 401');
    expect(bench.logged.filter(({ event }) => event === 'ocpp.guessing').length).toBe(1);
    await bench.socket('A');
  });

  test('plain HTTP finds nothing', async () => {
    bench = await new Bench().start();
    const response = await fetch(`http://127.0.0.1:${bench.gateway.address().port}/ocpp/A`);
    expect(response.status).toBe(404);
  });
});
