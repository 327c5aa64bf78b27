// What a person should know of meters that are no circuit's own: those that a sum counts, and the parts of a combined one.

import { meterFreshness } from '../allocate/base-load.ts';
import { worstOf } from '../allocate/base-loads.ts';
import type { Notice } from '../model/decision.ts';
import type { Circuit, Site } from '../model/site.ts';
import type { CombinedMeter } from '../model/site-meters.ts';
import type { Snapshot } from '../model/snapshot.ts';
import type { MeterId } from '../model/units.ts';

type Input = {
  readonly site: Site;
  readonly snapshot: Snapshot;
};

/** One notice a trouble, in the site's order. */
export function meterPartNotices(input: Input): Notice[] {
  const { site } = input;
  return [
    ...site.circuits.flatMap((circuit) => sumNotices(circuit, input)),
    ...site.meters.flatMap((meter) => (meter.from === 'combined' ? combinedNotices(meter, input) : [])),
  ];
}

function sumNotices(circuit: Circuit, { site, snapshot }: Input): Notice[] {
  if (circuit.meter !== undefined) return [];
  return (circuit.sum?.meters ?? []).flatMap((id): Notice[] => {
    const freshness = meterFreshness(snapshot.meters[id], snapshot.now, site.policy);
    if (freshness === 'fresh') return [];
    const { name, age, why } = trouble(id, site, snapshot);
    if (freshness === 'held') {
      const text = `${name} is late: ${age}${why}. Nothing is raised on ${circuit.name} until it answers.`;
      return [{ severity: 'warning', code: 'METER_LATE', text }];
    }
    const isBounded = worstOf(site.meters.find((one) => one.id === id)) !== undefined;
    const worst = isBounded
      ? `Its own worst counts on ${circuit.name}`
      : `The worst base load is assumed on ${circuit.name}`;
    const text = `${name} is lost: ${age}${why}. ${worst}. Check the meter's supply and its network link.`;
    return [{ severity: 'alarm', code: 'METER_LOST', text }];
  });
}

function combinedNotices(meter: CombinedMeter, { site, snapshot }: Input): Notice[] {
  const { suspicion } = snapshot.meters[meter.id] ?? {};
  const isLost = meterFreshness(snapshot.meters[meter.id], snapshot.now, site.policy) === 'lost';
  const lost = isLost
    ? []
    : meter.members.filter((id) => meterFreshness(snapshot.meters[id], snapshot.now, site.policy) === 'lost');
  return [
    ...lost.map((id): Notice => {
      const { name, age, why } = trouble(id, site, snapshot);
      const text = `${name} is lost: ${age}${why}. ${meter.name} goes by its other meters. Check the meter's supply and its network link.`;
      return { severity: 'warning', code: 'METER_PART_LOST', text };
    }),
    ...(suspicion?.kind === 'disagrees'
      ? [
          {
            severity: 'warning',
            code: 'METER_DISAGREES',
            text: `The meters of ${meter.name} contradict each other: ${suspicion.detail}. Compare both with a clamp meter, their transformers and their phases.`,
          } as const,
        ]
      : []),
  ];
}

function trouble(id: MeterId, site: Site, { meters, now }: Snapshot) {
  const { suspicion, reading } = meters[id] ?? {};
  return {
    name: site.meters.find((one) => one.id === id)?.name ?? id,
    age: reading
      ? `its last good reading is ${Math.round((now - reading.measuredAt) / 1000)} s old`
      : 'it has not been read yet',
    why: suspicion ? ` (${suspicion.kind}: ${suspicion.detail})` : '',
  };
}
