// A simulated charging station: a real OCPP 1.6-J WebSocket client that charges by its profiles, on-line or off, and loses no message.

import { WebSocket } from 'ws';
import type { ChargingProfile } from '../core/model/charging-profile.ts';
import type { Site, Station } from '../core/model/site.ts';
import type { EvseId } from '../core/model/units.ts';
import type { Surroundings } from '../engine/ports.ts';
import type { Car } from './car.ts';
import { OfflineQueue } from './offline-queue.ts';
import { MAX_PROFILES, MAX_STACK_LEVEL, ProfileMemory } from './profile-memory.ts';
import { RpcClient } from './rpc-client.ts';
import { SimulatedEvse, type SimulatedTransaction } from './simulated-evse.ts';
import { meterValue, type Payload, purposeOf, readProfile } from './wire-v16.ts';

const RECONNECT_FIRST_MS = 500;
const RECONNECT_LONGEST_MS = 5_000;
const RETRY_MS = 2_000;
const STATUS_POLL_MS = 500;

export type StationOptions = {
  readonly surroundings: Surroundings;
  readonly site: Site;
  readonly station: Station;
  /** `ws://host:port/ocpp`; the identity is appended. */
  readonly url: string;
  /** Bytes of the AuthorizationKey; absent: no Authorization header. */
  readonly key?: Buffer;
  /** Called with every charging profile that was accepted. */
  readonly onProfile?: (evse: EvseId, profile: ChargingProfile) => void;
};

