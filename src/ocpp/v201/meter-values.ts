// Reads the sampled values of OCPP 2.0.1 (MeterValueType); pure. What was not measured at the EVSE is left out.

import type { Evse } from '../../core/model/site.ts';
import { type Mains, mainsFrom } from '../mains.ts';
import { type EvseSample, evseSampleFrom, type Sampled } from '../meter-values.ts';
import type { Payload } from '../rpc/frames.ts';

/** LocationEnumType: where a value does not tell what the EVSE takes. */
const ELSEWHERE: ReadonlySet<unknown> = new Set(['Body', 'EV']);

/** Reads `meterValue` of TransactionEvent or MeterValues; the elements MUST have passed the schema. */
export function readMeterValues(meterValues: readonly Payload[], evse: Evse, nominalVolts: number): EvseSample {
  const sets = meterValues.map(({ timestamp, sampledValue }) => ({
    ...(typeof timestamp === 'string' ? { timestamp } : {}),
    values: (sampledValue as readonly Payload[]).flatMap(readSampled),
  }));
  return evseSampleFrom(sets, evse, nominalVolts);
}

/** What the station's main meter says, out of OCPP 2.0.1 MeterValues of EVSE 0; absent where no current is told. */
export const readMains = (meterValues: readonly Payload[]): Mains | undefined => mainsFrom(meterValues, readSampled);

/**
 * Base units (A, V, W, Wh): the unit's own kilo and the multiplier, an exponent to the base 10 (UnitOfMeasureType), taken out. A missing unit is
 * the base unit of its measurand. A value that is also there in signed form counts like any other.
 */
function readSampled(wire: Payload): Sampled[] {
  const { value, measurand = 'Energy.Active.Import.Register', phase, location, unitOfMeasure } = wire;
  if (typeof value !== 'number' || ELSEWHERE.has(location)) return [];
  const { unit, multiplier = 0 } = (unitOfMeasure ?? {}) as { unit?: unknown; multiplier?: number };
  const kilo = typeof unit === 'string' && /^k(W|Wh|VA|var|A|V)$/.test(unit) ? 3 : 0;
  const scaled = Number((value * 10 ** (kilo + multiplier)).toPrecision(15));
  if (!Number.isFinite(scaled)) return [];
  return [{ value: scaled, measurand: String(measurand), ...(typeof phase === 'string' ? { phase } : {}) }];
}
