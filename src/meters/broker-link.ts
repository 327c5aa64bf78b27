// One connection to an MQTT broker that only listens: it subscribes, hands messages on, and comes back after it was lost. It never publishes.

import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { MqttClient } from 'mqtt';
import type { MqttBroker } from '../core/model/site-meters.ts';
import type { Surroundings } from '../engine/ports.ts';
import { PacketGuard } from './packet-guard.ts';

/** From dialling to the broker's welcome. */
export const CONNECT_TIMEOUT_MS = 5_000;
/** A broker that does not answer a ping for one and a half of these is gone. */
const KEEP_ALIVE_SECONDS = 10;
export const BACK_OFF_MS = { least: 1_000, most: 30_000 };
/** Up to so much of a pause is left to chance, so that many do not come back in one moment. */
const JITTER_PART = 0.3;

/** What belongs to a broker and is not in the site. */
export type BrokerSecrets = { readonly username?: string; readonly password?: string; readonly ca?: Buffer };

export type BrokerMessage = { readonly payload: Uint8Array; readonly isRetained: boolean };

export type BrokerListener = {
  readonly topics: readonly string[];
  readonly onMessage: (topic: string, message: BrokerMessage) => void;
  /** Why nothing can come now; told at each failed attempt and each loss. */
  readonly onLost: (detail: string) => void;
};

export class BrokerLink {
  readonly #surroundings: Surroundings;
  readonly #broker: MqttBroker;
  readonly #secrets: BrokerSecrets;
  readonly #listener: BrokerListener;

  constructor(surroundings: Surroundings, broker: MqttBroker, secrets: BrokerSecrets, listener: BrokerListener) {
    this.#surroundings = surroundings;
    this.#broker = broker;
    this.#secrets = secrets;
    this.#listener = listener;
  }

  /** Connects again and again until `signal` aborts; a connection that stood makes the next pause the least one again. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, random, log } = this.#surroundings;
    const { url } = this.#broker;
    for (let pauseMs = BACK_OFF_MS.least; !signal.aborted; ) {
      const ended = await this.#connectOnce(signal);
      if (signal.aborted) return;
      log.warn('mqtt.lost', { url, detail: ended.detail });
      this.#listener.onLost(`${url}: ${ended.detail}`);
      if (ended.wasUp) pauseMs = BACK_OFF_MS.least;
      await clock.sleep('mqtt.reconnect', pauseMs * (1 - JITTER_PART * random.next('mqtt.back-off')), signal);
      pauseMs = Math.min(BACK_OFF_MS.most, pauseMs * 2);
    }
  }

  #connectOnce(signal: AbortSignal): Promise<{ readonly wasUp: boolean; readonly detail: string }> {
    const { random, log } = this.#surroundings;
    const { username, password } = this.#secrets;
    const { topics, onMessage } = this.#listener;
    const { promise, resolve } = Promise.withResolvers<{ readonly wasUp: boolean; readonly detail: string }>();
    let wasUp = false;
    let detail = 'no connection within 5 s, or it was closed';
    const client = new MqttClient(() => this.#dial(), {
      clientId: `busbar-${random.uuid('mqtt.client').slice(0, 16)}`,
      protocolId: 'MQTT',
      protocolVersion: 4,
      clean: true,
      keepalive: KEEP_ALIVE_SECONDS,
      connectTimeout: CONNECT_TIMEOUT_MS,
      // Coming back is ours: with a pause that grows, on the controller's clock.
      reconnectPeriod: 0,
      resubscribe: false,
      ...(username === undefined ? {} : { username }),
      ...(password === undefined ? {} : { password }),
    });
    const stop = () => void client.end(true);
    signal.addEventListener('abort', stop, { once: true });
    client.on('connect', () => {
      client.subscribe([...topics], { qos: 0 }, (error, granted = []) => {
        const refused = granted.find(({ qos }) => qos > 2);
        if (!error && !refused) {
          wasUp = true;
          log.info('mqtt.connected', { url: this.#broker.url, topics: topics.length });
          return;
        }
        detail = refused ? `the broker refuses topic ${refused.topic}` : String(error?.message ?? error);
        client.end(true);
      });
    });
    client.on('message', (topic, payload, packet) => onMessage(topic, { payload, isRetained: packet.retain }));
    client.on('error', (error) => {
      detail = error.message || String(error);
      client.end(true);
    });
    client.on('close', () => {
      signal.removeEventListener('abort', stop);
      client.end(true);
      resolve({ wasUp, detail });
    });
    if (signal.aborted) stop();
    return promise;
  }

  #dial(): Socket {
    const { protocol, hostname, port } = new URL(this.#broker.url);
    const host = hostname.replace(/^\[|\]$/g, '');
    const { ca } = this.#secrets;
    const socket =
      protocol === 'mqtts:'
        ? connectTls({
            host,
            port: Number(port || 8883),
            ...(isIP(host) ? {} : { servername: host }),
            ...(ca ? { ca } : {}),
          })
        : connectTcp({ host, port: Number(port || 1883) });
    const guard = new PacketGuard();
    socket.on('data', (bytes: Uint8Array) => {
      if (guard.accepts(bytes)) return;
      const error = Object.assign(new Error('the broker sent a packet that is too long'), { code: 'EMSGSIZE' });
      socket.destroy(error);
    });
    return socket;
  }
}
