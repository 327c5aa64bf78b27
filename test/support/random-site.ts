// Random sites as they may be commissioned: trees, wirings, ratings, groups and policies of every kind, all of which pass the floor proof.
import fc from 'fast-check';
import { silentAmps } from '../../src/config/floor-proof.ts';
import type { ChargerProfile, QuirkFlag } from '../../src/core/model/charger.ts';
import type { Circuit, EvGroup, Evse, Policy, Site, Station } from '../../src/core/model/site.ts';
import { mapPhases, PHASES, type Phase, type PhaseAmps } from '../../src/core/model/units.ts';
import { buildSite, genericAc } from './site-builder.ts';

/** Every wiring: three phases in any rotation, two of them either way round, and one alone. */
const WIRINGS: readonly (readonly Phase[])[] = [
  ['L1', 'L2', 'L3'],
  ['L1'],
  ['L2'],
  ['L3'],
  ['L2', 'L3', 'L1'],
  ['L3', 'L1', 'L2'],
  ['L1', 'L2'],
  ['L2', 'L3'],
  ['L3', 'L1'],
  ['L3', 'L2', 'L1'],
];
/** Voltage may be this much above nominal in the floor proof of powers. */
const HIGHEST_VOLTAGE_FACTOR = 1.1;

/** Numbers for each phase; most circuits have the same on all. */
export const phaseAmps = (min: number, max: number): fc.Arbitrary<PhaseAmps> =>
  fc.oneof(
    { weight: 2, arbitrary: fc.integer({ min, max }).map((amps) => ({ L1: amps, L2: amps, L3: amps })) },
    {
      weight: 1,
      arbitrary: fc.record({
        L1: fc.integer({ min, max }),
        L2: fc.integer({ min, max }),
        L3: fc.integer({ min, max }),
      }),
    },
  );

/** Absent in two cases of three, and first of all when a counter-example shrinks. */
export const seldom = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.oneof({ weight: 2, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary });

const circuitSpec = fc.record({
  parent: fc.nat(5),
  rating: phaseAmps(6, 125),
  margin: phaseAmps(0, 5),
  worst: phaseAmps(0, 25),
  allowance: fc.integer({ min: 0, max: 10 }),
  kilowatts: seldom(fc.integer({ min: 3, max: 60 })),
  kilovoltamperes: seldom(fc.integer({ min: 3, max: 60 })),
  unbalance: seldom(fc.constantFrom(20, 16, 10, 6)),
  isMetered: fc.boolean(),
  usesGeneration: fc.boolean(),
});

const evseSpec = fc.record({
  circuit: fc.nat(5),
  joinsStation: fc.constantFrom(false, false, true),
  wiring: fc.nat(WIRINGS.length - 1),
  isDc: fc.constantFrom(false, false, false, true),
  step: fc.constantFrom(1, 0.1, 0.5),
  min: fc.constantFrom(6, 6, 6.5, 7, 8, 10, 13),
  range: fc.integer({ min: 0, max: 26 }),
  hasFloor: fc.constantFrom(false, false, true),
  priority: fc.constantFrom(0, 0, 0, 1, 2),
  weight: fc.constantFrom(1, 1, 2, 0.5),
  quirk: fc.constantFrom<QuirkFlag | undefined>(
    undefined,
    undefined,
    undefined,
    undefined,
    'zero-amps-breaks-next-limit',
    'needs-wake-up',
    'forgets-profiles-on-reconnect',
  ),
  holdsFloor: fc.constantFrom(true, true, true, true, true, false),
});

const groupSpec = fc.record({
  members: fc.nat(255),
  limit: seldom(phaseAmps(6, 60)),
  kilowatts: seldom(fc.integer({ min: 1, max: 40 })),
  netOfSurplus: fc.boolean(),
});

type CircuitSpec = typeof circuitSpec extends fc.Arbitrary<infer T> ? T : never;
type EvseSpec = typeof evseSpec extends fc.Arbitrary<infer T> ? T : never;
type GroupSpec = typeof groupSpec extends fc.Arbitrary<infer T> ? T : never;

/** A commissioned site of up to `mostEvses` EVSEs and six circuits, four deep at most. */
export function randomSite(mostEvses = 8): fc.Arbitrary<Site> {
  return fc
    .record({
      circuits: fc.array(circuitSpec, { minLength: 1, maxLength: 6 }),
      evses: fc.array(evseSpec, { minLength: 1, maxLength: mostEvses }),
      groups: fc.array(groupSpec, { maxLength: 2 }),
      scarcity: fc.constantFrom<Policy['scarcity']>('part-for-everyone', 'earliest-departure-first'),
    })
    .map(({ circuits, evses, groups, scarcity }) => siteOf(circuits, evses, groups, scarcity));
}

