// One OCPP-J link over a WebSocket, either side of it: one CALL outstanding per direction, deadlines, bounds on all that a peer can
// make us hold. It knows frames and nothing of what they mean; it must never answer a CALL that its handler did not answer.

import type { CallOutcome, IncomingCall } from '../../engine/ports.ts';
import { type MessageSocket, SOCKET_OPEN } from '../../engine/socket.ts';
import { AnsweredCalls } from './answered-calls.ts';
import { CallQueue, MAX_QUEUED_CALLS } from './call-queue.ts';
import type { OutgoingCall, Reply, RpcCounts, RpcOptions } from './contract.ts';
import { type Frame, type MalformedFrame, parseFrame, writeCall, writeError, writeResult } from './frames.ts';
import { TokenBucket } from './token-bucket.ts';

/** Give it to `ws` as maxPayload: longer frames close the link with 1009. */
export const MAX_PAYLOAD_BYTES = 64 * 1024;
/** Give it to `ws` as maxFragments: more close the link with 1008. */
export const MAX_FRAGMENTS = 64;
/** Incoming CALLs that wait behind the one under way. */
export const MAX_WAITING_CALLS = 8;
export const MAX_SEND_BUFFER_BYTES = 1024 * 1024;
export const MAX_MALFORMED_IN_A_ROW = 10;
export const MESSAGES_PER_SECOND = 20;
export const MESSAGES_BURST = 100;
/** How long the peer may take over the closing handshake. */
const CLOSE_DEADLINE_MS = 2_000;

type Waiting = { readonly call: OutgoingCall; readonly settle: (outcome: CallOutcome) => void };
type InFlight = Waiting & { readonly messageId: string; readonly cancelDeadline: () => void };
type CallFrame = Extract<Frame, { type: 'call' }>;
type AnswerFrame = Exclude<Frame, { type: 'call' }>;

export class RpcConnection {
  readonly #socket: MessageSocket;
  readonly #options: RpcOptions;
  readonly #queue = new CallQueue<Waiting>();
  readonly #answered = new AnsweredCalls();
  readonly #bucket: TokenBucket;
  readonly #counts = { strayAnswers: 0, malformedFrames: 0, duplicateCalls: 0, throttles: 0 };
  readonly #end = Promise.withResolvers<void>();
  #inFlight: InFlight | undefined;
  #incoming: CallFrame[] = [];
  #isHandling = false;
  #malformedInARow = 0;
  #closed = false;
  #cancelResume: (() => void) | undefined;
  #cancelTerminate: (() => void) | undefined;

