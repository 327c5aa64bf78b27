// Runs one controller on one site until it is told to stop: what the watched process does.

import { describeFault } from '../config/fault.ts';
import { loadSite } from '../config/load-site.ts';
import type { Site } from '../core/model/site.ts';
import type { ExitCode, Io } from './io.ts';
import { prepareSite } from './prepare-site.ts';
import type { RunOrder } from './process-protocol.ts';
import { startController } from './run.ts';

export type ControllerEvents = {
  /** The site file's text, once it was found sound. */
  readonly onAccepted: (text: string) => void;
  /** After each cycle that counts as progress, from when stations and people can reach the controller. */
  readonly onProgress: () => void;
};

/** Runs until `io.signal` aborts. 1 when the site file has faults; throws when a room cannot begin. */
export async function runController(order: RunOrder, io: Io, events: ControllerEvents): Promise<ExitCode> {
  const { file, data, logLevel } = order;
  const prepared = prepareSite(file, order.text);
  if (!prepared.ok) {
    for (const fault of prepared.faults) io.err(fault);
    io.err(nothingStarted(prepared.faults.length, file));
    return 1;
  }
  const { site, text, meters, upstreamPassword } = prepared;
  events.onAccepted(text);
  let isReady = false;
  const running = await startController({
    site,
    dataDir: data,
    logLevel,
    meters,
    ...(upstreamPassword === undefined ? {} : { upstreamPassword }),
    onProgress: () => {
      if (isReady) events.onProgress();
    },
  });
  isReady = true;
  const scheme = site.listen.stations.tls === undefined ? 'ws' : 'wss';
  io.out(
    `${site.name}: stations on ${scheme}://${site.listen.stations.host}:${running.stationsPort}/ocpp/<station id>, console on ${running.consoleAddress}`,
  );
  const { modbusServer } = site;
  if (modbusServer) io.out(`Modbus TCP on ${modbusServer.host}:${running.modbusPort}, unit ${modbusServer.unitId}`);
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
  io.err(nothingStarted(loaded.faults.length, file));
  return undefined;
}

function nothingStarted(faults: number, file: string): string {
  return `${faults} ${faults === 1 ? 'fault' : 'faults'} in ${file}; nothing was started.`;
}

export function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
