// The routes over real sockets: what is served, what is refused and in which words.
import { describe, expect, test } from 'vitest';
import { CONTROL_DEADLINE_MS, MAX_PENDING_REQUESTS } from '../../src/api/server.ts';
import type { Cap } from '../../src/core/model/limit.ts';
import type { AgedStateView } from '../../src/core/model/state-view.ts';
import { AppError } from '../../src/engine/app-error.ts';
import type { ControlAnswer } from '../../src/engine/requests.ts';
import { startApi } from '../support/api-server.ts';
import { cycleRecord, stationState, T0 } from '../support/cycle-record.ts';
import { buildSite, circuit } from '../support/site-builder.ts';

type JsonBody = {
  readonly content: {
    readonly 'application/json': { readonly schema: { properties: object; additionalProperties: boolean } };
  };
};
type OpenApi = {
  readonly openapi: string;
  readonly paths: { readonly [path: string]: { readonly [method: string]: { readonly requestBody: JsonBody } } };
};

const json = { 'content-type': 'application/json' };

const put = (url: string, body: unknown, path = 'circuits/main/limit') =>
  fetch(`${url}/api/v1/${path}`, {
    method: 'PUT',
    headers: json,
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });

describe('reading', () => {
  test('the site is told without addresses and keys', async () => {
    const plain = buildSite();
    const site = { ...plain, stations: plain.stations.map((one) => ({ ...one, keySha256: 'f00d'.repeat(16) })) };
    const { url } = await startApi({ site });
    const text = await (await fetch(`${url}/api/v1/site`)).text();
    expect(JSON.parse(text)).toMatchObject({
      name: 'Test site',
      circuits: [{ id: 'main' }],
      evses: [{ id: 'A/1' }, {}, {}],
    });
    expect(text).not.toContain('f00d');
    expect(text).not.toContain('5020');
  });

  test('the state is the latest cycle with its reasons as sentences and its age', async () => {
    const { server, url, site, clock } = await startApi();
    expect((await fetch(`${url}/api/v1/state`)).status).toBe(503);
    server.publish(cycleRecord(site, { cycle: 1 }));
    server.publish(cycleRecord(site, { cycle: 2, epoch: 3 }));
    await clock.advance(1_500);
    const state = (await (await fetch(`${url}/api/v1/state`)).json()) as AgedStateView;
    expect(state).toMatchObject({ id: '3-2', mode: 'normal', ageMs: 1_500 });
    expect(state.evses[0]).toMatchObject({
      id: 'A/1',
      activity: 'charging',
      model: 'Acme Wallbox 22 1.4',
      reason: {
        kind: 'own-maximum',
        text: '10 A: the car takes at most 10 A',
        remedy: 'by itself, as soon as the car takes more',
      },
    });
    expect(state).not.toHaveProperty('memory');
    expect(state.circuits[0]?.phases.L1).toMatchObject({ limitAmps: 63, limitAuthor: 'the fuse', headroomAmps: 10 });
  });

  test('names from outside are handed on as they are: as JSON, never as markup', async () => {
    const { server, url, site } = await startApi();
    const vendor = '<img src=x onerror=alert(1)>\r\n\u2028"';
    const stations = { A: stationState(site, 'A', { model: { vendor, model: 'M' } }) };
    server.publish(cycleRecord(site, { snapshot: { stations } }));
    const answer = await fetch(`${url}/api/v1/state`);
    expect(answer.headers.get('content-type')).toMatch(/^application\/json/);
    const state = (await answer.json()) as AgedStateView;
    expect(state.evses[0]?.model).toBe(`${vendor} M`);
    expect(state.evses[1]?.activity).toBe('never-connected');
  });

  test('the OpenAPI document is made of the schemas', async () => {
    const { url } = await startApi();
    const document = (await (await fetch(`${url}/api/v1/openapi.json`)).json()) as OpenApi;
    expect(document.openapi).toBe('3.1.0');
    expect(Object.keys(document.paths).sort()).toEqual([
      '/api/v1/circuits/{circuit}/limit',
      '/api/v1/emergency-stop',
      '/api/v1/history',
      '/api/v1/meters/{meter}/reading',
      '/api/v1/site',
      '/api/v1/state',
      '/api/v1/stations/{station}/evses/{evse}/wish',
      '/api/v1/stream',
      '/healthz',
      '/metrics',
      '/readyz',
    ]);
    const body =
      document.paths['/api/v1/circuits/{circuit}/limit']!.put!.requestBody.content['application/json'].schema;
    expect(Object.keys(body.properties)).toEqual(['limitAmps', 'limitKilowatts', 'untilMinutes', 'note']);
    expect(body.additionalProperties).toBe(false);
    const wish =
      document.paths['/api/v1/stations/{station}/evses/{evse}/wish']!.put!.requestBody.content['application/json']
        .schema;
    expect(Object.keys(wish.properties)).toEqual([
      'energyKilowattHours',
      'departure',
      'onlySurplus',
      'priority',
      'note',
    ]);
    expect(wish.additionalProperties).toBe(false);
  });

  test('the console is served, its hashed assets for ever, the page never from a cache', async () => {
    const { url } = await startApi();
    const page = await fetch(`${url}/`);
    expect([page.status, page.headers.get('cache-control')]).toEqual([200, 'no-cache']);
    expect((await fetch(`${url}/assets/main-1234.js`)).headers.get('cache-control')).toContain('immutable');
    expect((await fetch(`${url}/..%2f..%2fetc%2fpasswd`)).status).toBeGreaterThanOrEqual(400);
  });

  test('without a built console the API works and the page says what to do', async () => {
    const { url } = await startApi({ consoleDir: '/nowhere/at/all' });
    const page = await fetch(`${url}/`);
    expect(page.status).toBe(404);
    expect(await page.json()).toMatchObject({ code: 'API_CONSOLE_MISSING' });
    expect((await fetch(`${url}/api/v1/site`)).status).toBe(200);
  });

  test('a port that is taken is told by its name', async () => {
    const { port } = await startApi();
    await expect(startApi({ listen: { host: '127.0.0.1', port } })).rejects.toThrow(AppError);
    await expect(startApi({ listen: { host: '127.0.0.1', port } })).rejects.toMatchObject({
      code: 'API_LISTEN_FAILED',
    });
  });
});

