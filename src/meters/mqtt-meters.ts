// Meters whose values come over MQTT: one connection for each broker, each message dated and judged, nothing believed of what was only kept there.

import type { Site } from '../core/model/site.ts';
import type { MqttBroker, MqttMeter } from '../core/model/site-meters.ts';
import type { MeterState } from '../core/model/snapshot.ts';
import { type MeterId, PHASES } from '../core/model/units.ts';
import type { MetersPort, Surroundings } from '../engine/ports.ts';
import { BrokerLink, type BrokerMessage, type BrokerSecrets } from './broker-link.ts';
import { readPayload } from './payload.ts';
import { ToldMeters } from './told-meters.ts';

export const MAX_PAYLOAD_BYTES = 16 * 1024;
/** More of one meter within a second are not looked at. */
export const MAX_MESSAGES_A_SECOND = 20;
const WINDOW_MS = 1_000;

export class MqttMeters implements MetersPort {
  readonly #surroundings: Surroundings;
  readonly #told: ToldMeters;
  readonly #meters: readonly MqttMeter[];
  readonly #links: readonly BrokerLink[];
  readonly #stopping = new AbortController();
  readonly #windows = new Map<MeterId, { readonly at: number; count: number }>();
  #loops: readonly Promise<void>[] = [];

  /** `secretsOf`: what the variables and files of a broker hold. */
  constructor(
    surroundings: Surroundings,
    { meters, nominalVolts }: Pick<Site, 'meters' | 'nominalVolts'>,
    secretsOf: (broker: MqttBroker) => BrokerSecrets,
  ) {
    this.#surroundings = surroundings;
    this.#meters = meters.filter((meter) => meter.from === 'mqtt');
    this.#told = new ToldMeters(surroundings, this.#meters, nominalVolts);
    const byBroker = Map.groupBy(this.#meters, ({ broker }) => JSON.stringify(broker));
    this.#links = [...byBroker.values()].map((own) => {
      const { broker } = own[0]!;
      return new BrokerLink(surroundings, broker, secretsOf(broker), {
        topics: [...new Set(own.map(({ topic }) => topic))],
        onMessage: (topic, message) => {
          for (const meter of own) if (meter.topic === topic) this.#hear(meter, message);
        },
        onLost: (detail) => {
          for (const { id } of own) this.#told.get(id)!.unreachable(detail);
        },
      });
    });
  }

  /** Begins to connect and returns at once: a broker that cannot be reached is a state, not an error. */
  async start(signal: AbortSignal): Promise<void> {
    signal.addEventListener('abort', () => this.#stopping.abort(), { once: true });
    if (signal.aborted) this.#stopping.abort();
    this.#loops = this.#links.map((link) => link.run(this.#stopping.signal));
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.all(this.#loops);
  }

  states(): { readonly [meter: MeterId]: MeterState } {
    return this.#told.states();
  }

  onReading(listener: (meter: MeterId) => void): void {
    this.#told.onReading(listener);
  }

  #hear({ id, payload, phases = PHASES }: MqttMeter, { payload: bytes, isRetained }: BrokerMessage): void {
    // A message that the broker has kept may be of last year, unless it says of when it is.
    if (isRetained && payload.measuredAt === undefined) return;
    if (!this.#isTimely(id)) return;
    const told = this.#told.get(id)!;
    if (bytes.length > MAX_PAYLOAD_BYTES) {
      told.incomplete(`a payload of ${bytes.length} bytes, expected at most ${MAX_PAYLOAD_BYTES}`);
      return;
    }
    const read = readPayload(bytes, payload, phases);
    if (read.kind === 'unreadable') {
      told.incomplete(read.detail);
      return;
    }
    const outcome = told.take(read.sample, read.measuredAtWall);
    if (!outcome.ok && outcome.code !== 'METER_READING_ABSURD')
      this.#surroundings.log.debug('meter.reading-refused', { meter: id, code: outcome.code, detail: outcome.text });
  }

  #isTimely(id: MeterId): boolean {
    const now = this.#surroundings.clock.now();
    const window = this.#windows.get(id);
    if (!window || now - window.at >= WINDOW_MS) {
      this.#windows.set(id, { at: now, count: 1 });
      return true;
    }
    window.count += 1;
    if (window.count === MAX_MESSAGES_A_SECOND + 1)
      this.#surroundings.log.warn('meter.flooded', { meter: id, most: MAX_MESSAGES_A_SECOND });
    return window.count <= MAX_MESSAGES_A_SECOND;
  }
}
