// The emergency stop over HTTP: what reaches the control room, what is shown, and which words refuse.
import { describe, expect, test } from 'vitest';
import { emergencyStop, stopCap } from '../../src/core/limits/emergency-stop.ts';
import type { ContactState } from '../../src/core/model/contact.ts';
import type { Cap } from '../../src/core/model/limit.ts';
import type { ControlRequest } from '../../src/engine/requests.ts';
import { changeStop } from '../../src/engine/stop-requests.ts';
import { startApi } from '../support/api-server.ts';
import { cycleRecord, T0 } from '../support/cycle-record.ts';
import { buildSite } from '../support/site-builder.ts';

const site = buildSite();
const json = { 'content-type': 'application/json' };

/** An api room whose control room judges as the real one does. */
async function room(holders: string[] = []) {
  const requests: ControlRequest[] = [];
  let caps: readonly Cap[] = [];
  const api = await startApi({
    site,
    onRequest: async (request) => {
      requests.push(request);
      if (request.kind !== 'press-emergency-stop' && request.kind !== 'clear-emergency-stop') return { ok: true, caps };
      const change = changeStop(caps, request, holders, T0);
      if (change.ok) caps = change.caps;
      return change;
    },
  });
  const call = (method: string, body: unknown, headers: object = json) =>
    fetch(`${api.url}/api/v1/emergency-stop`, { method, headers: { ...headers }, body: JSON.stringify(body) });
  return { ...api, requests, call };
}

const contact = (part: Partial<ContactState>): ContactState => ({
  id: 'door',
  name: 'Door',
  state: 'released',
  since: T0 - 60_000,
  isSeenActive: false,
  readAt: T0,
  activations: 0,
  ...part,
});

describe('pressing and clearing', () => {
  test('pressed with a name or without, cleared with a name and a reason', async () => {
    const { call, requests } = await room();
    const pressed = await call('POST', { who: 'Ben', note: 'smoke' });
    expect([pressed.status, await pressed.json()]).toMatchObject([
      200,
      {
        takesEffect: 'with the next cycle',
        caps: [
          {
            id: 'emergency-stop',
            author: 'the emergency stop, Ben (this machine)',
            authorKind: 'emergency-stop',
            limitAmps: { L1: 0, L2: 0, L3: 0 },
            fromWallMs: T0,
            note: 'smoke',
          },
        ],
      },
    ]);
    expect((await call('POST', {})).status).toBe(200);
    const cleared = await call('DELETE', { who: 'Anna', note: 'looked at it' });
    expect([cleared.status, await cleared.json()]).toEqual([200, { takesEffect: 'with the next cycle', caps: [] }]);
    expect(requests).toEqual([
      { kind: 'press-emergency-stop', who: 'Ben (this machine)', note: 'smoke' },
      { kind: 'press-emergency-stop', who: 'this machine' },
      { kind: 'clear-emergency-stop', who: 'Anna (this machine)', note: 'looked at it' },
    ]);
  });

  test('what holds it is named in the refusal', async () => {
    const { call } = await room(['contact Door is active']);
    await call('POST', {});
    const answer = await call('DELETE', { who: 'Anna', note: 'x' });
    expect([answer.status, await answer.json()]).toMatchObject([
      409,
      { code: 'EMERGENCY_STOP_HELD', detail: expect.stringContaining('contact Door is active') },
    ]);
  });

  test('there is none to clear', async () => {
    const { call } = await room();
    const answer = await call('DELETE', { who: 'Anna', note: 'x' });
    expect([answer.status, await answer.json()]).toMatchObject([409, { code: 'EMERGENCY_STOP_NOT_SET' }]);
  });

  test.each([
    ['DELETE', {}, 'who'],
    ['DELETE', { who: 'Anna' }, 'note'],
    ['DELETE', { who: '  ', note: 'x' }, 'who'],
    ['DELETE', { who: 'A'.repeat(81), note: 'x' }, 'who'],
    ['DELETE', { who: 'Anna', note: 'a\nb' }, 'note'],
    ['DELETE', { who: 'Anna', note: 'n'.repeat(201) }, 'note'],
    ['POST', { name: 'Ben' }, 'name'],
    ['POST', { who: 3 }, 'who'],
  ])('%s with %j names the field %s, and nothing is asked', async (method, body, field) => {
    const { call, requests } = await room();
    const answer = await call(method, body);
    expect([answer.status, await answer.json()]).toMatchObject([400, { code: 'API_INPUT_INVALID', field }]);
    expect(requests).toEqual([]);
  });

  test('access is as for a limit: another site may neither press nor clear, nor may a stranger', async () => {
    const { call, requests } = await room();
    const foreign = await call('POST', {}, { ...json, origin: 'http://evil.example' });
    const stranger = await call('DELETE', { who: 'Anna', note: 'x' }, { ...json, 'x-forwarded-for': '192.0.2.1' });
    const form = await call('POST', {}, { 'content-type': 'text/plain' });
    expect([foreign.status, stranger.status, form.status]).toEqual([403, 401, 415]);
    expect(requests).toEqual([]);
  });
});