describe('limiting a circuit', () => {
  test('a limit in amperes with an end reaches the control room on its time line', async () => {
    const cap: Cap = {
      id: 'manager-main',
      source: { kind: 'facility-manager' },
      scope: { kind: 'circuit', circuit: 'main' },
      limitAmps: { L1: 40, L2: 40, L3: 40 },
      until: T0 + 3_600_000,
    };
    const asked: unknown[] = [];
    const { url } = await startApi({
      onRequest: async (request) => {
        asked.push(request);
        return { ok: true, caps: [cap] };
      },
    });
    const answer = await put(url, { limitAmps: 40, untilMinutes: 60, note: 'transformer work' });
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({
      circuit: 'main',
      takesEffect: 'with the next cycle',
      caps: [{ author: 'the facility manager', circuit: 'main', untilWallMs: T0 + 3_600_000 }],
    });
    expect(asked).toEqual([
      {
        kind: 'set-circuit-limit',
        circuit: 'main',
        limitAmps: 40,
        untilMs: T0 + 3_600_000,
        who: 'this machine',
        note: 'transformer work',
      },
    ]);
  });

  test('kilowatts become watts, zero is a limit, and DELETE clears with or without the JSON header', async () => {
    const { url, requests } = await startApi();
    expect((await put(url, { limitKilowatts: 22 })).status).toBe(200);
    expect((await put(url, { limitAmps: 0 })).status).toBe(200);
    expect((await fetch(`${url}/api/v1/circuits/main/limit`, { method: 'DELETE' })).status).toBe(200);
    expect((await fetch(`${url}/api/v1/circuits/main/limit`, { method: 'DELETE', headers: json })).status).toBe(200);
    const who = 'this machine';
    expect(requests).toEqual([
      { kind: 'set-circuit-limit', circuit: 'main', limitWatts: 22_000, who },
      { kind: 'set-circuit-limit', circuit: 'main', limitAmps: 0, who },
      { kind: 'clear-circuit-limit', circuit: 'main', who },
      { kind: 'clear-circuit-limit', circuit: 'main', who },
    ]);
  });

  const wrong: readonly (readonly [unknown, string, unknown, RegExp])[] = [
    [{ limitAmps: '40' }, 'limitAmps', '40', /^number/],
    [{ limitAmps: -1 }, 'limitAmps', -1, />=0/],
    [{ limitAmps: 64 }, 'limitAmps', 64, /0 to 63 A per phase/],
    [{ limitKilowatts: 50 }, 'limitKilowatts', 50, /0 to 43\.47 kW/],
    [{ limitAmps: 40, limitKilowatts: 20 }, 'limitAmps', 40, /exactly one of/],
    [{}, 'limitAmps', null, /exactly one of/],
    [{ limitAmps: 40, untilMinutes: 0 }, 'untilMinutes', 0, />0/],
    [{ limitAmps: 40, untilMinutes: 1e9 }, 'untilMinutes', 1e9, /<=44640/],
    [{ limitAmps: 40, note: 'a\nb' }, 'note', 'a\nb', /control characters/],
    [{ limitAmps: 40, limit: 3 }, 'limit', 3, /one of limitAmps/],
    [[], 'body', [], /^object/],
    ['{"limitAmps":1e999}', 'limitAmps', null, /^number/],
    ['{"limitAmps":', 'body', undefined, /one JSON object/],
    ['{"__proto__":{"limitAmps":1}}', 'body', undefined, /one JSON object/],
    ['', 'body', null, /^object/],
  ];
  test.each(wrong)('a bad body names field, value and what was expected: %j', async (body, field, value, expected) => {
    const { url, requests } = await startApi();
    const answer = await put(url, body);
    expect(answer.status).toBe(400);
    expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    const problem = (await answer.json()) as { readonly value?: unknown; readonly expected?: string };
    expect(problem).toMatchObject({ status: 400, field });
    expect(problem.value).toEqual(value);
    expect(problem.expected).toMatch(expected);
    expect(requests).toEqual([]);
  });

  test('an unknown circuit is told with the known ones', async () => {
    const { url } = await startApi({
      site: buildSite({ circuits: [circuit({ id: 'main' }), circuit({ id: 'sub-b', parent: 'main' })] }),
    });
    const answer = await put(url, { limitAmps: 1 }, 'circuits/mian/limit');
    expect(answer.status).toBe(404);
    expect(await answer.json()).toMatchObject({ field: 'circuit', value: 'mian', expected: 'one of main, sub-b' });
  });

  test('a body beyond 16 KiB is refused', async () => {
    const { url } = await startApi();
    const answer = await put(url, { limitAmps: 1, note: 'x'.repeat(17_000) });
    expect(answer.status).toBe(413);
    expect(await answer.json()).toMatchObject({ code: 'API_TOO_LARGE' });
  });

  test("the controller's own refusal comes out in its words", async () => {
    const refusal: ControlAnswer = { ok: false, code: 'CAPS_NOT_SAVED', field: 'limitAmps', text: 'The disk is full.' };
    const { url } = await startApi({ onRequest: async () => refusal });
    const answer = await put(url, { limitAmps: 1 });
    expect(answer.status).toBe(409);
    expect(await answer.json()).toMatchObject({
      code: 'CAPS_NOT_SAVED',
      field: 'limitAmps',
      detail: 'The disk is full.',
    });
  });

  test('a controller that throws costs one answer and shows nothing of its inside', async () => {
    const { url } = await startApi({ onRequest: () => Promise.reject(new Error('secret path /etc/busbar')) });
    const answer = await put(url, { limitAmps: 1 });
    expect(answer.status).toBe(500);
    expect(await answer.text()).not.toContain('secret');
    expect((await fetch(`${url}/api/v1/site`)).status).toBe(200);
  });

  test(`a silent controller is told after its deadline, and no more than ${MAX_PENDING_REQUESTS} wishes wait`, async () => {
    let asked = 0;
    let allAsked = () => {};
    const whenAllAsked = new Promise<void>((resolve) => {
      allAsked = resolve;
    });
    const { url, clock } = await startApi({
      onRequest: () => {
        if (++asked === MAX_PENDING_REQUESTS) allAsked();
        return new Promise<ControlAnswer>(() => {});
      },
    });
    const waiting = Array.from({ length: MAX_PENDING_REQUESTS }, () => put(url, { limitAmps: 1 }));
    await whenAllAsked;
    const tooMany = await put(url, { limitAmps: 1 });
    expect(tooMany.status).toBe(503);
    expect(await tooMany.json()).toMatchObject({ code: 'API_CONTROL_BUSY' });
    await clock.advance(CONTROL_DEADLINE_MS);
    for (const answer of await Promise.all(waiting)) {
      expect(answer.status).toBe(503);
      expect(await answer.json()).toMatchObject({ code: 'API_CONTROL_SILENT' });
    }
  });
});