function siteOf(
  circuitSpecs: readonly CircuitSpec[],
  evseSpecs: readonly EvseSpec[],
  groupSpecs: readonly GroupSpec[],
  scarcity: Policy['scarcity'],
): Site {
  const { evses, stations } = fleetOf(evseSpecs, circuitSpecs.length);
  const drafts = treeOf(circuitSpecs);
  const profileOf = new Map(stations.map(({ id, profile }) => [id, profile]));
  const silent = evses.map((evse) => ({ evse, amps: silentAmps(evse, profileOf.get(evse.station)!.holdsFloor) }));
  const circuits = drafts.map((draft, at) => proved(draft, silent, drafts, circuitSpecs[at]!));
  const groups = groupSpecs.map((spec, at) => provedGroup(`G${at}`, spec, silent));
  const meters = circuits.flatMap(({ meter }) => (meter === undefined ? [] : [meterOf(meter)]));
  return buildSite({ circuits, evses, stations, groups, meters, policy: { scarcity } });
}

/** The group with its limits raised to what the floor proof asks. */
function provedGroup(id: string, spec: GroupSpec, silent: readonly Silent[]): EvGroup {
  const members = silent.filter((_one, member) => (spec.members & (1 << member)) !== 0);
  const onPhase = (phase: Phase) =>
    members.reduce((sum, { evse, amps }) => sum + (evse.phases.includes(phase) ? amps : 0), 0);
  const watts = PHASES.reduce((sum, phase) => sum + onPhase(phase), 0) * 230 * HIGHEST_VOLTAGE_FACTOR;
  const { limit, kilowatts } = spec;
  return {
    id,
    name: id,
    evses: members.map(({ evse }) => evse.id),
    ...(limit ? { limitAmps: mapPhases((phase) => Math.max(limit[phase], Math.ceil(onPhase(phase)))) } : {}),
    ...(kilowatts === undefined ? {} : { limitWatts: Math.max(kilowatts * 1_000, Math.ceil(watts)) }),
    ...(spec.netOfSurplus ? { netOfSurplus: true } : {}),
  };
}

const meterOf = (id: string): Site['meters'][number] => ({
  from: 'modbus',
  id,
  name: id,
  profile: 'eastron-sdm630',
  connection: { endpoint: { transport: 'tcp', host: '127.0.0.1', port: 5020 }, unitId: 1 },
  pollMs: 1_000,
  factor: 1,
  plausibleAmps: 600,
});

function fleetOf(specs: readonly EvseSpec[], circuitCount: number): { evses: Evse[]; stations: Station[] } {
  const evses: Evse[] = [];
  const stations: Station[] = [];
  for (const [at, spec] of specs.entries()) {
    const { step, min, range, quirk, holdsFloor } = spec;
    const joins = spec.joinsStation ? stations.at(-1) : undefined;
    const station = joins ?? {
      id: `S${at}`,
      name: `S${at}`,
      profile: profileOf(step, quirk, holdsFloor),
      evses: [] as string[],
    };
    const number = station.evses.length + 1;
    const id = `${station.id}/${number}`;
    const neverZero = station.profile.quirks.includes('zero-amps-breaks-next-limit');
    const lowest = Number((Math.ceil(min / step - 1e-9) * step).toFixed(6));
    const isDc = spec.isDc && WIRINGS[spec.wiring]!.length === 3;
    const evse: Evse = {
      id,
      station: station.id,
      number,
      name: id,
      circuit: `C${spec.circuit % circuitCount}`,
      supply: isDc ? 'dc' : 'ac',
      phases: WIRINGS[spec.wiring]!,
      minAmps: min,
      maxAmps: lowest + range,
      stepAmps: step,
      ...(isDc ? { efficiency: 0.93 } : {}),
      floorAmps: spec.hasFloor || neverZero ? lowest : 0,
      priority: spec.priority,
      weight: spec.weight,
    };
    evses.push(evse);
    const whole = { ...station, evses: [...station.evses, id] };
    if (joins) stations[stations.length - 1] = whole;
    else stations.push(whole);
  }
  return { evses, stations };
}

function profileOf(stepAmps: number, quirk: QuirkFlag | undefined, holdsFloor: boolean): ChargerProfile {
  return { ...genericAc, stepAmps, holdsFloor, quirks: quirk === undefined ? [] : [quirk] };
}

