// Random situations on a random site, as `allocate` sees them: who may be given what, what others draw, and every kind of limit above them.
import fc from 'fast-check';
import type { AllocateInput } from '../../src/core/allocate/allocate.ts';
import { capacityRows, type Limits } from '../../src/core/allocate/capacity.ts';
import { loadsOf } from '../../src/core/allocate/rows.ts';
import type { CandidateRole, Situation } from '../../src/core/allocate/situation.ts';
import { circuitLimits, type EvseCap, evseCaps, groupLimits } from '../../src/core/limits/caps.ts';
import type { Cap, Source } from '../../src/core/model/limit.ts';
import type { Evse, Site } from '../../src/core/model/site.ts';
import { gridPhases } from '../../src/core/model/site-index.ts';
import { floorToStep, mapPhases, type PhaseAmps } from '../../src/core/model/units.ts';
import { describeSite, phaseAmps, randomSite, seldom } from './random-site.ts';

/** The instant of every random sharing. */
export const NOW = 50_000_000;
const HOUR = 3_600_000;

const author: fc.Arbitrary<Source> = fc.constantFrom<Source>(
  { kind: 'utility', id: 'evt-1' },
  { kind: 'facility-manager' },
  { kind: 'upstream' },
  { kind: 'user', id: 'amelie' },
);

const capSpec = fc.record({
  scope: fc.constantFrom<Cap['scope']['kind']>('evse', 'circuit', 'group'),
  of: fc.nat(7),
  amps: seldom(phaseAmps(0, 40)),
  kilowatts: seldom(fc.integer({ min: 0, max: 40 })),
  kilovoltamperes: seldom(fc.integer({ min: 0, max: 40 })),
  netOfSurplus: fc.boolean(),
  source: author,
  from: seldom(fc.integer({ min: -HOUR, max: HOUR })),
  until: seldom(fc.integer({ min: -HOUR, max: HOUR })),
});
export const capSpecs = fc.array(capSpec, { maxLength: 3 });

/** The caps on `site` around `now`; none on a group where it has none. */
export function capsOf(
  specs: readonly (typeof capSpec extends fc.Arbitrary<infer T> ? T : never)[],
  site: Site,
): Cap[] {
  return specs.flatMap((spec, at): Cap[] => {
    const { scope: kind, of, amps, kilowatts, kilovoltamperes, from, until, source } = spec;
    if (kind === 'group' && site.groups.length === 0) return [];
    const scope: Cap['scope'] =
      kind === 'evse'
        ? { kind, evse: site.evses[of % site.evses.length]!.id }
        : kind === 'circuit'
          ? { kind, circuit: site.circuits[of % site.circuits.length]!.id }
          : { kind, group: site.groups[of % site.groups.length]!.id };
    return [
      {
        id: `cap-${at}`,
        source,
        scope,
        ...(amps ? { limitAmps: amps } : {}),
        ...(kilowatts === undefined ? {} : { limitWatts: kilowatts * 1_000 }),
        ...(kilovoltamperes === undefined ? {} : { limitVoltAmperes: kilovoltamperes * 1_000 }),
        ...(kind === 'group' && spec.netOfSurplus ? { netOfSurplus: true } : {}),
        ...(from === undefined ? {} : { from: NOW + from }),
        ...(until === undefined ? {} : { until: NOW + until }),
      },
    ];
  });
}

const situationSpec = fc.record({
  isCandidate: fc.constantFrom(true, true, true, true, false),
  active: fc.constantFrom(7, 7, 7, 1, 3),
  /** Parts of the hardware's maximum. */
  reserved: fc.integer({ min: 0, max: 10 }),
  assured: fc.integer({ min: 0, max: 10 }),
  ceiling: fc.constantFrom(10, 10, 10, 7, 4),
  isOn: fc.boolean(),
  keepsPlace: fc.boolean(),
  rests: fc.constantFrom(false, false, false, false, true),
  need: seldom(fc.integer({ min: 0, max: 40 })),
  isUrgent: fc.boolean(),
  isPatient: fc.boolean(),
  departure: seldom(fc.integer({ min: 0, max: 12 })),
  priority: seldom(fc.integer({ min: -1, max: 2 })),
  minutes: fc.integer({ min: 0, max: 40 }),
  onlySurplus: fc.constantFrom(false, false, false, false, true),
});
type SituationSpec = typeof situationSpec extends fc.Arbitrary<infer T> ? T : never;

const sharingSpec = fc.record({
  caps: capSpecs,
  situations: fc.array(situationSpec, { minLength: 8, maxLength: 8 }),
  baseLoads: fc.array(phaseAmps(-20, 25), { minLength: 6, maxLength: 6 }),
  stations: fc.array(fc.record({ of: fc.nat(7), amps: fc.integer({ min: 0, max: 64 }) }), { maxLength: 1 }),
  surplusWatts: fc.constantFrom(0, 0, 3_000, 7_500, 20_000),
  mayRotate: fc.boolean(),
});
type SharingSpec = typeof sharingSpec extends fc.Arbitrary<infer T> ? T : never;

/** What is put before `allocate`, and what it was made of, so that a checker can do its own arithmetic. */
export type Sharing = {
  readonly site: Site;
  readonly caps: readonly Cap[];
  readonly baseLoads: readonly PhaseAmps[];
  readonly input: AllocateInput;
  readonly [fc.toStringMethod]: () => string;
};

export function randomSharing(site: fc.Arbitrary<Site> = randomSite()): fc.Arbitrary<Sharing> {
  return fc.tuple(site, sharingSpec).map(([one, spec]) => sharingOf(one, spec));
}

