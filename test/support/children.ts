// Starts the programs that tests talk to (the fault proxy, an independent Modbus server) and ends exactly those.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export type Child = { readonly firstLine: string; readonly stop: () => Promise<void> };

/** Resolves with the first line of standard output; rejects when the program ends before it has written one. */
export async function startChild(command: string, args: readonly string[]): Promise<Child> {
  const child: ChildProcess = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let complaints = '';
  child.stderr!.on('data', (text) => {
    complaints = (complaints + text).slice(-2_000);
  });
  const ended = once(child, 'exit').then(() => {
    throw new Error(`${command} ${args.join(' ')} ended: ${complaints}`);
  });
  ended.catch(() => {});
  const lines = createInterface({ input: child.stdout! });
  const [firstLine] = (await Promise.race([once(lines, 'line'), ended])) as [string];
  return {
    firstLine,
    stop: async () => {
      child.kill('SIGKILL');
      await ended.catch(() => {});
    },
  };
}

export type FaultProxy = {
  readonly port: number;
  /** Sets a mode of the fault proxy, such as `{mode: 'delayOnce', ms: 450}`; resolves when it holds. */
  readonly set: (fault: { readonly mode: string; readonly [option: string]: unknown }) => Promise<void>;
  readonly stop: () => Promise<void>;
};

export async function startFaultProxy(targetPort: number, framing: 'mbap' | 'rtu' = 'mbap'): Promise<FaultProxy> {
  const script = join(import.meta.dirname, 'fault-proxy.mjs');
  const child = await startChild(process.execPath, [script, '0', `127.0.0.1:${targetPort}`, '--framing', framing]);
  const { proxy, ctl } = JSON.parse(child.firstLine);
  const set: FaultProxy['set'] = async (fault) => {
    const socket = connect(ctl, '127.0.0.1');
    socket.end(`${JSON.stringify(fault)}\n`);
    let answer = '';
    for await (const chunk of socket) answer += chunk;
    if (answer !== 'ok\n') throw new Error(`fault proxy: ${answer}`);
  };
  return { port: proxy, set, stop: child.stop };
}

/** A port that was free a moment ago, for programs that cannot choose their own. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}
