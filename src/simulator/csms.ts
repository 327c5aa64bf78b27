// The operator's back end of a simulated site: a plain OCPP 1.6 central system that records what it took, and errs when told. It has no door
// of its own: whoever lets a station in, by a socket of this machine or a simulated one, hands it over.

import type { StationId, WallTime } from '../core/model/units.ts';
import type { Surroundings } from '../engine/ports.ts';
import { type MessageSocket, SOCKET_OPEN } from '../engine/socket.ts';
import { type Answered, type CallAnswer, RpcClient } from './rpc-client.ts';
import type { Happening } from './script.ts';
import type { Payload } from './station-wire.ts';

/** Messages remembered at most; the oldest go. */
export const MAX_RECORDED = 50_000;
/** Transactions whose beginning is known again when it is told again; the oldest go. */
export const MAX_TRANSACTIONS = 100_000;
/** Its own ids, far from ours, so that a mix-up shows. */
const FIRST_TRANSACTION_ID = 700_001;
/** A late one answers after this long, and up to as long again. */
export const LATE_MS = 8_000;

export type CsmsFault = Extract<Happening, { readonly kind: 'upstream-errs' }>['fault'];

export type Recorded = {
  readonly station: StationId;
  readonly action: string;
  readonly payload: Payload;
  readonly messageId: string;
  readonly atWall: WallTime;
  /** What it is about, whatever its message id; of messages about transactions alone. */
  readonly key?: string;
  /** `error`: without effect; `result` and `late`: with its effect; `lost`: with its effect, and no answer. */
  readonly answered: 'result' | 'late' | 'error' | 'lost';
  /** Of a transaction that it began. */
  readonly transactionId?: number;
};

type Link = { readonly socket: MessageSocket; readonly rpc: RpcClient };

export class SimulatedCsms {
  readonly #surroundings: Surroundings;
  readonly #links = new Map<StationId, Link>();
  readonly #faults = new Map<CsmsFault, number>();
  readonly #transactions = new Map<string, number>();
  #recorded: Recorded[] = [];
  #nextTransactionId = FIRST_TRANSACTION_ID;
  #nextMessage = 1;
  #listeners: ((message: Recorded) => void)[] = [];

  constructor(surroundings: Surroundings) {
    this.#surroundings = surroundings;
  }

  /** What it took, oldest first: what it never saw in its silence is not among it. */
  get recorded(): readonly Recorded[] {
    return this.#recorded;
  }

