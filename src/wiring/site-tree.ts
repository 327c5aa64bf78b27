// A site as a tree: each circuit with its meter, its stations and the circuits below it, as plain data and drawn for a terminal; then its groups.

import { isSameOnEachPhase } from '../config/assemble-site.ts';
import { describeEndpoint } from '../core/model/modbus-endpoint.ts';
import type { Circuit, EvGroup, Evse, LoadSum, Site, SiteInput, Station } from '../core/model/site.ts';
import type { ModbusConnection, ModbusMeter, SiteMeter } from '../core/model/site-meters.ts';
import { PHASES, type PhaseAmps } from '../core/model/units.ts';

/** A station's EVSEs under one circuit; a station that is wired to two circuits stands under both. */
export type StationBranch = { readonly station: Station; readonly evses: readonly Evse[] };

export type CircuitBranch = {
  readonly circuit: Circuit;
  readonly meter?: SiteMeter;
  /** Parts of a combined meter. */
  readonly members?: readonly SiteMeter[];
  /** What the base load is added up of, beside the circuits below. */
  readonly summed?: readonly SiteMeter[];
  readonly stations: readonly StationBranch[];
  readonly circuits: readonly CircuitBranch[];
};

/** The root with all below it; circuits, stations and EVSEs in the file's order. */
export function growSiteTree(site: Site): CircuitBranch {
  const children = Map.groupBy(site.circuits, (circuit) => circuit.parent);
  const evses = Map.groupBy(site.evses, (evse) => evse.circuit);
  const stations = new Map(site.stations.map((station) => [station.id, station]));
  const meters = new Map(site.meters.map((meter) => [meter.id, meter]));
  const grow = (circuit: Circuit): CircuitBranch => {
    const meter = circuit.meter === undefined ? undefined : meters.get(circuit.meter);
    const byStation = Map.groupBy(evses.get(circuit.id) ?? [], (evse) => evse.station);
    return {
      circuit,
      ...(meter === undefined ? {} : { meter }),
      ...(meter?.from === 'combined' ? { members: meter.members.map((id) => meters.get(id)!) } : {}),
      ...(circuit.sum === undefined ? {} : { summed: circuit.sum.meters.map((id) => meters.get(id)!) }),
      stations: [...byStation].map(([id, own]) => ({ station: stations.get(id)!, evses: own })),
      circuits: (children.get(circuit.id) ?? []).map(grow),
    };
  };
  return grow(site.circuits[0]!);
}

type Line = { readonly text: string; readonly below: readonly Line[] };

/** The tree's lines, drawn with branches. */
export function drawSiteTree(root: CircuitBranch): readonly string[] {
  const drawBelow = (lines: readonly Line[], indent: string): string[] =>
    lines.flatMap((line, at) => {
      const isLast = at === lines.length - 1;
      return [
        `${indent}${isLast ? '└─' : '├─'} ${line.text}`,
        ...drawBelow(line.below, `${indent}${isLast ? '   ' : '│  '}`),
      ];
    });
  const top = circuitLine(root);
  return [top.text, ...drawBelow(top.below, '')];
}

/** EVSEs that one line of a group names; the rest are counted. */
const MAX_NAMED = 12;

/** One line for each group and one below it for its members; none where the site has no groups. */
export function drawGroups(groups: readonly EvGroup[]): readonly string[] {
  return groups.flatMap((group) => {
    const { limitAmps, limitWatts, netOfSurplus, evses } = group;
    const limits = [
      ...(limitAmps === undefined ? [] : [`at most ${describeAmps(limitAmps)}`]),
      ...(limitWatts === undefined
        ? []
        : [`at most ${limitWatts / 1_000} kW${netOfSurplus ? ' beyond the surplus' : ''}`]),
    ];
    const more = evses.length > MAX_NAMED ? `, and ${evses.length - MAX_NAMED} more` : '';
    const members = evses.length === 0 ? 'no EVSE' : `${evses.slice(0, MAX_NAMED).join(', ')}${more}`;
    return [`group ${named(group)}: ${limits.join(', ')}`, `└─ ${members}`];
  });
}

/** One line for each contact, with what it asks for while it is active, and for each output; none where the site has none. */
export function drawContacts({ inputs, outputs }: Pick<Site, 'inputs' | 'outputs'>): readonly string[] {
  const at = ({ endpoint, unitId }: ModbusConnection) => `at ${describeEndpoint(endpoint)}, unit ${unitId}`;
  return [
    ...inputs.map((input) => {
      const { contact, activeWhen, pollMs, debounceMs, connection } = input;
      const place = `${contact.kind.replace('-', ' ')} ${contact.address} ${at(connection)}`;
      return `input ${named(input)}: ${place}, each ${pollMs} ms, released after ${debounceMs} ms; ${activeWhen}: ${describeEffect(input)}`;
    }),
    ...outputs.map(
      (output) => `output ${named(output)}: coil ${output.coil} ${at(output.connection)} shows ${output.shows}`,
    ),
  ];
}

