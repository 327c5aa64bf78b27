// The way of our limits to a station: what each answer proves, in which order they leave, and what becomes of those that cannot.
import { afterEach, describe, expect, test } from 'vitest';
import { MAX_QUEUED_COMMANDS } from '../../src/ocpp/commands.ts';
import { buildSite, evse, genericAc } from '../support/site-builder.ts';
import { Bench, command } from '../support/station-bench.ts';

let bench: Bench;
afterEach(() => bench?.stop());

function limitOf(payload: Record<string, unknown>): number {
  const profile = payload.csChargingProfiles as {
    chargingSchedule: { chargingSchedulePeriod: [{ limit: number }] };
  };
  return profile.chargingSchedule.chargingSchedulePeriod[0].limit;
}

describe('limits', () => {
  test.each<[object | string | undefined, string, string | undefined]>([
    [{ status: 'Accepted' }, 'accepted', undefined],
    [{ status: 'Rejected' }, 'refused', 'Rejected'],
    [{ status: 'NotSupported' }, 'refused', 'NotSupported'],
    [{ status: 'accepted' }, 'refused', 'accepted'],
    [{}, 'refused', 'undefined'],
    ['NotImplemented', 'refused', 'NotImplemented not here'],
    [undefined, 'unanswered', undefined],
  ])('a station that answers %j: %s', async (answer, state, detail) => {
    bench = await new Bench({ site: buildSite({ profile: { ...genericAc, callTimeoutMs: 300 } }) }).start();
    await bench.booted('A', (action) => (action === 'SetChargingProfile' ? answer : { status: 'Accepted' }));
    const sent = command('A', { limitAmps: 10 });
    bench.gateway.send([sent]);
    const settled = await bench.until(
      'A',
      ({ evses }) => !['queued', 'sent'].includes(evses[0]!.lease?.state ?? 'queued'),
    );
    expect(settled.evses[0]!.lease).toMatchObject({ commandId: sent.id, state, sentAt: expect.any(Number) });
    expect(settled.evses[0]!.lease!.detail).toBe(detail);
  });

  test('a newer limit takes the place of one that still waits, and one under way is unanswered when the line breaks', async () => {
    bench = await new Bench().start();
    const seen: number[] = [];
    const came = Promise.withResolvers<void>();
    const socket = await bench.booted('A', (action, payload: Record<string, never>) => {
      if (action !== 'SetChargingProfile') return { status: 'Accepted' };
      seen.push(limitOf(payload));
      came.resolve();
      return undefined;
    });
    bench.gateway.send([command('A', { role: 'floor', limitAmps: 6 })]);
    await came.promise;
    expect(bench.state('A').evses[0]!.floor).toMatchObject({ state: 'sent', sentAt: expect.any(Number) });
    bench.gateway.send([command('A', { limitAmps: 10 }), command('A', { limitAmps: 12 })]);
    expect(bench.state('A').evses[0]!.lease).toMatchObject({ commandId: 'c-A-lease-12', state: 'queued' });
    socket.terminate();
    const state = await bench.until('A', ({ evses }) => evses[0]!.lease?.state === 'dropped');
    expect(state.evses[0]).toMatchObject({ floor: { state: 'unanswered' }, lease: { commandId: 'c-A-lease-12' } });
    expect(state.evses[0]!.lease!.sentAt).toBeUndefined();
    expect(seen).toEqual([6]);
    bench.gateway.send([command('A', { limitAmps: 14 })]);
    expect(bench.state('A').evses[0]!.lease).toMatchObject({
      state: 'dropped',
      detail: 'the station is not connected',
    });
  });

  test('a limit that was overtaken while it waited is never sent', async () => {
    bench = await new Bench().start();
    const seen: number[] = [];
    await bench.booted('A', (action, payload: Record<string, never>) => {
      if (action === 'SetChargingProfile') seen.push(limitOf(payload));
      return { status: 'Accepted' };
    });
    bench.gateway.send([command('A', { role: 'floor', limitAmps: 6 }), command('A', { limitAmps: 10 })]);
    bench.gateway.send([command('A', { limitAmps: 12 })]);
    await bench.until('A', ({ evses }) => evses[0]!.lease?.state === 'accepted');
    expect(seen).toEqual([6, 12]);
  });

  test('limits overtake polls, leave in the given order, and beyond the bound they are refused', async () => {
    const evses = Array.from({ length: MAX_QUEUED_COMMANDS + 1 }, (_, i) =>
      evse({ station: 'A', number: i + 1, id: `A/${i + 1}` }),
    );
    bench = await new Bench({ site: buildSite({ evses }) }).start();
    const seen: number[] = [];
    await bench.booted('A', (action, payload) => {
      if (action === 'SetChargingProfile') seen.push(payload.connectorId!);
      return { status: 'Accepted' };
    });
    const commands = evses.map((one, i) => command('A', { evse: one.id, id: `c${i}`, limitAmps: 6 }));
    expect(bench.gateway.send(commands).refused).toEqual([`c${MAX_QUEUED_COMMANDS}`]);
    await bench.until(
      'A',
      (state) => state.evses.filter((one) => one.lease?.state === 'accepted').length === MAX_QUEUED_COMMANDS,
    );
    expect(seen).toEqual(evses.slice(0, -1).map((one) => one.number));
    expect(bench.gateway.send([command('nobody', { limitAmps: 6 })]).refused.length).toBe(1);
  });

  test('after a rise has settled a fresh sample is asked for, and a station that cannot is left alone', async () => {
    bench = await new Bench({ site: buildSite({ profile: { ...genericAc, settleMs: 1 } }) }).start();
    const asked: object[] = [];
    const answered = Promise.withResolvers<void>();
    await bench.booted('A', (action, payload) => {
      if (action !== 'TriggerMessage') return { status: 'Accepted' };
      asked.push(payload);
      answered.resolve();
      return 'NotImplemented';
    });
    bench.gateway.send([command('A', { limitAmps: 16, change: 'increase' })]);
    await answered.promise;
    expect(asked).toEqual([{ requestedMessage: 'MeterValues', connectorId: 1 }]);
  });
});
