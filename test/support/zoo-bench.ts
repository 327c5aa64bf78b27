// One simulated station on the virtual clock and network, and a central system of the test's own that takes down what it hears.
import type { ChargerProfile, OcppVersion } from '../../src/core/model/charger.ts';
import type { Evse, Site } from '../../src/core/model/site.ts';
import type { Car } from '../../src/simulator/car.ts';
import { type Answered, type CallAnswer, RpcClient } from '../../src/simulator/rpc-client.ts';
import { labelledRandom } from '../../src/simulator/seeded-random.ts';
import type { SimulatedEvse } from '../../src/simulator/simulated-evse.ts';
import { SimulatedStation } from '../../src/simulator/station.ts';
import type { Payload } from '../../src/simulator/station-wire.ts';
import type { TrueEvse } from '../../src/simulator/truth.ts';
import { VirtualClock } from '../../src/simulator/virtual-clock.ts';
import type { Knock } from '../../src/simulator/virtual-line.ts';
import { type Listening, VirtualNetwork } from '../../src/simulator/virtual-network.ts';
import { silentLog } from '../../src/system/log.ts';
import { buildSite, evse, genericAc } from './site-builder.ts';

export const CAR: Car = { phases: 3, maxAmps: 32, minAmps: 6, batteryWh: 1_000_000 };
export type Heard = { readonly action: string; readonly payload: Payload; readonly atMs: number };

export class ZooBench {
  readonly clock = new VirtualClock();
  readonly network: VirtualNetwork;
  readonly site: Site;
  readonly station: SimulatedStation;
  readonly knocks: Knock[] = [];
  readonly heard: Heard[] = [];
  /** Answers of the test's own; undefined: none is given. */
  answers: Record<string, () => CallAnswer | undefined> = {};
  readonly #zero = this.clock.now();
  #rpc: RpcClient | undefined;
  #listening: Listening | undefined;
  #messages = 0;
  #transactions = 0;

  constructor(
    options: {
      readonly profile?: Partial<ChargerProfile>;
      readonly evse?: Partial<Evse>;
      readonly seed?: number;
      readonly station?: string;
      /** The versions that its site allows; absent: 1.6. */
      readonly ocpp?: readonly OcppVersion[];
    } = {},
  ) {
    const id = options.station ?? 'A';
    const profile = { ...genericAc, ...options.profile };
    const random = labelledRandom(options.seed ?? 1);
    this.network = new VirtualNetwork(this.clock, random, { delayMs: 5, jitterMs: 0 });
    this.site = buildSite({ profile, evses: [evse({ station: id, ...options.evse })] });
    this.station = new SimulatedStation({
      surroundings: { clock: this.clock, random, log: silentLog },
      site: this.site,
      station: { ...this.site.stations[0]!, ...(options.ocpp ? { ocpp: options.ocpp } : {}) },
      dial: this.network.line(id).dial,
      url: 'ws://central/ocpp',
    });
    this.listen();
  }

  get line() {
    return this.network.line(this.station.id);
  }

  get evse(): SimulatedEvse {
    return this.station.evses[0]!;
  }

  get truth(): TrueEvse {
    return this.station.truth(this.evse);
  }

  get atMs(): number {
    return this.clock.now() - this.#zero;
  }

  listen(): void {
    this.#listening = this.network.listen('central', (knock) => {
      this.knocks.push(knock);
      const nextId = () => `c${++this.#messages}`;
      this.#rpc = new RpcClient(knock.accept(), this.clock, nextId, (action, payload, reply) => {
        this.heard.push({ action, payload, atMs: this.atMs });
        const own = this.answers[action];
        const answer = own ? own() : this.#answer(action);
        if (answer) reply(answer);
      });
    });
  }

  /** The central system's process dies. */
  die(): void {
    this.#listening!.stop('closed');
  }

  /** A running station, a car at it, and the noise of its beginning forgotten. */
  async charging(car: Car = CAR): Promise<this> {
    await this.booted();
    await this.plugIn(car);
    return this;
  }

  async booted(): Promise<this> {
    this.station.start();
    await this.run(1_000);
    return this;
  }

  async plugIn(car: Car = CAR): Promise<void> {
    void this.station.plugIn(`${this.station.id}/1`, car, 0, 'TAG');
    await this.run(10_000);
  }

  /** Physics by the second. */
  async run(forMs: number): Promise<void> {
    for (let left = forMs; left > 0; left -= 1_000) {
      const stepMs = Math.min(1_000, left);
      await this.clock.advance(stepMs);
      this.station.step(stepMs, 1);
    }
  }

  of(action: string): Payload[] {
    return this.heard.filter((one) => one.action === action).map((one) => one.payload);
  }

  /** Makes a CALL and lets time pass until it is answered, for `forMs` at most. */
  async call(action: string, payload: Payload, forMs = 20_000): Promise<Answered & { readonly tookMs: number }> {
    const askedAt = this.clock.now();
    let answer: (Answered & { readonly tookMs: number }) | undefined;
    this.#rpc!.call(action, payload, (given) => {
      answer = { ...given, tookMs: this.clock.now() - askedAt };
    });
    for (let ms = 0; ms < forMs && !answer; ms += 5) await this.clock.advance(5);
    if (!answer) throw new Error(`${action} was not answered within ${forMs} ms`);
    return answer;
  }

  /** SetChargingProfile; gives its status, or the code of what went wrong. */
  async limit(limit: number, part: LimitPart = {}): Promise<string> {
    const answer = await this.call('SetChargingProfile', this.limitPayload(limit, part));
    return answer.ok ? String(answer.payload.status) : answer.code;
  }

  limitPayload(limit: number, part: LimitPart = {}): Payload {
    const { unit = 'A', level = 1, purpose = 'TxDefaultProfile', forSeconds, connectorId = 1, id } = part;
    return {
      connectorId,
      csChargingProfiles: {
        chargingProfileId: id ?? 10 * level + (purpose === 'TxDefaultProfile' ? 0 : 1),
        stackLevel: level,
        chargingProfilePurpose: purpose,
        chargingProfileKind: 'Absolute',
        chargingSchedule: {
          startSchedule: new Date(this.clock.wall() - 60_000).toISOString(),
          ...(forSeconds === undefined ? {} : { duration: 60 + forSeconds }),
          chargingRateUnit: unit,
          chargingSchedulePeriod: [{ startPeriod: 0, limit }],
        },
      },
    };
  }

  #answer(action: string): CallAnswer {
    const currentTime = new Date(this.clock.wall()).toISOString();
    if (action === 'BootNotification') return { status: 'Accepted', currentTime, interval: 300 };
    if (action === 'Heartbeat') return { currentTime };
    if (action === 'Authorize') return { idTagInfo: { status: 'Accepted' } };
    if (action === 'StartTransaction')
      return { transactionId: ++this.#transactions, idTagInfo: { status: 'Accepted' } };
    return {};
  }
}

export type LimitPart = {
  readonly unit?: 'A' | 'W';
  readonly level?: number;
  readonly purpose?: string;
  readonly forSeconds?: number;
  readonly connectorId?: number;
  readonly id?: number;
};
