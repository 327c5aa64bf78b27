// Wishes for a car over HTTP: what reaches the control room, what is read back, and which words refuse.
import { describe, expect, test } from 'vitest';
import { READY_BEFORE_MS } from '../../src/core/plan/need.ts';
import type { ControlRequest, KeptWish } from '../../src/engine/requests.ts';
import { changeWishes } from '../../src/engine/wish-requests.ts';
import { startApi } from '../support/api-server.ts';
import { cycleRecord, stationState, T0 } from '../support/cycle-record.ts';
import { buildSite, evse } from '../support/site-builder.ts';

const HOUR = 3_600_000;
const json = { 'content-type': 'application/json' };
const site = buildSite({
  evses: [evse({ station: 'CP01' }), evse({ station: 'CP01', id: 'CP01/2', number: 2 }), evse({ station: 'bay 3/ö' })],
});

/** An api room whose control room judges as the real one does, at `T0`: Monday 07:00 in Berlin. */
async function room() {
  const requests: ControlRequest[] = [];
  let kept: readonly KeptWish[] = [];
  const api = await startApi({
    site,
    onRequest: async (request) => {
      requests.push(request);
      if (request.kind !== 'set-wish' && request.kind !== 'clear-wish') return { ok: true, caps: [] };
      const change = changeWishes(site, kept, request, T0, undefined);
      if (!change.ok) return change;
      kept = change.wishes;
      return { ok: true, caps: [], ...(change.wish === undefined ? {} : { wish: change.wish }) };
    },
  });
  const call = (method: string, path: string, body?: unknown) =>
    fetch(`${api.url}/api/v1/stations/${path}/wish`, {
      method,
      ...(body === undefined ? {} : { headers: json, body: JSON.stringify(body) }),
    });
  return { ...api, requests, call };
}

describe('wishing', () => {
  test('all that can be wished reaches the control room, and the answer says how it was understood', async () => {
    const { call, requests } = await room();
    const body = {
      energyKilowattHours: 30,
      departure: '2026-03-03T05:30',
      onlySurplus: false,
      priority: 5,
      note: 'line 12',
    };
    const answer = await call('PUT', 'CP01/evses/2', body);
    expect(answer.status).toBe(200);
    expect(await answer.json()).toEqual({
      evse: 'CP01/2',
      takesEffect: 'with the next cycle',
      wish: {
        ...body,
        departure: '2026-03-03T05:30:00+01:00',
        author: 'the facility manager, this machine',
        belongsTo: 'the next transaction',
      },
    });
    expect(requests).toEqual([
      {
        kind: 'set-wish',
        evse: 'CP01/2',
        energyWh: 30_000,
        departureWall: Date.UTC(2026, 2, 3, 4, 30),
        onlySurplus: false,
        priority: 5,
        who: 'this machine',
        note: 'line 12',
      },
    ]);
  });

  test('a station whose id holds a slash is written percent-encoded, and DELETE takes the wish back', async () => {
    const { call, requests } = await room();
    const path = `${encodeURIComponent('bay 3/ö')}/evses/1`;
    expect((await call('PUT', path, { priority: 0 })).status).toBe(200);
    const answer = await call('DELETE', path);
    expect(await answer.json()).toEqual({ evse: 'bay 3/ö/1', takesEffect: 'with the next cycle' });
    expect(requests.at(-1)).toEqual({ kind: 'clear-wish', evse: 'bay 3/ö/1', who: 'this machine' });
  });

  const wrong: readonly (readonly [unknown, string, unknown, RegExp])[] = [
    [{ energyKilowattHours: 0 }, 'energyKilowattHours', 0, />0/],
    [{ energyKilowattHours: 2_000.1 }, 'energyKilowattHours', 2_000.1, /<=2000/],
    [{ energyKilowattHours: '30' }, 'energyKilowattHours', '30', /^number/],
    [{ departure: '2026-03-02T06:59' }, 'departure', '2026-03-02T06:59', /after 2026-03-02T06:00:00.*at most 7 days/],
    [{ departure: '2026-03-09T07:01' }, 'departure', '2026-03-09T07:01', /until 2026-03-09T06:00:00/],
    [{ departure: 'tomorrow' }, 'departure', 'tomorrow', /ISO 8601, such as/],
    [{ departure: '05:30' }, 'departure', '05:30', /ISO 8601/],
    [{ departure: '2026-02-30T05:30Z' }, 'departure', '2026-02-30T05:30Z', /a day and a time that exist/],
    [{ departure: 1_772_000_000_000 }, 'departure', 1_772_000_000_000, /^string/],
    [{ priority: 10 }, 'priority', 10, /<=9/],
    [{ priority: 1.5 }, 'priority', 1.5, /^int/],
    [{ onlySurplus: 1 }, 'onlySurplus', 1, /^boolean/],
    [{ priority: 1, note: 'a\nb' }, 'note', 'a\nb', /control characters/],
    [{ energy: 3 }, 'energy', 3, /^one of energyKilowattHours, departure, onlySurplus, priority, note$/],
    [{}, 'body', {}, /^at least one of energyKilowattHours/],
    [{ note: 'please' }, 'body', { note: 'please' }, /^at least one of energyKilowattHours/],
  ];
  test.each(wrong)(
    'a wrong wish names field, value and what was expected: %j',
    async (body, field, value, expected) => {
      const { call } = await room();
      const answer = await call('PUT', 'CP01/evses/1', body);
      expect(answer.status).toBe(400);
      expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
      expect(await answer.json()).toMatchObject({
        status: 400,
        field,
        value,
        expected: expect.stringMatching(expected),
      });
    },
  );

  test.each([
    ['an unknown station', 'CP9/evses/1', 'station', 'CP9', 'one of CP01, bay 3/ö'],
    ['an unknown EVSE', 'CP01/evses/3', 'evse', '3', 'one of 1, 2'],
    ['a number with a zero before it', 'CP01/evses/01', 'evse', '01', 'one of 1, 2'],
  ])('%s is told with the known ones, whatever the method', async (_story, path, field, value, expected) => {
    const { call, requests } = await room();
    for (const answer of [
      await call('GET', path),
      await call('PUT', path, { priority: 1 }),
      await call('DELETE', path),
    ]) {
      expect(answer.status).toBe(404);
      expect(await answer.json()).toMatchObject({ code: 'API_NOT_FOUND', field, value, expected });
    }
    expect(requests).toEqual([]);
  });

  test('access is as for a limit: another site may not write, and a form is not JSON', async () => {
    const { url, requests } = await room();
    const path = `${url}/api/v1/stations/CP01/evses/1/wish`;
    const body = JSON.stringify({ priority: 9 });
    const foreign = await fetch(path, { method: 'PUT', headers: { ...json, origin: 'http://evil.example' }, body });
    const form = await fetch(path, { method: 'PUT', headers: { 'content-type': 'text/plain' }, body });
    const stranger = await fetch(path, { headers: { 'x-forwarded-for': '192.0.2.1' } });
    expect([foreign.status, form.status, stranger.status]).toEqual([403, 415, 401]);
    expect(requests).toEqual([]);
  });
});

