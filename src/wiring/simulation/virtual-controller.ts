// The controller as one simulated process: the real control room, gateway, upstream, meters and store, joined on the virtual clock. It can die.

import type { Solvers } from '../../core/allocate/proposers.ts';
import type { CycleRecord } from '../../core/model/decision.ts';
import type { MeterProfile } from '../../core/model/meter-profile.ts';
import type { Site } from '../../core/model/site.ts';
import { Controller } from '../../engine/controller.ts';
import type {
  Clock,
  ControlStore,
  GatewayStore,
  Log,
  MetersPort,
  Random,
  SignalsPort,
  Surroundings,
} from '../../engine/ports.ts';
import type { ControlAnswer, ControlRequest, PushedReading } from '../../engine/requests.ts';
import { Contacts } from '../../modbus/contacts.ts';
import { ModbusLinks } from '../../modbus/links.ts';
import { ExternalCapPort } from '../../modbus/server/external-cap-port.ts';
import { StationGateway } from '../../ocpp/gateway.ts';
import { noUpstream } from '../../ocpp/no-upstream.ts';
import type { VirtualNetwork } from '../../simulator/virtual-network.ts';
import { ThreadPort } from '../../system/thread-port.ts';
import { Upstream } from '../../upstream/upstream.ts';
import { type ControlLine, joinControlLine, publishAll } from '../gateway-room.ts';
import { unitAt, uniteMeters } from '../meters.ts';
import { RemoteStations } from '../remote-stations.ts';
import type { ControlToGateway, GatewayToControl } from '../thread-protocol.ts';
import { faultOf } from '../worker.ts';
import { VirtualDoor } from './door.ts';
import { Life, whileAlive } from './life.ts';
import { linePair } from './line-pair.ts';
import type { MeterLine } from './meter-line.ts';

/** The controller's own line to the network: what it dials goes over it. */
export const CONTROLLER_LINE = 'controller';
/** A gateway's thread that died is started again after this long (system/supervisor.ts). */
const GATEWAY_RESTART_MS = 250;
/** A gateway that could not begin is tried again after this long. */
const GATEWAY_RETRY_MS = 1_000;

/** How a process ends: its kernel closes what it held, or nobody is told (power cut, a hang until the watchdog kills it). */
export type Ending = 'closed' | 'vanished';

export type ControllerWorld = {
  readonly site: Site;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly network: VirtualNetwork;
  readonly meters: MeterLine;
  readonly meterProfiles: { readonly [profile: string]: MeterProfile };
  readonly solvers: Solvers;
  /** Opens the disk for this life. */
  readonly openStore: (surroundings: Surroundings) => ControlStore & GatewayStore;
  /** How far the controller's wall clock is from the true time. */
  readonly wallOffsetMs: () => number;
  /** A cycle was decided and its commands are handed over. */
  readonly onCycle: (record: CycleRecord) => void;
};

export class VirtualController {
  readonly #world: ControllerWorld;
  readonly #life: Life;
  readonly #surroundings: Surroundings;
  readonly #store: ControlStore & GatewayStore;
  readonly #stations: RemoteStations;
  readonly #controller: Controller;
  readonly #meters: MetersPort;
  #gateway: GatewayRoom | undefined;

