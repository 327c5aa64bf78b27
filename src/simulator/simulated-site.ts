// A whole site to run against, on sockets of this machine: building, meter, stations with cars, and the operator's back end. Physics follow the clock.

import type { ChargingProfile } from '../core/model/charging-profile.ts';
import type { Site } from '../core/model/site.ts';
import { type EvseId, PHASES, type PhaseAmps, type StationId } from '../core/model/units.ts';
import type { Adapter, Surroundings } from '../engine/ports.ts';
import type { Dial } from '../engine/socket.ts';
import { Building } from './building.ts';
import type { Car } from './car.ts';
import { SimulatedCsms } from './csms.ts';
import { CsmsServer } from './csms-server.ts';
import { nextVisit, pauseMs } from './demo-scene.ts';
import { MeterServer } from './meter-server.ts';
import type { SimulatedEvse } from './simulated-evse.ts';
import { SimulatedStation, type StationOptions } from './station.ts';

const TICK_MS = 200;
const DAY_MS = 24 * 3_600_000;
/** The demo's day begins here, so that a visitor sees the morning fill up. */
const DEMO_STARTS_AT_MS = 7 * 3_600_000;

export type SimulatedSiteOptions = {
  readonly site: Site;
  /** AuthorizationKey bytes per station. */
  readonly stationKeys: ReadonlyMap<StationId, Buffer>;
  readonly dial: Dial;
  /** `ws://127.0.0.1:9220/ocpp` */
  readonly stationsUrl: string;
  readonly meterPort: number;
  /** Absent: no back end. */
  readonly csmsPort?: number;
  /** Real milliseconds that a simulated day takes. */
  readonly dayMs: number;
  /** What the building draws on its fullest phase at noon. */
  readonly peakAmps: number;
  /** `demo`: drivers come and go by themselves; `none`: only when told. */
  readonly scene: 'demo' | 'none';
};

/** What happens on the simulated site, for whoever watches it. */
export type SiteEvent =
  /** The meter was read; what it answered is `currents()` of this moment. */
  | { readonly kind: 'meter-read' }
  /** Physics have moved on by a tick. */
  | { readonly kind: 'tick' }
  | { readonly kind: 'profile'; readonly evse: EvseId; readonly profile: ChargingProfile };

export class SimulatedSite implements Adapter {
  readonly building: Building;
  readonly csms: SimulatedCsms;
  readonly stations: readonly SimulatedStation[];
  readonly #surroundings: Surroundings;
  readonly #options: SimulatedSiteOptions;
  readonly #evses: readonly SimulatedEvse[];
  readonly #meter: MeterServer;
  readonly #csmsServer: CsmsServer;
  readonly #stopping = new AbortController();
  readonly #listeners = new Set<(event: SiteEvent) => void>();
  #importWh = 1_234_000;
  #startedAt = 0;
  #loops: Promise<unknown> = Promise.resolve();
  #visits = 0;
  #ports: { readonly meter: number; readonly csms?: number } | undefined;

