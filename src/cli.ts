#!/usr/bin/env node
// The verbs of busbar: reads the command line and hands over; each verb is loaded only when it is called.

import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { describeError } from './wiring/describe-error.ts';
import type { ExitCode, Io } from './wiring/io.ts';
import { addMeterCommands } from './wiring/meter-commands.ts';
import type { SimulateVerbOptions } from './wiring/simulate-verb.ts';

/** The oldest Node that Busbar runs on; the SQLite driver crashes the process on older ones. */
const OLDEST_NODE = 22;

const stopping = new AbortController();
const io: Io = {
  out: (line) => process.stdout.write(`${line}\n`),
  err: (line) => process.stderr.write(`${line}\n`),
  isTerminal: process.stdout.isTTY === true,
  signal: stopping.signal,
};

function wholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError(`expected a whole number, got "${text}"`);
  return Number(text);
}

function aboveZero(text: string): number {
  const value = Number(text);
  if (!Number.isFinite(value) || value <= 0) throw new InvalidArgumentError(`expected a number above 0, got "${text}"`);
  return value;
}

function logLevel(text: string): 'debug' | 'info' | 'warn' | 'error' {
  if (text === 'debug' || text === 'info' || text === 'warn' || text === 'error') return text;
  throw new InvalidArgumentError(`expected debug, info, warn or error, got "${text}"`);
}

let exitCode: ExitCode = 0;
/** Runs a verb; whatever it throws is told in one line and ends with exit code 1. */
async function carryOut(verb: () => Promise<ExitCode>): Promise<void> {
  try {
    exitCode = await verb();
  } catch (error) {
    io.err(describeError(error));
    exitCode = 1;
  }
}

const program = new Command('busbar')
  .description(
    'Load management for EV charging sites: keeps every fuse and every phase, with the chargers you already have.\n\n' +
      'Exit codes: 0 done, 1 a fault in the input or the world, 2 wrong usage. Each verb has --help.',
  )
  .version('0.1.0')
  .configureHelp({ sortSubcommands: false, helpWidth: 110 })
  .showHelpAfterError('(busbar VERB --help tells more)')
  .exitOverride();

program
  .command('run')
  .description(
    'control a site until stopped (SIGINT or SIGTERM); chargers then keep their leases, which run out onto the floor. ' +
      'SIGHUP has the site file read again: a sound one is taken over, one with faults changes nothing',
  )
  .argument('<site>', 'site file, such as site-config/office.json')
  .option('--data <dir>', 'where state and journal are kept', process.env.BUSBAR_DATA ?? 'data')
  .option('--log-level <level>', 'debug, info, warn or error; JSON lines on standard error', logLevel, 'info')
  .addHelpText(
    'after',
    '\nExample:\n  busbar check site-config/office.json && busbar run site-config/office.json --data /var/lib/busbar',
  )
  .action((site: string, options: { data: string; logLevel: 'debug' | 'info' | 'warn' | 'error' }) =>
    carryOut(async () => (await import('./wiring/run-verb.ts')).runRunVerb({ file: site, ...options }, io)),
  );

program
  .command('check')
  .description(
    'check a site file: every fault with its place, or the circuits as a tree and the floor proof per circuit and phase',
  )
  .argument('<site>', 'site file')
  .option('--json', 'the answer as JSON', false)
  .addHelpText('after', '\nExample:\n  busbar check site-config/garage.json')
  .action((file: string, options: { json: boolean }) =>
    carryOut(async () => (await import('./wiring/check-verb.ts')).runCheckVerb({ file, ...options }, io)),
  );

program
  .command('demo')
  .description(
    'the controller against a simulated site, all on loopback: meter, chargers, cars and the operator’s back end',
  )
  .option('--site <file>', 'another site file to simulate')
  .option('--day-minutes <minutes>', 'how many minutes a simulated day takes', aboveZero, 24)
  .option('--seed <number>', 'the same seed gives the same day', wholeNumber, 1)
  .option('--log-level <level>', 'debug, info, warn or error', logLevel, 'warn')
  .action(
    (options: { site?: string; dayMinutes: number; seed: number; logLevel: 'debug' | 'info' | 'warn' | 'error' }) =>
      carryOut(async () => (await import('./wiring/demo-verb.ts')).runDemoVerb(options, io)),
  );

