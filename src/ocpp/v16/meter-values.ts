// Reads the sampled values of OCPP 1.6 MeterValues; pure. A number that is no number is left out.

import type { Evse } from '../../core/model/site.ts';
import { type Mains, mainsFrom } from '../mains.ts';
import { type EvseSample, evseSampleFrom, type Sampled } from '../meter-values.ts';
import type { Payload } from '../rpc/frames.ts';

const DECIMAL = /^[+-]?[0-9]{1,15}(?:\.[0-9]{1,15})?(?:[eE][+-]?[0-9]{1,2})?$/;

/**
 * Reads `meterValue` of MeterValues.req or `transactionData` of StopTransaction.req (OCPP 1.6 §7.30 to §7.43); the elements MUST
 * have passed the schema.
 */
export function readMeterValues(meterValues: readonly Payload[], evse: Evse, nominalVolts: number): EvseSample {
  const sets = meterValues.map(({ timestamp, sampledValue }) => ({
    ...(typeof timestamp === 'string' ? { timestamp } : {}),
    values: (sampledValue as readonly Payload[]).flatMap(readSampled),
  }));
  return evseSampleFrom(sets, evse, nominalVolts);
}

/** What the station's main meter says, out of OCPP 1.6 MeterValues of connector 0; absent where no current is told. */
export const readMains = (meterValues: readonly Payload[]): Mains | undefined => mainsFrom(meterValues, readSampled);

/** Base units (A, V, W, Wh); units that are missing have the defaults of §7.43. Signed data and broken numbers are left out. */
function readSampled(wire: Payload): Sampled[] {
  const { value, format, measurand = 'Energy.Active.Import.Register', phase, unit, location } = wire;
  if (typeof value !== 'string' || !DECIMAL.test(value.trim()) || format === 'SignedData' || location === 'Body')
    return [];
  const scale = typeof unit === 'string' && /^k(W|Wh|VA|var)$/.test(unit) ? 1_000 : 1;
  return [
    {
      value: Number(value) * scale,
      measurand: String(measurand),
      ...(typeof phase === 'string' ? { phase } : {}),
    },
  ];
}
