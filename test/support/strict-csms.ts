// The operator's CSMS on the independent ocpp-rpc in strict mode: every frame that we send it is held against its own copy of the schemas.
import type { Server } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';

// biome-ignore lint/suspicious/noExplicitAny: ocpp-rpc's types do not fit its use here; payloads are the test's own.
type Any = any;
const { RPCServer } = createRequire(import.meta.url)('ocpp-rpc') as { RPCServer: new (options: object) => Any };

export class StrictCsms {
  readonly faults: string[] = [];
  /** When set, it hears each CALL with the answer that it gets, and nothing is remembered in `got`: a long run has too many. */
  onCall: ((station: string, action: string, params: Any, answer: Any) => void) | undefined;
  readonly got: { readonly action: string; readonly params: Any }[] = [];
  readonly #server = new RPCServer({ protocols: ['ocpp1.6'], strictMode: true, respondWithDetailedErrors: true });
  readonly #watchers = new Set<() => void>();
  #http: Server | undefined;
  #client: Any;
  #nextId = 500_001;

  constructor() {
    this.#server.auth((accept: () => void) => accept());
    this.#server.on('client', (client: Any) => {
      this.#client = client;
      client.on('strictValidationFailure', (event: { method: string; error: Error }) =>
        this.faults.push(`strict ${event.method} ${event.error.message}`),
      );
      client.on('badMessage', (event: { error: Error }) => this.faults.push(`bad message ${event.error.message}`));
      client.handle(({ method, params }: { method: string; params: Any }) => {
        const answer = this.#answer(method);
        if (this.onCall) this.onCall(client.identity, method, params, answer);
        else this.got.push({ action: method, params });
        for (const look of [...this.#watchers]) look();
        return answer;
      });
    });
  }

  async start(): Promise<this> {
    this.#http = await this.#server.listen(0, '127.0.0.1');
    return this;
  }

  async stop(): Promise<void> {
    await this.#server.close({ force: true });
  }

  get url(): string {
    return `ws://127.0.0.1:${(this.#http!.address() as AddressInfo).port}`;
  }

  /** Makes a CALL that is checked, as its answer is. */
  call(action: string, params: object): Promise<Any> {
    return this.#client.call(action, params);
  }

  of(action: string): Any[] {
    return this.got.filter((one) => one.action === action).map(({ params }) => params);
  }

  async until(isSo: () => boolean): Promise<void> {
    while (!isSo())
      await new Promise<void>((resolve) => {
        const look = () => {
          this.#watchers.delete(look);
          resolve();
        };
        this.#watchers.add(look);
      });
  }

  #answer(action: string): object {
    const currentTime = new Date().toISOString();
    if (action === 'BootNotification') return { status: 'Accepted', currentTime, interval: 300 };
    if (action === 'Heartbeat') return { currentTime };
    if (action === 'Authorize') return { idTagInfo: { status: 'Accepted' } };
    if (action === 'StartTransaction')
      return { transactionId: this.#nextId++, idTagInfo: { status: 'Accepted', parentIdTag: 'P' } };
    return {};
  }
}