  constructor(surroundings: Surroundings, options: SimulatedSiteOptions) {
    this.#surroundings = surroundings;
    this.#options = options;
    this.building = new Building(options.peakAmps, surroundings.random);
    this.csms = new SimulatedCsms(surroundings);
    this.#csmsServer = new CsmsServer(this.csms);
    this.#meter = new MeterServer(() => {
      this.#tell({ kind: 'meter-read' });
      return { amps: this.currents(), volts: options.site.nominalVolts, importWh: this.#importWh };
    }, surroundings.random);
    this.stations = options.site.stations.map((station) => {
      const key = options.stationKeys.get(station.id);
      const onProfile = (evse: EvseId, profile: ChargingProfile) => this.#tell({ kind: 'profile', evse, profile });
      return new SimulatedStation({
        surroundings,
        site: options.site,
        station,
        dial: options.dial,
        url: options.stationsUrl,
        onProfile,
        ...this.#mainsOf(station.id),
        ...(key ? { key } : {}),
      });
    });
    this.#evses = this.stations.flatMap((station) => station.evses);
  }

  /** A station whose main meter is a meter of the site sits at the grid connection: it sees what the building and all cars draw. */
  #mainsOf(id: StationId): Pick<StationOptions, 'mains'> {
    const meter = this.#options.site.meters.find((one) => one.from === 'station' && one.station === id);
    if (meter?.from !== 'station') return {};
    const { phases = PHASES, maxAgeMs } = meter;
    const amps = () => {
      const now = this.currents();
      return phases.map((phase) => now[phase]);
    };
    return { mains: { amps, everyMs: maxAgeMs / 3 } };
  }

  /** Ports in use after `start`. */
  get ports(): { readonly meter: number; readonly csms?: number } {
    if (!this.#ports) throw new Error('the simulated site has not been started');
    return this.#ports;
  }

  /** Opens meter and back end and lets the stations dial in; they try until somebody answers. Rejects with SIMULATOR_LISTEN. */
  async start(signal: AbortSignal): Promise<void> {
    const { meterPort, csmsPort, scene } = this.#options;
    const meter = await this.#meter.start(meterPort);
    this.#ports = csmsPort === undefined ? { meter } : { meter, csms: await this.#csmsServer.start(csmsPort) };
    this.#startedAt = this.#surroundings.clock.now();
    for (const station of this.stations) station.start();
    const visitors = scene === 'demo' ? this.#evses.map(({ evse }, at) => this.#visitorLoop(evse.id, at)) : [];
    this.#loops = Promise.all([this.#tickLoop(), ...visitors]);
    signal.addEventListener('abort', () => this.#stopping.abort(), { once: true });
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.allSettled(this.stations.map((station) => station.stop()));
    await Promise.allSettled([this.#loops, this.#meter.stop(), this.#csmsServer.stop()]);
  }

  /** Milliseconds since midnight of the simulated day. */
  timeOfDayMs(): number {
    const elapsedMs = this.#surroundings.clock.now() - this.#startedAt;
    return (DEMO_STARTS_AT_MS + (elapsedMs * DAY_MS) / this.#options.dayMs) % DAY_MS;
  }

  /** True amperes per phase at the grid connection. */
  currents(): PhaseAmps {
    const amps = { ...this.building.amps(this.timeOfDayMs()) };
    for (const one of this.#evses) {
      const drawn = one.drawn();
      for (let at = 0; at < drawn.length; at++) amps[one.evse.phases[at]!] += drawn[at]!;
    }
    return amps;
  }

  evse(id: EvseId): SimulatedEvse {
    const evse = this.#evses.find((one) => one.evse.id === id);
    if (!evse) throw new Error(`the site has no EVSE ${id}`);
    return evse;
  }

  station(id: StationId): SimulatedStation {
    const station = this.stations.find((one) => one.id === id);
    if (!station) throw new Error(`the site has no station ${id}`);
    return station;
  }

  /** The limit that rules at the charger now, in amperes per phase. */
  limitInForce(id: EvseId): number {
    const evse = this.evse(id);
    return evse.limitAmps(this.station(evse.evse.station).time());
  }

  plugIn(id: EvseId, car: Car, storedWh = 0, idTag = 'TEST'): Promise<void> {
    return this.#stationOf(id).plugIn(id, car, storedWh, idTag);
  }

  unplug(id: EvseId): void {
    this.#stationOf(id).unplug(id);
  }

  /** Tells what happens from now on; the returned function ends it. */
  watch(listener: (event: SiteEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #tell(event: SiteEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  #stationOf(id: EvseId): SimulatedStation {
    return this.station(this.evse(id).evse.station);
  }

  async #tickLoop(): Promise<void> {
    const { clock } = this.#surroundings;
    const { dayMs, site } = this.#options;
    let before = clock.now();
    while (!this.#stopping.signal.aborted) {
      await clock.sleep('simulator.tick', TICK_MS, this.#stopping.signal);
      const elapsedMs = clock.now() - before;
      before = clock.now();
      for (const station of this.stations) station.step(elapsedMs, this.#options.scene === 'demo' ? DAY_MS / dayMs : 1);
      this.building.step();
      this.#tell({ kind: 'tick' });
      const { L1, L2, L3 } = this.currents();
      this.#importWh += ((L1 + L2 + L3) * site.nominalVolts * elapsedMs) / 3_600_000;
    }
  }

  /** Drivers of one EVSE, one after the other; the first come within the first minute, staggered. */
  async #visitorLoop(id: EvseId, at: number): Promise<void> {
    const { clock, random } = this.#surroundings;
    const { dayMs } = this.#options;
    const { signal } = this.#stopping;
    await clock.sleep('scene.first', 3_000 + at * 6_000, signal);
    while (!signal.aborted) {
      const visit = nextVisit(this.evse(id).evse, random, dayMs, ++this.#visits);
      await this.plugIn(id, visit.car, visit.storedWh, visit.idTag);
      await clock.sleep('scene.stay', visit.stayMs, signal);
      if (signal.aborted) return;
      this.unplug(id);
      await clock.sleep('scene.pause', pauseMs(this.timeOfDayMs() / 3_600_000, random, dayMs), signal);
    }
  }
}
