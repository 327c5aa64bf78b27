// `busbar meter`: reads a real meter with a profile for the person who commissions it; it only reads, and shows also what it doubts.

import { loadMeterProfile } from '../config/meter-profile.ts';
import type { MeterProfile } from '../core/model/meter-profile.ts';
import type { ModbusEndpoint } from '../core/model/site.ts';
import { AppError } from '../engine/app-error.ts';
import type { Clock } from '../engine/ports.ts';
import { type MeterShot, readOnce } from '../modbus/read-once.ts';
import { ModbusLink } from '../modbus/register-reader.ts';
import { anchorClock, systemClock, systemRandom } from '../system/clock.ts';
import type { ExitCode, Io } from './io.ts';
import { adviseOn } from './meter-advice.ts';
import { shotAsJson, shotAsText } from './meter-text.ts';
import { describeProfileFault, meterProfilesDir } from './meters.ts';
import { profileNotes } from './profile-notes.ts';

export type MeterVerbOptions = {
  readonly profile: string;
  /** `host`, `host:port` or `[v6]:port`; the port is 502 unless said. */
  readonly address: string;
  /** The profile's own, or 1, unless said. */
  readonly unit?: number;
  readonly factor?: number;
  readonly watch: boolean;
  readonly raw: boolean;
  readonly json: boolean;
};

const MODBUS_PORT = 502;
const WATCH_EVERY_MS = 1_000;
/** No site is known here; the bands of plausibility are wide enough for 220 to 240 V. */
const NOMINAL_VOLTS = 230;
const CLEAR_SCREEN = '\u001b[2J\u001b[H';

/**
 * Reads once, or each second until `io.signal` aborts. 0: read and believed (watching: interrupted by the person); 1: no reading, or one
 * that the controller would refuse; 2: wrong usage, or no such profile.
 */
export async function runMeterVerb(options: MeterVerbOptions, io: Io): Promise<ExitCode> {
  const endpoint = parseEndpoint(options.address);
  const misuse = endpoint === undefined ? addressFault(options.address) : numberFault(options);
  if (endpoint === undefined || misuse !== undefined) {
    io.err(`busbar meter: ${misuse}`);
    return 2;
  }
  const loaded = loadMeterProfile(options.profile, meterProfilesDir());
  if (loaded.kind === 'faults') {
    for (const fault of loaded.faults) io.err(`busbar meter: ${describeProfileFault(fault)}`);
    return 2;
  }
  const { profile } = loaded;
  const unitId = options.unit ?? profile.defaultUnitId ?? 1;
  const clock = systemClock(anchorClock());
  const link = new ModbusLink({ clock, random: systemRandom }, endpoint);
  const closeLink = () => void link.close();
  io.signal.addEventListener('abort', closeLink, { once: true });
  if (io.signal.aborted) closeLink();
  const title = `${profile.id} at ${options.address}, unit ${unitId}`;
  const read = () => readAndTell({ link, profile, unitId, clock, title }, options, io);
  try {
    if (options.watch) return await watch(read, clock, io.signal);
    const outcome = await read();
    if (outcome !== 'unread' && !options.json) for (const note of profileNotes(profile)) io.err(`note: ${note}`);
    return outcome === 'believed' ? 0 : 1;
  } finally {
    io.signal.removeEventListener('abort', closeLink);
    await link.close();
  }
}

async function watch(read: () => Promise<Outcome>, clock: Clock, signal: AbortSignal): Promise<ExitCode> {
  let next = clock.now();
  while (!signal.aborted) {
    await read();
    next = Math.max(next + WATCH_EVERY_MS, clock.now());
    await clock.sleep('meter.watch', next - clock.now(), signal);
  }
  return 0;
}

type Target = {
  readonly link: ModbusLink;
  readonly profile: MeterProfile;
  readonly unitId: number;
  readonly clock: Clock;
  readonly title: string;
};

/** Whether the controller would believe what came. */
type Outcome = 'believed' | 'doubted' | 'unread';

/** Trouble with the meter is told, not thrown. */
async function readAndTell(target: Target, options: MeterVerbOptions, io: Io): Promise<Outcome> {
  const { link, profile, unitId, clock, title } = target;
  let shot: MeterShot;
  try {
    // Nothing is known of the place: export is shown, not doubted.
    const unknown = { plausibleAmps: Number.POSITIVE_INFINITY, mayExport: true } as const;
    const place = { factor: options.factor ?? 1, ...unknown, nominalVolts: NOMINAL_VOLTS };
    shot = await readOnce({ clock }, link.unit(unitId, profile.gapMs), profile, place);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    // The person pressed Ctrl-C: that is no trouble of the meter's.
    if (io.signal.aborted) return 'unread';
    if (options.json) io.out(JSON.stringify({ profile: profile.id, unitId, error: error.code, detail: error.message }));
    io.err(`${title}: ${adviseOn(error, unitId, profile.id)}`);
    return 'unread';
  }
  const outcome = shot.doubt === undefined ? 'believed' : 'doubted';
  const ageMs = clock.now() - shot.measuredAt;
  if (options.json) {
    io.out(JSON.stringify({ profile: profile.id, unitId, ageMs, ...shotAsJson(shot, options.raw) }));
    return outcome;
  }
  const isRedrawn = options.watch && io.isTerminal;
  io.out(`${isRedrawn ? CLEAR_SCREEN : ''}${title}\n${shotAsText(shot, ageMs, options.raw)}`);
  if (shot.doubt !== undefined) io.err(`The controller would not believe this reading: ${shot.doubt}.`);
  return outcome;
}

function parseEndpoint(address: string): ModbusEndpoint | undefined {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:\s/[\]]+))(?::(\d{1,5}))?$/.exec(address);
  const host = match?.[1] ?? match?.[2];
  const port = match?.[3] === undefined ? MODBUS_PORT : Number(match[3]);
  return host !== undefined && port >= 1 && port <= 65_535 ? { transport: 'tcp', host, port } : undefined;
}

const addressFault = (address: string) =>
  `address: ${JSON.stringify(address)}, expected host:port such as 192.0.2.10:502 or [2001:db8::10]:502`;

function numberFault({ unit, factor }: MeterVerbOptions): string | undefined {
  if (unit !== undefined && !(Number.isInteger(unit) && unit >= 0 && unit <= 255))
    return `--unit: ${unit}, expected a whole number from 0 to 255`;
  if (factor !== undefined && !(Number.isFinite(factor) && factor !== 0))
    return `--factor: ${factor}, expected a number other than 0, such as 40 or -1`;
  return undefined;
}
