// The command lines of the verbs that an electrician uses at a meter: their options and helps; each verb is loaded only when it is called.

import { type Command, InvalidArgumentError, Option } from 'commander';
import type { ExitCode, Io } from './io.ts';
import type { MeterVerbOptions } from './meter-verb.ts';
import type { ScanVerbOptions } from './scan-verb.ts';

type CarryOut = (verb: () => Promise<ExitCode>) => Promise<void>;

function wholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError(`expected a whole number, got "${text}"`);
  return Number(text);
}

function aboveZero(text: string): number {
  const value = Number(text);
  if (!Number.isFinite(value) || value <= 0) throw new InvalidArgumentError(`expected a number above 0, got "${text}"`);
  return value;
}

const METER_HELP = `
An ADDRESS is host:port of a Modbus TCP meter or gateway (192.0.2.10, 192.0.2.10:502, [2001:db8::10]:502), rtu-over-tcp://host:port for a
gateway that passes serial frames through, udp://host:port, or a serial device (/dev/ttyUSB0, /dev/ttyUSB0:9600:8N1). With --site the one
word is a meter's id in that file, and everything is read from there.

Examples:
  busbar meter eastron-sdm630 192.0.2.10 --unit 1 --watch --rating 63
  busbar meter eastron-sdm630 /dev/ttyUSB0:9600:8N1 --raw
  busbar meter main --site site.json --watch
  busbar meter --scan 192.0.2.10 --units 1-247
  busbar meter --scan /dev/ttyUSB0 --bauds 9600,19200 --parities none,even

Exit codes: 0 read and believed (--watch: until interrupted; --scan: a unit answers), 1 not read, or a reading that the controller would
refuse, 2 wrong usage.`;

type MeterFlags = Omit<MeterVerbOptions, 'words'> & Omit<ScanVerbOptions, 'scan'> & { readonly scan?: string };

/** Options that only a scan has; without one they are a slip. */
const SCAN_ONLY = ['units', 'bauds', 'parities', 'timeout'] as const;

async function runMeter(words: readonly string[], flags: MeterFlags, io: Io): Promise<ExitCode> {
  const { scan, ...options } = flags;
  const slip =
    scan === undefined ? SCAN_ONLY.find((name) => options[name] !== undefined) : words.length > 0 ? 'scan' : undefined;
  if (slip !== undefined) {
    io.err(
      slip === 'scan'
        ? `busbar meter --scan: got ${words.join(' ')} besides, expected nothing: all profiles are tried`
        : `busbar meter: --${slip}: expected only with --scan`,
    );
    return 2;
  }
  if (scan !== undefined) return (await import('./scan-verb.ts')).runScanVerb({ ...options, scan }, io);
  return (await import('./meter-verb.ts')).runMeterVerb({ words, ...options }, io);
}

/** Adds `meter` to the program. */
export function addMeterCommands(program: Command, carryOut: CarryOut, io: Io): void {
  program
    .command('meter')
    .description('read a real meter with one of the profiles: once, or live as a picture with bars')
    .argument(
      '[words...]',
      'PROFILE ADDRESS, or with --site the id of a meter; profiles are the files in profiles/meters',
    )
    .option('--site <file>', 'a site file: the meter is named by its id there, and read with all its settings')
    .option('--unit <id>', 'Modbus unit id', wholeNumber)
    .option(
      '--factor <number>',
      'multiplies currents and powers: transformer ratio, or −1 when they sit the wrong way round',
      Number,
    )
    .option('--baud <rate>', 'of a serial device', wholeNumber)
    .addOption(new Option('--parity <parity>', 'of a serial device').choices(['none', 'even', 'odd']))
    .option('--stop-bits <count>', 'of a serial device: 1 or 2', wholeNumber)
    .option('--watch', 'read again each second until interrupted: bars, least and most, age', false)
    .option('--rating <amps>', 'what a full bar stands for', aboveZero)
    .option('--raw', 'show the registers too: address, words, and the point that lies there', false)
    .option('--json', 'JSON, one object a reading', false)
    .option(
      '--scan <bus>',
      'look which units answer at an ADDRESS, or on a bus of the site file, and which profiles fit',
    )
    .option('--units <ids>', 'for --scan: such as 1-247 or 1,5,10-20 (default: 1-32)')
    .option('--bauds <rates>', 'for --scan of a serial device: such as 9600,19200,38400')
    .option('--parities <parities>', 'for --scan of a serial device: such as none,even')
    .option(
      '--timeout <ms>',
      'for --scan: how long each try waits (default: 500); slow gateways need 1000',
      wholeNumber,
    )
    .addHelpText('after', METER_HELP)
    .action((words: string[], flags: MeterFlags) => carryOut(() => runMeter(words, flags, io)));
}
