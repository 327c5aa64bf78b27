// What a station says of itself at the door, in numbers and bytes.
import { createHash } from 'node:crypto';
import { createConnection } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { credentialsFrom, identityFrom, isKeyRight, isOriginAllowed } from '../../src/ocpp/handshake.ts';
import { UPGRADE_DEADLINE_MS } from '../../src/ocpp/server.ts';
import { MAX_FAILURES_PER_MINUTE, MAX_STRANGERS_PER_ADDRESS } from '../../src/ocpp/upgrade-guard.ts';
import { VirtualClock } from '../../src/simulator/virtual-clock.ts';
import { Bench } from '../support/station-bench.ts';

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
  afterEach(() => bench.stop());

  test('a caller that says nothing is cut off at the deadline, and too many of one address at once', async () => {
    const clock = new VirtualClock();
    bench = await new Bench({ clock }).start();
    const { port } = bench.gateway.address();
    const connect = async () => {
      const closed = Promise.withResolvers<void>();
      const socket = createConnection({ port, host: '127.0.0.1' });
      socket.on('error', () => {}).on('close', () => closed.resolve());
      await new Promise((resolve) => socket.once('connect', resolve));
      return { socket, closed: closed.promise };
    };
    const sockets = await Promise.all(Array.from({ length: MAX_STRANGERS_PER_ADDRESS }, connect));
    await (await connect()).closed;
    expect(sockets.filter(({ socket }) => socket.destroyed).length).toBe(0);
    await clock.advance(UPGRADE_DEADLINE_MS);
    await Promise.all(sockets.map(({ closed }) => closed));
    // Their places are free again.
    await bench.socket('A');
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
