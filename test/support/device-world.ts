// A site that is a Modbus device, a server for it on a free port, and a master on a bare socket that sends whatever bytes a test wants.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import { onTestFinished } from 'vitest';
import type { ExternalCapTerms, SiteModbusServer } from '../../src/core/model/modbus-server.ts';
import type { Site } from '../../src/core/model/site.ts';
import type { Log, Surroundings } from '../../src/engine/ports.ts';
import { encodeImage } from '../../src/modbus/server/encode-image.ts';
import type { CapWrite } from '../../src/modbus/server/external-cap.ts';
import { type CapLedger, hear, NOTHING_HEARD } from '../../src/modbus/server/external-cap.ts';
import { registerMap } from '../../src/modbus/server/register-map.ts';
import { ModbusServer } from '../../src/modbus/server/server.ts';
import { cycleRecord } from './cycle-record.ts';
import { realSurroundings } from './modbus-world.ts';
import { buildSite, circuit } from './site-builder.ts';

/** Amperes on the root of 63 A, failsafe 20 A, heartbeat within 10 s. */
export const AMPS_CAP: ExternalCapTerms = {
  circuit: 'main',
  author: 'facility-manager',
  unit: 'A',
  failsafe: 20,
  most: 63,
  heartbeatMs: 10_000,
};
export const WATTS_CAP: ExternalCapTerms = { ...AMPS_CAP, author: 'utility', unit: 'W', failsafe: 4_200, most: 47_000 };

/** The usual site with a sub-circuit without a meter, a group of A and B, and a Modbus server on a free port of loopback. */
export function deviceSite(part: Partial<SiteModbusServer> = {}, site: Partial<Site> = {}): Site {
  const { policy: _, ...rest } = site;
  return buildSite({
    circuits: [circuit({ id: 'main', meter: 'main' }), circuit({ id: 'sub', parent: 'main' })],
    groups: [{ id: 'tenant', name: 'Tenant', evses: ['A/1', 'B/1'], limitWatts: 11_000 }],
    ...rest,
    modbusServer: {
      host: '127.0.0.1',
      port: 0,
      unitId: 1,
      allow: [],
      circuits: ['main', 'sub'],
      externalCap: AMPS_CAP,
      ...part,
    },
  });
}

export type Served = {
  readonly server: ModbusServer;
  readonly port: number;
  readonly writes: CapWrite[];
  /** Shows a cycle that has just been. */
  readonly showCycle: (parts?: Parameters<typeof cycleRecord>[1]) => void;
};

/** Serves `site` until the test ends. `onWrite` replaces a control room that takes everything. */
export async function serve(
  site: Site,
  parts: {
    readonly surroundings?: Pick<Surroundings, 'clock' | 'log'>;
    readonly log?: Log;
    readonly onWrite?: (write: CapWrite) => Promise<CapLedger | undefined>;
  } = {},
): Promise<Served> {
  const surroundings = { ...(parts.surroundings ?? realSurroundings()), ...(parts.log && { log: parts.log }) };
  const writes: CapWrite[] = [];
  let ledger = NOTHING_HEARD;
  const server = new ModbusServer(surroundings, {
    site,
    version: '1.2.3',
    onWrite: async (write) => {
      writes.push(write);
      if (parts.onWrite) return parts.onWrite(write);
      ledger = hear(site.modbusServer!.externalCap!, ledger, write, surroundings.clock.now());
      return ledger;
    },
  });
  await server.start();
  onTestFinished(() => server.stop());
  const map = registerMap(site);
  return {
    server,
    port: server.address().port,
    writes,
    showCycle: (cycle) => {
      const bytes = encodeImage({ map, site, version: '1.2.3' }, cycleRecord(site, cycle));
      server.show({ bytes, at: surroundings.clock.now(), ledger });
    },
  };
}

/** One connection. `send` writes bytes; `receive` resolves with exactly that many, or with fewer where the connection ended before. */
export class Master {
  readonly socket: Socket;
  #received = Buffer.alloc(0);
  #transaction = 0;
  readonly closed: Promise<void>;
  #isClosed = false;
  #wake: () => void = () => {};

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (bytes) => {
      this.#received = Buffer.concat([this.#received, bytes]);
      this.#wake();
    });
    socket.on('error', () => {});
    this.closed = new Promise((resolve) =>
      socket.on('close', () => {
        this.#isClosed = true;
        this.#wake();
        resolve();
      }),
    );
    onTestFinished(() => void socket.destroy());
  }

  static async connect(port: number, localAddress = '127.0.0.1', host = '127.0.0.1'): Promise<Master> {
    const socket = connect({ port, host, localAddress });
    const master = new Master(socket);
    await once(socket, 'connect');
    return master;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  send(bytes: Uint8Array): void {
    this.socket.write(bytes);
  }

  async receive(count: number): Promise<Buffer> {
    while (this.#received.length < count && !this.#isClosed) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    const bytes = this.#received.subarray(0, count);
    this.#received = this.#received.subarray(bytes.length);
    return bytes;
  }

  /** Sends a PDU and gives the PDU of the answer; undefined where the connection ended instead. */
  async ask(pdu: readonly number[], unitId = 1): Promise<Buffer | undefined> {
    const transaction = this.#transaction++ & 0xffff;
    this.send(frameOf(pdu, unitId, transaction));
    const header = await this.receive(7);
    if (header.length < 7) return undefined;
    if (header.readUInt16BE(0) !== transaction) throw new Error('an answer to another request');
    return this.receive(header.readUInt16BE(4) - 1);
  }

  /** The words of a read, or the exception code as a negative number. */
  async read(address: number, count: number, functionCode = 3): Promise<number[] | number> {
    const pdu = await this.ask([functionCode, ...word(address), ...word(count)]);
    if (pdu === undefined) throw new Error('the connection ended');
    if ((pdu[0]! & 0x80) !== 0) return -pdu[1]!;
    return Array.from({ length: pdu[1]! / 2 }, (_, index) => pdu.readUInt16BE(2 + 2 * index));
  }

  async readFloat(address: number): Promise<number> {
    return floatOf((await this.read(address, 2)) as number[]);
  }

  /** 0, or the exception code. */
  async write(address: number, words: readonly number[]): Promise<number> {
    const pdu = [16, ...word(address), ...word(words.length), words.length * 2, ...words.flatMap(word)];
    const answer = await this.ask(pdu);
    if (answer === undefined) throw new Error('the connection ended');
    return (answer[0]! & 0x80) !== 0 ? answer[1]! : 0;
  }

  /** 0, or the exception code. */
  async writeOne(address: number, value: number): Promise<number> {
    const answer = await this.ask([6, ...word(address), ...word(value)]);
    if (answer === undefined) throw new Error('the connection ended');
    return (answer[0]! & 0x80) !== 0 ? answer[1]! : 0;
  }
}

export const word = (value: number): [number, number] => [value >> 8, value & 0xff];

export function frameOf(pdu: readonly number[], unitId = 1, transaction = 0): Buffer {
  return Buffer.from([...word(transaction), 0, 0, ...word(pdu.length + 1), unitId, ...pdu]);
}

export function floatOf(words: readonly number[]): number {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt16BE(words[0]!, 0);
  bytes.writeUInt16BE(words[1]!, 2);
  return bytes.readFloatBE(0);
}

/** An address of this machine beside loopback; undefined where it has none. */
export function ownAddress(): string | undefined {
  const all = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return all.find(({ family, internal }) => family === 'IPv4' && !internal)?.address;
}
