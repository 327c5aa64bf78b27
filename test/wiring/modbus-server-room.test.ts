// The control room's side of the Modbus server: what crosses the line to its thread, and what happens when that thread dies.
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { expect, onTestFinished, test } from 'vitest';
import type { CycleRecord } from '../../src/core/model/decision.ts';
import type { Fields } from '../../src/engine/ports.ts';
import type { RegisterImage } from '../../src/modbus/server/device.ts';
import { silentLog } from '../../src/system/log.ts';
import { ThreadPort } from '../../src/system/thread-port.ts';
import { ModbusServerRoom } from '../../src/wiring/modbus-server-room.ts';
import type { RoomOptions, Rooms } from '../../src/wiring/rooms.ts';
import type { ControlToModbusServer, ModbusServerToControl } from '../../src/wiring/thread-protocol.ts';
import { cycleRecord } from '../support/cycle-record.ts';
import { deviceSite } from '../support/device-world.ts';
import { realSurroundings } from '../support/modbus-world.ts';

/** The room, and a stand-in for what starts its thread: `up` starts one and gives the thread's end of the line. */
function opened() {
  const errors: [string, Fields | undefined][] = [];
  const log = { ...silentLog, error: (event: string, fields?: Fields) => void errors.push([event, fields]) };
  const surroundings = { ...realSurroundings(), log };
  const site = deviceSite();
  const room = new ModbusServerRoom(surroundings, site);
  let options: RoomOptions | undefined;
  const restarts: string[] = [];
  const open = (given: RoomOptions) => {
    options = given;
  };
  const rooms = { open } as unknown as Rooms;
  const ready = room.open(rooms);
  ready.catch(() => {});
  const up = () => {
    const { port1, port2 } = new MessageChannel();
    onTestFinished(() => port2.close());
    options!.onUp(port1 as MessagePort, (reason) => void restarts.push(reason));
    const peer = 'control';
    const line = new ThreadPort<ModbusServerToControl, ControlToModbusServer>({ port: port2, peer, ...surroundings });
    const image = new Promise<RegisterImage>((resolve) => line.on('image', resolve));
    return { line, image };
  };
  return { room, site, ready, up, down: () => options!.onDown(), restarts, errors, clock: surroundings.clock };
}

const write = (line: ThreadPort<ModbusServerToControl, ControlToModbusServer>, value: number, at: number) =>
  line.request('write', { write: { value }, at }, { timeoutMs: 1_000 });

test('an image of each cycle goes over, with what was heard', async () => {
  const { room, site, up, ready } = opened();
  const { line, image } = up();
  room.publish(cycleRecord(site, { epoch: 5 }));
  const { bytes, at, ledger } = await image;
  expect([Buffer.from(bytes.subarray(0, 6)).toString('latin1'), at, ledger]).toEqual([
    'Busbar',
    cycleRecord(site).snapshot.now,
    {},
  ]);
  line.post('ready', { port: 4_711 });
  expect(await ready).toEqual({ port: 4_711 });
});

test('a write is answered with the ledger, and is the limit of the next cycle', async () => {
  const { room, up, clock } = opened();
  const { line } = up();
  const at = clock.now();
  const asked: string[] = [];
  room.signals[0]!.onChange((reason) => asked.push(reason));
  expect(room.signals[0]!.caps()).toMatchObject([{ limitAmps: { L1: 20 }, failsafe: { because: 'never-heard' } }]);
  expect(await write(line, 32, at)).toEqual({ value: 32, writtenAt: at, heardAt: at });
  expect(room.signals[0]!.caps()).toMatchObject([{ limitAmps: { L1: 32 } }]);
  expect(asked).toEqual(['external-cap.main']);
  // The same again asks for no cycle: a master that writes each second costs none.
  await write(line, 32, at + 1);
  expect(asked).toHaveLength(1);
  await room.signals[0]!.stop();
});

test('a thread that comes back has the newest image at once; the cap lived on meanwhile', async () => {
  const { room, site, up, down, clock } = opened();
  const first = up();
  await write(first.line, 32, clock.now());
  down();
  room.publish(cycleRecord(site, { cycle: 2 }));
  expect(room.signals[0]!.caps()).toMatchObject([{ limitAmps: { L1: 32 } }]);
  const { ledger, at } = await up().image;
  expect([ledger.value, at]).toEqual([32, cycleRecord(site, { cycle: 2 }).snapshot.now]);
  await room.signals[0]!.stop();
});

test('a cycle that cannot be shown is told in the log, and costs the cycle nothing', () => {
  const { room, site, errors } = opened();
  room.publish({ ...cycleRecord(site), decision: undefined } as unknown as CycleRecord);
  expect(errors).toMatchObject([['modbus-server.image-failed', { code: 'MODBUS_IMAGE_FAILED' }]]);
});

test('a thread that cannot listen is told by its code, and is tried again', async () => {
  const { up, ready, restarts } = opened();
  up().line.post('failed', { code: 'MODBUS_LISTEN', text: 'port taken' });
  await expect(ready).rejects.toMatchObject({ code: 'MODBUS_LISTEN' });
  expect(restarts).toEqual(['port taken']);
});

test('without an external cap there is no signal', () => {
  const { externalCap: _, ...modbusServer } = deviceSite().modbusServer!;
  expect(new ModbusServerRoom(realSurroundings(), { ...deviceSite(), modbusServer }).signals).toEqual([]);
});
