// A meter's values channel by channel, in its own words: no ratio, no phase order, no inversion of the site applied; it judges nothing.

import type { ChannelReading } from '../core/metering/load-step.ts';
import type { MeterPointName, MeterProfile } from '../core/model/meter-profile.ts';
import { mapPhases, type PerPhase, PHASES, type Phase } from '../core/model/units.ts';
import type { PointValues } from './decode.ts';

/** Below this share of V × I the sign of a power says little about its current. */
const SIGN_SHARE = 0.03;

/**
 * `count`: how many of its phases count, its L1 first; the others are 0. Nothing when a current of those is missing. `voltageFactor` is
 * applied, because it says nothing of currents and the watts of a load are those behind it.
 */
export function channelReading(
  values: PointValues,
  { currentSign }: Pick<MeterProfile, 'currentSign'>,
  {
    count,
    voltageFactor = 1,
    nominalVolts,
  }: { readonly count: number; readonly voltageFactor?: number | undefined; readonly nominalVolts: number },
): ChannelReading | undefined {
  const used = PHASES.slice(0, count);
  const each = (prefix: 'v' | 'i' | 'p', multiply: number): PerPhase<number> | undefined => {
    const read = (channel: Phase) => values[`${prefix}_${channel.toLowerCase()}` as MeterPointName];
    if (used.some((channel) => typeof read(channel) !== 'number')) return undefined;
    return mapPhases((channel) => (used.includes(channel) ? (read(channel) as number) * multiply : 0));
  };
  const [sizes, volts, watts] = [each('i', 1), each('v', voltageFactor), each('p', voltageFactor)];
  if (!sizes) return undefined;
  const amps = mapPhases((channel) => {
    if (currentSign === 'signed') return sizes[channel];
    const size = Math.abs(sizes[channel]);
    const isExport = (watts?.[channel] ?? 0) < -SIGN_SHARE * (volts?.[channel] ?? nominalVolts) * size;
    return isExport ? -size : size;
  });
  return { amps, ...(watts && { watts }), ...(volts && { volts }) };
}
