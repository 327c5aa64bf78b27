// What modbus-serial takes for its port: it sends through us and hears only whole replies that were checked; it never owns a wire.

import { EventEmitter } from 'node:events';

export class ClientPort extends EventEmitter {
  readonly #send: (frame: Buffer) => void;
  /** Ours to say: the session asks nothing on a wire that is gone. */
  readonly isOpen = true;

  /** `send` takes serial frames: unit id, function code, data, checksum. */
  constructor(send: (frame: Buffer) => void) {
    super();
    this.#send = send;
  }

  open(done: (error: null) => void): void {
    done(null);
  }

  close(done: (error: null) => void): void {
    done(null);
  }

  write(frame: Buffer): void {
    this.#send(frame);
  }

  /** Hands the client one reply, as a serial frame. */
  deliver(frame: Buffer): void {
    this.emit('data', frame);
  }
}
