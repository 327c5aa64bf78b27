// The latest cycle as Prometheus text (exposition format 0.0.4); labels are escaped, because names come from outside.

import { stopsInForce } from '../core/limits/emergency-stop.ts';
import type { ContactState } from '../core/model/contact.ts';
import type { CycleRecord } from '../core/model/decision.ts';
import type { Snapshot } from '../core/model/snapshot.ts';
import { PHASES } from '../core/model/units.ts';

export type MetricsInput = {
  readonly latest?: CycleRecord;
  readonly cycleAgeMs?: number;
  readonly streamClients: number;
  readonly skippedEvents: number;
};

type Sample = readonly [labels: Readonly<Record<string, string>>, value: number];

/** The metrics page. With no cycle yet, only what the api room itself knows. */
export function renderMetrics(input: MetricsInput): string {
  const { latest } = input;
  const families: string[] = [];
  const add = (name: string, type: 'gauge' | 'counter', help: string, samples: readonly Sample[]) => {
    if (samples.length === 0) return;
    families.push(
      `# HELP ${name} ${help}`,
      `# TYPE ${name} ${type}`,
      ...samples.map(([labels, value]) => `${name}${renderLabels(labels)} ${value}`),
    );
  };
  add('busbar_stream_clients', 'gauge', 'Listeners of the live stream.', [[{}, input.streamClients]]);
  add('busbar_stream_skipped_events_total', 'counter', 'Events that slow listeners did not get.', [
    [{}, input.skippedEvents],
  ]);
  if (input.cycleAgeMs !== undefined)
    add('busbar_cycle_age_seconds', 'gauge', 'Time since the last cycle.', [[{}, input.cycleAgeMs / 1000]]);
  if (latest) {
    const { decision, durationMs, snapshot } = latest;
    add('busbar_cycles_total', 'counter', 'Cycles of this controller epoch.', [[{}, snapshot.cycle]]);
    add(
      'busbar_mode',
      'gauge',
      'One for the mode in force.',
      (['normal', 'cautious', 'failsafe'] as const).map((mode) => [{ mode }, decision.mode === mode ? 1 : 0]),
    );
    add(
      'busbar_cycle_duration_seconds',
      'gauge',
      'Duration of the last cycle by step.',
      (['collect', 'decide', 'dispatch'] as const).map((step) => [{ step }, durationMs[step] / 1000]),
    );
    const perPhase = (field: 'limitAmps' | 'headroomAmps' | 'exposureAmps' | 'baseLoadAmps'): Sample[] =>
      decision.circuits.flatMap((circuit) =>
        PHASES.map((phase): Sample => [{ circuit: circuit.circuit, phase }, circuit.phases[phase][field]]),
      );
    add('busbar_circuit_limit_amperes', 'gauge', 'Limit in force.', perPhase('limitAmps'));
    add('busbar_circuit_headroom_amperes', 'gauge', 'What is left; negative is an overload.', perPhase('headroomAmps'));
    add('busbar_circuit_exposure_amperes', 'gauge', 'The most the chargers may draw.', perPhase('exposureAmps'));
    add('busbar_circuit_base_load_amperes', 'gauge', 'Loads other than chargers.', perPhase('baseLoadAmps'));
    addMeters(latest, add);
    add(
      'busbar_evse_exposure_amperes',
      'gauge',
      'The most this charging point may draw, per phase.',
      decision.shares.map((share): Sample => [{ evse: share.evse }, share.exposureAmps]),
    );
    addContacts(snapshot, add);
    addReadings(snapshot, add);
    add(
      'busbar_limit_failsafe',
      'gauge',
      'One where whoever sets this limit is not heard and its stored default holds.',
      snapshot.caps.map(
        (cap): Sample => [{ cap: cap.id, author: cap.source.kind }, cap.failsafe === undefined ? 0 : 1],
      ),
    );
    add(
      'busbar_notices',
      'gauge',
      'Notices of the last cycle.',
      (['info', 'warning', 'alarm'] as const).map((severity) => [
        { severity },
        decision.notices.filter((notice) => notice.severity === severity).length,
      ]),
    );
  }
  return `${families.join('\n')}\n`;
}

