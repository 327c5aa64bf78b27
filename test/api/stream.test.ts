// The live stream over real sockets: one event a cycle, a bounded audience, and a slow listener that holds up nobody.
import { EventEmitter } from 'node:events';
import { get, type IncomingMessage, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { MAX_STREAM_CLIENTS, STALLED_CLIENT_MS, Stream } from '../../src/api/stream.ts';
import type { StateView } from '../../src/core/model/state-view.ts';
import { VirtualClock } from '../../src/simulator/virtual-clock.ts';
import { silentLog } from '../../src/system/log.ts';
import { startApi } from '../support/api-server.ts';
import { cycleRecord, share } from '../support/cycle-record.ts';
import { buildSite, evse } from '../support/site-builder.ts';

type Event = { readonly id: string; readonly state: StateView & { readonly ageMs: number } };

/** Listens and hands out one event after the other. */
function listen(url: string, headers: Record<string, string> = {}) {
  return new Promise<{ readonly status: number; readonly response: IncomingMessage; next(): Promise<Event> }>(
    (resolve, reject) => {
      const call = get(`${url}/api/v1/stream`, { headers }, (response) => {
        let text = '';
        const events: Event[] = [];
        const waiting: ((event: Event) => void)[] = [];
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          text += chunk;
          for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
            const lines = text.slice(0, end).split('\n');
            text = text.slice(end + 2);
            const id = lines.find((line) => line.startsWith('id: '))?.slice(4);
            const data = lines.find((line) => line.startsWith('data: '))?.slice(6);
            if (id === undefined || data === undefined) continue;
            const event = { id, state: JSON.parse(data) };
            const waiter = waiting.shift();
            if (waiter) waiter(event);
            else events.push(event);
          }
        });
        // The server's or the test's end of the connection; whoever waits for an event would notice.
        response.on('error', () => {});
        const next = () =>
          new Promise<Event>((done) => {
            const event = events.shift();
            if (event) done(event);
            else waiting.push(done);
          });
        resolve({ status: response.statusCode!, response, next });
      });
      call.on('error', reject);
      onTestFinished(() => void call.destroy());
    },
  );
}

describe('the live stream', () => {
  test('the newest state comes at once with its age, then one event per cycle', async () => {
    const { server, url, site, clock } = await startApi();
    server.publish(cycleRecord(site, { cycle: 1, epoch: 2 }));
    await clock.advance(700);
    const { response, next } = await listen(url, { 'last-event-id': '1-99999\u00e9' });
    expect(response.headers['content-type']).toMatch(/^text\/event-stream/);
    expect(response.headers['content-security-policy']).toContain("default-src 'self'");
    expect(await next()).toMatchObject({ id: '2-1', state: { cycle: 1, ageMs: 700 } });
    for (const cycle of [2, 3]) {
      server.publish(cycleRecord(site, { cycle, epoch: 2 }));
      expect(await next()).toMatchObject({ id: `2-${cycle}`, state: { cycle, ageMs: 0 } });
    }
  });

  test(`listener ${MAX_STREAM_CLIENTS + 1} is refused, and a place that falls free can be taken`, async () => {
    const { url } = await startApi();
    const listeners = [];
    for (let i = 0; i < MAX_STREAM_CLIENTS; i++) listeners.push(await listen(url));
    expect(listeners.every(({ status }) => status === 200)).toBe(true);
    const refused = await fetch(`${url}/api/v1/stream`);
    expect(refused.status).toBe(503);
    expect(refused.headers.get('retry-after')).toBe('5');
    expect(await refused.json()).toMatchObject({ code: 'API_STREAM_FULL' });
    listeners[0]!.response.destroy();
    await expect.poll(async () => (await (await fetch(`${url}/metrics`)).text()).includes('clients 19')).toBe(true);
    expect((await listen(url)).status).toBe(200);
  });

  test('a listener that does not read is given the newest only and is cut off at last; others miss nothing', async () => {
    const evses = Array.from({ length: 500 }, (_, i) => evse({ station: `S${i}` }));
    const site = buildSite({ evses });
    const { server, url, port, clock } = await startApi({ site });
    const note = { kind: 'failsafe' as const, detail: 'x'.repeat(250) };
    const publish = (cycle: number) =>
      server.publish(
        cycleRecord(site, { cycle, decision: { shares: evses.map(({ id }) => share({ evse: id, reason: note })) } }),
      );
    const metric = async (name: string) =>
      Number(new RegExp(`^${name} (\\d+)`, 'm').exec(await (await fetch(`${url}/metrics`)).text())?.[1]);
    const quick = await listen(url);
    const slow = connect(port, '127.0.0.1');
    slow.on('error', () => {});
    onTestFinished(() => void slow.destroy());
    slow.pause();
    slow.write('GET /api/v1/stream HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await expect.poll(() => metric('busbar_stream_clients')).toBe(2);
    let cycle = 0;
    for (; cycle < 200; ) {
      publish(++cycle);
      expect((await quick.next()).state.cycle).toBe(cycle);
    }
    expect(await metric('busbar_stream_skipped_events_total')).toBeGreaterThan(100);
    await clock.advance(STALLED_CLIENT_MS);
    publish(++cycle);
    expect((await quick.next()).state.cycle).toBe(cycle);
    expect(await metric('busbar_stream_clients')).toBe(1);
  });

  test('of what a slow listener missed it gets the newest, whole and with its true age', () => {
    const clock = new VirtualClock();
    const stream = new Stream(clock, silentLog);
    const written: string[] = [];
    const socket = Object.assign(new EventEmitter(), {
      write: (text: string) => {
        written.push(text);
        return false;
      },
    });
    stream.add(socket as unknown as ServerResponse, undefined);
    for (const id of ['1-1', '1-2', '1-3', '1-4'])
      stream.publish({ id, json: `{"id":"${id}"}`, madeAt: clock.now() - 250 });
    expect(written).toEqual(['retry: 2000\n\n', 'id: 1-1\nevent: cycle\ndata: {"ageMs":250,"id":"1-1"}\n\n']);
    expect(stream.skippedEvents).toBe(2);
    socket.emit('drain');
    expect(written.slice(2)).toEqual(['id: 1-4\nevent: cycle\ndata: {"ageMs":250,"id":"1-4"}\n\n']);
    socket.emit('drain');
    expect(written).toHaveLength(3);
    socket.emit('close');
    expect(stream.size).toBe(0);
  });

  test('stop ends the listeners', async () => {
    const { server, url } = await startApi();
    const { response } = await listen(url);
    const closed = new Promise((resolve) => response.on('close', resolve));
    await server.stop();
    await closed;
    await server.stop();
  });
});