type Draft = Pick<Circuit, 'id' | 'parent' | 'worstBaseLoadAmps'>;

/** Parents before children, no deeper than four; a child's worst base load is part of its parent's. */
function treeOf(specs: readonly CircuitSpec[]): Draft[] {
  const drafts: (Draft & { readonly depth: number })[] = [];
  for (const [at, { parent, worst }] of specs.entries()) {
    const possible = drafts.filter((draft) => draft.depth < 4);
    const above = possible[parent % Math.max(1, possible.length)];
    drafts.push({
      id: `C${at}`,
      ...(above ? { parent: above.id } : {}),
      worstBaseLoadAmps: above ? mapPhases((phase) => Math.min(worst[phase], above.worstBaseLoadAmps[phase])) : worst,
      depth: (above?.depth ?? 0) + 1,
    });
  }
  return drafts;
}

type Silent = { readonly evse: Evse; readonly amps: number };

/** The circuit with its numbers raised to what the floor proof asks. */
function proved(draft: Draft, silent: readonly Silent[], drafts: readonly Draft[], spec: CircuitSpec): Circuit {
  const within = new Set([draft.id]);
  for (const { id, parent } of drafts) if (parent !== undefined && within.has(parent)) within.add(id);
  const below = silent.filter(({ evse }) => within.has(evse.circuit));
  const onPhase = (phase: Phase) =>
    below.reduce((sum, { evse, amps }) => sum + (evse.phases.includes(phase) ? amps : 0), 0);
  const worst = draft.worstBaseLoadAmps;
  const watts = PHASES.reduce((sum, phase) => sum + onPhase(phase) + worst[phase], 0) * 230 * HIGHEST_VOLTAGE_FACTOR;
  const power = (kilo: number) => Math.max(kilo * 1_000, Math.ceil(watts));
  return {
    ...draft,
    name: draft.id,
    ratingAmps: mapPhases((phase) =>
      Math.max(spec.rating[phase], Math.ceil(onPhase(phase) + worst[phase] + spec.margin[phase])),
    ),
    marginAmps: spec.margin,
    allowanceAmps: mapPhases((phase) => Math.min(spec.allowance, worst[phase])),
    ...(spec.kilowatts === undefined ? {} : { limitWatts: power(spec.kilowatts) }),
    ...(spec.kilovoltamperes === undefined ? {} : { limitVoltAmperes: power(spec.kilovoltamperes) }),
    ...(spec.unbalance === undefined ? {} : { unbalanceAmps: spec.unbalance }),
    ...(spec.usesGeneration ? { usesGeneration: true } : {}),
    ...(spec.isMetered ? { meter: `M-${draft.id}` } : {}),
  };
}

/** A site in few words, for the counter-examples of laws: what is not there is not said. */
export function describeSite({ circuits, evses, stations, groups, policy }: Site): readonly string[] {
  const brief = ({ L1, L2, L3 }: PhaseAmps) => (L1 === L2 && L2 === L3 ? `${L1} A` : `${L1}/${L2}/${L3} A`);
  return [
    `scarcity ${policy.scarcity}`,
    ...circuits.map(
      (one) =>
        `circuit ${one.id} below ${one.parent ?? 'the grid'}: rating ${brief(one.ratingAmps)}, margin ${brief(one.marginAmps)}, worst ${brief(one.worstBaseLoadAmps)}` +
        `, ${one.limitWatts ?? 'no'} W, ${one.limitVoltAmperes ?? 'no'} VA, unbalance ${one.unbalanceAmps ?? 'any'}, ${one.meter ?? `allowance ${brief(one.allowanceAmps)}`}${one.usesGeneration ? ', uses generation' : ''}`,
    ),
    ...evses.map((one) => {
      const profile = stations.find(({ id }) => id === one.station)!.profile;
      return `EVSE ${one.id} on ${one.circuit}: ${one.supply} ${one.phases.join('')} ${one.minAmps}..${one.maxAmps} by ${one.stepAmps}, floor ${one.floorAmps}, priority ${one.priority}, weight ${one.weight} ${profile.quirks.join(' ')}${profile.holdsFloor ? '' : ' holds no floor'}`;
    }),
    ...groups.map(
      (one) =>
        `group ${one.id} of ${one.evses.join(' ')}: ${one.limitAmps ? brief(one.limitAmps) : ''} ${one.limitWatts ?? 'no'} W${one.netOfSurplus ? ' net of surplus' : ''}`,
    ),
  ];
}
