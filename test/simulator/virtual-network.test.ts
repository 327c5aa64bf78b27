// The simulated network: what TCP and WebSocket promise it keeps, and what they do not promise it breaks, on virtual time alone.
import { describe, expect, test } from 'vitest';
import type { MessageSocket } from '../../src/engine/socket.ts';
import { seededRandom } from '../../src/simulator/seeded-random.ts';
import { VirtualClock } from '../../src/simulator/virtual-clock.ts';
import { MAX_UNREAD_BYTES, WINDOW_BYTES } from '../../src/simulator/virtual-lane.ts';
import { type Knock, MAX_CONNECTIONS } from '../../src/simulator/virtual-line.ts';
import { type NetworkOptions, VirtualNetwork } from '../../src/simulator/virtual-network.ts';
import { CLOSE_TIMEOUT_MS } from '../../src/simulator/virtual-socket.ts';

const HANDSHAKE_MS = 5_000;

/** A network with a listener `host` that takes everybody, and what everybody heard, with the time. */
class World {
  readonly clock = new VirtualClock();
  readonly network: VirtualNetwork;
  readonly heard: string[] = [];
  readonly #zero = this.clock.now();
  readonly #pairMs: number;
  onKnock: (knock: Knock) => void = (knock) => this.follow('host', knock.accept());

  constructor(options: NetworkOptions = { delayMs: 10, jitterMs: 0 }) {
    this.network = new VirtualNetwork(this.clock, seededRandom(5), options);
    this.#pairMs = 4 * (options.delayMs + options.jitterMs) + 60;
  }

  listen() {
    return this.network.listen('host', (knock) => this.onKnock(knock));
  }

  say(text: string): void {
    this.heard.push(`${this.clock.now() - this.#zero} ${text}`);
  }

  follow(who: string, socket: MessageSocket): MessageSocket {
    socket.on('message', (data) => this.say(`${who}: ${data.toString()}`));
    socket.on('ping', () => this.say(`${who}: ping`));
    socket.on('pong', () => this.say(`${who}: pong`));
    socket.on('close', (code, reason) => this.say(`${who}: closed ${code} ${reason.toString()}`));
    return socket;
  }

  /** What was heard since the last look. */
  news(): string[] {
    return this.heard.splice(0);
  }

  dial(opened: (socket: MessageSocket) => void = () => {}, url = 'ws://host/ocpp/A', line = 'A') {
    return this.network.line(line).dial(
      { url, subprotocol: 'ocpp1.6', headers: { Authorization: 'Basic x' }, handshakeTimeoutMs: HANDSHAKE_MS },
      {
        opened: (socket) => {
          this.say('opened');
          opened(this.follow('box', socket));
        },
        failed: (trouble, status) => this.say(`failed: ${trouble}${status === undefined ? '' : ` (${status})`}`),
      },
    );
  }

