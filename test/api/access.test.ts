// Law 9: nobody beyond loopback is heard without the token, and no other site's page may write.
import { request } from 'node:http';
import { networkInterfaces } from 'node:os';
import { describe, expect, test } from 'vitest';
import { type Caller, checkAccess, isSameOrigin } from '../../src/api/access.ts';
import { startApi, TOKEN } from '../support/api-server.ts';
import { cycleRecord } from '../support/cycle-record.ts';

const bearer = { authorization: `Bearer ${TOKEN}` };

/** A request with full say over its headers; fetch would set Host by itself. */
function ask(
  url: string,
  options: { readonly method?: string; readonly headers?: Record<string, string>; readonly body?: string } = {},
): Promise<{ readonly status: number; readonly headers: Record<string, unknown>; readonly body: string }> {
  return new Promise((resolve, reject) => {
    const call = request(url, { method: options.method ?? 'GET', headers: options.headers ?? {} }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () =>
        resolve({ status: response.statusCode!, headers: response.headers, body: Buffer.concat(chunks).toString() }),
      );
    });
    call.on('error', reject);
    call.end(options.body);
  });
}

const outside = Object.values(networkInterfaces())
  .flat()
  .find((net) => net && !net.internal && net.family === 'IPv4')?.address;

describe('who is heard', () => {
  const rows: readonly (readonly [string, Caller['remoteAddress'], Caller['headers'], 'granted' | 'denied'])[] = [
    ['this machine by name', '127.0.0.1', { host: 'localhost:8220' }, 'granted'],
    ['this machine by number', '127.0.0.1', { host: '127.0.0.1:8220' }, 'granted'],
    ['this machine over IPv6', '::1', { host: '[::1]:8220' }, 'granted'],
    ['this machine, IPv4 in IPv6', '::ffff:127.0.0.1', { host: 'localhost' }, 'granted'],
    ['another name that resolves to us (DNS rebinding)', '127.0.0.1', { host: 'evil.example:8220' }, 'denied'],
    ['a name that begins like ours', '127.0.0.1', { host: '127.0.0.1.evil.example' }, 'denied'],
    ['a name that begins like localhost', '127.0.0.1', { host: 'localhost.evil.example' }, 'denied'],
    ['no Host at all', '127.0.0.1', {}, 'denied'],
    ['a proxy here for somebody beyond', '127.0.0.1', { host: 'localhost', 'x-forwarded-for': '10.0.0.9' }, 'denied'],
    ['a proxy here that says Forwarded', '127.0.0.1', { host: 'localhost', forwarded: 'for=10.0.0.9' }, 'denied'],
    ['the network', '10.0.0.9', { host: '10.0.0.2:8220' }, 'denied'],
    ['the network that claims to be localhost', '10.0.0.9', { host: 'localhost' }, 'denied'],
    ['an address that looks like loopback', '::ffff:10.127.0.1', { host: 'localhost' }, 'denied'],
    ['a socket that is gone', undefined, { host: 'localhost' }, 'denied'],
    ['the network with the token', '10.0.0.9', { host: '10.0.0.2', ...bearer }, 'granted'],
    ['the network with another token', '10.0.0.9', { host: '10.0.0.2', authorization: 'Bearer nope' }, 'denied'],
    ['the token by another scheme', '10.0.0.9', { host: '10.0.0.2', authorization: `Basic ${TOKEN}` }, 'denied'],
    ['the token with a tail', '10.0.0.9', { host: '10.0.0.2', authorization: `Bearer ${TOKEN}x` }, 'denied'],
    ['an empty token', '10.0.0.9', { host: '10.0.0.2', authorization: 'Bearer ' }, 'denied'],
  ];
  test.each(rows)('%s', (_name, remoteAddress, headers, kind) => {
    expect(checkAccess({ remoteAddress, headers }, TOKEN).kind).toBe(kind);
  });

  test('an empty token on our side is held by nobody', () => {
    for (const authorization of ['Bearer ', 'Bearer', '', 'Bearer  '])
      expect(checkAccess({ remoteAddress: '10.0.0.9', headers: { authorization } }, '').kind).toBe('denied');
  });

  test('under a foreign Host everything is closed, the page, the probes and unknown paths included', async () => {
    const { server, url, site } = await startApi();
    server.publish(cycleRecord(site));
    const paths = ['/', '/index.html', '/assets/main-1234.js', '/api/v1/site', '/api/v1/state', '/api/v1/stream'];
    const more = ['/api/v1/history', '/api/v1/openapi.json', '/healthz', '/readyz', '/metrics', '/nowhere'];
    for (const path of [...paths, ...more]) {
      const answer = await ask(url + path, { headers: { host: 'evil.example' } });
      expect([path, answer.status]).toEqual([path, 401]);
      expect(answer.headers['www-authenticate']).toMatch(/^Bearer/);
      expect(JSON.parse(answer.body)).toMatchObject({ code: 'API_UNAUTHORIZED', field: 'authorization' });
      expect(answer.body).not.toContain(TOKEN);
    }
    const write = await ask(`${url}/api/v1/circuits/main/limit`, {
      method: 'PUT',
      headers: { host: 'evil.example', 'content-type': 'application/json' },
      body: '{"limitAmps":10}',
    });
    expect(write.status).toBe(401);
  });

  test.skipIf(!outside)('from the network: 401 without the token, everything with it', async (context) => {
    if (!outside) context.skip('this machine has no interface but loopback');
    const { server, port, site } = await startApi({ listen: { host: '0.0.0.0', port: 0 } });
    server.publish(cycleRecord(site));
    for (const path of ['/', '/api/v1/state', '/metrics']) {
      const target = `http://${outside}:${port}${path}`;
      expect((await ask(target)).status).toBe(401);
      expect((await ask(target, { headers: { host: 'localhost' } })).status).toBe(401);
      expect((await ask(target, { headers: bearer })).status).toBe(200);
    }
  });
});

