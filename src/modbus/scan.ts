// Looks which units of a line answer and which profiles their values fit; every wait has a deadline, and it never settles on one answer.

import type { MeterProfile } from '../core/model/meter-profile.ts';
import type { ModbusEndpoint } from '../core/model/site-meters.ts';
import { AppError } from '../engine/app-error.ts';
import { decodePoints, type RegisterBlock } from './decode.ts';
import { fitOfValues } from './profile-fit.ts';
import { locate, readBlock } from './profile-read.ts';
import type { ModbusLink, RegisterReader } from './register-reader.ts';

export type ProfileFit = {
  readonly profile: string;
  /** `ident`: the device says who it is; `values`: what it gives looks like a meter. */
  readonly proof: 'ident' | 'values';
  readonly score: number;
  readonly reasons: readonly string[];
};

export type UnitFinding = {
  readonly unitId: number;
  /** `garbled`: bytes came that were no reply, as with a wrong baud rate or parity. */
  readonly kind: 'answers' | 'garbled';
  /** Best first. */
  readonly fits: readonly ProfileFit[];
};

/** Tries per unit before it counts as silent: input registers, then holding registers. */
export const PROBES: readonly (3 | 4)[] = [4, 3];
/** Two registers, because some meters answer even counts only. */
const PROBED_REGISTERS = 2;
/** A gateway's own words for "nobody there" (Modbus application protocol 1.1b3 §7). */
const GATEWAY_EXCEPTIONS = [10, 11];

/** The profiles that a device behind this endpoint can have: behind a gateway that translates, any that is not for datagrams alone. */
export function candidatesFor(endpoint: ModbusEndpoint, profiles: readonly MeterProfile[]): readonly MeterProfile[] {
  const isSerial = endpoint.transport === 'rtu' || endpoint.transport === 'rtu-over-tcp';
  return profiles.filter(({ transports }) => {
    if (endpoint.transport === 'udp') return transports.includes('udp');
    if (isSerial) return transports.includes('rtu') || transports.includes('rtu-over-tcp');
    return transports.some((transport) => transport !== 'udp');
  });
}

/** Whether a unit is there. Throws METER_CONNECT: then the whole line is not there. */
export async function probeUnit(link: ModbusLink, unitId: number): Promise<UnitFinding['kind'] | 'silent'> {
  let isGarbled = false;
  for (const functionCode of PROBES) {
    try {
      await link.unit(unitId).read(functionCode, 0, PROBED_REGISTERS);
      return 'answers';
    } catch (error) {
      if (!(error instanceof AppError) || error.code === 'METER_CONNECT') throw error;
      if (error.code === 'METER_EXCEPTION') {
        if (GATEWAY_EXCEPTIONS.includes(Number(error.fields.exception))) return 'silent';
        return 'answers';
      }
      // Silence may be a dislike of this function code, and a closed connection one of this unit: the next probe decides.
      if (error.code === 'METER_FRAME') isGarbled = true;
    }
  }
  return isGarbled ? 'garbled' : 'silent';
}

/** Reads with each profile in turn; those that fit, best first. `signal` ends it early with what is known by then. */
export async function fitProfiles(
  link: ModbusLink,
  unitId: number,
  profiles: readonly MeterProfile[],
  signal: AbortSignal,
): Promise<readonly ProfileFit[]> {
  const fits: ProfileFit[] = [];
  for (const profile of profiles) {
    if (signal.aborted) break;
    const fit = await fitProfile(link.unit(unitId, profile.gapMs), profile);
    if (fit) fits.push(fit);
  }
  const rank = ({ proof, score }: ProfileFit) => (proof === 'ident' ? 1_000 : 0) + score;
  return fits.toSorted((a, b) => rank(b) - rank(a) || a.profile.localeCompare(b.profile));
}

async function fitProfile(reader: RegisterReader, profile: MeterProfile): Promise<ProfileFit | undefined> {
  try {
    const said = await identOf(reader, profile);
    if (said === 'another') return undefined;
    const { base } = await locate(reader, profile);
    const blocks: RegisterBlock[] = [];
    for (const range of profile.read.fast) blocks.push(await readBlock(reader, profile, base, range));
    for (const range of profile.read.slow) {
      const block = await answered(() => readBlock(reader, profile, base, range));
      if (block) blocks.push(block);
    }
    const { score, reasons, against } = fitOfValues(profile, decodePoints(profile, blocks));
    if (said.proof === 'ident')
      return { profile: profile.id, proof: 'ident', score, reasons: [...said.reasons, ...reasons] };
    if (against !== undefined || score === 0) return undefined;
    return { profile: profile.id, proof: 'values', score, reasons: [...said.reasons, ...reasons] };
  } catch (error) {
    // Whatever a device does on a read of another maker's registers, this profile is not its own.
    if (error instanceof AppError) return undefined;
    throw error;
  }
}

export type Ident = Pick<ProfileFit, 'proof' | 'reasons'> | 'another';

/** What the registers say by which a meter tells who it is: words that are known prove it, other words there are another meter's. */
export async function identOf(reader: RegisterReader, { ident = [] }: MeterProfile): Promise<Ident> {
  const reasons: string[] = [];
  let proof: ProfileFit['proof'] = 'values';
  for (const { functionCode, address, count, meaning, values, isPartial } of ident) {
    const words = await answered(() => reader.read(functionCode, address, count));
    // Firmware without these registers is still that meter: its values decide.
    if (!words) continue;
    if (values === undefined) {
      if (words.some((word) => word !== 0)) reasons.push(`${meaning}: ${words.map(hex).join(' ')}`);
      continue;
    }
    const match = values.find((known) => known.words.every((word, at) => word === words[at]));
    if (!match && isPartial) continue;
    if (!match) return 'another';
    proof = 'ident';
    reasons.push(match.model === undefined ? meaning : `${meaning}: ${match.model}`);
  }
  return { proof, reasons };
}

const hex = (word: number) => word.toString(16).padStart(4, '0');

async function answered<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    // Energy and frequency are a help, not a must: the currents have answered.
    if (error instanceof AppError) return undefined;
    throw error;
  }
}