  constructor(world: ControllerWorld) {
    this.#world = world;
    this.#life = new Life(world.clock, world.wallOffsetMs);
    this.#surroundings = { clock: this.#life, random: world.random, log: world.log };
    this.#store = whileAlive(world.openStore(this.#surroundings), this.#life);
    this.#stations = new RemoteStations(world.site, this.#life);
    const { site, meterProfiles, meters, solvers } = world;
    const links = new ModbusLinks(this.#surroundings, meters.open);
    this.#meters = uniteMeters(this.#surroundings, site, meterProfiles, { links, stations: this.#stations });
    this.#controller = new Controller(
      this.#surroundings,
      site,
      {
        meters: this.#meters,
        // Nobody writes a cap here: a site whose limit is set from outside is simulated on its failsafe.
        signals: [
          new Contacts(this.#surroundings, site.inputs, unitAt(links)),
          ...externalCaps(site, this.#surroundings),
        ],
        stations: this.#stations,
        store: this.#store,
        journal: { append: world.onCycle },
        audience: { publish: () => {} },
      },
      site.id,
      solvers,
    );
  }

  get isAlive(): boolean {
    return this.#life.isAlive;
  }

  /** Resolves when the first cycle is under way; rejects when the disk cannot be read. A life that ends meanwhile never answers. */
  async start(): Promise<void> {
    this.#openGateway();
    await this.#controller.start();
  }

  request(request: ControlRequest): Promise<ControlAnswer> {
    return whileAlive(this.#controller, this.#life).request(request);
  }

  /** What another program hands in; a process that has died takes nothing. */
  push(reading: PushedReading): void {
    if (this.#life.isAlive) this.#meters.push?.(reading);
  }

  /** The gateway's thread dies and is started again. */
  killGateway(): void {
    this.#gateway?.die('closed');
    this.#gateway = undefined;
    this.#stations.detach();
    this.#life.timer('simulation.gateway', GATEWAY_RESTART_MS, () => this.#openGateway());
  }

  die(how: Ending): void {
    this.#life.end();
    this.#gateway?.die(how);
    this.#gateway = undefined;
  }

  #openGateway(): void {
    const life = new Life(this.#life);
    const [here, there] = linePair(this.#life, life);
    const { log } = this.#world;
    const line = new ThreadPort<ControlToGateway, GatewayToControl>({
      port: here,
      peer: 'gateway',
      clock: this.#life,
      log,
    });
    const room = new GatewayRoom(
      this.#world,
      life,
      this.#store,
      new ThreadPort({ port: there, peer: 'control', clock: life, log }),
    );
    line.on('ready', () => {});
    line.on('failed', ({ code, text }) => {
      log.error('simulation.gateway-failed', { code, text });
      if (this.#gateway !== room) return;
      room.die('closed');
      this.#stations.detach();
      this.#life.timer('simulation.gateway', GATEWAY_RETRY_MS, () => this.#openGateway());
    });
    this.#gateway = room;
    this.#stations.attach(line);
    void room.start();
  }
}

function externalCaps({ modbusServer }: Site, surroundings: Surroundings): readonly SignalsPort[] {
  return modbusServer?.externalCap ? [new ExternalCapPort(surroundings, modbusServer.externalCap)] : [];
}

/** The gateway's thread: what wiring/gateway-thread.ts joins, on the simulated network. */
class GatewayRoom {
  readonly #life: Life;
  readonly #network: VirtualNetwork;
  readonly #gateway: StationGateway;
  readonly #upstream: Upstream | ReturnType<typeof noUpstream>;
  readonly #line: ControlLine;
  #door: VirtualDoor | undefined;

  constructor(world: ControllerWorld, life: Life, store: GatewayStore, line: ControlLine) {
    const { site, network, random, log } = world;
    this.#life = life;
    this.#network = network;
    this.#line = line;
    const surroundings = { clock: life, random, log };
    const own = whileAlive(store, life);
    const { dial } = network.line(CONTROLLER_LINE);
    this.#upstream = site.upstream
      ? new Upstream(
          surroundings,
          site,
          { url: site.upstream.url },
          { store: own, stations: () => this.#gateway, dial },
        )
      : noUpstream(own);
    this.#gateway = new StationGateway(surroundings, site, {
      store: own,
      upstream: this.#upstream,
      door: (options) => {
        this.#door = new VirtualDoor(network, options);
        return this.#door;
      },
    });
    joinControlLine(this.#gateway, line, log);
  }

  async start(): Promise<void> {
    const { signal } = new AbortController();
    try {
      await this.#upstream.start(signal);
      await this.#gateway.start(signal);
      publishAll(this.#gateway, this.#line);
      this.#line.post('ready', this.#gateway.address());
    } catch (error) {
      this.#line.post('failed', faultOf(error));
    }
  }

  die(how: Ending): void {
    this.#life.end();
    this.#door?.leave(how);
    this.#network.line(CONTROLLER_LINE).abandon(how);
  }
}
