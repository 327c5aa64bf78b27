// What breaks on a simulated site, how often and for how long: a table for each level, drawn for each thing by itself.

import type { Site } from '../core/model/site.ts';
import { mapPhases, PHASES, type StationId } from '../core/model/units.ts';
import { Draws, hours, minutes, type Span, seconds } from './draws.ts';
import type { FaultLevel, Happening, MeterFault, StationManner } from './script.ts';
import type { SeededStreams } from './seeded-random.ts';

/** How many stations of a site err at some time; at least one does. */
const ERRING_PART = 0.15;
/** What began too shortly before the end to matter is left out. */
const SHORTEST_MS = 1_000;

/** Everything that a happening needs besides its time. */
type Told<T = Happening> = T extends Happening ? Omit<T, 'atMs'> : never;
type Surroundings = { readonly site: Site; readonly erring: ReadonlySet<StationId> };
type Kind = {
  readonly kind: Happening['kind'];
  /** The ids of what it can happen to; one id where it happens to the site as a whole; none where the site has no such thing. */
  readonly subjects: (where: Surroundings) => readonly string[];
  readonly tell: (subject: string, draws: Draws, lasts: Span, where: Surroundings) => Told;
};
/** One line of the table: from the end of one to the beginning of the next on the same subject, and how long each lasts. */
type Line = Kind & { readonly every: Span; readonly lasts: Span };
/** For what is over in the instant in which it happens. */
const AT_ONCE: Span = [0, 0];

const MANNERS: readonly StationManner[] = [
  'obeys-late',
  'silent',
  'accepts-without-applying',
  'forgets-on-reconnect',
  'rounds-up',
  'refuses',
];
const OTHER_METER_FAULTS: readonly MeterFault[] = ['flipped', 'times-ten', 'spike', 'late', 'dead'];
const FIELD_METER_FAULTS: readonly MeterFault[] = ['dead', 'late', 'spike'];
const DISK_FAULTS = ['full', 'slow', 'read-only'] as const;
const UPSTREAM_FAULTS = ['down', 'silent', 'late', 'callerror', 'loses-answers'] as const;
const CLOCK_STEPS_MS = [-3_600_000, -61_000, -900, 900, 61_000, 3_600_000] as const;
const SIGNS = [-1, 1] as const;

const theSite = ({ site }: Surroundings) => [site.id];
const everyStation = ({ site }: Surroundings) => site.stations.map((station) => station.id);
/** Those that can err themselves: a combined one errs by its parts. */
const everyMeter = ({ site }: Surroundings) =>
  site.meters.flatMap((meter) => (meter.from === 'modbus' ? [meter.id] : []));

