// `busbar meter --scan`: which units of a line answer and which profiles fit them, ranked with the reasons; it only reads.

import { describeFault } from '../config/fault.ts';
import { loadSite } from '../config/load-site.ts';
import { knownMeterProfiles, loadMeterProfile } from '../config/meter-profile.ts';
import type { MeterProfile } from '../core/model/meter-profile.ts';
import { describeEndpoint } from '../core/model/modbus-endpoint.ts';
import type { ModbusEndpoint } from '../core/model/site-meters.ts';
import { AppError } from '../engine/app-error.ts';
import { ModbusLink } from '../modbus/register-reader.ts';
import { candidatesFor, fitProfiles, PROBES, probeUnit, type UnitFinding } from '../modbus/scan.ts';
import { anchorClock, systemClock, systemRandom } from '../system/clock.ts';
import type { ExitCode, Io } from './io.ts';
import { adviseOn } from './meter-advice.ts';
import { describeProfileFault, meterProfilesDir } from './meters.ts';
import { isBaud, isParity, type LineSettings, parseModbusAddress } from './modbus-address.ts';
import { describeFinding, type LineFindings, scanAsJson } from './scan-text.ts';
import { parseUnits } from './unit-range.ts';

export type ScanVerbOptions = LineSettings & {
  /** An address, or with `site` the id of a bus or of a meter whose address it is. */
  readonly scan: string;
  readonly site?: string;
  readonly units?: string;
  readonly bauds?: string;
  readonly parities?: string;
  readonly timeout?: number;
  readonly json: boolean;
};

/** Most meters are set to a low id; the whole range is asked only on request. */
const USUAL_UNITS = '1-32';
/** Longer than any meter's turn-round, and than the patience of most gateways with a silent unit. */
export const SCAN_DEADLINE_MS = 500;
const DEADLINE_RANGE = { from: 50, to: 5_000 };
const CONNECT_TIMEOUT_MS = 2_000;
/** A line is told of this often while nobody answers. */
const PROGRESS_EVERY_MS = 5_000;

/** 0: a unit answers; 1: none does, no connection, or the site file has faults; 2: wrong usage. Ctrl-C keeps what was found. */
export async function runScanVerb(options: ScanVerbOptions, io: Io): Promise<ExitCode> {
  const plan = planScan(options);
  if (!plan.ok) {
    for (const line of plan.lines) io.err(`busbar meter --scan: ${line}`);
    return plan.code;
  }
  const lines: LineFindings[] = [];
  for (const endpoint of plan.endpoints) {
    if (io.signal.aborted) break;
    lines.push(await scanLine(endpoint, plan, options, io));
  }
  if (options.json) io.out(JSON.stringify(scanAsJson(lines)));
  const count = lines.reduce((sum, line) => sum + line.found.filter(({ kind }) => kind === 'answers').length, 0);
  const asked = lines.reduce((sum, line) => sum + line.asked, 0);
  io.err(
    `${count} of ${asked} units ${count === 1 ? 'answers' : 'answer'}${io.signal.aborted ? ' (interrupted)' : ''}.`,
  );
  if (options.units === undefined)
    io.err(
      `Units beyond ${USUAL_UNITS} were not asked: --units 1-247 asks all (about ${minutes(247 * PROBES.length * plan.deadlineMs)}).`,
    );
  return count > 0 ? 0 : 1;
}

type ScanPlan = {
  readonly ok: true;
  readonly endpoints: readonly ModbusEndpoint[];
  readonly units: readonly number[];
  readonly deadlineMs: number;
  readonly profiles: readonly MeterProfile[];
  /** Of the site file, by place and unit. */
  readonly known: readonly { readonly place: string; readonly unitId: number; readonly meter: string }[];
};
type Refusal = { readonly ok: false; readonly code: ExitCode; readonly lines: readonly string[] };
const refuse = (code: ExitCode, ...lines: string[]): Refusal => ({ ok: false, code, lines });

function planScan(options: ScanVerbOptions): ScanPlan | Refusal {
  const units = parseUnits(options.units ?? USUAL_UNITS);
  if ('expected' in units) return refuse(2, `--units: "${options.units}", expected ${units.expected}`);
  const deadlineMs = options.timeout ?? SCAN_DEADLINE_MS;
  if (deadlineMs < DEADLINE_RANGE.from || deadlineMs > DEADLINE_RANGE.to)
    return refuse(2, `--timeout: ${deadlineMs}, expected ${DEADLINE_RANGE.from} to ${DEADLINE_RANGE.to} ms`);
  const place = options.site === undefined ? undefined : placeInSite(options.site, options.scan);
  if (place && !place.ok) return place;
  const parsed = place ? { ok: true as const, endpoint: place.endpoint } : parseModbusAddress(options.scan, options);
  if (!parsed.ok) return refuse(2, parsed.fault);
  const endpoints = linesOf(parsed.endpoint, options);
  if (typeof endpoints === 'string') return refuse(2, endpoints);
  const loaded = knownMeterProfiles(meterProfilesDir()).map((id) => loadMeterProfile(id, meterProfilesDir()));
  const faults = loaded.flatMap((result) => (result.kind === 'faults' ? result.faults : []));
  if (faults.length > 0) return refuse(1, ...faults.map(describeProfileFault));
  const profiles = loaded.flatMap((result) => (result.kind === 'profile' ? [result.profile] : []));
  return { ok: true, endpoints, units: units.units, deadlineMs, profiles, known: place?.known ?? [] };
}

