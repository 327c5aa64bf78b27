// A simulated charging station: a real OCPP client, of 1.6 or 2.0.1, that charges by its profiles, on-line or off, and loses no message. Whether its line
// is a socket of this machine or a simulated one is its caller's affair.

import type { ChargingProfile } from '../core/model/charging-profile.ts';
import type { Site, Station } from '../core/model/site.ts';
import type { EvseId, WallTime } from '../core/model/units.ts';
import type { Surroundings } from '../engine/ports.ts';
import type { Dial } from '../engine/socket.ts';
import { CallDesk } from './call-desk.ts';
import type { Car } from './car.ts';
import { MAX_OFFLINE_MESSAGES, type MessageWatch } from './offline-queue.ts';
import type { ProfileMemory } from './profile-memory.ts';
import type { StationManner } from './script.ts';
import { SimulatedEvse } from './simulated-evse.ts';
import { SmartCharging } from './smart-charging.ts';
import { StationClock } from './station-clock.ts';
import { StationConfiguration } from './station-configuration.ts';
import { StationLink } from './station-link.ts';
import { StationMains, type StationMainsSource } from './station-mains.ts';
import { Registration } from './station-registration.ts';
import { speechOf } from './station-speech.ts';
import { StationStatus } from './station-status.ts';
import { StationTransactions } from './station-transactions.ts';
import type { StationWire } from './station-wire.ts';
import type { QueueSize, TrueEvse } from './truth.ts';
import { Manners, type Model, modelOf } from './zoo.ts';

/** From power to the first attempt to connect. */
export const BOOT_MS = 5_000;
/** So many of the stations resume a transaction after a loss of power; the others end it and begin another. */
const RESUMING_PART = 0.5;

export type StationOptions = {
  readonly surroundings: Surroundings;
  readonly site: Site;
  readonly station: Station;
  readonly dial: Dial;
  /** `ws://host:port/ocpp`; the identity is appended. */
  readonly url: string;
  /** Bytes of the AuthorizationKey; absent: no Authorization header. */
  readonly key?: Buffer;
  /** Called with every charging profile in the moment in which it is applied. */
  readonly onProfile?: (evse: EvseId, profile: ChargingProfile) => void;
  /** Of its main meter; absent: it has none. */
  readonly mains?: StationMainsSource;
  /** Told of what it says of its transactions, and of what is acknowledged. */
  readonly onMessage?: MessageWatch;
};

export class SimulatedStation {
  readonly evses: readonly SimulatedEvse[];
  readonly charging: SmartCharging;
  readonly #options: StationOptions;
  readonly #manners: Manners;
  readonly #configuration: StationConfiguration;
  readonly #transactions: StationTransactions;
  readonly #registration: Registration;
  readonly #link: StationLink;
  readonly #desk: CallDesk;
  readonly #mains: StationMains | undefined;
  readonly #ownClock: StationClock;
  /** Reasons for which it is off: a loss of power, a restart. */
  #offs = 0;
  #isStarted = false;
  readonly #resumes: boolean;
  readonly #status: StationStatus;