describe('the probes', () => {
  test('healthz fails after 10 s without a cycle and recovers with the next', async () => {
    const { server, url, site, clock } = await startApi();
    const status = async (path: string) => (await fetch(url + path)).status;
    expect(await status('/healthz')).toBe(200);
    expect(await status('/readyz')).toBe(503);
    server.publish(cycleRecord(site));
    expect(await status('/readyz')).toBe(200);
    await clock.advance(9_999);
    expect(await status('/healthz')).toBe(200);
    await clock.advance(1);
    expect(await status('/healthz')).toBe(503);
    expect(await status('/readyz')).toBe(503);
    server.publish(cycleRecord(site, { cycle: 2 }));
    expect(await status('/healthz')).toBe(200);
  });

  test('a controller that never makes a cycle is not healthy for long', async () => {
    const { url, clock } = await startApi();
    await clock.advance(10_000);
    expect((await fetch(`${url}/healthz`)).status).toBe(503);
  });

  test('readyz names the part that is not ready', async () => {
    const { server, url, site } = await startApi({
      health: () => [
        { name: 'gateway', isReady: true },
        { name: 'store', isReady: false, detail: 'disk full' },
      ],
    });
    server.publish(cycleRecord(site));
    const answer = await fetch(`${url}/readyz`);
    expect(answer.status).toBe(503);
    expect(await answer.json()).toMatchObject({ parts: [{}, { name: 'store', isReady: false, detail: 'disk full' }] });
  });

  test('metrics tell the cycle, and a hostile name stays inside its label', async () => {
    const id = 'a"} 1\nfake_metric 2\\';
    const site = buildSite({ circuits: [circuit({ id: 'main' }), circuit({ id, parent: 'main' })] });
    const { server, url, clock } = await startApi({ site });
    server.publish(cycleRecord(site));
    await clock.advance(2_000);
    const answer = await fetch(`${url}/metrics`);
    expect(answer.headers.get('content-type')).toContain('text/plain');
    const lines = (await answer.text()).split('\n');
    expect(lines).toContain('busbar_cycle_age_seconds 2');
    expect(lines).toContain('busbar_circuit_headroom_amperes{circuit="main",phase="L1"} 10');
    expect(lines).toContain('busbar_circuit_exposure_amperes{circuit="a\\"} 1\\nfake_metric 2\\\\",phase="L2"} 30');
    expect(lines.filter((line) => line.startsWith('fake_metric'))).toEqual([]);
  });
});