describe('showing', () => {
  async function shown(caps: readonly Cap[], contacts?: readonly ContactState[]) {
    const { server, url } = await room();
    server.publish(
      cycleRecord(site, { snapshot: { now: T0, wallNow: T0 + 3_600_000, caps, ...(contacts ? { contacts } : {}) } }),
    );
    const state = (await (await fetch(`${url}/api/v1/state`)).json()) as Record<string, unknown>;
    return { state, metrics: await (await fetch(`${url}/metrics`)).text() };
  }

  test('nothing of either where there is none', async () => {
    const { state, metrics } = await shown([]);
    expect(state.contacts).toEqual([]);
    expect(state).not.toHaveProperty('emergencyStop');
    expect(metrics).toContain('busbar_emergency_stop 0');
    expect(metrics).not.toContain('busbar_contact_');
  });

  test('a latched stop tells who and since when, by the clock on the wall, and what holds it', async () => {
    const contacts = [
      contact({ state: 'active', emergencyStop: true, isSeenActive: true, activations: 2 }),
      contact({ id: 'dim', name: 'Dim', state: 'unknown', trouble: 'no answer', readAt: T0 - 7_000 }),
      contact({ id: 'gate', name: 'Gate' }),
    ];
    const { state, metrics } = await shown(
      [emergencyStop('contact Door', T0 - 5_000, 'why'), stopCap('contact:door', 'contact Door')],
      contacts,
    );
    expect(state.emergencyStop).toEqual({
      author: 'contact Door',
      isLatched: true,
      heldBy: ['contact Door is active'],
      sinceWallMs: T0 - 5_000,
      note: 'why',
    });
    expect(state.contacts).toMatchObject([
      { id: 'door', state: 'active', isEmergencyStop: true, activations: 2, sinceWallMs: T0 + 3_540_000, ageMs: 0 },
      { id: 'dim', state: 'unknown', isEmergencyStop: false, trouble: 'no answer', ageMs: 7_000 },
      { id: 'gate', state: 'released' },
    ]);
    for (const line of [
      'busbar_emergency_stop 1',
      'busbar_contact_active{contact="door"} 1',
      'busbar_contact_active{contact="dim"} 1',
      'busbar_contact_active{contact="gate"} 0',
      'busbar_contact_readable{contact="dim"} 0',
      'busbar_contact_readable{contact="gate"} 1',
      'busbar_contact_activations_total{contact="door"} 2',
    ])
      expect(metrics.split('\n')).toContain(line);
  });

  test('a stop that only a silent contact makes is not latched', async () => {
    const { state } = await shown(
      [{ ...stopCap('contact:door', 'contact Door'), note: 'cannot be read' }],
      [contact({ state: 'unknown', emergencyStop: true })],
    );
    expect(state.emergencyStop).toEqual({
      author: 'contact Door',
      isLatched: false,
      heldBy: ['contact Door cannot be read'],
      note: 'cannot be read',
    });
  });
});