function placeInSite(file: string, id: string) {
  const loaded = loadSite(file);
  if (!loaded.ok) return refuse(1, ...loaded.faults.map(describeFault));
  const { buses, meters } = loaded.site;
  const read = meters.flatMap((meter) => (meter.from === 'modbus' ? [meter] : []));
  const endpoint =
    buses.find((bus) => bus.id === id)?.endpoint ?? read.find((meter) => meter.id === id)?.connection.endpoint;
  const ids = [...buses, ...read].map((one) => one.id).join(', ') || 'it has none';
  if (!endpoint) return refuse(2, `--scan: "${id}", expected a bus or a Modbus meter of ${file}: ${ids}`);
  const known = read.map(({ connection, id: meter }) => ({
    place: describeEndpoint(connection.endpoint),
    unitId: connection.unitId,
    meter,
  }));
  return { ok: true as const, endpoint, known };
}

/** One endpoint, or a serial device at each baud rate with each parity. */
function linesOf(endpoint: ModbusEndpoint, { bauds, parities }: ScanVerbOptions): readonly ModbusEndpoint[] | string {
  if (bauds === undefined && parities === undefined) return [endpoint];
  if (endpoint.transport !== 'rtu')
    return '--bauds and --parities: expected only with a serial device such as /dev/ttyUSB0';
  const rates = bauds === undefined ? [endpoint.baud] : bauds.split(',').map(Number);
  const wrong = rates.find((rate) => !isBaud(rate));
  if (wrong !== undefined) return `--bauds: "${bauds}", expected rates such as 9600,19200`;
  const ways = parities === undefined ? [endpoint.parity] : parities.split(',');
  if (!ways.every(isParity)) return `--parities: "${parities}", expected some of none,even,odd`;
  return rates.flatMap((baud) => ways.map((parity) => ({ ...endpoint, baud, parity })));
}

async function scanLine(
  endpoint: ModbusEndpoint,
  plan: ScanPlan,
  options: ScanVerbOptions,
  io: Io,
): Promise<LineFindings> {
  const clock = systemClock(anchorClock());
  const place = describeEndpoint(endpoint);
  // No back-off: a silent unit is no reason to leave the next one waiting.
  const timing = {
    deadlineMs: plan.deadlineMs,
    connectTimeoutMs: CONNECT_TIMEOUT_MS,
    backOffFirstMs: 0,
    backOffMostMs: 0,
    unitRestMostMs: 0,
  };
  const link = new ModbusLink({ clock, random: systemRandom }, endpoint, timing);
  const close = () => void link.close();
  io.signal.addEventListener('abort', close, { once: true });
  if (io.signal.aborted) close();
  const profiles = candidatesFor(endpoint, plan.profiles);
  const silentMs = plan.units.length * PROBES.length * plan.deadlineMs;
  io.err(
    `${place}: ${plan.units.length} ${plan.units.length === 1 ? 'unit' : 'units'}, at most ${minutes(silentMs)} where nobody answers; ${profiles.length} profiles to compare.`,
  );
  const found: UnitFinding[] = [];
  let asked = 0;
  let toldAt = clock.now();
  try {
    for (const unitId of plan.units) {
      if (io.signal.aborted) break;
      const kind = await probeUnit(link, unitId);
      asked++;
      if (kind === 'answers' && !options.json)
        io.err(`  unit ${unitId} answers; reading it with ${profiles.length} profiles …`);
      if (kind !== 'silent') {
        const fits = kind === 'answers' ? await fitProfiles(link, unitId, profiles, io.signal) : [];
        found.push({ unitId, kind, fits });
        const meter = plan.known.find((one) => one.place === place && one.unitId === unitId)?.meter;
        if (!options.json)
          io.out(
            describeFinding({ unitId, kind, fits }, { place, address: addressOf(endpoint), ...(meter && { meter }) }),
          );
      }
      if (clock.now() - toldAt >= PROGRESS_EVERY_MS) {
        io.err(`  ${asked} of ${plan.units.length} units asked`);
        toldAt = clock.now();
      }
    }
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    // What was found before the line went away stands; Ctrl-C is no trouble of the line's.
    const asking = { endpoint, unitId: plan.units[asked] ?? 0, profile: { id: 'any' } };
    if (!io.signal.aborted) io.err(`${place}: ${adviseOn(error, asking)}`);
  } finally {
    io.signal.removeEventListener('abort', close);
    await link.close();
  }
  return { place, asked, found };
}

/** As `parseModbusAddress` takes it back. */
function addressOf(endpoint: ModbusEndpoint): string {
  const text = describeEndpoint(endpoint);
  if (endpoint.transport === 'rtu') return text.replaceAll(' ', ':');
  return endpoint.transport === 'tcp' ? text : text.replace(' ', '://');
}

const minutes = (ms: number) => (ms < 90_000 ? `${Math.ceil(ms / 1_000)} s` : `${Math.ceil(ms / 60_000)} min`);
