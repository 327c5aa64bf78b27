// Makes a sample of the station's own connection of sampled values, whatever version they came in; pure. What is not told is absent, never zero.

import type { MainsSample } from '../core/model/snapshot.ts';
import { find, onPhase, type Sampled } from './meter-values.ts';
import type { Payload } from './rpc/frames.ts';

/** The station's own phases. */
const PHASE_INDEXES = [0, 1, 2] as const;

export type Mains = Omit<MainsSample, 'measuredAt'> & { readonly timestamp?: string };

/**
 * The last meter value with a current at the inlet, import positive; absent where there is none. `meterValues` MUST have passed the schema; `read` is
 * their version's. A location that is not given is taken for the inlet: the main meter of a station (OCPP 1.6 §3.8 connector 0, 2.0.1 J01 EVSE 0)
 * has no outlet, whatever the default of a schema.
 */
export function mainsFrom(
  meterValues: readonly Payload[],
  read: (wire: Payload) => readonly Sampled[],
): Mains | undefined {
  let mains: Mains | undefined;
  for (const { timestamp, sampledValue } of meterValues) {
    const inlet = (sampledValue as readonly Payload[]).filter(
      ({ location }) => location === undefined || location === 'Inlet',
    );
    const values = inlet.flatMap(read);
    const amps = net(values, 'Current');
    if (amps.every((one) => one === undefined)) continue;
    const volts = PHASE_INDEXES.map((index) => onPhase(values, 'Voltage', index));
    const watts = net(values, 'Power.Active');
    const totalWatts = find(values, 'Power.Active.Import')?.value;
    const energyImportWh = find(values, 'Energy.Active.Import.Register')?.value;
    mains = {
      amps,
      ...(volts.some((one) => one !== undefined) ? { volts } : {}),
      ...(watts.some((one) => one !== undefined) ? { watts } : {}),
      ...(totalWatts === undefined
        ? {}
        : { totalWatts: totalWatts - (find(values, 'Power.Active.Export')?.value ?? 0) }),
      ...(energyImportWh === undefined ? {} : { energyImportWh }),
      ...(typeof timestamp === 'string' ? { timestamp } : {}),
    };
  }
  return mains;
}

/** Import less export of each phase. An export alone tells no current: what is imported at the same time is not known. */
function net(values: readonly Sampled[], quantity: 'Current' | 'Power.Active'): readonly (number | undefined)[] {
  return PHASE_INDEXES.map((index) => {
    const imported = onPhase(values, `${quantity}.Import`, index);
    return imported === undefined ? undefined : imported - (onPhase(values, `${quantity}.Export`, index) ?? 0);
  });
}