  /** Both ends of an open connection. */
  async pair(line = 'A'): Promise<{ readonly box: MessageSocket; readonly host: MessageSocket }> {
    const ends: MessageSocket[] = [];
    const { onKnock } = this;
    this.onKnock = (knock) => ends.push(this.follow('host', knock.accept()));
    this.dial((socket) => ends.push(socket), 'ws://host/ocpp/A', line);
    await this.clock.advance(this.#pairMs);
    this.onKnock = onKnock;
    this.news();
    return { host: ends[0]!, box: ends[1]! };
  }
}

describe('dialling', () => {
  test('the host is told who knocks, and what it says at once comes right after the opening', async () => {
    const world = new World();
    const knocks: Omit<Knock, 'accept' | 'refuse' | 'isGone'>[] = [];
    world.onKnock = (knock) => {
      const { host, path, headers, subprotocol, address } = knock;
      knocks.push({ host, path, headers, address, ...(subprotocol === undefined ? {} : { subprotocol }) });
      world.follow('host', knock.accept()).send('welcome');
    };
    world.listen();
    world.dial((socket) => socket.send('hello'));
    await world.clock.advance(100);
    expect(knocks).toEqual([
      {
        host: 'host',
        path: '/ocpp/A',
        headers: { authorization: 'Basic x' },
        subprotocol: 'ocpp1.6',
        address: 'A',
      },
    ]);
    expect(world.heard).toEqual(['40 opened', '40 box: welcome', '50 host: hello']);
  });

  test.each([
    ['nobody listens', 'ws://nobody:1/x', '40 failed: connect ECONNREFUSED nobody:1'],
    ['the host refuses', 'ws://host/x', '40 failed: Unexpected server response: 401 (401)'],
  ])('%s', async (_what, url, heard) => {
    const world = new World();
    world.onKnock = (knock) => knock.refuse(401);
    world.listen();
    world.dial(undefined, url);
    await world.clock.advance(2 * HANDSHAKE_MS);
    expect(world.heard).toEqual([heard]);
  });

  test('a host that never answers is given up at the deadline, and its late word opens nothing', async () => {
    const world = new World();
    let late: Knock | undefined;
    world.onKnock = (knock) => {
      late = knock;
    };
    world.listen();
    world.dial();
    await world.clock.advance(HANDSHAKE_MS + 1);
    expect(world.news()).toEqual([`${HANDSHAKE_MS} failed: Opening handshake has timed out`]);
    expect(late!.isGone()).toBe(true);
    world.follow('host', late!.accept());
    await world.clock.advance(100);
    expect(world.news()).toEqual(['5011 host: closed 1006 ']);
  });

  test('who gives an attempt up hears nothing of it any more, and the host is told', async () => {
    const world = new World();
    world.listen();
    const giveUp = world.dial();
    await world.clock.advance(35);
    giveUp();
    await world.clock.advance(HANDSHAKE_MS);
    expect(world.heard).toEqual(['45 host: closed 1006 ']);
  });

  test('a line holds so many connections and no more', async () => {
    const world = new World();
    world.listen();
    for (let at = 0; at <= MAX_CONNECTIONS; at++) world.dial();
    await world.clock.advance(100);
    expect(world.heard.filter((one) => one.endsWith('opened'))).toHaveLength(MAX_CONNECTIONS);
    expect(world.heard.filter((one) => one.includes('failed'))).toEqual([
      `10 failed: more than ${MAX_CONNECTIONS} connections over one line`,
    ]);
    expect(world.network.queues()).toContainEqual({
      queue: 'network.connections',
      size: MAX_CONNECTIONS,
      bound: MAX_CONNECTIONS,
    });
  });

  test('two may not listen under one address', () => {
    const world = new World();
    world.listen();
    expect(() => world.listen()).toThrow('somebody listens under host already');
  });
});

describe('an open line', () => {
  test('keeps the order of one direction, whatever each frame takes', async () => {
    const world = new World({ delayMs: 5, jitterMs: 100 });
    world.listen();
    const { box } = await world.pair();
    const sent = Array.from({ length: 50 }, (_, at) => `n${at}`);
    for (const one of sent) box.send(one);
    expect(world.news()).toEqual([]);
    await world.clock.advance(200);
    const heard = world.news();
    expect(heard.map((one) => one.split(' ')[2])).toEqual(sent);
    const times = heard.map((one) => Number(one.split(' ')[0]));
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect(new Set(times).size).toBeGreaterThan(1);
  });

  test('a frame without any delay still comes in a later turn', async () => {
    const world = new World({ delayMs: 0, jitterMs: 0 });
    world.listen();
    const { box } = await world.pair();
    box.send('now?');
    expect(world.news()).toEqual([]);
    await world.clock.advance(0);
    expect(world.news()).toHaveLength(1);
  });

  test('a ping is answered with a pong by itself', async () => {
    const world = new World();
    world.listen();
    const { box } = await world.pair();
    box.ping();
    await world.clock.advance(100);
    expect(world.news()).toEqual(['110 host: ping', '120 box: pong']);
  });

  test('closes with code and reason on both ends, after what was said before, and nothing comes after', async () => {
    const world = new World();
    world.listen();
    const { box, host } = await world.pair();
    box.send('last word');
    box.close(1001, 'going away');
    host.send('too late to be read by none');
    box.send('never', (error) => world.say(`box: ${error?.message}`));
    await world.clock.advance(100);
    expect(world.news()).toEqual([
      '100 box: the socket is not open',
      '110 host: last word',
      '110 host: closed 1001 going away',
      '110 box: too late to be read by none',
      '120 box: closed 1001 going away',
    ]);
    expect([box.readyState, host.readyState]).toEqual([3, 3]);
    host.send('after');
    await world.clock.advance(100);
    expect(world.news()).toEqual([]);
  });

  test('a peer that does not close is left after a while', async () => {
    const world = new World();
    world.listen();
    const { box, host } = await world.pair();
    host.pause();
    box.close(1000, 'bye');
    await world.clock.advance(CLOSE_TIMEOUT_MS);
    expect(world.news()).toEqual([`${100 + CLOSE_TIMEOUT_MS} box: closed 1006 `]);
  });

  test('terminate says nothing to the other side but that the line is gone', async () => {
    const world = new World();
    world.listen();
    const { box } = await world.pair();
    box.terminate();
    expect(world.news()).toEqual([]);
    await world.clock.advance(100);
    expect(world.news()).toEqual(['100 box: closed 1006 ', '110 host: closed 1006 ']);
  });

  test('a slow line delays every frame, and a repaired one is as quick as before', async () => {
    const world = new World();
    world.listen();
    const { box } = await world.pair();
    const end = world.network.line('A').slow(500);
    box.send('slow');
    await world.clock.advance(1_000);
    end();
    end();
    box.send('quick');
    await world.clock.advance(1_000);
    expect(world.news()).toEqual(['610 host: slow', '1110 host: quick']);
  });

  test('a frame waits for the slower one before it', async () => {
    const world = new World();
    world.listen();
    const { box } = await world.pair();
    const end = world.network.line('A').slow(500);
    box.send('slow');
    end();
    box.send('behind it');
    await world.clock.advance(1_000);
    expect(world.news()).toEqual(['610 host: slow', '610 host: behind it']);
  });

  test('lost frames stall those behind them, and all arrive in order', async () => {
    const world = new World();
    world.listen();
    const { box } = await world.pair();
    const end = world.network.line('A').lose(0.4);
    const sent = Array.from({ length: 30 }, (_, at) => `n${at}`);
    for (const one of sent) box.send(one);
    await world.clock.advance(600_000);
    end();
    const heard = world.news();
    expect(heard.map((one) => one.split(' ')[2])).toEqual(sent);
    expect(Number(heard.at(-1)!.split(' ')[0])).toBeGreaterThan(300);
  });

  test('a line on which nothing gets through breaks at last', async () => {
    const world = new World();
    world.listen();
    const { box } = await world.pair();
    const end = world.network.line('A').lose(1);
    box.send('never', (error) => world.say(`box: ${error?.message}`));
    end();
    box.send('nor what is behind it');
    await world.clock.advance(1_000_000);
    expect(world.news().map((one) => one.replace(/^\d+ /, ''))).toEqual([
      'box: the line broke before the frame arrived',
      'host: closed 1006 ',
      'box: closed 1006 ',
    ]);
  });
});

describe('a peer that does not read', () => {
  test('is slowed: bytes stay with the sender, and come when it reads on', async () => {
    const world = new World();
    world.listen();
    const { box, host } = await world.pair();
    host.pause();
    const text = 'x'.repeat(WINDOW_BYTES / 4);
    for (let at = 0; at < 3; at++) box.send(text);
    expect(box.bufferedAmount).toBe(0);
    for (let at = 3; at < 8; at++) box.send(text);
    box.ping();
    await world.clock.advance(1_000);
    expect(world.news()).toEqual([]);
    expect(box.bufferedAmount).toBeGreaterThanOrEqual(WINDOW_BYTES);
    expect(world.network.queues()[0]).toMatchObject({ bound: MAX_UNREAD_BYTES });
    expect(world.network.queues()[0]!.size).toBeGreaterThanOrEqual(2 * WINDOW_BYTES);
    let read = 0;
    host.on('message', () => {
      read += 1;
      if (read === 3) host.pause();
    });
    host.resume();
    await world.clock.advance(0);
    expect(read).toBe(3);
    host.resume();
    await world.clock.advance(100);
    expect(read).toBe(8);
    expect(world.news().slice(-2)).toEqual(['1100 host: ping', '1110 box: pong']);
    expect(box.bufferedAmount).toBe(0);
  });

  test('costs the line when too much waits for it', async () => {
    const world = new World();
    world.listen();
    const { box, host } = await world.pair();
    host.pause();
    const text = 'x'.repeat(1024 * 1024);
    for (let at = 0; at < 8; at++) box.send(text);
    await world.clock.advance(100);
    expect(world.news()).toEqual(['100 box: closed 1006 ', '100 host: closed 1006 ']);
  });
});

describe('a line that fails', () => {
  test('cut: both ends are told, nobody dials over it, and others are untouched', async () => {
    const world = new World();
    world.listen();
    await world.pair('A');
    const { box: other } = await world.pair('B');
    const restore = world.network.line('A').cut();
    world.dial();
    other.send('still here');
    await world.clock.advance(100);
    expect(world.news()).toEqual([
      '200 box: closed 1006 ',
      '200 host: closed 1006 ',
      '210 failed: connect ENETUNREACH',
      '210 host: still here',
    ]);
    restore();
    world.dial();
    await world.clock.advance(100);
    expect(world.news()).toEqual(['340 opened']);
  });

  test('silent: nobody is told, and what was sent meanwhile arrives in order when it is heard again', async () => {
    const world = new World();
    world.listen();
    const { box, host } = await world.pair();
    box.send('under way');
    const restore = world.network.line('A').silence();
    box.send('into the void');
    host.ping();
    world.dial();
    await world.clock.advance(60_000);
    expect(world.news()).toEqual([`${100 + HANDSHAKE_MS} failed: Opening handshake has timed out`]);
    expect(box.readyState).toBe(1);
    restore();
    box.send('and on');
    await world.clock.advance(100);
    expect(world.news()).toEqual([
      '60110 box: ping',
      '60110 host: under way',
      '60110 host: into the void',
      '60110 host: and on',
      '60120 host: pong',
    ]);
  });

  test.each(['box', 'host'] as const)(
    'silent: when the %s cuts, the other end learns it only afterwards',
    async (who) => {
      const world = new World();
      world.listen();
      const ends = await world.pair();
      const other = who === 'box' ? 'host' : 'box';
      const restore = world.network.line('A').silence();
      ends[who].terminate();
      await world.clock.advance(60_000);
      expect(world.news()).toEqual([`100 ${who}: closed 1006 `]);
      expect(ends[other].readyState).toBe(1);
      restore();
      await world.clock.advance(100);
      expect(world.news()).toEqual([`60110 ${other}: closed 1006 `]);
    },
  );

  test('two silences that overlap end with the later one', async () => {
    const world = new World();
    world.listen();
    const { box } = await world.pair();
    const line = world.network.line('A');
    const [first, second] = [line.silence(), line.silence()];
    box.send('heard?');
    first();
    first();
    await world.clock.advance(100);
    expect(world.news()).toEqual([]);
    second();
    await world.clock.advance(100);
    expect(world.news()).toEqual(['210 host: heard?']);
  });
});

describe('a host that goes away', () => {
  test('its process dies: it hears nothing, the others are told, and who dials is refused until it is back', async () => {
    const world = new World();
    const listening = world.listen();
    await world.pair();
    listening.stop('closed');
    world.dial();
    await world.clock.advance(100);
    expect(world.news()).toEqual(['110 box: closed 1006 ', '140 failed: connect ECONNREFUSED host']);
    world.listen();
    world.dial();
    await world.clock.advance(100);
    expect(world.news()).toEqual(['240 opened']);
  });

  test('its box loses power: nobody is told until it is back and resets what it does not know', async () => {
    const world = new World();
    const listening = world.listen();
    const [asking, { box: quiet }] = [await world.pair('A'), await world.pair('B')];
    listening.stop('vanished');
    asking.box.send('anybody?');
    world.dial(undefined, 'ws://host/ocpp/C', 'C');
    await world.clock.advance(60_000);
    expect(world.news()).toEqual([`${200 + HANDSHAKE_MS} failed: Opening handshake has timed out`]);
    world.listen();
    await world.clock.advance(100);
    expect(world.news()).toEqual(['60210 box: closed 1006 ']);
    quiet.send('anybody?');
    await world.clock.advance(100);
    expect(world.news()).toEqual(['60320 box: closed 1006 ']);
  });

  test('the dialling box loses power: the host waits, and is reset by what it says after the return', async () => {
    const world = new World();
    world.listen();
    const { host } = await world.pair();
    const line = world.network.line('A');
    line.abandon('vanished');
    world.dial();
    line.abandon('vanished');
    await world.clock.advance(60_000);
    expect(world.news()).toEqual([]);
    expect(host.readyState).toBe(1);
    host.ping();
    world.dial();
    await world.clock.advance(100);
    expect(world.news()).toEqual(['60120 host: closed 1006 ', '60140 opened']);
  });

  test('the dialling process dies: the host is told at once', async () => {
    const world = new World();
    world.listen();
    await world.pair();
    world.network.line('A').abandon('closed');
    await world.clock.advance(100);
    expect(world.news()).toEqual(['110 host: closed 1006 ']);
  });
});

test('the same seed gives the same day, frame by frame', async () => {
  const day = async () => {
    const world = new World({ delayMs: 1, jitterMs: 50 });
    world.listen();
    const { box, host } = await world.pair();
    for (let at = 0; at < 20; at++) {
      box.send(`b${at}`);
      host.send(`h${at}`);
    }
    await world.clock.advance(1_000);
    return world.news();
  };
  expect(await day()).toEqual(await day());
});
