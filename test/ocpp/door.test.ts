// The door: who is let in, who is not, and what becomes of two with one name.
import { once } from 'node:events';
import { afterEach, describe, expect, test } from 'vitest';
import { INCUMBENT_PONG_MS } from '../../src/ocpp/gateway.ts';
import { PING_INTERVAL_MS, PONG_DEADLINE_MS } from '../../src/ocpp/rpc/keep-alive.ts';
import { VirtualClock } from '../../src/simulator/virtual-clock.ts';
import { buildSite, genericAc } from '../support/site-builder.ts';
import { ask, Bench, BOOT, KEY } from '../support/station-bench.ts';

let bench: Bench;
afterEach(() => bench?.stop());

describe('the door', () => {
  test('a wrong key is 401, an unknown identity 404, and neither changes anything for the station that is in', async () => {
    bench = await new Bench().start();
    const socket = await bench.booted('A');
    const before = bench.state('A').link;
    await expect(bench.socket('A', { key: Buffer.from('wrong') })).rejects.toThrow('HTTP 401');
    await expect(bench.socket('A', { headers: { authorization: 'Bearer x' } })).rejects.toThrow('HTTP 401');
    await expect(
      bench.socket('A', { headers: { authorization: `Basic ${Buffer.from('B:x').toString('base64')}` } }),
    ).rejects.toThrow('HTTP 401');
    const asB = `Basic ${Buffer.concat([Buffer.from('B:'), KEY]).toString('base64')}`;
    await expect(bench.socket('A', { headers: { authorization: asB } })).rejects.toThrow('HTTP 401');
    await expect(bench.socket('nobody')).rejects.toThrow('HTTP 404');
    expect(bench.state('A').link).toBe(before);
    expect((await ask(socket, 'Heartbeat', {}))[0]).toBe(3);
    expect(JSON.stringify(bench.logged)).not.toContain(KEY.toString('base64').slice(0, 12));
  });

  test('a station without a key in the site file cannot come in', async () => {
    const site = buildSite();
    bench = new Bench({
      site: { ...site, stations: site.stations.map((one) => (one.id === 'A' ? { ...one, keySha256: '' } : one)) },
    });
    await bench.start();
    await expect(bench.socket('A')).rejects.toThrow('HTTP 401');
    expect((await bench.socket('B')).protocol).toBe('ocpp1.6');
  });

  test.each([
    ['/ocpp//A', 'open'],
    ['//ocpp/A', 'open'],
    ['/ocpp/%41', 'open'],
    ['/ocpp/A?x=1', 'open'],
    ['/ocpp/%2541', 'HTTP 404'],
    ['/ocpp/../../etc/passwd', 'HTTP 404'],
    ['/ocpp/%2e%2e%2fA', 'HTTP 404'],
    ['/ocpp/%00', 'HTTP 404'],
    ['/ocpp/%E0%A4%A', 'HTTP 404'],
    [`/ocpp/${'A'.repeat(49)}`, 'HTTP 404'],
    ['/ocpp/A:B', 'HTTP 404'],
    ['/ocpp/__proto__', 'HTTP 404'],
    ['/ocpp/constructor', 'HTTP 404'],
    ['/ocpp/a', 'HTTP 404'],
    ['/', 'HTTP 404'],
  ])('the path %s: %s', async (path, expected) => {
    bench = await new Bench().start();
    const came = await bench.socket('A', { path }).then(
      () => 'open',
      (error: Error) => error.message,
    );
    expect(came).toBe(expected);
  });

  test("an Origin of a foreign page is 403, the server's own host is none", async () => {
    bench = await new Bench().start();
    await expect(bench.socket('A', { headers: { origin: 'https://evil.example' } })).rejects.toThrow('HTTP 403');
    await bench.socket('A', { headers: { origin: 'http://127.0.0.1' } });
  });

  test('with no subprotocol in common the handshake ends and the socket is closed at once; a missing header needs the quirk', async () => {
    bench = await new Bench({ site: buildSite({ profile: genericAc }) }).start();
    const foreign = await bench.socket('A', { protocols: [] });
    expect((await once(foreign, 'close'))[0]).toBe(1002);
    expect(bench.state('A').link.state).toBe('never');
    await bench.stop();
    bench = await new Bench({ site: buildSite({ profile: { ...genericAc, quirks: ['no-subprotocol'] } }) }).start();
    const silent = await bench.socket('A', { protocols: [] });
    expect((await ask(silent, 'BootNotification', BOOT))[0]).toBe(3);
  });

  test('a second connection under one identity takes over; the end of the first does not end it', async () => {
    bench = await new Bench().start();
    const first = await bench.booted('A');
    const ended = once(first, 'close');
    const number = (bench.state('A').link as { connection: number }).connection;
    const second = await bench.socket('A');
    await ended;
    expect((await ask(second, 'Heartbeat', {}))[0]).toBe(3);
    expect(bench.state('A').link).toMatchObject({ state: 'connected' });
    expect((bench.state('A').link as { connection: number }).connection).toBeGreaterThan(number);
    expect(bench.logged.map(({ event }) => event)).toContain('ocpp.identity-conflict');
    second.terminate();
    await bench.until('A', ({ link }) => link.state === 'disconnected');
  });

  test('a half-open incumbent is given three seconds, then the station that came back is served (D2)', async () => {
    const clock = new VirtualClock();
    bench = await new Bench({ clock }).start();
    const first = await bench.booted('A');
    first.pause();
    let isIn = false;
    const second = bench.socket('A').then((socket) => {
      isIn = true;
      return socket;
    });
    const startedAt = clock.now();
    while (!isIn) {
      await new Promise((resolve) => setTimeout(resolve, 2));
      await clock.advance(100);
    }
    expect(clock.now() - startedAt).toBeGreaterThanOrEqual(INCUMBENT_PONG_MS);
    expect((await ask(await second, 'Heartbeat', {}))[0]).toBe(3);
    expect(bench.logged.map(({ event }) => event)).not.toContain('ocpp.identity-conflict');
    first.resume();
  });

  test('a station that no longer answers pings is taken for lost', async () => {
    const clock = new VirtualClock();
    bench = await new Bench({ clock }).start();
    const urgent: string[] = [];
    bench.gateway.onUrgent((reason) => urgent.push(reason));
    (await bench.booted('A')).pause();
    await clock.advance(PING_INTERVAL_MS + PONG_DEADLINE_MS);
    await bench.until('A', ({ link }) => link.state === 'disconnected');
    expect(urgent).toEqual(['A booted', 'A disconnected']);
  });
});