type Add = (name: string, type: 'gauge' | 'counter', help: string, samples: readonly Sample[]) => void;

function addContacts({ contacts = [], caps, now }: Snapshot, add: Add): void {
  const stopped = stopsInForce(caps, now).length > 0 ? 1 : 0;
  add('busbar_emergency_stop', 'gauge', 'One while an emergency stop is in force.', [[{}, stopped]]);
  const each = (value: (contact: ContactState) => number) =>
    contacts.map((contact): Sample => [{ contact: contact.id }, value(contact)]);
  add(
    'busbar_contact_active',
    'gauge',
    'One while the contact counts as active, unread ones included.',
    each(({ state }) => (state === 'released' ? 0 : 1)),
  );
  add(
    'busbar_contact_readable',
    'gauge',
    'One while the contact can be read.',
    each(({ state }) => (state === 'unknown' ? 0 : 1)),
  );
  add(
    'busbar_contact_activations_total',
    'counter',
    'Activations since the start.',
    each(({ activations }) => activations),
  );
}

/** What every meter says, and how old that is. */
function addReadings({ meters: states, now }: Snapshot, add: Add): void {
  const meters = Object.entries(states);
  const read = meters.flatMap(([meter, { reading }]) => (reading ? [{ meter, reading }] : []));
  add(
    'busbar_meter_current_amperes',
    'gauge',
    'What a meter said last, import positive.',
    read.flatMap(({ meter, reading }) => PHASES.map((phase): Sample => [{ meter, phase }, reading.currentAmps[phase]])),
  );
  add(
    'busbar_meter_power_watts',
    'gauge',
    'Active power over all phases, where a meter tells it.',
    read.flatMap(({ meter, reading: { totalPowerWatts } }): Sample[] =>
      totalPowerWatts === undefined ? [] : [[{ meter }, totalPowerWatts]],
    ),
  );
  add(
    'busbar_meter_age_seconds',
    'gauge',
    'Age of what a meter said last; absent before its first reading.',
    read.map(({ meter, reading }): Sample => [{ meter }, (now - reading.measuredAt) / 1000]),
  );
}

/** How each meter is believed: refused attempts by check, steps by outcome, and whether something is held against it now. */
function addMeters(
  { snapshot, decision }: CycleRecord,
  add: (name: string, type: 'gauge' | 'counter', help: string, samples: readonly Sample[]) => void,
): void {
  const meters = Object.entries(snapshot.meters);
  const counts = (
    label: string,
    of: Readonly<Record<string, number>> | undefined,
    who: Readonly<Record<string, string>>,
  ) => Object.entries(of ?? {}).map(([name, count]): Sample => [{ ...who, [label]: name }, count]);
  add(
    'busbar_meter_refused_total',
    'counter',
    'Attempts that gave no reading, by the check that failed.',
    meters.flatMap(([meter, { refused }]) => counts('by', refused, { meter })),
  );
  add(
    'busbar_meter_suspect',
    'gauge',
    'One while the newest samples are refused.',
    meters.map(([meter, { suspicion }]): Sample => [{ meter }, suspicion ? 1 : 0]),
  );
  add(
    'busbar_meter_load_steps_total',
    'counter',
    "Known steps of the chargers' current, by how they came out at the circuit's meter.",
    decision.circuits.flatMap(({ circuit, meterSteps }) => counts('outcome', meterSteps?.counts, { circuit })),
  );
  add(
    'busbar_meter_contradicted',
    'gauge',
    "One while steps contradict the circuit's meter.",
    decision.circuits.flatMap(({ circuit, meterSteps }): Sample[] =>
      meterSteps ? [[{ circuit }, meterSteps.suspicion ? 1 : 0]] : [],
    ),
  );
}

function renderLabels(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeLabel(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

/** Backslash, quote and line feed, as the exposition format asks; other line ends would confuse readers and become spaces. */
export function escapeLabel(value: string): string {
  return value
    .replaceAll('\\', '\\\\')
    .replaceAll('"', '\\"')
    .replaceAll('\n', '\\n')
    .replace(/[\r\u2028\u2029]/g, ' ');
}