const linkLost = (closedPart: number): Kind => ({
  kind: 'link-lost',
  subjects: everyStation,
  tell: (station, draws, lasts) => ({
    kind: 'link-lost',
    station,
    how: draws.chance(closedPart) ? 'closed' : 'half-open',
    forMs: draws.within(lasts),
  }),
});
const networkSlow = (delayMs: Span): Kind => ({
  kind: 'network-slow',
  subjects: everyStation,
  tell: (station, draws, lasts) => ({
    kind: 'network-slow',
    station,
    delayMs: draws.mostlyShort(delayMs),
    forMs: draws.within(lasts),
  }),
});
const stationErrs = (manners: readonly StationManner[]): Kind => ({
  kind: 'station-errs',
  subjects: ({ site, erring }) => site.stations.map((station) => station.id).filter((id) => erring.has(id)),
  tell: (station, draws, lasts) => ({
    kind: 'station-errs',
    station,
    manner: draws.card(manners),
    forMs: draws.within(lasts),
  }),
});
const stationReboots = (forgetsPart: number): Kind => ({
  kind: 'station-reboots',
  subjects: everyStation,
  // Only one that errs forgets: the others do as OCPP 1.6 errata 3.37 says.
  tell: (station, draws, _lasts, { erring }) => {
    const forgets = draws.chance(forgetsPart);
    return { kind: 'station-reboots', station, forgets: forgets && erring.has(station) };
  },
});
const stationClock: Kind = {
  kind: 'station-clock',
  subjects: everyStation,
  // A good clock is off by seconds; one that errs, by up to an hour.
  tell: (station, draws, _lasts, { erring }) => ({
    kind: 'station-clock',
    station,
    byMs: draws.card(SIGNS) * draws.within(erring.has(station) ? minutes(1, 60) : seconds(1, 20)),
  }),
};
const meterErrs = (faults: readonly MeterFault[], stuckPart: number): Kind => ({
  kind: 'meter-errs',
  subjects: everyMeter,
  tell: (meter, draws, lasts) => {
    const fault = draws.chance(stuckPart) ? 'stuck' : draws.card(faults);
    const forMs = draws.within(lasts);
    return { kind: 'meter-errs', meter, fault, forMs: fault === 'spike' ? draws.within(seconds(2, 10)) : forMs };
  },
});
const buildingSteps = (part: Span): Kind => ({
  kind: 'building-steps',
  subjects: ({ site }) => (PHASES.some((phase) => worstOf(site)[phase] > 0) ? [site.id] : []),
  tell: (_site, draws, lasts, { site }) => {
    const of = draws.part(part);
    const where = draws.within([0, 3]);
    const amps = mapPhases((phase) =>
      where === 3 || PHASES[where] === phase ? Math.round(worstOf(site)[phase] * of * 10) / 10 : 0,
    );
    return { kind: 'building-steps', amps, forMs: draws.within(lasts) };
  },
});
const controllerDies: Kind = {
  kind: 'controller-dies',
  subjects: theSite,
  tell: (_site, draws, lasts) => {
    const hangs = draws.chance(0.25);
    return {
      kind: 'controller-dies',
      how: hangs ? 'hang' : 'crash',
      forMs: draws.within(hangs ? seconds(5, 60) : lasts),
    };
  },
};
const lasting = (kind: 'power-cut' | 'grid-outage'): Kind => ({
  kind,
  subjects: theSite,
  tell: (_site, draws, lasts) => ({ kind, forMs: draws.within(lasts) }),
});
const gatewayDies: Kind = { kind: 'gateway-dies', subjects: theSite, tell: () => ({ kind: 'gateway-dies' }) };
const diskErrs: Kind = {
  kind: 'disk-errs',
  subjects: theSite,
  tell: (_site, draws, lasts) => ({ kind: 'disk-errs', fault: draws.card(DISK_FAULTS), forMs: draws.within(lasts) }),
};
const upstreamErrs = (faults: readonly (typeof UPSTREAM_FAULTS)[number][]): Kind => ({
  kind: 'upstream-errs',
  subjects: ({ site }) => (site.upstream ? [site.id] : []),
  tell: (_site, draws, lasts) => ({ kind: 'upstream-errs', fault: draws.card(faults), forMs: draws.within(lasts) }),
});
const wallClock: Kind = {
  kind: 'wall-clock',
  subjects: theSite,
  tell: (_site, draws) => ({ kind: 'wall-clock', byMs: draws.card(CLOCK_STEPS_MS) }),
};
const limitSet: Kind = {
  kind: 'limit-set',
  subjects: ({ site }) => site.circuits.map((circuit) => circuit.id),
  tell: (circuit, draws, lasts, { site }) => {
    const { ratingAmps } = site.circuits.find((one) => one.id === circuit)!;
    const whole = Math.min(ratingAmps.L1, ratingAmps.L2, ratingAmps.L3);
    const part = draws.chance(0.1) ? 0 : draws.part([0.2, 1]);
    return { kind: 'limit-set', circuit, limitAmps: Math.floor(whole * part), forMs: draws.within(lasts) };
  },
};

const worstOf = (site: Site) => site.circuits[0]!.worstBaseLoadAmps;