  constructor(options: StationOptions) {
    const { site, station, surroundings, dial } = options;
    const { clock, random } = surroundings;
    const { profile } = station;
    const own = site.evses.filter((evse) => evse.station === station.id);
    const model = modelOf(profile);
    const ownClock = new StationClock(clock);
    const manners = new Manners(clock, () => this.charging.changed());
    const speech = speechOf(station);
    const { wire } = speech;
    const base = { station: station.id, model, wire, manners, clock, random, ownClock };
    this.#options = options;
    this.#manners = manners;
    this.#ownClock = ownClock;
    this.#resumes = random.next(`zoo.resumes ${station.id}`) < RESUMING_PART;
    this.#configuration = new StationConfiguration(model, own.length);
    const charging = new SmartCharging({
      ...base,
      transactionOn: (number) => this.evses.find((one) => one.evse.number === number)?.transaction,
      evses: own.map((evse) => evse.number),
      received: () =>
        this.#desk.waiting.flatMap((one) =>
          one.action === 'SetChargingProfile' ? [wire.readInstall(one.payload)] : [],
        ),
      onApplied: (number, applied) => options.onProfile?.(`${station.id}/${number}`, applied),
    });
    this.charging = charging;
    this.evses = own.map((evse) => new SimulatedEvse({ evse, profile, model, charging, volts: site.nominalVolts }));
    this.#registration = new Registration({
      ...base,
      line: () => this.#link.rpc,
      heartbeatSeconds: () => this.#configuration.seconds('HeartbeatInterval', 300),
      onInterval: (seconds) => this.#configuration.set('HeartbeatInterval', String(seconds)),
      onAccepted: () => {
        this.#status.tellAll();
        this.#transactions.queue.drain();
      },
    });
    const line = () => (this.#registration.hasBooted ? this.#link.rpc : undefined);
    const onState = (evse: SimulatedEvse) => this.#transactions.changed(evse);
    this.#status = new StationStatus({ ...base, evses: this.evses, line, onState });
    const { mains } = options;
    this.#mains = mains && new StationMains({ ...base, line, mains, volts: site.nominalVolts });
    this.#transactions = new StationTransactions({
      ...base,
      evses: this.evses,
      charging,
      line,
      volts: site.nominalVolts,
      sampleSeconds: () => this.#configuration.seconds('MeterValueSampleInterval', 10),
      samplePhase: random.next(`simulator.sample-phase ${station.id}`),
      onChange: (evse) => this.#status.tell(evse),
      isOff: () => this.#offs > 0,
      ...(options.onMessage ? { watch: options.onMessage } : {}),
    });
    const answering = {
      ...base,
      evses: this.evses,
      charging,
      configuration: this.#configuration,
      transactions: this.#transactions,
      registration: this.#registration,
      status: this.#status,
      // First the answer, then the restart.
      reboot: () => void clock.timer('simulator.reset', 0, () => this.reboot()),
    };
    this.#desk = new CallDesk({
      ...base,
      onWaiting: () => charging.changed(),
      answer: (action, payload) => speech.answer(answering, action, payload),
    });
    this.#link = new StationLink({
      surroundings,
      station: station.id,
      dial,
      target: targetOf(options, model, wire),
      onCall: this.#desk.take,
      onOpen: () => {
        charging.reconnected();
        this.#registration.opened();
      },
      onLost: () => this.#registration.lost(),
    });
  }

  get id(): string {
    return this.#options.station.id;
  }

  get memory(): ProfileMemory {
    return this.charging.memory;
  }

  get isConnected(): boolean {
    return this.#link.rpc !== undefined;
  }

  /** What it takes for the time of day. */
  time(): WallTime {
    return this.#ownClock.time();
  }

  start(): void {
    this.#isStarted = true;
    this.#mains?.start();
    if (this.#offs === 0) this.#link.open();
  }

  async stop(): Promise<void> {
    this.#isStarted = false;
    this.#mains?.stop();
    this.#link.close();
    this.#registration.lost();
    this.#transactions.pause();
    this.#transactions.queue.stop();
    this.#desk.forget();
  }

  /** Drops the link as a cut cable would; it comes back by itself. */
  cutLink(): void {
    this.#link.cut();
  }

  /** From now on it errs so; the returned function ends it. */
  errs(manner: StationManner): () => void {
    return this.#manners.begin(manner);
  }

  /** Its clock is set wrong, until the central system tells it the time again. */
  stepClock(byMs: number): void {
    this.#ownClock.step(byMs);
  }

  /** A restart: nothing flows until it is over; profiles survive unless it `forgets`, and so does the transaction (OCPP 1.6 errata 3.37). */
  reboot(forgets = false): void {
    const on = this.#switchOff();
    this.charging.restarted(forgets);
    this.#options.surroundings.clock.timer('simulator.boot-up', BOOT_MS, on);
  }

  /** No power: cars stop and the line is gone. The returned function brings it back; then the station boots and resumes, or begins anew. */
  losePower(): () => void {
    const on = this.#switchOff();
    this.charging.restarted(false);
    return () =>
      on(() => {
        if (this.#resumes) return;
        for (const evse of this.evses) this.#transactions.beginAnew(evse, 'PowerLoss');
      });
  }

  /**
   * A driver plugs in and shows a card; charging begins when the central system agrees, or at once while it cannot be asked. A car that is
   * still there leaves before. Resolves when that is decided.
   */
  plugIn(id: EvseId, car: Car, storedWh: number, idTag: string): Promise<void> {
    const evse = this.#find(id);
    if (evse.car) this.unplug(id);
    evse.plugIn(car, storedWh);
    this.#status.tell(evse);
    return new Promise((resolve) => this.#transactions.authorize(evse, idTag, resolve));
  }

  unplug(id: EvseId): void {
    const evse = this.#find(id);
    evse.unplug();
    this.#transactions.end(evse, 'EVDisconnected');
    this.#status.tell(evse);
  }

  /** Physics of the `elapsedMs` that end now. */
  step(elapsedMs: number, energyScale: number): void {
    const at = this.#ownClock.time();
    for (const evse of this.evses) {
      evse.step(at, elapsedMs, energyScale);
      this.#status.tell(evse);
    }
  }

  /** What is physically so at one of its EVSEs. */
  truth(evse: SimulatedEvse): TrueEvse {
    const at = this.#ownClock.time();
    const floorAmps = evse.floorAmps();
    return {
      evse: evse.evse.id,
      station: this.id,
      hasCar: evse.car !== undefined,
      amps: evse.drawn(),
      limitAmps: evse.limitAmps(at),
      mightAmps: evse.mightAmps(at),
      ...(floorAmps === undefined ? {} : { floorAmps }),
      errs: this.#manners.isErring || this.charging.owes(evse.evse.number),
      isClockAstray: this.#ownClock.isAstray,
      isLinked: this.isConnected,
    };
  }

  /** What piles up, for the checker of bounds. */
  queues(): readonly QueueSize[] {
    return [{ queue: 'station.messages', size: this.#transactions.queue.size, bound: MAX_OFFLINE_MESSAGES }];
  }

  #find(id: EvseId): SimulatedEvse {
    const evse = this.evses.find((one) => one.evse.id === id);
    if (!evse) throw new Error(`station ${this.id} has no EVSE ${id}`);
    return evse;
  }

  /** Returns what ends it; `before` is done first when nothing else keeps the station off. */
  #switchOff(): (before?: () => void) => void {
    this.#offs += 1;
    this.#registration.restarted();
    this.#link.close();
    this.#desk.forget();
    this.#transactions.pause();
    for (const evse of this.evses) evse.setPower(false);
    let isOver = false;
    return (before) => {
      if (isOver) return;
      isOver = true;
      this.#offs -= 1;
      before?.();
      if (this.#offs === 0 && this.#isStarted) this.#switchOn();
    };
  }

  #switchOn(): void {
    for (const evse of this.evses) evse.setPower(true);
    this.#link.open();
    this.#transactions.resume();
  }
}

function targetOf({ station, url, key }: StationOptions, model: Model, { subprotocol }: StationWire) {
  const basic = key && Buffer.concat([Buffer.from(`${station.id}:`), key]).toString('base64');
  return {
    url: `${url}/${encodeURIComponent(station.id)}`,
    subprotocol: model.namesSubprotocol ? subprotocol : '',
    headers: basic === undefined ? {} : { Authorization: `Basic ${basic}` },
  };
}
