// Which meter a person means, by profile and address or by its id in a site file, with all that is set for it; it opens no connection.

import { describeFault } from '../config/fault.ts';
import { loadSite } from '../config/load-site.ts';
import { loadMeterProfile } from '../config/meter-profile.ts';
import type { MeterProfile } from '../core/model/meter-profile.ts';
import { describeEndpoint } from '../core/model/modbus-endpoint.ts';
import type { Site } from '../core/model/site.ts';
import type { ModbusEndpoint, ModbusMeter } from '../core/model/site-meters.ts';
import { PHASES } from '../core/model/units.ts';
import type { ShotPlace } from '../modbus/read-once.ts';
import type { ExitCode } from './io.ts';
import { describeProfileFault, meterProfilesDir } from './meters.ts';
import { type LineSettings, parseModbusAddress } from './modbus-address.ts';

export type TargetOptions = LineSettings & {
  /** A site file; the meter is then named by its id there. */
  readonly site?: string;
  readonly unit?: number;
  readonly factor?: number;
};

export type MeterTarget = {
  readonly profile: MeterProfile;
  readonly endpoint: ModbusEndpoint;
  readonly unitId: number;
  readonly place: ShotPlace;
  /** Of the serial line behind a gateway, where the site file says it: what the line needs is waited for beside the deadline. */
  readonly wireBaud?: number;
  readonly title: string;
  /** The greatest rating of the circuit that it measures, where a site file says so. */
  readonly ratingAmps?: number;
};

export type Refused = { readonly ok: false; readonly code: ExitCode; readonly lines: readonly string[] };
export type FoundTarget = { readonly ok: true; readonly target: MeterTarget } | Refused;
export type FoundMeter = {
  readonly ok: true;
  readonly site: Site;
  readonly meter: ModbusMeter;
  readonly profile: MeterProfile;
};

/** No site is known; the bands of plausibility are wide enough for 220 to 240 V. */
const NOMINAL_VOLTS = 230;
/** Nothing is known of the place: export is shown, not doubted. */
const UNKNOWN_PLACE = { plausibleAmps: Number.POSITIVE_INFINITY, mayExport: true } as const;

/** `words`: profile and address, or with `site` the meter's id. Faults of a site file have code 1, wrong usage 2. */
export function findTarget(words: readonly string[], options: TargetOptions): FoundTarget {
  const misuse = numberFault(options);
  if (misuse !== undefined) return refuse(2, misuse);
  if (options.site !== undefined) return targetOfSite(words, options.site, options);
  const [profileId, address] = words;
  if (profileId === undefined || address === undefined || words.length > 2)
    return refuse(
      2,
      `got ${words.length === 0 ? 'nothing' : words.join(' ')}, expected PROFILE ADDRESS, or --site FILE METER_ID`,
    );
  const parsed = parseModbusAddress(address, options);
  if (!parsed.ok) return refuse(2, parsed.fault);
  const loaded = loadMeterProfile(profileId, meterProfilesDir());
  if (loaded.kind === 'faults') return refuse(2, ...loaded.faults.map(describeProfileFault));
  const { profile } = loaded;
  const unitId = options.unit ?? profile.defaultUnitId ?? 1;
  const place = { factor: options.factor ?? 1, ...UNKNOWN_PLACE, nominalVolts: NOMINAL_VOLTS };
  const title = `${profile.id} at ${describeEndpoint(parsed.endpoint)}, unit ${unitId}`;
  return { ok: true, target: { profile, endpoint: parsed.endpoint, unitId, place, title } };
}

function targetOfSite(words: readonly string[], file: string, options: TargetOptions): FoundTarget {
  const given = Object.entries({
    unit: options.unit,
    factor: options.factor,
    baud: options.baud,
    parity: options.parity,
  });
  const extra = [...given, ['stop-bits', options.stopBits] as const].find(([, value]) => value !== undefined);
  if (extra) return refuse(2, `--${extra[0]}: ${extra[1]}, expected nothing: the site file says it`);
  const [id] = words;
  if (id === undefined || words.length > 1)
    return refuse(
      2,
      `got ${words.length === 0 ? 'nothing' : words.join(' ')}, expected the id of one meter of ${file}`,
    );
  const found = findSiteMeter(file, id);
  if (!found.ok) return found;
  const { site, meter, profile } = found;
  const { endpoint, unitId } = meter.connection;
  const { wireBaud } = site.buses.find((bus) => bus.id === meter.connection.bus) ?? {};
  const ratings = site.circuits.filter((circuit) => circuit.meter === id).map((circuit) => circuit.ratingAmps);
  const title = `${meter.name}: ${profile.id} at ${describeEndpoint(endpoint)}, unit ${unitId}`;
  return {
    ok: true,
    target: {
      profile,
      endpoint,
      unitId,
      place: { ...meter, nominalVolts: site.nominalVolts },
      ...(wireBaud !== undefined && { wireBaud }),
      title,
      ...(ratings.length > 0 && {
        ratingAmps: Math.max(...ratings.flatMap((rating) => PHASES.map((phase) => rating[phase]))),
      }),
    },
  };
}

/** The meter of a site file that is read over Modbus, with its profile. */
export function findSiteMeter(file: string, id: string): FoundMeter | Refused {
  const loaded = loadSite(file);
  if (!loaded.ok) return refuse(1, ...loaded.faults.map(describeFault));
  const { site } = loaded;
  const meter = site.meters.find((one) => one.id === id);
  const read = site.meters.flatMap((one) => (one.from === 'modbus' ? [one.id] : []));
  if (meter?.from !== 'modbus')
    return refuse(
      2,
      `meter: "${id}", expected a meter of ${file} that is read over Modbus: ${read.join(', ') || 'it has none'}`,
    );
  const result = loadMeterProfile(meter.profile, meterProfilesDir());
  if (result.kind === 'faults') return refuse(1, ...result.faults.map(describeProfileFault));
  return { ok: true, site, meter, profile: result.profile };
}

function numberFault({ unit, factor }: TargetOptions): string | undefined {
  if (unit !== undefined && !(Number.isInteger(unit) && unit >= 0 && unit <= 255))
    return `--unit: ${unit}, expected a whole number from 0 to 255`;
  if (factor !== undefined && !(Number.isFinite(factor) && factor !== 0))
    return `--factor: ${factor}, expected a number other than 0, such as 40 or -1`;
  return undefined;
}

const refuse = (code: ExitCode, ...lines: string[]): Refused => ({ ok: false, code, lines });