export class SimulatedStation {
  readonly evses: readonly SimulatedEvse[];
  readonly memory = new ProfileMemory();
  /** How it takes limits: as it should, or saying `Accepted` and charging on as before. */
  manner: 'obeys' | 'accepts-without-applying' = 'obeys';
  readonly #options: StationOptions;
  readonly #configuration = new Map([
    ['MeterValueSampleInterval', '10'],
    ['HeartbeatInterval', '300'],
    ['MeterValuesSampledData', 'Current.Import,Current.Offered,Power.Active.Import,Energy.Active.Import.Register'],
    ['ChargeProfileMaxStackLevel', String(MAX_STACK_LEVEL)],
    ['ChargingScheduleAllowedChargingRateUnit', 'Current,Power'],
    ['ChargingScheduleMaxPeriods', '24'],
    ['MaxChargingProfilesInstalled', String(MAX_PROFILES)],
    ['SupportedFeatureProfiles', 'Core,SmartCharging,RemoteTrigger'],
  ]);
  readonly #queue: OfflineQueue;
  #rpc: RpcClient | undefined;
  #socket: WebSocket | undefined;
  #hasBooted = false;
  #lastStatus = new Map<number, string>();
  #nextKey = 1;
  readonly #stopping = new AbortController();
  #loops: Promise<unknown> = Promise.resolve();

  constructor(options: StationOptions) {
    this.#options = options;
    const { site, station } = options;
    this.evses = site.evses
      .filter((evse) => evse.station === station.id)
      .map((evse) => new SimulatedEvse(evse, this.memory, site.nominalVolts));
    this.#queue = new OfflineQueue(options.surroundings.clock, this.#stopping.signal, () =>
      this.isConnected ? this.#rpc : undefined,
    );
    this.#configuration.set('NumberOfConnectors', String(this.evses.length));
  }

  get id(): string {
    return this.#options.station.id;
  }

  get isConnected(): boolean {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  start(): void {
    this.#loops = Promise.all([this.#connectLoop(), this.#statusLoop(), this.#meterLoop()]);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#socket?.terminate();
    await this.#loops;
  }

  /** Drops the link as a cut cable would; it comes back by itself. */
  cutLink(): void {
    this.#socket?.terminate();
  }

  /** A power cycle: profiles and the transaction survive (OCPP 1.6 errata 3.37), the socket does not, and it boots again. */
  reboot(): void {
    this.#hasBooted = false;
    this.cutLink();
  }

  /** A driver plugs in and shows a card; charging begins when the central system agrees, or at once while it cannot be asked. */
  async plugIn(id: EvseId, car: Car, storedWh: number, idTag: string): Promise<void> {
    const evse = this.#find(id);
    evse.plugIn(car, storedWh);
    const answer = await this.#rpc?.call('Authorize', { idTag });
    const refused = answer?.ok === true && (answer.payload.idTagInfo as Payload | undefined)?.status !== 'Accepted';
    if (refused || evse.car !== car) return;
    this.#begin(evse, idTag);
  }

  unplug(id: EvseId): void {
    const evse = this.#find(id);
    this.#end(evse, 'EVDisconnected');
    evse.unplug();
  }

  step(elapsedMs: number, energyScale: number): void {
    const at = this.#options.surroundings.clock.wall();
    for (const evse of this.evses) evse.step(at, elapsedMs, energyScale);
  }

  #find(id: EvseId): SimulatedEvse {
    const evse = this.evses.find((one) => one.evse.id === id);
    if (!evse) throw new Error(`station ${this.id} has no EVSE ${id}`);
    return evse;
  }

  #stamp(): string {
    return new Date(this.#options.surroundings.clock.wall()).toISOString();
  }

  #begin(evse: SimulatedEvse, idTag: string): void {
    const timestamp = this.#stamp();
    const meterStart = Math.round(evse.energyWh);
    const transaction: SimulatedTransaction = {
      key: this.#nextKey++,
      idTag,
      startedAt: Date.parse(timestamp),
      meterStartWh: meterStart,
    };
    evse.transaction = transaction;
    evse.isAuthorized = true;
    const payload = { connectorId: evse.evse.number, idTag, meterStart, timestamp };
    this.#queue.add({
      action: 'StartTransaction',
      payload: () => payload,
      onAnswer: (answer) => this.#started(evse, transaction, answer),
    });
  }

  #end(evse: SimulatedEvse, reason: string): void {
    const { transaction } = evse;
    if (!transaction) return;
    const rest = { idTag: transaction.idTag, meterStop: Math.round(evse.energyWh), timestamp: this.#stamp(), reason };
    evse.transaction = undefined;
    this.memory.endTransaction(evse.evse.number);
    this.#queue.add({
      action: 'StopTransaction',
      payload: () => ({ ...rest, transactionId: transaction.id ?? -1 }),
    });
  }

  /** The central system's id for the transaction, and its word on the driver, which may end it (OCPP 1.6 §4.8). */
  #started(evse: SimulatedEvse, transaction: SimulatedTransaction, answer: Payload): void {
    transaction.id = Number(answer.transactionId);
    const status = (answer.idTagInfo as Payload | undefined)?.status;
    if (status !== 'Accepted' && evse.transaction === transaction) this.#end(evse, 'DeAuthorized');
  }

  async #connectLoop(): Promise<void> {
    const { clock, random } = this.#options.surroundings;
    const { signal } = this.#stopping;
    let waitMs = RECONNECT_FIRST_MS;
    while (!signal.aborted) {
      const opened = await this.#connectOnce();
      waitMs = opened ? RECONNECT_FIRST_MS : Math.min(RECONNECT_LONGEST_MS, waitMs * 2);
      await clock.sleep('simulator.reconnect', waitMs * (0.5 + random.next('simulator.reconnect')), signal);
    }
  }

  /** One connection from open to close; false when it never opened. */
  #connectOnce(): Promise<boolean> {
    const { url, key, surroundings, station } = this.#options;
    const headers = key
      ? { Authorization: `Basic ${Buffer.concat([Buffer.from(`${station.id}:`), key]).toString('base64')}` }
      : {};
    return new Promise((resolve) => {
      const socket = new WebSocket(`${url}/${encodeURIComponent(station.id)}`, 'ocpp1.6', {
        headers,
        handshakeTimeout: 5_000,
      });
      this.#socket = socket;
      let opened = false;
      socket.on('open', () => {
        opened = true;
        this.#rpc = new RpcClient(socket, surroundings.clock, surroundings.random, (action, payload) =>
          this.#answer(action, payload),
        );
        void this.#greet(this.#rpc);
      });
      socket.on('error', (error) =>
        surroundings.log.debug('simulator.socket', { station: station.id, error: error.message }),
      );
      socket.on('close', () => {
        this.#rpc = undefined;
        resolve(opened);
      });
    });
  }

  async #greet(rpc: RpcClient): Promise<void> {
    const { clock } = this.#options.surroundings;
    while (!this.#hasBooted && this.isConnected && !this.#stopping.signal.aborted) {
      const answer = await rpc.call('BootNotification', {
        chargePointVendor: 'Busbar',
        chargePointModel: 'Simulated station',
        firmwareVersion: '1.0',
      });
      if (answer.ok && answer.payload.status === 'Accepted') this.#hasBooted = true;
      else await clock.sleep('simulator.boot', RETRY_MS, this.#stopping.signal);
    }
    this.#lastStatus.clear();
    await rpc.call('StatusNotification', {
      connectorId: 0,
      errorCode: 'NoError',
      status: 'Available',
      timestamp: this.#stamp(),
    });
    void this.#queue.drain();
  }

  async #statusLoop(): Promise<void> {
    const { clock } = this.#options.surroundings;
    while (!this.#stopping.signal.aborted) {
      await clock.sleep('simulator.status', STATUS_POLL_MS, this.#stopping.signal);
      if (!this.#hasBooted || !this.isConnected) continue;
      for (const evse of this.evses) {
        const status = evse.status(clock.wall());
        if (this.#lastStatus.get(evse.evse.number) === status) continue;
        this.#lastStatus.set(evse.evse.number, status);
        void this.#rpc?.call('StatusNotification', {
          connectorId: evse.evse.number,
          errorCode: 'NoError',
          status,
          timestamp: this.#stamp(),
        });
      }
    }
  }

  async #meterLoop(): Promise<void> {
    const { clock } = this.#options.surroundings;
    while (!this.#stopping.signal.aborted) {
      const seconds = Math.max(1, Number(this.#configuration.get('MeterValueSampleInterval')) || 10);
      await clock.sleep('simulator.meter', seconds * 1000, this.#stopping.signal);
      for (const evse of this.evses) this.#sample(evse);
    }
  }

  #sample(evse: SimulatedEvse): void {
    const { transaction } = evse;
    if (!transaction) return;
    const { clock } = this.#options.surroundings;
    const value = meterValue(
      this.#stamp(),
      evse.drawn(),
      evse.limitAmps(clock.wall()),
      this.#options.site.nominalVolts,
      evse.energyWh,
    );
    const payload = () => ({
      connectorId: evse.evse.number,
      meterValue: [value],
      ...(transaction.id === undefined ? {} : { transactionId: transaction.id }),
    });
    this.#queue.add({ action: 'MeterValues', payload });
  }

  #answer(action: string, payload: Payload): Payload | { readonly error: string } {
    switch (action) {
      case 'SetChargingProfile':
        return this.#setProfile(payload);
      case 'ClearChargingProfile': {
        const purpose = purposeOf(payload.chargingProfilePurpose);
        const gone = this.memory.clear({
          ...(payload.id === undefined ? {} : { id: Number(payload.id) }),
          ...(payload.connectorId === undefined ? {} : { evse: Number(payload.connectorId) }),
          ...(purpose === undefined ? {} : { purpose }),
          ...(payload.stackLevel === undefined ? {} : { stackLevel: Number(payload.stackLevel) }),
        });
        return { status: gone > 0 ? 'Accepted' : 'Unknown' };
      }
      case 'ChangeConfiguration': {
        const key = String(payload.key);
        if (!this.#configuration.has(key)) return { status: 'NotSupported' };
        this.#configuration.set(key, String(payload.value));
        return { status: 'Accepted' };
      }
      case 'GetConfiguration': {
        const asked = (payload.key as readonly string[] | undefined) ?? [...this.#configuration.keys()];
        return {
          configurationKey: asked.flatMap((key) =>
            this.#configuration.has(key) ? [{ key, readonly: false, value: this.#configuration.get(key) }] : [],
          ),
          unknownKey: asked.filter((key) => !this.#configuration.has(key)),
        };
      }
      case 'TriggerMessage':
        return this.#trigger(payload);
      case 'RemoteStartTransaction': {
        const evse = this.evses.find((one) => one.evse.number === Number(payload.connectorId ?? 1));
        if (!evse?.car || evse.transaction) return { status: 'Rejected' };
        this.#begin(evse, String(payload.idTag));
        return { status: 'Accepted' };
      }
      case 'RemoteStopTransaction': {
        const evse = this.evses.find((one) => one.transaction?.id === Number(payload.transactionId));
        if (!evse) return { status: 'Rejected' };
        this.#end(evse, 'Remote');
        return { status: 'Accepted' };
      }
      case 'ChangeAvailability':
      case 'ClearCache':
        return { status: 'Accepted' };
      case 'Reset':
        this.reboot();
        return { status: 'Accepted' };
      default:
        return { error: 'NotImplemented' };
    }
  }

  #setProfile(payload: Payload): Payload {
    const evse = Number(payload.connectorId);
    const profile = readProfile(payload.csChargingProfiles as Payload | undefined);
    if (!profile) return { status: 'Rejected' };
    if (profile.purpose === 'TxProfile' && !this.evses.some((one) => one.evse.number === evse && one.transaction))
      return { status: 'Rejected' };
    if (this.manner === 'accepts-without-applying') return { status: 'Accepted' };
    if (!this.memory.install(evse, profile)) return { status: 'Rejected' };
    this.#options.onProfile?.(`${this.id}/${evse}`, profile);
    return { status: 'Accepted' };
  }

  #trigger(payload: Payload): Payload {
    if (payload.requestedMessage === 'MeterValues') {
      for (const evse of this.evses)
        if (payload.connectorId === undefined || payload.connectorId === evse.evse.number) this.#sample(evse);
      return { status: 'Accepted' };
    }
    if (payload.requestedMessage === 'StatusNotification') {
      this.#lastStatus.clear();
      return { status: 'Accepted' };
    }
    return { status: 'NotImplemented' };
  }
}
