// Makes what people are shown of a meter: how it comes by its values, what it shows, how old that is and what is wrong; no address, no topic.

import { freshnessOf } from '../core/metering/freshness.ts';
import type { CycleRecord } from '../core/model/decision.ts';
import type { StepSuspicion } from '../core/model/memory.ts';
import type { Site } from '../core/model/site.ts';
import type { SiteMeter } from '../core/model/site-meters.ts';
import type { MeterState } from '../core/model/snapshot.ts';
import type { MeterSiteView, MeterView } from '../core/model/state-view.ts';
import type { Instant } from '../core/model/units.ts';
import { describeSuspicion } from '../core/report/meter-notices.ts';

/** Words that the console shows as they are. */
const STATES = { fresh: 'fresh', held: 'ageing', lost: 'lost' } as const;

export function viewSiteMeter(meter: SiteMeter): MeterSiteView {
  return {
    id: meter.id,
    name: meter.name,
    from: meter.from,
    ...(meter.of === undefined ? {} : { of: meter.of }),
    ...(meter.phases === undefined ? {} : { phases: meter.phases }),
    ...(meter.from === 'combined' ? { members: meter.members } : {}),
  };
}

/** `clip` bounds what came from outside. */
export function viewMeter(
  { id, name }: SiteMeter,
  { snapshot, decision }: CycleRecord,
  site: Site,
  clip: (text: string) => string,
): MeterView {
  const { now } = snapshot;
  const meter: MeterState = snapshot.meters[id] ?? {};
  const circuit = site.circuits.find((one) => one.meter === id)?.id;
  const steps = decision.circuits.find((one) => one.circuit === circuit)?.meterSteps;
  const trouble = troubleOf(name, meter, steps?.suspicion);
  const shared = {
    ...(trouble && { trouble: clip(trouble.text), troubleMs: Math.max(0, now - trouble.since) }),
    ...(meter.refused && { refused: meter.refused }),
    ...(steps && { steps: steps.counts }),
  };
  const { reading } = meter;
  if (!reading) return { id, state: 'lost', ...shared };
  const { currentAmps, powerWatts, totalPowerWatts } = reading;
  const watts = totalPowerWatts ?? (powerWatts && powerWatts.L1 + powerWatts.L2 + powerWatts.L3);
  return {
    id,
    state: steps?.suspicion ? 'lost' : STATES[freshnessOf(reading, now, site.policy.meter)],
    ageMs: Math.max(0, now - reading.measuredAt),
    currentAmps,
    ...(watts === undefined ? {} : { powerWatts: watts }),
    ...shared,
  };
}

function troubleOf(
  name: string,
  { suspicion, doubt }: MeterState,
  bySteps: StepSuspicion | undefined,
): { readonly text: string; readonly since: Instant } | undefined {
  if (suspicion) return { text: `${suspicion.kind}: ${suspicion.detail}`, since: suspicion.since };
  if (bySteps) return { text: describeSuspicion(name, bySteps), since: bySteps.since };
  return doubt && { text: `${doubt.kind}: ${doubt.detail}`, since: doubt.since };
}
