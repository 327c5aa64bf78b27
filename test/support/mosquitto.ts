// A real MQTT broker (Debian's mosquitto) on loopback for a test, and a way to publish there; absent where the machine has none.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectAsync, type IClientOptions } from 'mqtt';
import { onTestFinished } from 'vitest';

const MOSQUITTO = '/usr/sbin/mosquitto';
/** Why the tests that need a broker cannot run here; absent where they can. */
export const noMosquitto = existsSync(MOSQUITTO) ? undefined : `no ${MOSQUITTO}: apt-get install mosquitto`;

export type BrokerOptions = {
  readonly user?: { readonly name: string; readonly password: string };
  /** PEM texts: the broker speaks TLS. */
  readonly tls?: { readonly certificate: string; readonly key: string };
};

export type Broker = {
  readonly url: string;
  /** Publishes on a connection of its own and resolves when the broker has it. */
  publish(topic: string, payload: string | Buffer, retain?: boolean): Promise<void>;
  /** Ends it at once, as a kill does. */
  kill(): Promise<void>;
  /** Starts it again at the same place. */
  restart(): Promise<void>;
};

/** `atEnd` is given what ends it and takes its files away. */
export async function startBroker(
  port: number,
  { user, tls }: BrokerOptions = {},
  atEnd: (end: () => Promise<void>) => unknown = onTestFinished,
): Promise<Broker> {
  const dir = mkdtempSync(join(tmpdir(), 'busbar-mosquitto-'));
  const file = (name: string, text: string) => {
    const path = join(dir, name);
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  };
  const lines = [`listener ${port} 127.0.0.1`, `allow_anonymous ${user === undefined}`, 'persistence false'];
  if (user) {
    const passwords = file('passwords', `${user.name}:${user.password}\n`);
    spawnSync('/usr/bin/mosquitto_passwd', ['-U', passwords]);
    lines.push(`password_file ${passwords}`);
  }
  if (tls) lines.push(`certfile ${file('server.pem', tls.certificate)}`, `keyfile ${file('server.key', tls.key)}`);
  // Started by root it would become another user, who cannot read these files.
  const configuration = file('mosquitto.conf', `${[...lines, 'user root'].join('\n')}\n`);
  let child: ChildProcess | undefined;
  const restart = async () => {
    child = spawn(MOSQUITTO, ['-c', configuration], { stdio: 'ignore' });
    await reachable(port, child);
  };
  const kill = async () => {
    const running = child;
    child = undefined;
    if (!running || running.exitCode !== null) return;
    running.kill('SIGKILL');
    await once(running, 'exit');
  };
  atEnd(async () => {
    await kill();
    rmSync(dir, { recursive: true, force: true });
  });
  await restart();
  const url = `${tls ? 'mqtts' : 'mqtt'}://127.0.0.1:${port}`;
  const options: IClientOptions = {
    reconnectPeriod: 0,
    rejectUnauthorized: false,
    ...(user ? { username: user.name, password: user.password } : {}),
  };
  return {
    url,
    restart,
    kill,
    publish: async (topic, payload, retain = false) => {
      const client = await connectAsync(url, options);
      await client.publishAsync(topic, payload, { qos: 1, retain });
      await client.endAsync();
    },
  };
}

/** Resolves when somebody listens there; rejects when the program has ended. */
async function reachable(port: number, child: ChildProcess): Promise<void> {
  while (child.exitCode === null) {
    const socket = connect(port, '127.0.0.1');
    const isOpen = await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true));
      socket.once('error', () => resolve(false));
    });
    socket.destroy();
    if (isOpen) return;
  }
  throw new Error(`mosquitto ended with ${child.exitCode}`);
}
