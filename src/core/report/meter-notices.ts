// What a person should know of the meters and check on them: one notice a trouble, in words.

import type { BaseLoad } from '../allocate/base-load.ts';
import type { CircuitReport, Notice } from '../model/decision.ts';
import type { StepSuspicion } from '../model/memory.ts';
import type { Circuit, Site } from '../model/site.ts';
import type { Snapshot } from '../model/snapshot.ts';
import type { CircuitId, Phase } from '../model/units.ts';

export type MeterNoticesInput = {
  readonly site: Site;
  readonly snapshot: Snapshot;
  readonly baseLoads: ReadonlyMap<CircuitId, BaseLoad>;
  readonly reports: readonly CircuitReport[];
};

/** Notices about every circuit's meter: late, lost, contradicted by known steps of the load, or in doubt. */
export function meterNotices({ site, snapshot, baseLoads, reports }: MeterNoticesInput): Notice[] {
  return site.circuits.flatMap((circuit, at): Notice[] => {
    if (circuit.meter === undefined) return [];
    const name = site.meters.find((one) => one.id === circuit.meter)?.name ?? circuit.meter;
    const state = snapshot.meters[circuit.meter] ?? {};
    const suspicion = reports[at]!.meterSteps?.suspicion;
    return [
      ...(suspicion ? [contradicted(name, circuit, suspicion)] : byAge(name, circuit, state, baseLoads, snapshot.now)),
      ...(state.doubt ? [doubted(name, state.doubt.detail)] : []),
    ];
  });
}

function byAge(
  name: string,
  circuit: Circuit,
  { suspicion, reading }: Snapshot['meters'][string],
  baseLoads: MeterNoticesInput['baseLoads'],
  now: number,
): Notice[] {
  const { from } = baseLoads.get(circuit.id)!;
  if (from !== 'held' && from !== 'worst') return [];
  const age = reading
    ? `its last good reading is ${Math.round((now - reading.measuredAt) / 1000)} s old`
    : 'it has not been read yet';
  const why = suspicion ? ` (${suspicion.kind}: ${suspicion.detail})` : '';
  if (from === 'held') {
    const text = `${name} is late: ${age}${why}. Nothing is raised on ${circuit.name} until it answers.`;
    return [{ severity: 'warning', code: 'METER_LATE', text }];
  }
  const text = `${name} is lost: ${age}${why}. The worst base load is assumed on ${circuit.name}. Check the meter's supply and its network link.`;
  return [{ severity: 'alarm', code: 'METER_LOST', text }];
}

function contradicted(name: string, circuit: Circuit, suspicion: StepSuspicion): Notice {
  const what = describeSuspicion(name, suspicion);
  const text = `${what} The worst base load is assumed on ${circuit.name} until steps of the chargers' current agree with the meter again.`;
  return { severity: 'alarm', code: 'METER_CONTRADICTED', text };
}

/** What is held against a meter by known steps of the load, and what to check, in one or two sentences. */
export function describeSuspicion(name: string, { kind, phases, ratio }: StepSuspicion): string {
  const where = listed(phases);
  switch (kind) {
    case 'sign':
      return `The transformers of ${name} seem reversed on ${where}: turn them, or set invertPhases (a factor below 0 where all are).`;
    case 'scale':
      return `${name} shows ${times(ratio)} of what the chargers draw on ${where}: check its transformers' ratio and its factor, and what the chargers report.`;
    case 'phase':
      return `${name} shows the current of chargers on other phases than ${where}: check the order of its phases and the chargers' phases in the site file.`;
    case 'unmoved':
      return `${name} does not feel what the chargers draw on ${where}: check that it measures this circuit, its transformers there, and that it is not stuck.`;
    case 'less':
      return `${name} shows ${times(ratio)} of what the chargers alone draw on ${where}: check its ratio and its place; set mayExport where something generates.`;
  }
}

function doubted(name: string, detail: string): Notice {
  const text = `${name} contradicts itself: ${detail}. It is believed, because it can only show too much; check its ratio and its counter.`;
  return { severity: 'warning', code: 'METER_DOUBTED', text };
}

const listed = (phases: readonly Phase[]): string =>
  phases.length < 2 ? phases.join('') : `${phases.slice(0, -1).join(', ')} and ${phases.at(-1)}`;

const times = (ratio: number): string => `${ratio >= 2 ? ratio.toFixed(0) : ratio.toFixed(2)} times`;
