// A station of OCPP 1.6 that is small enough to run two thousand of in one process: it dials until it is let in, says what it has to say in
// order, one CALL at a time, keeps what was not answered, and answers what it is asked.
import { connect as connectTls, type SecureContext } from 'node:tls';
import { WebSocket } from 'ws';

/** As real ones wait: some seconds, not all the same. */
const RETRY_MS = { least: 2_000, more: 4_000 } as const;
const DIAL_TIMEOUT_MS = 30_000;
const CALL_TIMEOUT_MS = 60_000;

export type LightStationOptions = {
  readonly id: string;
  readonly url: string;
  /** In hex. */
  readonly key?: string;
  readonly secureContext?: SecureContext;
  /** The address to come from, so that not all stations share one. */
  readonly localAddress?: string;
  /** Whether a session of TLS is resumed, as after a short break; after a power cut it is forgotten. */
  readonly isResuming: boolean;
  readonly chance: () => number;
};

export type Tally = {
  dials: number;
  refusals: Record<string, number>;
  calls: number;
  answers: number;
  /** CALLERRORs and answers that never came. */
  faults: Record<string, number>;
  /** CALLs of the controller that were heard. */
  asked: number;
  answerMs: number[];
};

export const emptyTally = (): Tally => ({
  dials: 0,
  refusals: {},
  calls: 0,
  answers: 0,
  faults: {},
  asked: 0,
  answerMs: [],
});

type Said = { readonly action: string; readonly payload: object };
type Answer = Readonly<Record<string, unknown>>;

export class LightStation {
  readonly #options: LightStationOptions;
  #socket: WebSocket | undefined;
  #abandoned: WebSocket[] = [];
  #session: Buffer | undefined;
  #pending: { readonly id: string; readonly settle: (frame: unknown[] | undefined) => void } | undefined;
  #nextId = 0;
  #isLeaving = false;
  #onLost = () => {};
  #turn = Promise.resolve();
  /** Counts the times that the power went. */
  #power = 0;
  /** True: hears and never answers. */
  isMute = false;
  transactionId: number | undefined;
  tally = emptyTally();

  constructor(options: LightStationOptions) {
    this.#options = options;
  }

  get id(): string {
    return this.#options.id;
  }

  /**
   * Dials, and says `list` from its first unanswered entry on after each loss of the link; resolves when all of it was answered, or when the
   * station has lost its power meanwhile. One list after the other.
   */
  sayAll(list: () => readonly Said[]): Promise<void> {
    const power = this.#power;
    this.#turn = this.#turn.then(() => this.#say(list, power));
    return this.#turn;
  }

  /** The power goes, and what the station was about to say is forgotten. The far end hears of it at once. */
  cut(): void {
    this.#forgetWords()?.terminate();
  }

  /** The power goes, and nobody hears of it. The old socket stays open, and nothing reads it, until `forget`. */
  vanish(): void {
    const socket = this.#forgetWords();
    socket?.pause();
    if (socket) this.#abandoned.push(socket);
  }

  #forgetWords(): WebSocket | undefined {
    const socket = this.#socket;
    this.#power += 1;
    this.#socket = undefined;
    this.#onLost();
    return socket;
  }

  async #say(list: () => readonly Said[], power: number): Promise<void> {
    const open = [...list()];
    while (open.length > 0 && !this.#isLeaving && this.#power === power) {
      if (this.#socket?.readyState !== WebSocket.OPEN && !(await this.#dial())) {
        this.#socket = undefined;
        await sleep(RETRY_MS.least + this.#options.chance() * RETRY_MS.more);
        continue;
      }
      const { action, payload } = open[0]!;
      const answer = await this.#call(action, payload);
      if (answer === undefined) continue;
      if (action === 'StartTransaction') this.transactionId = answer.transactionId as number;
      if (action === 'StopTransaction') this.transactionId = undefined;
      open.shift();
    }
  }

  forget(): void {
    for (const socket of this.#abandoned.splice(0)) socket.terminate();
  }

  leave(): void {
    this.#isLeaving = true;
    this.cut();
    this.forget();
  }

  #dial(): Promise<boolean> {
    const { id, url, key, secureContext, localAddress, isResuming } = this.#options;
    this.tally.dials += 1;
    const socket = new WebSocket(`${url}/${id}`, ['ocpp1.6'], {
      perMessageDeflate: false,
      handshakeTimeout: DIAL_TIMEOUT_MS,
      ...(localAddress === undefined ? {} : { localAddress }),
      ...(key === undefined
        ? {}
        : {
            headers: {
              authorization: `Basic ${Buffer.concat([Buffer.from(`${id}:`), Buffer.from(key, 'hex')]).toString('base64')}`,
            },
          }),
      ...(secureContext === undefined
        ? {}
        : {
            createConnection: ((options: object) => {
              const secure = connectTls({
                ...options,
                // ws has put the path of the URL where net looks for a socket file.
                path: undefined,
                servername: '',
                secureContext,
                ...(isResuming && this.#session ? { session: this.#session } : {}),
              } as never);
              secure.on('session', (session) => {
                this.#session = session;
              });
              return secure;
            }) as never,
          }),
    });
    return new Promise((resolve) => {
      socket.on('error', (error: Error & { code?: string }) => count(this.tally.refusals, error.code ?? error.message));
      socket.once('open', () => {
        this.#socket = socket;
        resolve(true);
      });
      socket.on('message', (data) => this.#hear(socket, JSON.parse(String(data)) as unknown[]));
      socket.once('close', () => {
        if (this.#socket === socket) {
          this.#socket = undefined;
          this.#onLost();
        }
        resolve(false);
      });
    });
  }

  #hear(socket: WebSocket, frame: unknown[]): void {
    if (socket !== this.#socket) return;
    if (frame[0] !== 2) {
      if (frame[1] === this.#pending?.id) this.#pending?.settle(frame);
      else count(this.tally.faults, 'answer to no CALL');
      return;
    }
    this.tally.asked += 1;
    if (!this.isMute) socket.send(JSON.stringify([3, frame[1], { status: 'Accepted' }]));
  }

  /** The answer's payload; undefined where the link was lost, or nothing but an error came: then it is said again. */
  async #call(action: string, payload: object): Promise<Answer | undefined> {
    const id = `${this.#options.id}-${this.#nextId++}`;
    this.tally.calls += 1;
    const sentAt = performance.now();
    const frame = await new Promise<unknown[] | undefined>((resolve) => {
      const late = setTimeout(() => {
        // As a station does that is not heard: it dials anew.
        count(this.tally.faults, `${action} unanswered`);
        this.#socket?.terminate();
        this.#socket = undefined;
        settle(undefined);
      }, CALL_TIMEOUT_MS);
      const settle = (answer: unknown[] | undefined) => {
        clearTimeout(late);
        this.#pending = undefined;
        this.#onLost = () => {};
        resolve(answer);
      };
      this.#pending = { id, settle };
      this.#onLost = () => settle(undefined);
      this.#socket!.send(JSON.stringify([2, id, action, payload]));
    });
    if (frame === undefined) return undefined;
    if (frame[0] !== 3) {
      count(this.tally.faults, `${action} ${frame[2]}`);
      await sleep(RETRY_MS.least);
      return undefined;
    }
    this.tally.answers += 1;
    this.tally.answerMs.push(performance.now() - sentAt);
    return frame[2] as Answer;
  }
}

function count(table: Record<string, number>, what: string): void {
  table[what] = (table[what] ?? 0) + 1;
}

const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
