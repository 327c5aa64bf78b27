// A meter's reading handed in over HTTP: who may, what is asked of it, how often, and what the control room's refusals become.
import { describe, expect, test } from 'vitest';
import { MIN_PUSH_GAP_MS } from '../../src/api/push-gate.ts';
import type { PushedMeter, SiteMeter } from '../../src/core/model/site-meters.ts';
import type { PushedReading, PushOutcome } from '../../src/engine/requests.ts';
import { startApi } from '../support/api-server.ts';
import { buildSite } from '../support/site-builder.ts';

const pushed = (id: string, parts: Partial<PushedMeter> = {}): SiteMeter => ({
  from: 'push',
  id,
  name: id,
  maxAgeMs: 10_000,
  plausibleAmps: 100,
  ...parts,
});
const site = buildSite({ meters: [...buildSite().meters, pushed('hall'), pushed('pump', { phases: ['L2'] })] });

async function room(answer: PushOutcome | Promise<PushOutcome> = { ok: true, measuredAt: 1, ageMs: 0 }) {
  const heard: PushedReading[] = [];
  const api = await startApi({
    site,
    onPush: async (reading) => {
      heard.push(reading);
      return answer;
    },
  });
  const put = async (body: unknown, meter = 'hall', headers: Record<string, string> = {}) => {
    const response = await fetch(`${api.url}/api/v1/meters/${meter}/reading`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json', ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
    return { status: response.status, body: (await response.json()) as Record<string, unknown>, response };
  };
  return { ...api, heard, put };
}

const amps = { L1: 1, L2: 2.5, L3: -3 };

test('a reading is handed to the control room in its own units, and answered with its age', async () => {
  const { put, heard } = await room({ ok: true, measuredAt: 1, ageMs: 250 });
  const { status, body } = await put({
    currentAmps: amps,
    volts: { L1: 230, L2: 231, L3: 229 },
    powerWatts: { L1: 1, L2: 2, L3: 3 },
    totalPowerWatts: 6,
    energyImportKilowattHours: 1.5,
    energyExportKilowattHours: 0,
    measuredAt: '2026-03-02T05:30:00.257+01:00',
  });
  expect([status, body]).toEqual([200, { meter: 'hall', ageMs: 250 }]);
  expect(heard).toEqual([
    {
      meter: 'hall',
      measuredAtWall: Date.UTC(2026, 2, 2, 4, 30, 0, 257),
      sample: {
        currentAmps: amps,
        volts: { L1: 230, L2: 231, L3: 229 },
        powerWatts: { L1: 1, L2: 2, L3: 3 },
        totalPowerWatts: 6,
        energyImportWh: 1_500,
        energyExportWh: 0,
      },
    },
  ]);
});

test('currents are enough, of the phases that the meter measures', async () => {
  const { put, heard } = await room();
  expect((await put({ currentAmps: amps })).status).toBe(200);
  expect((await put({ currentAmps: { L2: 4 } }, 'pump')).status).toBe(200);
  expect(heard.map(({ sample }) => sample)).toEqual([{ currentAmps: amps }, { currentAmps: { L1: 0, L2: 4, L3: 0 } }]);
});

describe('what is wrong is told by its field', () => {
  test.each<[string, unknown, string, number, object]>([
    ['no currents', {}, 'hall', 400, { code: 'API_INPUT_INVALID', field: 'currentAmps' }],
    [
      'a phase missing',
      { currentAmps: { L1: 1, L3: 3 } },
      'hall',
      400,
      { code: 'API_INPUT_INVALID', field: 'currentAmps.L2' },
    ],
    ['a phase missing of one', { currentAmps: { L1: 1 } }, 'pump', 400, { field: 'currentAmps.L2' }],
    ['words for a current', { currentAmps: { ...amps, L1: '1 A' } }, 'hall', 400, { field: 'currentAmps.L1' }],
    [
      'a current beyond every bound',
      { currentAmps: { ...amps, L1: 100_001 } },
      'hall',
      400,
      { field: 'currentAmps.L1' },
    ],
    ['a number that JSON has not', '{"currentAmps": {"L1": NaN, "L2": 1, "L3": 1}}', 'hall', 400, { field: 'body' }],
    ['a field that nobody knows', { currentAmps: amps, amps: 3 }, 'hall', 400, { field: 'amps' }],
    [
      'a time without a zone',
      { currentAmps: amps, measuredAt: '2026-03-02T05:30:00' },
      'hall',
      400,
      { field: 'measuredAt' },
    ],
    [
      'a time that does not exist',
      { currentAmps: amps, measuredAt: '2026-02-30T05:30:00Z' },
      'hall',
      400,
      { field: 'measuredAt' },
    ],
    [
      'a meter that is not there',
      { currentAmps: amps },
      'attic',
      404,
      { code: 'API_NOT_FOUND', field: 'meter', expected: 'one of hall, pump' },
    ],
    ['a meter that is polled', { currentAmps: amps }, 'main', 409, { code: 'METER_NOT_PUSHED', field: 'meter' }],
  ])('%s', async (_story, body, meter, status, problem) => {
    const { put, heard } = await room();
    const answer = await put(body, meter);
    expect(answer.status).toBe(status);
    expect(answer.body).toMatchObject(problem);
    expect(heard).toEqual([]);
  });

  test.each([
    ['METER_READING_ORDER', 409],
    ['METER_READING_FUTURE', 409],
    ['METER_READING_OLD', 409],
    ['METER_READING_ABSURD', 422],
  ])('what the control room refuses with %s', async (code, status) => {
    const { put } = await room({ ok: false, code, text: 'it is odd', expected: 'another one' });
    const answer = await put({ currentAmps: amps });
    expect(answer.status).toBe(status);
    expect(answer.body).toMatchObject({ code, detail: 'it is odd.', expected: 'another one' });
  });
});

test('a meter is heard at most so often, another one beside it all the same', async () => {
  const { put, clock, heard } = await room();
  expect((await put({ currentAmps: amps })).status).toBe(200);
  const soon = await put({ currentAmps: amps });
  expect([soon.status, soon.body.code, soon.response.headers.get('retry-after')]).toEqual([
    429,
    'METER_PUSHED_TOO_OFTEN',
    '1',
  ]);
  expect((await put({ currentAmps: { L2: 1 } }, 'pump')).status).toBe(200);
  await clock.advance(MIN_PUSH_GAP_MS - 1);
  expect((await put({ currentAmps: amps })).status).toBe(429);
  await clock.advance(1);
  expect((await put({ currentAmps: amps })).status).toBe(200);
  expect(heard.length).toBe(3);
});

test('while one waits for its answer the next is refused; a silent control room is told', async () => {
  const { put, clock, heard } = await room(new Promise(() => {}));
  const first = put({ currentAmps: amps });
  await expect.poll(() => heard.length).toBe(1);
  await clock.advance(1_000);
  expect((await put({ currentAmps: amps })).status).toBe(429);
  await clock.advance(5_000);
  expect((await first).body).toMatchObject({ status: 503, code: 'API_CONTROL_SILENT' });
});

test('the same rules of access as for other writes', async () => {
  const { put, heard } = await room();
  expect((await put({ currentAmps: amps }, 'hall', { 'x-forwarded-for': '203.0.113.7' })).status).toBe(401);
  expect((await put({ currentAmps: amps }, 'hall', { origin: 'https://evil.example' })).status).toBe(403);
  expect((await put({ currentAmps: amps }, 'hall', { 'content-type': 'text/plain' })).status).toBe(415);
  expect((await put(`{"pad": "${'x'.repeat(20_000)}"}`)).status).toBe(413);
  expect(heard).toEqual([]);
});
