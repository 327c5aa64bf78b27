// The command lines of the verbs that an electrician uses at a meter: their options and helps; each verb is loaded only when it is called.

import { type Command, InvalidArgumentError, Option } from 'commander';
import type { CommissionVerbOptions } from './commission-verb.ts';
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

const COMMISSION_HELP = `
It shows what the meter says, asks for a load that you can switch on each phase ("3 kW on L2", or a charger of the site: "CP01/1 11 kW"),
sees it come and go, and compares the display. It finds swapped phases, transformers that sit the wrong way round or on another phase than
their voltage, and a wrong ratio. Nothing is written but the record <site>.commissioning.json, unless you say --apply and yes.
docs/commissioning.md is the page for the switch room.

Examples:
  busbar commission main --site site.json
  busbar commission main --site site.json --apply --who 'A. Volta'
  echo '{"who": "A. Volta", "loads": ["3 kW on L1", "3 kW on L2", "3 kW on L3"]}' > answers.json
  busbar commission main --site site.json --answers answers.json --json

Exit codes: 0 in order as far as it was tested, or put in order, 1 something is to be mended, changed or tested again, or the meter was not
read, 2 wrong usage.`;

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

/** Adds `meter` and `commission` to the program. */
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
  program
    .command('commission')
    .description(
      'commission a meter of a site with somebody at the switches: known loads show phases, direction and ratio; says what to change and keeps a record',
    )
    .argument('<meter>', 'id of the meter in the site file')
    .requiredOption('--site <file>', 'site file')
    .option('--who <name>', 'who commissions, for the record')
    .option('--answers <file>', 'answers in JSON instead of a person at the terminal: who, loads, display, apply')
    .option('--apply', 'after a yes, write the change into the site file and keep the old one', false)
    .option('--json', 'the record as JSON; words go to standard error', false)
    .addHelpText('after', COMMISSION_HELP)
    .action((meter: string, flags: Omit<CommissionVerbOptions, 'meter'>) =>
      carryOut(async () => {
        const interrupt = () => void process.kill(process.pid, 'SIGINT');
        const person = { input: process.stdin, output: process.stderr, interrupt };
        return (await import('./commission-verb.ts')).runCommissionVerb({ meter, ...flags }, io, person);
      }),
    );
}
