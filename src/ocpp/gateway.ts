// The stations' gateway: joins door, central system, commands and polls, and shows the rest of the house one image per station.

import type { Command, StationCommand } from '../core/model/decision.ts';
import type { Site, Station } from '../core/model/site.ts';
import type { StationState } from '../core/model/snapshot.ts';
import type { StationId } from '../core/model/units.ts';
import type {
  CallOutcome,
  GatewayStore,
  StationCalls,
  StationsPort,
  Surroundings,
  UpstreamPort,
} from '../engine/ports.ts';
import type { MessageSocket } from '../engine/socket.ts';
import { CentralSystem } from './central-system.ts';
import { CommandLane } from './commands.ts';
import { Facts } from './facts.ts';
import type { Version } from './handlers.ts';
import { KnownTokens } from './known-tokens.ts';
import { noUpstream } from './no-upstream.ts';
import { Polls } from './polls.ts';
import { type Registered, Registry } from './registry.ts';
import { RpcConnection } from './rpc/connection.ts';
import { keepAlive } from './rpc/keep-alive.ts';
import { type Door, type DoorOptions, StationDoor } from './server.ts';
import type { Session } from './session.ts';
import { StopLane } from './stop-lane.ts';
import { loadV16 } from './v16/wire.ts';
import { loadV201 } from './v201/wire.ts';
import type { VersionWire } from './version.ts';

/** How long an older connection may take to prove that it lives before a newer one takes its place. */
export const INCUMBENT_PONG_MS = 3_000;
const STOP_DEADLINE_MS = 3_000;

/** CALLs that would change what we have installed: upstream's are kept in its virtual profile store and never reach a station. */
const SMART_CHARGING: ReadonlySet<string> = new Set([
  'SetChargingProfile',
  'ClearChargingProfile',
  'GetCompositeSchedule',
]);

export type GatewayPorts = {
  readonly store: GatewayStore;
  readonly upstream: UpstreamPort;
  /** Makes the way in for stations; absent: a door on the network of this machine. */
  readonly door?: (options: DoorOptions) => Door;
};
type Lanes = { readonly limits: CommandLane; readonly stops: StopLane };
type Running = {
  readonly versions: readonly Version[];
  readonly door: Door;
  readonly central: CentralSystem;
  readonly lanes: ReadonlyMap<StationId, Lanes>;
  readonly polls: ReadonlyMap<StationId, Polls>;
};

export class StationGateway implements StationsPort, StationCalls {
  readonly #surroundings: Surroundings;
  readonly #site: Site;
  readonly #ports: GatewayPorts;
  readonly #registry: Registry;
  readonly #facts: Facts;
  readonly #isolated: UpstreamPort;
  #running: Running | undefined;
  #onUrgent: (reason: string) => void = () => {};
  #onStateChanged: (station: StationId) => void = () => {};

  constructor(surroundings: Surroundings, site: Site, ports: GatewayPorts) {
    this.#surroundings = surroundings;
    this.#site = site;
    this.#ports = ports;
    this.#registry = new Registry(site, surroundings.clock, (station) => this.#onStateChanged(station));
    this.#facts = new Facts(ports.store, surroundings.log);
    this.#isolated = noUpstream(ports.store);
  }

  states(): { readonly [station: StationId]: StationState } {
    return this.#registry.states();
  }

  /** The newest whole image of one station; absent when it is not one of the site. */
  state(station: StationId): StationState | undefined {
    return this.#registry.get(station)?.image.state;
  }

  onUrgent(listener: (reason: string) => void): void {
    this.#onUrgent = listener;
  }

  /** Tells which image was replaced, for whoever carries images to another thread. One listener. */
  onStateChanged(listener: (station: StationId) => void): void {
    this.#onStateChanged = listener;
  }

  /** Where stations are served; MUST be running. */
  address(): { readonly port: number } {
    return this.#running!.door.address();
  }

  isConnected(station: StationId): boolean {
    return this.#registry.get(station)?.session?.connection.isOpen === true;
  }

