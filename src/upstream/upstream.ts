// The operator's CSMS as the gateway sees it: one leg per station; what one operator's link suffers never touches another station's.

import type { Site } from '../core/model/site.ts';
import type { StationId } from '../core/model/units.ts';
import type {
  CallOutcome,
  GatewayStore,
  IncomingCall,
  StationCalls,
  Surroundings,
  UpstreamPort,
} from '../engine/ports.ts';
import type { Dial } from '../engine/socket.ts';
import { type CompositeSource, siteComposite } from './composite-answer.ts';
import { Leg } from './leg.ts';

export type UpstreamTarget = {
  /** ws:// or wss://; each station's identity is appended. */
  readonly url: string;
  /** Basic auth password for every station; absent: no Authorization header. */
  readonly password?: string;
};

export type UpstreamPorts = {
  readonly store: GatewayStore;
  /** Late bound: the stations' room and this one need each other. */
  readonly stations: () => StationCalls;
  readonly composite?: CompositeSource;
  readonly dial: Dial;
};

const DOWN: CallOutcome = { kind: 'unsent', why: 'the station is not one of the site' };

export class Upstream implements UpstreamPort {
  readonly #legs: ReadonlyMap<StationId, Leg>;
  readonly #store: GatewayStore;
  readonly #log: Surroundings['log'];
  #onProfilesChanged: (station: StationId) => void = () => {};
  #onLinkChanged: (station: StationId) => void = () => {};

  constructor(surroundings: Surroundings, site: Site, target: UpstreamTarget, ports: UpstreamPorts) {
    this.#store = ports.store;
    this.#log = surroundings.log;
    const composite = ports.composite ?? siteComposite(site);
    this.#legs = new Map(
      site.stations.map((station) => [
        station.id,
        new Leg({
          surroundings,
          station: station.id,
          connectors: site.evses.filter((evse) => evse.station === station.id).map((evse) => evse.number),
          ...target,
          store: ports.store,
          dial: ports.dial,
          stations: ports.stations,
          composite,
          onLinkChanged: () => this.#onLinkChanged(station.id),
          onProfilesChanged: () => this.#onProfilesChanged(station.id),
        }),
      ]),
    );
  }

  /** Takes up what the last run left. Rejects with the store's error: without it messages could be sent twice or in the wrong order. */
  async start(_signal: AbortSignal): Promise<void> {
    const [facts, open, memories] = await Promise.all([
      this.#store.loadFacts(),
      this.#store.openTransactions(),
      this.#store.loadUpstreamProfiles(),
    ]);
    for (const { station, json } of memories) this.#legs.get(station)?.memory.restore(json);
    await Promise.all(
      [...this.#legs].map(([station, leg]) =>
        leg.restore(
          facts.find((one) => one.station === station),
          open.filter((one) => one.station === station),
        ),
      ),
    );
  }

  async stop(): Promise<void> {
    await Promise.allSettled([...this.#legs.values()].map((leg) => leg.stop()));
  }

  stationConnected(station: StationId): void {
    this.#legs.get(station)?.link.open();
  }

  stationDisconnected(station: StationId): void {
    this.#legs
      .get(station)
      ?.link.close()
      .catch((error: unknown) => this.#log.error('upstream.close-failed', { station, error: String(error) }));
  }

  linkState(station: StationId) {
    return this.#legs.get(station)?.link.state === 'connected' ? 'connected' : 'down';
  }

  profiles(station: StationId) {
    return this.#legs.get(station)?.memory.profiles ?? [];
  }

  onProfilesChanged(listener: (station: StationId) => void): void {
    this.#onProfilesChanged = listener;
  }

  onLinkChanged(listener: (station: StationId) => void): void {
    this.#onLinkChanged = listener;
  }

  relay(station: StationId, call: IncomingCall, deadlineMs: number): Promise<CallOutcome> {
    return this.#legs.get(station)?.relay(call, deadlineMs) ?? Promise.resolve(DOWN);
  }

  copy(station: StationId, call: IncomingCall): void {
    this.#legs.get(station)?.copy(call);
  }

  async deliver(station: StationId, call: IncomingCall, localTransactionId: number | undefined, waitMs: number) {
    const answer = await this.#legs.get(station)?.deliver(call, localTransactionId, waitMs);
    return answer ? ({ durable: true, answer } as const) : ({ durable: true } as const);
  }
}
