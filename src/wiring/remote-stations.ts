// The stations as the control room sees them while the gateway lives on another thread; a gateway that dies leaves every station unreachable.

import type { StationCommand } from '../core/model/decision.ts';
import type { Site } from '../core/model/site.ts';
import type { StationState } from '../core/model/snapshot.ts';
import type { StationId } from '../core/model/units.ts';
import type { Clock, MainsSource, StationsPort } from '../engine/ports.ts';
import type { ThreadPort } from '../system/thread-port.ts';
import type { ControlToGateway, GatewayToControl } from './thread-protocol.ts';

/** A gateway counts its connections from one; this keeps the counts of two gateways of one run apart. */
const CONNECTIONS_PER_GATEWAY = 1_000_000;

export class RemoteStations implements StationsPort, MainsSource {
  readonly #clock: Clock;
  readonly #images: Map<StationId, StationState>;
  /** Made when it is asked for; gone with the next image. */
  #states: { readonly [station: StationId]: StationState } | undefined;
  #line: ThreadPort<ControlToGateway, GatewayToControl> | undefined;
  #generation = 0;
  #onUrgent: (reason: string) => void = () => {};
  readonly #onMains: ((station: StationId) => void)[] = [];

  constructor(site: Site, clock: Clock) {
    this.#clock = clock;
    this.#images = new Map(site.stations.map((station) => [station.id, unseen(site, station.id)]));
  }

  /** Takes the line to a gateway that has just been started. MUST be called in the turn in which the line was made. */
  attach(line: ThreadPort<ControlToGateway, GatewayToControl>): void {
    const generation = ++this.#generation;
    this.#line = line;
    line.on('image', (image) => {
      if (generation !== this.#generation) return;
      const { link } = image;
      const renumbered =
        link.state === 'never' ? link : { ...link, connection: link.connection + generation * CONNECTIONS_PER_GATEWAY };
      // A gateway that is new has seen nothing yet; what the one before saw must not become "never".
      if (link.state === 'never' && this.#images.get(image.station)?.link.state !== 'never') return;
      const isMainsNew = image.mains?.measuredAt !== this.#images.get(image.station)?.mains?.measuredAt;
      this.#images.set(image.station, { ...image, link: renumbered });
      this.#states = undefined;
      if (image.mains && isMainsNew) for (const listener of this.#onMains) listener(image.station);
    });
    line.on('urgent', (reason) => this.#onUrgent(reason));
  }

  /** The gateway has died: its sockets are gone with it. */
  detach(): void {
    this.#line = undefined;
    const since = this.#clock.now();
    for (const [id, state] of this.#images) {
      if (state.link.state !== 'connected') continue;
      this.#images.set(id, { ...state, link: { ...state.link, state: 'disconnected', since }, upstreamLink: 'down' });
    }
    this.#states = undefined;
    this.#onUrgent('gateway.down');
  }

  states(): { readonly [station: StationId]: StationState } {
    this.#states ??= Object.fromEntries(this.#images);
    return this.#states;
  }

  send(commands: readonly StationCommand[]): { readonly refused: readonly string[] } {
    if (commands.length === 0) return { refused: [] };
    return this.#line?.post('commands', commands) === 'sent'
      ? { refused: [] }
      : { refused: commands.map((command) => command.id) };
  }

  onUrgent(listener: (reason: string) => void): void {
    this.#onUrgent = listener;
  }

  onMains(listener: (station: StationId) => void): void {
    this.#onMains.push(listener);
  }

  /** The gateway's thread is started and stopped by its supervisor. */
  async start(): Promise<void> {}

  async stop(): Promise<void> {}
}

function unseen(site: Site, station: StationId): StationState {
  return {
    station,
    link: { state: 'never' },
    evses: site.evses
      .filter((evse) => evse.station === station)
      .map((evse) => ({ evse: evse.id, connectorStatus: 'Unknown' })),
    upstreamProfiles: [],
    upstreamLink: site.upstream ? 'down' : 'none',
  };
}