  send(commands: readonly StationCommand[]): { readonly refused: readonly string[] } {
    const refused = commands.filter((command) => {
      const lanes = this.#running?.lanes.get(command.station);
      if (!lanes) return true;
      return !(command.kind === 'stop-transaction' ? lanes.stops.take(command) : lanes.limits.take(command));
    });
    return { refused: refused.map((command) => command.id) };
  }

  async call(
    station: StationId,
    call: { readonly messageId: string; readonly action: string; readonly rawPayload: string },
  ): Promise<CallOutcome> {
    if (SMART_CHARGING.has(call.action)) {
      this.#surroundings.log.error('ocpp.profile-call-refused', { station, action: call.action });
      return { kind: 'unsent', why: `${call.action} of upstream never reaches a station` };
    }
    const session = this.#registry.get(station)?.session;
    if (!session) return { kind: 'unsent', why: 'the station is not connected' };
    if (this.#upstreamOf(session.version) !== this.#ports.upstream)
      return { kind: 'unsent', why: `the station speaks OCPP ${session.version.name}, which is not relayed` };
    return session.connection.call({ ...call, priority: 'upstream' });
  }

  /** Loads what outlives a restart, then opens the door. Rejects with `OCPP_LISTEN`, `OCPP_SCHEMAS_MISSING` or the store's error. */
  async start(signal: AbortSignal): Promise<void> {
    const versions = await Promise.all([loadV201(), loadV16()]);
    await this.#remember(versions);
    const running = this.#join(versions);
    this.#running = running;
    await running.door.start();
    signal.addEventListener('abort', () => void this.stop(), { once: true });
  }

  async stop(): Promise<void> {
    const running = this.#running;
    this.#running = undefined;
    if (!running) return;
    const sessions = [...this.#registry.all()].flatMap(({ session }) => session ?? []);
    for (const { connection } of sessions) connection.close(1001, 'the controller stops');
    const cancel = new AbortController();
    const deadline = this.#surroundings.clock.sleep('ocpp.stop', STOP_DEADLINE_MS, cancel.signal);
    await Promise.race([
      Promise.all([...sessions.map(({ connection }) => connection.closed), this.#facts.flush()]),
      deadline,
    ]);
    await running.door.stop();
    cancel.abort();
  }

  async #remember(versions: readonly Version[]): Promise<void> {
    const { store, upstream } = this.#ports;
    await this.#facts.load();
    for (const record of await store.openTransactions()) {
      const registered = this.#registry.get(record.station);
      registered?.transactions.opened(record);
      registered?.image.transactionOpened(record);
    }
    for (const { station, image } of this.#registry.all()) {
      const boot = this.#facts.get(station.id).boot;
      const said = versions.find(({ wire }) => wire.name === (boot?.version ?? '1.6'));
      if (boot && said) image.remembered(said.wire.modelFrom(JSON.parse(boot.rawPayload)));
    }
    const refresh = (station: StationId) => {
      const registered = this.#registry.get(station);
      const isRelayed = !registered?.session || this.#upstreamOf(registered.session.version) === upstream;
      if (isRelayed) registered?.image.upstream(upstream.linkState(station), upstream.profiles(station));
    };
    upstream.onLinkChanged(refresh);
    upstream.onProfilesChanged(refresh);
    for (const { station } of this.#registry.all()) refresh(station.id);
  }

  #join(versions: readonly Version[]): Running {
    const [surroundings, site, facts] = [this.#surroundings, this.#site, this.#facts];
    const lanes = new Map<StationId, Lanes>();
    const polls = new Map<StationId, Polls>();
    for (const registered of this.#registry.all()) {
      const { image, station } = registered;
      const session = () => registered.session;
      const own = new Polls({ surroundings, image, facts, session });
      polls.set(station.id, own);
      const onAccepted = (command: Command) => own.afterAccepted(command);
      lanes.set(station.id, {
        limits: new CommandLane({ surroundings, image, session, onAccepted }),
        stops: new StopLane({ surroundings, image, session }),
      });
    }
    const tokens = new KnownTokens();
    const central = new CentralSystem({
      versions,
      office: (version) => ({
        surroundings,
        site,
        store: this.#ports.store,
        upstream: this.#upstreamOf(version),
        facts,
        tokens,
      }),
      onAccepted: ({ station }) => void polls.get(station.id)?.configure(),
      onUnknown: ({ station }) => void polls.get(station.id)?.askToBoot(),
      onUrgent: (reason) => this.#onUrgent(reason),
    });
    const open = this.#ports.door ?? ((options: DoorOptions) => new StationDoor(options));
    const door = open({
      surroundings,
      listen: site.listen.stations,
      stationCount: site.stations.length,
      find: (identity) => this.#registry.get(identity)?.station,
      beforeWelcome: (station) => this.#checkIncumbent(station),
      spokenWith: (station) => spokenWith(station, versions).map(({ wire }) => wire.subprotocol),
      onStation: (station, socket, address, subprotocol) => this.#welcome(station, socket, address, subprotocol),
    });
    return { versions, door, central, lanes, polls };
  }

  /** A second connection under one identity is a lost one coming back, or somebody with a stolen key: tell which it looks like. */
  async #checkIncumbent(station: Station): Promise<void> {
    const incumbent = this.#registry.get(station.id)?.session;
    if (!incumbent?.connection.isOpen) return;
    const isAlive = await incumbent.connection.isAlive(INCUMBENT_PONG_MS);
    if (isAlive) this.#surroundings.log.error('ocpp.identity-conflict', { station: station.id });
  }

  #welcome(station: Station, socket: MessageSocket, address: string, subprotocol: string): void {
    const running = this.#running;
    const registered = this.#registry.get(station.id);
    const version = running?.versions.find(({ wire }) => wire.subprotocol === subprotocol)?.wire;
    if (!running || !registered || !version) {
      socket.terminate();
      return;
    }
    const { boot } = this.#facts.get(station.id);
    // What it said of itself in another version was before its last restart.
    const isKnown = boot !== undefined && (boot.version ?? '1.6') === version.name;
    const session: Session = {
      version,
      connection: new RpcConnection(socket, {
        surroundings: this.#surroundings,
        name: station.id,
        callTimeoutMs: station.profile.callTimeoutMs,
        spell: version.spell,
        answersUnreadable: version.answersUnreadable,
        handle: (call) => running.central.handle(registered, session, call),
        onClose: (code) => this.#onClosed(registered, session, code),
      }),
      registration: isKnown ? 'accepted' : 'unknown',
    };
    const incumbent = registered.session;
    registered.session = session;
    incumbent?.connection.close(1000, 'replaced by a newer connection');
    keepAlive(session.connection, this.#surroundings.clock);
    this.#surroundings.log.info('ocpp.connected', { station: station.id, address, isKnown, subprotocol });
    registered.image.connected();
    const before = incumbent && this.#upstreamOf(incumbent.version);
    const upstream = this.#upstreamOf(version);
    if (before !== upstream) {
      before?.stationDisconnected(station.id);
      upstream.stationConnected(station.id);
    }
    registered.image.upstream(upstream.linkState(station.id), upstream.profiles(station.id));
    const polls = running.polls.get(station.id);
    polls?.connected();
    if (station.profile.quirks.includes('must-be-asked-to-boot')) void polls?.askToBoot();
    if (isKnown) void polls?.askForTime();
    if (isKnown) void polls?.configure();
  }

  /** The operator's CSMS is spoken to in 1.6 alone; what speaks another version is controlled here and relayed to nobody. */
  #upstreamOf({ name }: VersionWire): UpstreamPort {
    return name === '1.6' ? this.#ports.upstream : this.#isolated;
  }

  #onClosed(registered: Registered, session: Session, code: number): void {
    const station = registered.station.id;
    this.#surroundings.log.info('ocpp.disconnected', { station, code, ...session.connection.counts });
    // A replaced connection's end is no disconnect (D4).
    if (registered.session !== session) return;
    delete registered.session;
    registered.image.disconnected();
    this.#upstreamOf(session.version).stationDisconnected(station);
    this.#onUrgent(`${station} disconnected`);
  }
}

/** The versions that are spoken with a station, the highest first. */
function spokenWith(station: Station, versions: readonly Version[]): readonly Version[] {
  const spoken = station.ocpp ?? ['1.6'];
  return versions.filter(({ wire }) => spoken.includes(wire.name));
}