/** What a well-kept site sees. */
const FIELD: readonly Line[] = [
  { ...linkLost(0.8), every: hours(4, 16), lasts: seconds(2, 180) },
  { ...networkSlow([200, 5_000]), every: hours(6, 24), lasts: minutes(1, 15) },
  { ...stationErrs(['obeys-late', 'silent']), every: hours(8, 36), lasts: minutes(1, 10) },
  { ...stationReboots(0), every: hours(24, 120), lasts: AT_ONCE },
  { ...meterErrs(FIELD_METER_FAULTS, 0), every: hours(6, 20), lasts: seconds(2, 90) },
  { ...upstreamErrs(['down', 'silent']), every: hours(8, 30), lasts: minutes(1, 30) },
];

/**
 * Every kind, each at least once a day: a crash of the controller every 1 to 3 h, a lost link of each station every half to three and a
 * half, a stuck meter some times a day, and the others so often that even on a small site something is broken at nearly any time.
 */
const HARSH: readonly Line[] = [
  { ...linkLost(0.6), every: minutes(30, 210), lasts: seconds(5, 600) },
  { ...networkSlow([200, 20_000]), every: minutes(30, 150), lasts: minutes(2, 20) },
  { ...stationErrs(MANNERS), every: minutes(30, 120), lasts: minutes(2, 25) },
  { ...stationReboots(0.4), every: hours(5, 18), lasts: AT_ONCE },
  { ...stationClock, every: hours(5, 18), lasts: AT_ONCE },
  { ...meterErrs(OTHER_METER_FAULTS, 0.4), every: minutes(60, 180), lasts: minutes(1, 16) },
  { ...buildingSteps([0.05, 0.6]), every: minutes(5, 30), lasts: minutes(1, 30) },
  { ...controllerDies, every: hours(1, 3), lasts: seconds(20, 1_800) },
  { ...lasting('power-cut'), every: hours(4, 16), lasts: seconds(10, 300) },
  { ...lasting('grid-outage'), every: hours(6, 20), lasts: seconds(5, 600) },
  { ...gatewayDies, every: hours(2, 8), lasts: AT_ONCE },
  { ...diskErrs, every: hours(1, 4), lasts: minutes(1, 20) },
  { ...upstreamErrs(UPSTREAM_FAULTS), every: minutes(30, 120), lasts: minutes(2, 40) },
  { ...wallClock, every: hours(3, 12), lasts: AT_ONCE },
  { ...limitSet, every: hours(1, 4), lasts: minutes(5, 60) },
];

const LINES: Readonly<Record<FaultLevel, readonly Line[]>> = { none: [], field: FIELD, harsh: HARSH };

/** All that breaks within `hoursMs`, kind by kind and subject by subject; everything is over by the end. */
export function faultsOf(site: Site, level: FaultLevel, streams: SeededStreams, hoursMs: number): Happening[] {
  const where: Surroundings = { site, erring: erringStations(site, streams) };
  return LINES[level].flatMap((line) =>
    line.subjects(where).flatMap((subject) => {
      const draws = new Draws(streams.stream(`${line.kind}/${subject}`));
      const found: Happening[] = [];
      let atMs = draws.within([0, line.every[1]]);
      while (atMs <= hoursMs - SHORTEST_MS) {
        const told = line.tell(subject, draws, line.lasts, where);
        const happening = endingBy({ ...told, atMs } as Happening, hoursMs);
        found.push(happening);
        atMs += ('forMs' in happening ? happening.forMs : 0) + draws.within(line.every);
      }
      return found;
    }),
  );
}

function endingBy(happening: Happening, hoursMs: number): Happening {
  if (!('forMs' in happening) || happening.atMs + happening.forMs <= hoursMs) return happening;
  return { ...happening, forMs: hoursMs - happening.atMs };
}

/** A fixed part of the stations, which ones by chance. */
export function erringStations(site: Site, streams: SeededStreams): ReadonlySet<StationId> {
  const drawn = site.stations.map(({ id }, at) => ({ id, at, draw: streams.stream(`errs/${id}`).next('script.errs') }));
  drawn.sort((a, b) => a.draw - b.draw || a.at - b.at);
  return new Set(drawn.slice(0, Math.max(1, Math.round(site.stations.length * ERRING_PART))).map(({ id }) => id));
}
