// GetCompositeSchedule from upstream, answered from the virtual store and, where the site tells it, Busbar's own limit
// (OCPP 1.6 §5.7, errata 3.30, 3.57).

import type { InstalledProfile } from '../core/model/charging-profile.ts';
import type { Site } from '../core/model/site.ts';
import type { StationId, WallTime } from '../core/model/units.ts';
import { type Composite, resolveComposite } from '../core/schedule/composite.ts';
import type { Payload } from '../ocpp/rpc/frames.ts';
import { writeTimestamp } from '../ocpp/rpc/timestamp.ts';
import type { ProfileAnswer } from './virtual-profiles.ts';

/** A day is asked for at most; longer windows are answered for a day. */
export const MAX_WINDOW_SECONDS = 86_400;
/** Periods in one answer (OCPP 1.6 §9.4 ChargingScheduleMaxPeriods); the window ends before the next. */
export const MAX_ANSWER_PERIODS = 256;

export type CompositeQuestion = {
  readonly station: StationId;
  /** 0: the whole station. */
  readonly connector: number;
  readonly from: WallTime;
  readonly to: WallTime;
  readonly unit: 'A' | 'W';
  readonly profiles: readonly InstalledProfile[];
  readonly transactions: readonly { readonly evse: number; readonly id: string; readonly startedAt?: WallTime }[];
};
export type CompositeSource = (question: CompositeQuestion) => Composite;

/**
 * Composite schedules of a site's stations. `ownProfiles` gives what Busbar itself holds installed on a station at present, for the
 * smaller of both limits; without it the answer is upstream's own profiles within the hardware's maximum.
 */
export function siteComposite(
  site: Pick<Site, 'evses' | 'nominalVolts'>,
  ownProfiles: (station: StationId) => readonly InstalledProfile[] = () => [],
): CompositeSource {
  return ({ station, connector, profiles, ...rest }) => {
    const evses = site.evses.filter((evse) => evse.station === station);
    const asked = connector === 0 ? evses : evses.filter((evse) => evse.number === connector);
    const each = asked.map(({ maxAmps, phases }) =>
      rest.unit === 'A' ? maxAmps : maxAmps * phases.length * site.nominalVolts,
    );
    const composite = resolveComposite({
      ...rest,
      scope: connector,
      evses: evses.map((evse) => evse.number),
      profiles: [...profiles, ...ownProfiles(station)],
      defaultLimit: Math.max(0, ...each),
      nominalVolts: site.nominalVolts,
    });
    const most = each.reduce((sum, one) => sum + one, 0);
    // Upstream may set more than the wires bear; a promise of it would be wrong.
    return {
      ...composite,
      periods: composite.periods.map((period) => ({ ...period, limit: Math.min(period.limit, most) })),
    };
  };
}

type Ask = Omit<CompositeQuestion, 'connector' | 'from' | 'to' | 'unit'> & {
  readonly connectors: readonly number[];
  readonly wallNow: WallTime;
};

/** The payload of GetCompositeSchedule.conf, or the CALLERROR that a conformant station answers. */
export function compositeAnswer(
  payload: Payload,
  source: CompositeSource,
  ask: Ask,
): { readonly kind: 'payload'; readonly payload: Payload } | (ProfileAnswer & { readonly kind: 'error' }) {
  const { connectorId: connector, duration, chargingRateUnit: unit = 'A' } = payload;
  if (
    typeof connector !== 'number' ||
    typeof duration !== 'number' ||
    !Number.isSafeInteger(duration) ||
    duration < 0
  ) {
    const description = 'connectorId and duration are integers, duration 0 or more';
    return { kind: 'error', code: 'TypeConstraintViolation', description };
  }
  if (unit !== 'A' && unit !== 'W')
    return { kind: 'error', code: 'PropertyConstraintViolation', description: 'chargingRateUnit is neither A nor W' };
  const { connectors, wallNow, ...rest } = ask;
  if (connector !== 0 && !connectors.includes(connector)) return { kind: 'payload', payload: { status: 'Rejected' } };
  const from = Math.floor(wallNow / 1_000) * 1_000;
  const seconds = Math.min(duration, MAX_WINDOW_SECONDS);
  const composite = source({ ...rest, connector, from, to: from + seconds * 1_000, unit });
  const periods = composite.periods.slice(0, MAX_ANSWER_PERIODS);
  const cutAt = composite.periods[MAX_ANSWER_PERIODS]?.startPeriodSeconds;
  return {
    kind: 'payload',
    payload: {
      status: 'Accepted',
      connectorId: connector,
      scheduleStart: writeTimestamp(from),
      ...(periods.length === 0
        ? {}
        : {
            // No startSchedule here: errata 3.57.
            chargingSchedule: {
              duration: cutAt ?? seconds,
              chargingRateUnit: unit,
              chargingSchedulePeriod: periods.map(({ startPeriodSeconds, limit, numberPhases }) => ({
                startPeriod: startPeriodSeconds,
                limit,
                ...(numberPhases === undefined ? {} : { numberPhases }),
              })),
            },
          }),
    },
  };
}