describe('who may write', () => {
  const origins: readonly (readonly [string | undefined, boolean])[] = [
    [undefined, true],
    ['http://localhost:8220', true],
    ['https://localhost:8220', true],
    ['http://localhost:9999', false],
    ['http://evil.example', false],
    ['http://localhost:8220.evil.example', false],
    ['null', false],
    ['file://localhost:8220', false],
    ['', false],
  ];
  test.each(origins)('origin %s → %s', (origin, isSame) => {
    expect(isSameOrigin({ host: 'localhost:8220', ...(origin === undefined ? {} : { origin }) })).toBe(isSame);
  });

  test("another site's page gets 403, a form's content type 415, and nothing is asked of the controller", async () => {
    const { url, requests } = await startApi();
    const target = `${url}/api/v1/circuits/main/limit`;
    const body = '{"limitAmps":10}';
    const json = { 'content-type': 'application/json' };
    const foreign = await ask(target, { method: 'PUT', headers: { ...json, origin: 'http://evil.example' }, body });
    expect(foreign.status).toBe(403);
    expect(JSON.parse(foreign.body)).toMatchObject({ code: 'API_FOREIGN_ORIGIN', field: 'origin' });
    expect((await ask(target, { method: 'DELETE', headers: { origin: 'null' } })).status).toBe(403);
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x'])
      expect((await ask(target, { method: 'PUT', headers: { 'content-type': type }, body })).status).toBe(415);
    expect((await ask(target, { method: 'PUT', body })).status).toBe(415);
    expect((await ask(target, { method: 'PUT' })).status).toBe(415);
    expect(
      (await ask(target, { method: 'DELETE', headers: { 'content-type': 'text/plain', 'content-length': '16' }, body }))
        .status,
    ).toBe(415);
    expect(requests).toEqual([]);
    expect((await ask(target, { method: 'PUT', headers: { ...json, origin: url }, body })).status).toBe(200);
    expect(requests).toHaveLength(1);
  });

  test('every answer carries the headers that keep a page from being framed, sniffed or injected', async () => {
    const { url } = await startApi();
    for (const path of ['/', '/api/v1/site', '/nowhere']) {
      const { headers } = await ask(url + path);
      expect(headers['content-security-policy']).toContain("default-src 'self'");
      expect(headers['content-security-policy']).toContain("frame-ancestors 'none'");
      expect(headers['content-security-policy']).not.toContain('unsafe');
      expect(headers['x-content-type-options']).toBe('nosniff');
    }
  });
});