  get connected(): readonly StationId[] {
    return [...this.#links.keys()];
  }

  /** Whether it lets stations in: its door asks before it does. */
  get isUp(): boolean {
    return !this.#has('down');
  }

  /** Told of every message that it takes, in the turn in which it takes it. */
  onMessage(listener: (message: Recorded) => void): void {
    this.#listeners.push(listener);
  }

  /** From now on it errs so; the returned function ends it. `down` cuts every line. */
  errs(fault: CsmsFault): () => void {
    let isOver = false;
    this.#faults.set(fault, (this.#faults.get(fault) ?? 0) + 1);
    if (fault === 'down') this.cutAll();
    return () => {
      if (isOver) return;
      isOver = true;
      this.#faults.set(fault, (this.#faults.get(fault) ?? 1) - 1);
    };
  }

  cutAll(): void {
    for (const { socket } of [...this.#links.values()]) socket.terminate();
  }

  /** A station was let in; `socket` MUST have just opened. An older line of the same station is cut. */
  welcome(station: StationId, socket: MessageSocket): void {
    const { clock, log } = this.#surroundings;
    const nextId = () => `csms-${this.#nextMessage++}`;
    const rpc = new RpcClient(socket, clock, nextId, (action, payload, reply, messageId) =>
      this.#take({ station, action, payload, messageId }, reply),
    );
    this.#links.get(station)?.socket.terminate();
    this.#links.set(station, { socket, rpc });
    socket.on('error', (error) => log.debug('simulator.csms-socket', { station, error: error.message }));
    socket.on('close', () => {
      if (this.#links.get(station)?.socket === socket) this.#links.delete(station);
    });
  }

  /** Makes a CALL to a station through whoever stands in between; always resolves. */
  call(station: StationId, action: string, payload: Payload): Promise<Answered> {
    const link = this.#links.get(station);
    if (link?.socket.readyState !== SOCKET_OPEN) return Promise.resolve({ ok: false, code: 'closed' });
    return new Promise((resolve) => link.rpc.call(action, payload, resolve));
  }

  #has(fault: CsmsFault): boolean {
    return (this.#faults.get(fault) ?? 0) > 0;
  }

  #take(
    call: Pick<Recorded, 'station' | 'action' | 'payload' | 'messageId'>,
    reply: (answer: CallAnswer) => void,
  ): void {
    if (this.#has('silent')) return;
    if (this.#has('callerror')) {
      this.#record({ ...call, answered: 'error' });
      reply({ error: 'InternalError' });
      return;
    }
    const isLost = this.#has('loses-answers');
    const answer = this.#answer(call);
    this.#record({
      ...call,
      answered: isLost ? 'lost' : 'error' in answer ? 'error' : this.#has('late') ? 'late' : 'result',
      ...('transactionId' in answer ? { transactionId: Number(answer.transactionId) } : {}),
    });
    if (isLost) return;
    if (!this.#has('late')) {
      reply(answer);
      return;
    }
    const { clock, random } = this.#surroundings;
    const waitMs = Math.round(LATE_MS * (1 + random.next(`csms.late ${call.station}`)));
    clock.timer('simulator.csms-late', waitMs, () => reply(answer));
  }

  #record(message: Omit<Recorded, 'atWall' | 'key'>): void {
    const key = businessKey(message.station, message.action, message.payload);
    const atWall = this.#surroundings.clock.wall();
    const recorded = { ...message, atWall, ...(key === undefined ? {} : { key }) };
    this.#recorded.push(recorded);
    // A tenth at a time, because taking the first of a long list is slow.
    if (this.#recorded.length > MAX_RECORDED) this.#recorded = this.#recorded.slice(MAX_RECORDED / 10);
    for (const listener of this.#listeners) listener(recorded);
  }

  #answer({ station, action, payload }: Pick<Recorded, 'station' | 'action' | 'payload'>): CallAnswer {
    const currentTime = new Date(this.#surroundings.clock.wall()).toISOString();
    switch (action) {
      case 'BootNotification':
        return { status: 'Accepted', currentTime, interval: 300 };
      case 'Heartbeat':
        return { currentTime };
      case 'Authorize':
        return { idTagInfo: { status: 'Accepted' } };
      case 'StartTransaction':
        return { transactionId: this.#begun(station, payload), idTagInfo: { status: 'Accepted' } };
      case 'StopTransaction':
      case 'MeterValues':
      case 'StatusNotification':
        return {};
      case 'DataTransfer':
        return { status: 'UnknownVendorId' };
      default:
        return { error: 'NotImplemented' };
    }
  }

  /** The same beginning told again is the same transaction. */
  #begun(station: StationId, payload: Payload): number {
    const key = businessKey(station, 'StartTransaction', payload)!;
    const known = this.#transactions.get(key);
    if (known !== undefined) return known;
    const id = this.#nextTransactionId++;
    this.#transactions.set(key, id);
    if (this.#transactions.size > MAX_TRANSACTIONS) {
      const [oldest] = this.#transactions.keys();
      this.#transactions.delete(oldest!);
    }
    return id;
  }
}

/**
 * What a message about a transaction is about, whatever its message id: 1.6 ids are unique per socket alone. The transaction's id is the one
 * that the message names, so a station's key and the operator's differ in it.
 */
export function businessKey(station: StationId, action: string, payload: Payload): string | undefined {
  const { connectorId, idTag, timestamp, meterStart, meterStop, transactionId, meterValue } = payload;
  switch (action) {
    case 'StartTransaction':
      return `start ${station} ${connectorId} ${idTag} ${timestamp} ${meterStart}`;
    case 'StopTransaction':
      return `stop ${station} ${transactionId} ${timestamp} ${meterStop}`;
    case 'MeterValues':
      return transactionId === undefined
        ? undefined
        : `meter ${station} ${connectorId} ${transactionId} ${JSON.stringify(meterValue)}`;
    default:
      return undefined;
  }
}
