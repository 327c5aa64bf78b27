// Reads a meter once, everything its profile knows, for a person who commissions it; it shows also what it does not believe.

import { judge, NOTHING_SEEN, type PlausibilityState } from '../core/metering/plausibility.ts';
import type { Sample } from '../core/metering/sample.ts';
import type { MeterProfile } from '../core/model/meter-profile.ts';
import type { MeterWiring } from '../core/model/meter-wiring.ts';
import type { ModbusMeter } from '../core/model/site-meters.ts';
import { type Instant, PHASES } from '../core/model/units.ts';
import type { Surroundings } from '../engine/ports.ts';
import { decodePoints, fingerprint, type PointValues, type RegisterBlock } from './decode.ts';
import { boundsOf } from './meter.ts';
import { locate, readBlock } from './profile-read.ts';
import type { RegisterReader } from './register-reader.ts';
import { toSample } from './sample.ts';
import { type DatedBlock, valueAges } from './value-ages.ts';

export type MeterShot = {
  /** As the meter says it, in V, A, W, Hz, kWh. */
  readonly values: PointValues;
  /** With the factor applied and the currents signed; absent when a current is missing. */
  readonly sample?: Sample;
  /** Why the controller would not believe this sample; absent when it would. */
  readonly doubt?: string;
  /** Fast blocks first; `start` is the address on the wire. */
  readonly registers: readonly RegisterBlock[];
  /** Arrival of the first block, less the lag of a device that collects values from others. */
  readonly measuredAt: Instant;
  /** To be handed to the next reading, so that it is judged also by what came before. */
  readonly seen: PlausibilityState;
};

/** What is known of the meter's place; `phases` left out are those that the meter has, its first as L1. */
export type ShotPlace = MeterWiring &
  Pick<ModbusMeter, 'group' | 'plausibleAmps' | 'mayExport'> & { readonly nominalVolts: number };

/** Reads all blocks once. `before`: what `seen` of the reading before says. Throws AppError as `RegisterReader.read` and `locate` do. */
export async function readOnce(
  { clock }: Pick<Surroundings, 'clock'>,
  reader: RegisterReader,
  profile: MeterProfile,
  place: ShotPlace,
  before: PlausibilityState = NOTHING_SEEN,
): Promise<MeterShot> {
  const expected = place.phases?.length;
  const { base, phases } = await locate(reader, profile, {
    ...(place.group !== undefined && { group: place.group }),
    ...(expected !== undefined && { phases: expected }),
  });
  const wiring = { ...place, phases: place.phases ?? PHASES.slice(0, phases) };
  const blocks: RegisterBlock[] = [];
  const dated: DatedBlock[] = [];
  let measuredAt: Instant | undefined;
  for (const range of [...profile.read.fast, ...profile.read.slow]) {
    blocks.push(await readBlock(reader, profile, base, range));
    measuredAt ??= clock.now();
    dated.push({ block: blocks.at(-1)!, at: clock.now() });
  }
  const values = decodePoints(profile, blocks);
  const result = toSample(values, profile, wiring, place.nominalVolts);
  const shot = {
    values,
    registers: blocks.map(({ start, words }) => ({ start: base + start, words })),
    measuredAt: (measuredAt ?? clock.now()) - (profile.lagMs ?? 0),
  };
  if (result.kind === 'missing') return { ...shot, doubt: result.detail, seen: before };
  const { verdict, next } = judge(boundsOf(place, profile, place.nominalVolts), before, {
    sample: result.sample,
    fingerprint: fingerprint(profile, blocks.slice(0, profile.read.fast.length)),
    now: shot.measuredAt,
  });
  const doubt = verdict.kind !== 'accepted' && { doubt: verdict.detail };
  const sample = { ...result.sample, ...valueAges(profile, dated, profile.lagMs) };
  return { ...shot, sample, ...doubt, seen: next };
}