function describeEffect({ emergencyStop, cap }: SiteInput): string {
  if (emergencyStop) return 'emergency stop, latched';
  const { scope, limitAmps, limitWatts, limitVoltAmperes, netOfSurplus } = cap;
  const limits = [
    ...(limitAmps === undefined ? [] : [describeAmps(limitAmps)]),
    ...(limitWatts === undefined ? [] : [`${limitWatts / 1_000} kW${netOfSurplus ? ' beyond the surplus' : ''}`]),
    ...(limitVoltAmperes === undefined ? [] : [`${limitVoltAmperes / 1_000} kVA`]),
  ];
  const what =
    scope.kind === 'circuit' ? `circuit ${scope.circuit}` : scope.kind === 'group' ? `group ${scope.group}` : '';
  return `${what} at most ${limits.join(', ')}`;
}

function circuitLine({ circuit, meter, members = [], summed = [], stations, circuits }: CircuitBranch): Line {
  const limits = [
    circuit.limitWatts === undefined ? '' : `, at most ${circuit.limitWatts / 1_000} kW`,
    circuit.limitVoltAmperes === undefined ? '' : `, at most ${circuit.limitVoltAmperes / 1_000} kVA`,
    circuit.unbalanceAmps === undefined ? '' : `, phases at most ${circuit.unbalanceAmps} A apart`,
    circuit.usesGeneration ? ', uses generation' : '',
  ].join('');
  return {
    text: `circuit ${named(circuit)}: ${describeAmps(circuit.ratingAmps)}, margin ${describeAmps(circuit.marginAmps)}${limits}`,
    below: [
      ...(meter === undefined ? [] : [{ text: describeMeter(meter), below: members.map(meterLine) }]),
      ...(circuit.sum === undefined ? [] : [{ text: describeSum(circuit.sum), below: summed.map(meterLine) }]),
      ...stations.map(stationLine),
      ...circuits.map(circuitLine),
    ],
  };
}

function stationLine({ station, evses }: StationBranch): Line {
  const text = `station ${named(station)}, ${station.profile.id}`;
  const [only] = evses;
  if (only !== undefined && station.evses.length === 1) return { text: `${text}: ${describeEvse(only)}`, below: [] };
  return { text, below: evses.map((evse) => ({ text: `EVSE ${evse.number}: ${describeEvse(evse)}`, below: [] })) };
}

const meterLine = (meter: SiteMeter): Line => ({ text: describeMeter(meter), below: [] });

function describeSum({ otherAmps }: LoadSum): string {
  return `base load: the circuits below, ${describeAmps(otherAmps)} that nobody measures, and these meters`;
}

/** One line for each meter that stands on no circuit and in no sum; what it measures is told with it. */
export function drawOtherMeters(site: Site): readonly string[] {
  const placed = new Set<string | undefined>([
    ...site.circuits.flatMap(({ meter, sum }) => [meter, ...(sum?.meters ?? [])]),
    ...site.meters.flatMap((meter) => (meter.from === 'combined' ? meter.members : [])),
  ]);
  return site.meters.filter(({ id }) => !placed.has(id)).map(describeMeter);
}

function describeMeter(meter: SiteMeter): string {
  const phases = meter.phases === undefined ? '' : `, ${meter.phases.join(' ')} only`;
  const worst = meter.worstAmps === undefined ? '' : `, at worst ${describeAmps(meter.worstAmps)}`;
  const of = meter.of === undefined ? '' : `${meter.of} `;
  return `${of}meter ${named(meter)}: ${describeSource(meter)}${phases}${worst}`;
}

function describeSource(meter: SiteMeter): string {
  switch (meter.from) {
    case 'modbus':
      return describeModbus(meter);
    case 'combined':
      return `the larger load of ${meter.members.length} meters on each phase`;
    case 'push':
      return `pushed over the API, fresh for ${meter.maxAgeMs} ms`;
    case 'mqtt':
      return `topic ${meter.topic} of ${meter.broker.url}, fresh for ${meter.maxAgeMs} ms`;
    case 'station':
      return `the main meter of station ${meter.station}, fresh for ${meter.maxAgeMs} ms`;
  }
}

function describeModbus(meter: ModbusMeter): string {
  const { endpoint, unitId } = meter.connection;
  const factor = meter.factor === 1 ? '' : `, times ${meter.factor}`;
  const place = describeEndpoint(endpoint);
  return `${meter.profile} at ${place}, unit ${unitId}, each ${meter.pollMs} ms${factor}`;
}

function describeEvse(evse: Evse): string {
  const priority = evse.priority === 0 ? '' : `, priority ${evse.priority}`;
  const weight = evse.weight === 1 ? '' : `, weight ${evse.weight}`;
  const range = `${evse.minAmps} to ${evse.maxAmps} A, floor ${evse.floorAmps} A`;
  return `${evse.supply.toUpperCase()} on ${evse.phases.join(' ')}, ${range}${priority}${weight}`;
}

function named({ id, name }: { readonly id: string; readonly name: string }): string {
  return name === id ? id : `${id} "${name}"`;
}

/** `63 A`, or `L1 63, L2 50, L3 63 A` where the phases differ. */
function describeAmps(amps: PhaseAmps): string {
  if (isSameOnEachPhase(amps)) return `${amps.L1} A`;
  return `${PHASES.map((phase) => `${phase} ${amps[phase]}`).join(', ')} A`;
}