  /** `socket` MUST be open, and no message of it may have been missed: construct in the same turn in which it opened. */
  constructor(socket: MessageSocket, options: RpcOptions) {
    this.#socket = socket;
    this.#options = options;
    const { messagesPerSecond = MESSAGES_PER_SECOND, messagesBurst = MESSAGES_BURST } = options;
    this.#bucket = new TokenBucket(messagesPerSecond, messagesBurst, options.surroundings.clock.now());
    socket.on('message', (data, isBinary) => this.#onMessage(data, isBinary));
    socket.on('ping', () => this.#onPing());
    socket.on('error', (error) => this.#log('debug', 'rpc.socket-error', { error: error.message }));
    socket.on('close', (code, reason) => this.#onClosed(code, reason.toString()));
  }

  /** Resolves when the socket is closed and all pending CALLs are settled. */
  get closed(): Promise<void> {
    return this.#end.promise;
  }

  get isOpen(): boolean {
    return !this.#closed && this.#socket.readyState === SOCKET_OPEN;
  }

  get counts(): RpcCounts {
    return { ...this.#counts };
  }

  /** CALLs that wait for the slot. */
  get queuedCalls(): number {
    return this.#queue.size;
  }

  /** Makes a CALL in the one slot of this direction (OCPP-J 1.6 §4.1.1). Always resolves. */
  call(call: OutgoingCall): Promise<CallOutcome> {
    return new Promise((resolve) => {
      if (!this.isOpen) return resolve({ kind: 'unsent', why: 'the link is closed' });
      if (call.signal?.aborted) return resolve({ kind: 'unsent', why: 'withdrawn' });
      const withdraw = () => {
        if (this.#queue.remove(waiting)) waiting.settle({ kind: 'unsent', why: 'withdrawn' });
      };
      const waiting: Waiting = {
        call,
        settle: (outcome) => {
          call.signal?.removeEventListener('abort', withdraw);
          resolve(outcome);
        },
      };
      call.signal?.addEventListener('abort', withdraw, { once: true });
      const evicted = this.#queue.add(waiting, call.priority);
      evicted?.settle({ kind: 'unsent', why: `more than ${MAX_QUEUED_CALLS} CALLs are waiting` });
      this.#sendNext();
    });
  }

  /** Pings and answers whether the peer ponged within the deadline. */
  async isAlive(deadlineMs: number): Promise<boolean> {
    if (!this.isOpen) return false;
    return new Promise((resolve) => {
      const done = (isAlive: boolean) => {
        cancel();
        this.#socket.off('pong', onPong);
        this.#socket.off('close', onGone);
        resolve(isAlive);
      };
      const onPong = () => done(true);
      const onGone = () => done(false);
      const cancel = this.#options.surroundings.clock.timer('rpc.pong', deadlineMs, onGone);
      this.#socket.on('pong', onPong);
      this.#socket.on('close', onGone);
      this.#socket.ping();
    });
  }

  /** Closes in good manners, and cuts the line when the peer does not answer within two seconds. */
  close(code: number, reason: string): void {
    if (this.#closed || this.#cancelTerminate) return;
    this.#log('debug', 'rpc.closing', { code, reason });
    this.#cancelTerminate = this.#options.surroundings.clock.timer('rpc.close', CLOSE_DEADLINE_MS, () =>
      this.#socket.terminate(),
    );
    this.#resume();
    this.#socket.close(code, reason);
  }

  /** Cuts the line at once. */
  terminate(): void {
    this.#socket.terminate();
  }

  // ------------------------------------------------------------ outgoing

  #sendNext(): void {
    if (this.#inFlight || !this.isOpen) return;
    const waiting = this.#queue.next();
    if (!waiting) return;
    const { call } = waiting;
    const { clock, random } = this.#options.surroundings;
    const messageId = call.messageId ?? random.uuid('rpc.message-id');
    const cancelDeadline = clock.timer('rpc.call', call.timeoutMs ?? this.#options.callTimeoutMs, () => {
      this.#log('warn', 'rpc.unanswered', { action: call.action, messageId });
      this.#settle({ kind: 'unanswered' });
    });
    this.#inFlight = { ...waiting, messageId, cancelDeadline };
    call.onSent?.();
    this.#write(writeCall(messageId, call.action, call.rawPayload));
  }

  #settle(outcome: CallOutcome): void {
    const settled = this.#inFlight;
    if (!settled) return;
    this.#inFlight = undefined;
    settled.cancelDeadline();
    settled.settle(outcome);
    this.#sendNext();
  }

  #onAnswer(frame: AnswerFrame): void {
    if (frame.messageId !== this.#inFlight?.messageId) {
      this.#counts.strayAnswers += 1;
      this.#log('info', 'rpc.stray-answer', { messageId: frame.messageId });
      this.#throttle();
      return;
    }
    const { rawDetails, description, code } =
      frame.type === 'error' ? frame : { rawDetails: '', description: '', code: '' };
    if (frame.type === 'error') this.#settle({ kind: 'error', code, description, rawDetails });
    else this.#settle({ kind: 'result', payload: frame.payload, rawPayload: frame.rawPayload });
  }

  #write(text: string): void {
    if (!this.isOpen) return;
    if (this.#socket.bufferedAmount + text.length > MAX_SEND_BUFFER_BYTES) {
      this.#log('warn', 'rpc.not-read', { bufferedBytes: this.#socket.bufferedAmount });
      this.#socket.terminate();
      return;
    }
    this.#socket.send(text, (error) => {
      // The close event settles whatever was pending; here only the reason is kept for people.
      if (error) this.#log('debug', 'rpc.send-failed', { error: error.message });
    });
  }

  // ------------------------------------------------------------ incoming