program
  .command('allocate')
  .description('one decision: a situation in JSON on standard input, who gets how much and why on standard output')
  .option('--site <file>', 'site file')
  .option('--json', 'the decision as JSON instead of tables', false)
  .option('--schema', 'print the JSON Schema of situations instead, and read nothing', false)
  .addHelpText(
    'after',
    `
The situation names what is known; what it leaves out is ordinary (chargers connected and on their floor, no car), but a meter that is left
out is lost:
  {
    "meters": { "main": { "currentAmps": [31, 28, 40] } },
    "evses":  { "CP01/1": { "car": true, "offeredAmps": 16, "drawnAmps": [15.8, 15.7, 15.9] }, "CP02/1": { "car": true } },
    "limits": [ { "circuit": "main", "limitAmps": 80, "author": "utility", "note": "peak hour", "endsInMinutes": 45 } ]
  }
docs/allocate.md describes every field. Exit codes: 0 decided, 1 a fault in the site file or the situation, each with its place, 2 wrong usage.

Example:
  echo '{"evses": {"CP01/1": {"car": true}}}' | busbar allocate --site site-config/demo.json`,
  )
  .action((options: { site?: string; json: boolean; schema: boolean }) =>
    carryOut(async () => (await import('./wiring/allocate-verb.ts')).runAllocateVerb(options, process.stdin, io)),
  );

addMeterCommands(program, carryOut, io);

program
  .command('simulate')
  .description(
    'hours of a site in seconds on a virtual clock: the controller as it is, among simulated stations, cars, meters, links and a disk that fail; every current is checked against the laws',
  )
  .requiredOption('--site <file>', 'site file; addresses in it are those of the simulated network')
  .option('--hours <hours>', 'how long', aboveZero, 24)
  .option('--seed <number>', 'the same seed gives the same run, byte for byte', wholeNumber, 1)
  .addOption(new Option('--faults <level>', 'what breaks').choices(['none', 'field', 'harsh']).default('field'))
  .option(
    '--base-load <kind>',
    'walk, office, flat, or FILE:COLUMN with a table of measured values (CSV, also gzipped)',
  )
  .option('--replay <script>', 'play a script that was kept of a failure; it decides on hours, seed and faults')
  .option('--keep <file>', 'where the script of a failure is kept')
  .option(
    '--shrink-runs <count>',
    'runs that may be spent on shortening a failure; 0 keeps it as it is',
    wholeNumber,
    60,
  )
  .option('--trace <file>', 'write every event, command and violation as a line')
  .option('--json', 'the report as JSON', false)
  .addHelpText(
    'after',
    '\nExample:\n  busbar simulate --site site-config/office.json --hours 24 --seed 7 --faults harsh',
  )
  .action((options: SimulateVerbOptions) =>
    carryOut(async () => (await import('./wiring/simulate-verb.ts')).runSimulateVerb(options, io)),
  );

program
  .command('key')
  .description('make a new key for a station: what to enter at the charger, and what to put into the site file')
  .argument('<station>', 'identity of the station')
  .option('--json', 'as JSON', false)
  .action((station: string, options: { json: boolean }) =>
    carryOut(async () => (await import('./wiring/key-verb.ts')).runKeyVerb({ station, ...options }, io)),
  );

async function main(): Promise<void> {
  if (Number(process.versions.node.split('.')[0]) < OLDEST_NODE) {
    io.err(
      `busbar needs Node ${OLDEST_NODE} or later, this is ${process.version}. In a clone, "npm start" and "npx busbar" bring their own.`,
    );
    process.exitCode = 1;
    return;
  }
  // A reader that has seen enough, such as `head`, closes the pipe: that is no fault of ours, and there is nobody left to tell.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(0);
  });
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      // A second signal is a person who does not want to wait.
      if (stopping.signal.aborted) process.exit(130);
      stopping.abort();
    });
  }
  try {
    await program.parseAsync();
    process.exitCode = exitCode;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    process.exitCode = error.exitCode === 0 ? 0 : 2;
  }
}

await main();
