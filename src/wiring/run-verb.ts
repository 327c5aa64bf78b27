// `busbar run`: controls a real site until it is told to stop.

import { describeFault } from '../config/fault.ts';
import { loadSite } from '../config/load-site.ts';
import type { Site } from '../core/model/site.ts';
import type { ExitCode, Io } from './io.ts';
import { siteMeters } from './meters.ts';
import { startController } from './run.ts';
import type { LogLevel } from './worker.ts';

export type RunVerbOptions = { readonly file: string; readonly data: string; readonly logLevel: LogLevel };

/** Runs until `io.signal` aborts. 1 when the site file has faults or a room cannot begin. */
export async function runRunVerb({ file, data, logLevel }: RunVerbOptions, io: Io): Promise<ExitCode> {
  const site = loadOrTell(file, io);
  if (!site) return 1;
  const password = site.upstream?.passwordEnv === undefined ? undefined : process.env[site.upstream.passwordEnv];
  if (site.upstream?.passwordEnv !== undefined && password === undefined) {
    io.err(
      `${file}: upstream.passwordEnv: the environment variable ${site.upstream.passwordEnv} is not set; set it to the upstream's password.`,
    );
    return 1;
  }
  const running = await startController({
    site,
    dataDir: data,
    logLevel,
    meters: siteMeters(site),
    ...(password === undefined ? {} : { upstreamPassword: password }),
  });
  const scheme = site.listen.stations.tls === undefined ? 'ws' : 'wss';
  io.out(
    `${site.name}: stations on ${scheme}://${site.listen.stations.host}:${running.stationsPort}/ocpp/<station id>, console on ${running.consoleAddress}`,
  );
  io.out(`Beyond this machine the API asks for the token in ${running.tokenFile}.`);
  await untilAborted(io.signal);
  io.err('busbar: stopping; chargers keep their leases, which run out onto the floor');
  await running.stop();
  return 0;
}

/** The site, or undefined after every fault was told. */
export function loadOrTell(file: string, io: Io): Site | undefined {
  const loaded = loadSite(file);
  if (loaded.ok) return loaded.site;
  for (const fault of loaded.faults) io.err(describeFault(fault));
  io.err(`${loaded.faults.length} ${loaded.faults.length === 1 ? 'fault' : 'faults'} in ${file}; nothing was started.`);
  return undefined;
}

export function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