function sharingOf(site: Site, spec: SharingSpec): Sharing {
  const caps = capsOf(spec.caps, site);
  const ownCaps = evseCaps(site, caps, NOW);
  const situations = site.evses.map((evse, at) =>
    situationOf(site, evse, at, spec.situations[at]!, ownCaps.get(evse.id)),
  );
  // Below zero only where generation may be used, as the core believes it.
  const baseLoads = site.circuits.map((circuit, at) =>
    mapPhases((phase) =>
      circuit.usesGeneration ? spec.baseLoads[at]![phase] : Math.max(0, spec.baseLoads[at]![phase]),
    ),
  );
  const { surplusWatts, mayRotate } = spec;
  const stations = spec.stations.map(({ of, amps }) => ({
    station: site.stations[of % site.stations.length]!.id,
    amps,
    source: { kind: 'upstream' } as const,
  }));
  const sharing = {
    site,
    caps,
    baseLoads,
    input: inputOf(site, { caps, baseLoads, situations, stations, surplusWatts, mayRotate }),
  };
  return { ...sharing, [fc.toStringMethod]: () => describeSharing(sharing) };
}

/** A sharing in few words, for the counter-examples of laws. */
export function describeSharing({ site, caps, baseLoads, input }: Omit<Sharing, typeof fc.toStringMethod>): string {
  const { limits, situations, mayRotate } = input;
  return [
    ...describeSite(site),
    ...caps.map((cap) => `cap ${JSON.stringify(cap)}`),
    `base loads ${JSON.stringify(baseLoads)}, surplus ${limits.surplusWatts} W, stations ${JSON.stringify(limits.stations)}, may rotate: ${mayRotate}`,
    ...situations.map(
      ({ evse, phases, role, assuredAmps, balances }) =>
        `${evse.id} on ${phases.join('')}, assured ${assuredAmps}, balances: ${balances}, ${JSON.stringify(role)}`,
    ),
  ].join('\n');
}

/** The input of `allocate` for given situations and limits. */
export function inputOf(
  site: Site,
  given: {
    readonly caps: readonly Cap[];
    readonly baseLoads: readonly PhaseAmps[];
    readonly situations: readonly Situation[];
    readonly stations: Limits['stations'];
    readonly surplusWatts: number;
    readonly mayRotate: boolean;
  },
): AllocateInput {
  const { caps, baseLoads, situations, stations, surplusWatts, mayRotate } = given;
  const limits: Limits = {
    circuits: circuitLimits(site, caps, NOW),
    baseLoads: new Map(site.circuits.map(({ id }, at) => [id, { from: 'meter', amps: baseLoads[at]! }])),
    groups: groupLimits(site, caps, NOW),
    stations,
    surplusWatts,
  };
  const rows = capacityRows(site, limits);
  return { site, limits, rows, loads: loadsOf(rows, situations), situations, mayRotate, solvers: {} };
}

function situationOf(site: Site, evse: Evse, at: number, spec: SituationSpec, cap: EvseCap | undefined): Situation {
  const { profile } = site.stations.find((station) => station.id === evse.station)!;
  const wired = 2 ** evse.phases.length - 1;
  const exposureAmps = floorToStep((evse.maxAmps * spec.reserved) / 10, 0.1);
  const assuredAmps = Math.min(exposureAmps, (evse.maxAmps * spec.assured) / 10);
  return {
    at,
    evse,
    profile,
    station: undefined,
    state: undefined,
    memory: { floor: { state: 'unproved' }, leases: [], failures: 0, disobeyedSamples: 0 },
    phases: gridPhases(evse, spec.active & wired),
    exposureAmps,
    exposureBecause: 'lease',
    assuredAmps,
    balances: assuredAmps >= 0.8 * evse.minAmps,
    cap,
    role: spec.isCandidate ? candidateOf(evse, spec, profile.quirks, cap) : { kind: 'reserved', amps: exposureAmps },
  };
}

function candidateOf(
  evse: Evse,
  spec: SituationSpec,
  quirks: readonly string[],
  cap: EvseCap | undefined,
): CandidateRole {
  const { stepAmps, minAmps, maxAmps } = evse;
  const neverZero = quirks.includes('zero-amps-breaks-next-limit');
  const lower = Number((Math.ceil(minAmps / stepAmps - 1e-9) * stepAmps).toFixed(6));
  const most = Math.min(maxAmps, cap?.amps ?? Number.POSITIVE_INFINITY, Math.max(lower, (maxAmps * spec.ceiling) / 10));
  const upper = floorToStep(most, stepAmps);
  const { isOn, need, departure, minutes } = spec;
  return {
    kind: 'candidate',
    lower,
    upper: neverZero ? Math.max(upper, lower) : upper,
    isOn,
    neverZero,
    priority: spec.priority ?? evse.priority,
    ...(need === undefined ? {} : { needAmps: need }),
    isUrgent: spec.isUrgent && need !== undefined && need > 0,
    isPatient: need !== undefined && (need === 0 || (!isOn && need < lower)),
    ...(departure === undefined ? {} : { departureAt: NOW + (departure * HOUR) / 2 }),
    keepsPlace: isOn && spec.keepsPlace,
    ...(!isOn && spec.rests ? { restsUntil: NOW + 60_000 } : {}),
    waitedMs: isOn ? 0 : minutes * 60_000,
    servedMs: isOn ? minutes * 60_000 : 0,
    onlySurplus: spec.onlySurplus,
  };
}