  #onMessage(data: { toString(): string }, isBinary: boolean): void {
    if (!this.isOpen) return;
    if (isBinary) {
      this.close(1003, 'OCPP-J speaks text');
      return;
    }
    const frame = parseFrame(data.toString());
    if (frame.type !== 'malformed') this.#malformedInARow = 0;
    if (frame.type === 'malformed') this.#onMalformed(frame);
    else if (frame.type === 'call') this.#onCall(frame);
    else this.#onAnswer(frame);
  }

  #onMalformed(frame: MalformedFrame): void {
    this.#counts.malformedFrames += 1;
    this.#malformedInARow += 1;
    this.#log('warn', 'rpc.malformed', { meant: frame.meant, code: frame.code, description: frame.description });
    this.#throttle();
    const isOurs = frame.messageId !== undefined && frame.messageId === this.#inFlight?.messageId;
    if ((frame.meant === 'result' || frame.meant === 'error') && isOurs) {
      // An answer that nobody can read proves nothing about the effect.
      this.#settle({ kind: 'unanswered' });
    } else if ((frame.meant === 'call' || frame.meant === 'other') && frame.messageId !== undefined) {
      this.#write(this.#error(frame.messageId, frame.code, frame.description));
    } else if (frame.meant === 'call') this.#write(this.#error('-1', frame.code, frame.description));
    else if (frame.meant === undefined && this.#options.answersUnreadable)
      this.#write(this.#error('-1', 'RpcFrameworkError', frame.description));
    if (this.#malformedInARow >= MAX_MALFORMED_IN_A_ROW)
      this.close(1008, `${MAX_MALFORMED_IN_A_ROW} malformed frames in a row`);
  }

  #onCall(frame: CallFrame): void {
    this.#throttle();
    const earlier = this.#answered.receive(frame.messageId, `${frame.action} ${frame.rawPayload}`);
    if (earlier.kind !== 'new') {
      this.#counts.duplicateCalls += 1;
      this.#log('info', 'rpc.duplicate-call', {
        action: frame.action,
        messageId: frame.messageId,
        earlier: earlier.kind,
      });
      if (earlier.kind === 'answered') this.#write(earlier.answer);
      if (earlier.kind === 'other-content')
        this.#write(this.#error(frame.messageId, 'ProtocolError', 'this message id was used for another CALL'));
      return;
    }
    if (this.#incoming.length >= MAX_WAITING_CALLS) {
      this.close(1008, `more than ${MAX_WAITING_CALLS} CALLs without waiting for an answer`);
      return;
    }
    this.#incoming.push(frame);
    if (!this.#isHandling) void this.#handleAll();
  }

  async #handleAll(): Promise<void> {
    this.#isHandling = true;
    for (let frame = this.#incoming.shift(); frame && !this.#closed; frame = this.#incoming.shift()) {
      const { messageId, action, payload, rawPayload } = frame;
      const reply = await this.#reply({ messageId, action, payload, rawPayload });
      const text =
        reply.kind === 'result'
          ? writeResult(messageId, reply.rawPayload)
          : this.#error(messageId, reply.code, reply.description, reply.rawDetails);
      this.#answered.answered(messageId, text);
      this.#write(text);
      if (reply.kind === 'result') reply.onSent?.();
    }
    this.#isHandling = false;
  }

  async #reply(call: IncomingCall): Promise<Reply> {
    try {
      return await this.#options.handle(call);
    } catch (error) {
      // The peer keeps its message and sends it again; the cause is for us.
      this.#log('error', 'rpc.handler-failed', { action: call.action, error: String(error) });
      return { kind: 'error', code: 'InternalError', description: 'could not be processed now' };
    }
  }

  #error(messageId: string, code: string, description: string, rawDetails?: string): string {
    return writeError(messageId, this.#options.spell?.(code) ?? code, description, rawDetails);
  }

  #onPing(): void {
    this.#throttle();
    if (this.#socket.bufferedAmount > MAX_SEND_BUFFER_BYTES) this.#socket.terminate();
  }

  /** Leaves the socket unread while the peer is beyond its rate. */
  #throttle(): void {
    const waitMs = this.#bucket.take(this.#options.surroundings.clock.now());
    if (waitMs === 0 || this.#cancelTerminate) return;
    this.#counts.throttles += 1;
    this.#cancelResume?.();
    this.#socket.pause();
    this.#cancelResume = this.#options.surroundings.clock.timer('rpc.throttle', waitMs, () => this.#resume());
  }

  #resume(): void {
    this.#cancelResume?.();
    this.#cancelResume = undefined;
    this.#socket.resume();
  }

  #onClosed(code: number, reason: string): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#cancelResume?.();
    this.#cancelTerminate?.();
    this.#incoming = [];
    this.#settle({ kind: 'unanswered' });
    for (let waiting = this.#queue.next(); waiting; waiting = this.#queue.next())
      waiting.settle({ kind: 'unsent', why: 'the link closed before its turn' });
    this.#options.onClose(code, reason);
    this.#end.resolve();
  }

  #log(level: 'debug' | 'info' | 'warn' | 'error', event: string, fields: Readonly<Record<string, unknown>>): void {
    this.#options.surroundings.log[level](event, { peer: this.#options.name, ...fields });
  }
}
