// Starts an api room on a free port of loopback, with a control room that remembers what it was asked.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { ApiOptions } from '../../src/api/room.ts';
import { ApiServer } from '../../src/api/server.ts';
import type { Clock } from '../../src/engine/ports.ts';
import type { ControlRequest } from '../../src/engine/requests.ts';
import { VirtualClock } from '../../src/simulator/virtual-clock.ts';
import { silentLog } from '../../src/system/log.ts';
import { buildSite } from './site-builder.ts';

export const TOKEN = 'correct-horse-battery-staple';

/** A console of one line, for tests that are not about the page. */
export function emptyConsole(): string {
  const dir = mkdtempSync(join(tmpdir(), 'busbar-console-'));
  mkdirSync(join(dir, 'assets'));
  writeFileSync(join(dir, 'index.html'), '<!doctype html><title>Busbar</title>');
  writeFileSync(join(dir, 'assets', 'main-1234.js'), 'export {};');
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

export async function startApi(part: Partial<ApiOptions> & { readonly clock?: Clock } = {}) {
  const { clock: given, ...options } = part;
  const clock = given ?? new VirtualClock();
  const requests: ControlRequest[] = [];
  const site = options.site ?? buildSite();
  const random = { next: () => 0.5, uuid: () => '00000000-0000-4000-8000-000000000000' };
  const server = new ApiServer(
    { clock, random, log: silentLog },
    {
      listen: { host: '127.0.0.1', port: 0 },
      site,
      token: TOKEN,
      consoleDir: options.consoleDir ?? emptyConsole(),
      onRequest: async (request) => {
        requests.push(request);
        return { ok: true, caps: [] };
      },
      health: () => [],
      ...options,
    },
  );
  const stop = new AbortController();
  await server.start(stop.signal);
  onTestFinished(async () => {
    stop.abort();
    await server.stop();
  });
  const url = server.address!;
  return { server, url, port: Number(new URL(url).port), site, requests, clock: clock as VirtualClock };
}
