// A meter that is told by hand: a virtual clock with a wall that may be wrong, what was logged, and a sample of equal currents.
import type { Sample } from '../../src/core/metering/sample.ts';
import type { ToldMeterSettings } from '../../src/core/model/site-meters.ts';
import { onEachPhase } from '../../src/core/model/units.ts';
import { ToldMeter } from '../../src/meters/told-meter.ts';
import { VirtualClock } from '../../src/simulator/virtual-clock.ts';
import { silentLog } from '../../src/system/log.ts';

export const sample = (amps: number, parts: Partial<Sample> = {}): Sample => ({
  currentAmps: onEachPhase(amps),
  ...parts,
});

export function toldBench(part: Partial<ToldMeterSettings> = {}) {
  const clock = new VirtualClock();
  const logged: string[] = [];
  const log = {
    ...silentLog,
    warn: (event: string) => void logged.push(event),
    info: (event: string) => void logged.push(event),
  };
  let readings = 0;
  const meter = new ToldMeter(
    { clock, log },
    {
      meter: { id: 'pv', name: 'PV', maxAgeMs: 10_000, plausibleAmps: 100, ...part },
      nominalVolts: 230,
      onReading: () => {
        readings += 1;
      },
    },
  );
  return { clock, meter, logged, readings: () => readings };
}
