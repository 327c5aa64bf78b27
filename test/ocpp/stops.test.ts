// A stop on its way to a station, over real sockets: RemoteStopTransaction under our own transaction id, its answer in the image and in the log.
import { afterEach, describe, expect, test } from 'vitest';
import type { WebSocket } from 'ws';
import type { StopCommand } from '../../src/core/model/decision.ts';
import { HeldClock } from '../support/held-clock.ts';
import { buildSite, genericAc } from '../support/site-builder.ts';
import { ask, Bench, BOOT } from '../support/station-bench.ts';

let bench: Bench;
afterEach(() => bench?.stop());

const stop = (part: Partial<StopCommand> = {}): StopCommand => ({
  kind: 'stop-transaction',
  id: 's-1',
  station: 'A',
  evse: 'A/1',
  transactionId: '1',
  because: 'disobedient',
  ...part,
});

type Asked = { readonly id: string; readonly payload: unknown };

/** A booted station with a transaction; its RemoteStopTransactions are kept and answered with `answer`, or not at all. */
async function charging(answer: () => object | string | undefined): Promise<{ socket: WebSocket; asked: Asked[] }> {
  const socket = await bench.socket('A');
  const asked: Asked[] = [];
  socket.on('message', (data) => {
    const [type, id, action, payload] = JSON.parse(String(data));
    if (type !== 2) return;
    if (action !== 'RemoteStopTransaction') {
      socket.send(JSON.stringify([3, id, { status: 'Accepted' }]));
      return;
    }
    asked.push({ id, payload });
    const said = answer();
    if (typeof said === 'string') socket.send(JSON.stringify([4, id, said, 'not here', {}]));
    else if (said) socket.send(JSON.stringify([3, id, said]));
  });
  await ask(socket, 'BootNotification', BOOT);
  const timestamp = new Date().toISOString();
  await ask(socket, 'StartTransaction', { connectorId: 1, idTag: 'TAG', meterStart: 0, timestamp });
  return { socket, asked };
}

const stopState = () => bench.state('A').evses[0]!.stop?.state;
const logOf = (event: string) => bench.logged.find((one) => one.event === event)?.fields;

describe('a stop', () => {
  test('names our own number of the transaction; that it was accepted is in the image and in the log', async () => {
    bench = await new Bench().start();
    const { asked } = await charging(() => ({ status: 'Accepted' }));
    expect(bench.gateway.send([stop()])).toEqual({ refused: [] });
    const { evses } = await bench.until('A', () => stopState() === 'accepted');
    expect(asked.map(({ payload }) => payload)).toEqual([{ transactionId: 1 }]);
    expect(evses[0]!.stop).toMatchObject({ commandId: 's-1', state: 'accepted' });
    expect(evses[0]!.stop!.sentAt).toBeLessThanOrEqual(evses[0]!.stop!.at);
    expect(logOf('ocpp.stop-accepted')).toMatchObject({ station: 'A', evse: 'A/1', transaction: '1' });
    expect(evses[0]!.transaction?.id).toBe('1');
  });

  test.each([
    [{ status: 'Rejected' }, 'Rejected'],
    ['NotSupported', 'NotSupported not here'],
    [{ status: 'Perhaps' }, 'Perhaps'],
    [{}, 'its answer has no status'],
  ])('that is answered by %j was refused, and the log names the station', async (answer, detail) => {
    bench = await new Bench().start();
    await charging(() => answer);
    bench.gateway.send([stop()]);
    const { evses } = await bench.until('A', () => stopState() === 'refused');
    expect(evses[0]!.stop).toMatchObject({ commandId: 's-1', detail });
    expect(logOf('ocpp.stop-failed')).toMatchObject({ station: 'A', evse: 'A/1', transaction: '1', detail });
  });

  test('that is not answered in time is unanswered; until then no second one is taken for its EVSE', async () => {
    const clock = new HeldClock('rpc.call');
    bench = await new Bench({ clock, site: buildSite({ profile: { ...genericAc, callTimeoutMs: 7_000 } }) }).start();
    const { asked } = await charging(() => undefined);
    bench.gateway.send([stop()]);
    await bench.until('A', () => stopState() === 'sent');
    expect(bench.gateway.send([stop({ id: 's-2' })])).toEqual({ refused: ['s-2'] });
    expect(await clock.run('rpc.call')).toBe(7_000);
    await bench.until('A', () => stopState() === 'unanswered');
    expect(logOf('ocpp.stop-failed')).toMatchObject({ command: 's-1', state: 'unanswered' });
    expect(bench.gateway.send([stop({ id: 's-3' })])).toEqual({ refused: [] });
    await bench.until('A', (state) => state.evses[0]!.stop?.commandId === 's-3' && stopState() === 'sent');
    expect(asked.length).toBeLessThanOrEqual(2);
  });

  test('for a transaction that has ended meanwhile never leaves, nor one for a station that is not there', async () => {
    bench = await new Bench().start();
    const { socket, asked } = await charging(() => ({ status: 'Accepted' }));
    expect(bench.gateway.send([stop({ transactionId: '2' })])).toEqual({ refused: [] });
    expect(bench.state('A').evses[0]!.stop).toMatchObject({
      state: 'dropped',
      detail: 'this transaction does not run any more',
    });
    expect(bench.gateway.send([stop({ evse: 'A/9' }), stop({ id: 's-9', station: 'nobody' })]).refused).toEqual([
      's-1',
      's-9',
    ]);
    socket.terminate();
    await bench.until('A', ({ link }) => link.state === 'disconnected');
    bench.gateway.send([stop({ id: 's-4' })]);
    expect(bench.state('A').evses[0]!.stop).toMatchObject({ state: 'dropped', detail: 'the station is not connected' });
    expect(asked).toEqual([]);
  });
});