describe('reading a wish', () => {
  test('it is told as the latest cycle went by it, in the words in which it can be sent again', async () => {
    const { call, server } = await room();
    expect((await call('GET', 'CP01/evses/1')).status).toBe(503);
    const charging = stationState(site, 'CP01');
    const transaction = { id: '4', startedAt: T0, energyWh: 12_400 };
    const wish = {
      source: { kind: 'facility-manager' as const, id: 'anna' },
      energyWh: 30_000,
      departureAt: T0 + 1_000 + 2 * HOUR + READY_BEFORE_MS,
      note: 'line 12',
    };
    server.publish(
      cycleRecord(site, {
        snapshot: {
          stations: { CP01: { ...charging, evses: charging.evses.map((one) => ({ ...one, transaction })) } },
          // An hour apart, so that a mix-up of the two time lines shows.
          wallNow: T0 + HOUR,
          wishes: { 'CP01/1': wish, 'bay 3/ö/1': { source: wish.source, priority: 3 } },
        },
      }),
    );
    expect(await (await call('GET', 'CP01/evses/1')).json()).toEqual({
      evse: 'CP01/1',
      wish: {
        author: 'the facility manager, anna',
        belongsTo: 'the running transaction',
        energyKilowattHours: 30,
        deliveredKilowattHours: 12.4,
        departure: '2026-03-02T10:10:00+01:00',
        // 17.6 kWh in two hours on three phases of 230 V.
        neededAmps: expect.closeTo(12.754, 3),
        note: 'line 12',
      },
    });
    expect(await (await call('GET', `${encodeURIComponent('bay 3/ö')}/evses/1`)).json()).toEqual({
      evse: 'bay 3/ö/1',
      wish: { author: 'the facility manager, anna', belongsTo: 'the next transaction', priority: 3 },
    });
    expect(await (await call('GET', 'CP01/evses/2')).json()).toEqual({ evse: 'CP01/2' });
  });
});
