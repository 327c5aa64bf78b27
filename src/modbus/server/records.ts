// What each record of the register map holds, register by register: the one table that the encoder writes by and the documentation is checked against.

import type { GroupLimit } from '../../core/limits/caps.ts';
import type { CircuitReport, CycleRecord, PhaseReport, Share } from '../../core/model/decision.ts';
import type { ExternalCapTerms } from '../../core/model/modbus-server.ts';
import type { Circuit, Site } from '../../core/model/site.ts';
import type { MeterReading } from '../../core/model/snapshot.ts';
import type { EvseActivity } from '../../core/model/state-view.ts';
import { PHASES, type Phase, type PhaseAmps } from '../../core/model/units.ts';
import {
  ACTIVITIES,
  AUTHORS,
  BASE_LOAD_SOURCES,
  CAP_STATES,
  CAP_UNITS,
  codeOf,
  METER_STATES,
  MODES,
  REASONS,
} from './codes.ts';
import { type CapLedger, type CapStanding, valueInForce } from './external-cap.ts';
import { totalWatts } from './sunspec-block.ts';
import type { Field } from './words.ts';

/** Rises when a register changes its meaning; new registers in reserved places do not raise it. */
export const MAP_VERSION = 1;
export const IDENTIFICATION = 'Busbar';
/** The alive counter runs from 0 to this and begins again. */
export const MOST_ALIVE = 65_534;

export type ControllerSubject = {
  readonly site: Pick<Site, 'id'>;
  readonly counts: { readonly circuits: number; readonly evses: number; readonly groups: number };
  /** Absent: no cycle, or none that is young enough. */
  readonly record?: CycleRecord;
};

export const CONTROLLER_FIELDS: readonly Field<ControllerSubject>[] = [
  { at: 0, name: 'identification', type: 'text', registers: 3, meaning: '`Busbar`', of: () => IDENTIFICATION },
  { at: 3, name: 'map version', type: 'u16', meaning: `${MAP_VERSION}: this page`, of: () => MAP_VERSION },
  {
    at: 4,
    name: 'mode',
    type: 'u16',
    meaning: 'of the last cycle',
    of: ({ record }) => codeOf(MODES, record?.decision.mode),
  },
  {
    at: 5,
    name: 'alive',
    type: 'u16',
    meaning: `rises by 1 with each cycle, after ${MOST_ALIVE} from 0`,
    of: ({ record }) => record && record.snapshot.cycle % (MOST_ALIVE + 1),
  },
  {
    at: 6,
    name: 'cycle age',
    type: 'u32',
    unit: 'ms',
    meaning: 'since the last cycle, at the moment of the answer',
    of: () => undefined,
  },
  {
    at: 8,
    name: 'epoch',
    type: 'u32',
    meaning: 'rises with every start of the controller',
    of: ({ record }) => record?.controller.epoch,
  },
  { at: 10, name: 'circuits', type: 'u16', meaning: 'how many the map holds', of: ({ counts }) => counts.circuits },
  { at: 11, name: 'EVSEs', type: 'u16', meaning: 'how many the map holds', of: ({ counts }) => counts.evses },
  { at: 12, name: 'groups', type: 'u16', meaning: 'how many the map holds', of: ({ counts }) => counts.groups },
  {
    at: 13,
    name: 'alarms',
    type: 'u16',
    meaning: 'notices of the last cycle that are alarms',
    of: ({ record }) => noticesOf(record, 'alarm'),
  },
  {
    at: 14,
    name: 'warnings',
    type: 'u16',
    meaning: 'notices of the last cycle that are warnings',
    of: ({ record }) => noticesOf(record, 'warning'),
  },
  {
    at: 15,
    name: 'stations connected',
    type: 'u16',
    meaning: 'now',
    of: ({ record }) =>
      record && Object.values(record.snapshot.stations).filter(({ link }) => link.state === 'connected').length,
  },
  { at: 20, name: 'site', type: 'text', registers: 16, meaning: 'its id', of: ({ site }) => site.id },
];

export type CapSubject = {
  readonly terms?: ExternalCapTerms;
  readonly standing?: CapStanding;
  readonly ledger: CapLedger;
  /** Of the circuit, in the map. */
  readonly circuitIndex?: number;
};

export const CAP_FIELDS: readonly Field<CapSubject>[] = [
  {
    at: 0,
    name: 'cap',
    type: 'f32',
    unit: 'A per phase, or W',
    meaning: '**writable**: the cap; reads as the last one while it is live',
    of: (cap) => liveValue(cap),
  },
  {
    at: 2,
    name: 'heartbeat',
    type: 'u16',
    meaning: '**writable**: any number, the same as before or another; reads as the last one',
    of: ({ ledger }) => ledger.beat,
  },
  {
    at: 3,
    name: 'cap, coarse',
    type: 'u16',
    unit: '0.1 A, or 0.1 kW',
    meaning: '**writable**: the cap for masters that write one register at a time',
    of: ({ terms, ...cap }) => coarseOf(terms, liveValue(cap)),
  },
  {
    at: 4,
    name: 'state',
    type: 'u16',
    meaning: 'where the cap stands',
    of: ({ terms, standing }) => codeOf(CAP_STATES, terms === undefined ? 'none' : standing?.state),
  },
  { at: 5, name: 'unit', type: 'u16', meaning: 'of all caps here', of: ({ terms }) => codeOf(CAP_UNITS, terms?.unit) },
  {
    at: 6,
    name: 'circuit',
    type: 'u16',
    meaning: 'index of the circuit that it caps',
    of: ({ circuitIndex }) => circuitIndex,
  },
  {
    at: 8,
    name: 'in force',
    type: 'f32',
    unit: 'A per phase, or W',
    meaning: 'what holds now, the failsafe included',
    of: ({ terms, standing }) => terms && standing && valueInForce(terms, standing),
  },
  {
    at: 10,
    name: 'failsafe',
    type: 'f32',
    unit: 'A per phase, or W',
    meaning: 'of the site file',
    of: ({ terms }) => terms?.failsafe,
  },
  {
    at: 12,
    name: 'most',
    type: 'f32',
    unit: 'A per phase, or W',
    meaning: 'a larger cap is refused',
    of: ({ terms }) => terms?.most,
  },
  {
    at: 14,
    name: 'time left',
    type: 'u32',
    unit: 'ms',
    meaning: 'until the failsafe holds if nothing is written',
    of: ({ standing }) => (standing?.state === 'live' ? standing.leftMs : undefined),
  },
];

export type CircuitSubject = {
  readonly circuit: Circuit;
  readonly report?: CircuitReport;
  readonly meter: keyof typeof METER_STATES | undefined;
  readonly meterAgeMs?: number;
  /** Present while it is fresh. */
  readonly reading?: MeterReading;
};

export const CIRCUIT_FIELDS: readonly Field<CircuitSubject>[] = [
  {
    at: 0,
    name: 'base load from',
    type: 'u16',
    meaning: 'where the figure comes from',
    of: ({ report }) => codeOf(BASE_LOAD_SOURCES, report?.baseLoadFrom),
  },
  {
    at: 1,
    name: 'meter',
    type: 'u16',
    meaning: 'how fresh its reading is',
    of: ({ meter }) => codeOf(METER_STATES, meter),
  },
  {
    at: 2,
    name: 'meter age',
    type: 'u32',
    unit: 'ms',
    meaning: 'age of its last good reading in the last cycle',
    of: ({ meterAgeMs }) => meterAgeMs,
  },
  ...ofPhases(4, 'limit', 'in force: the rating, or a tighter cap', (report) => report.limitAmps),
  ...ofPhases(10, 'margin', 'kept free beneath it', (report) => report.marginAmps),
  ...ofPhases(16, 'base load', 'loads other than chargers', (report) => report.baseLoadAmps),
  ...ofPhases(
    22,
    'headroom',
    'limit − margin − base load − what chargers may draw; negative is an overload',
    (report) => report.headroomAmps,
  ),
  ...ofPhases(28, 'measured', 'by the meter, import positive; only while it is fresh', (report) => report.meteredAmps),
  {
    at: 34,
    name: 'power',
    type: 'f32',
    unit: 'W',
    meaning: 'by the meter, import positive; only while it is fresh',
    of: ({ reading }) => reading && totalWatts(reading),
  },
  {
    at: 36,
    name: 'power limit',
    type: 'f32',
    unit: 'W or VA',
    meaning: 'in force',
    of: ({ report }) => report?.power?.limitWatts,
  },
  {
    at: 38,
    name: 'author',
    type: 'u16',
    meaning: 'who set the lowest of the three limits',
    of: ({ report }) => codeOf(AUTHORS, report && lowest(report).limitSource.kind),
  },
  {
    at: 39,
    name: 'power author',
    type: 'u16',
    meaning: 'who set the power limit',
    of: ({ report }) => codeOf(AUTHORS, report?.power?.source.kind),
  },
  ...ofPhases(40, 'chargers', 'the most that they may be drawing', (report) => report.exposureAmps),
];

export type EvseSubject = {
  readonly share?: Share;
  readonly activity?: EvseActivity;
};

export const EVSE_FIELDS: readonly Field<EvseSubject>[] = [
  {
    at: 0,
    name: 'status',
    type: 'u16',
    meaning: 'what it is doing',
    of: ({ activity }) => codeOf(ACTIVITIES, activity),
  },
  {
    at: 1,
    name: 'reason',
    type: 'u16',
    meaning: 'why it has this share',
    of: ({ share }) => codeOf(REASONS, share?.reason.kind),
  },
  {
    at: 2,
    name: 'offered',
    type: 'f32',
    unit: 'A per phase',
    meaning: 'the newest limit that was sent',
    of: ({ share }) => share?.offeredAmps,
  },
  {
    at: 4,
    name: 'acknowledged',
    type: 'f32',
    unit: 'A per phase',
    meaning: 'the newest limit that the charger accepted and that has not run out',
    of: ({ share }) => share?.acknowledgedAmps,
  },
  ...phaseFields<EvseSubject>(
    6,
    'drawn',
    'measured, on the phase of the grid; only while it is fresh',
    ({ share }) => share?.drawnAmps,
  ),
];

export type GroupSubject = {
  readonly members: number;
  readonly limits?: readonly GroupLimit[];
  readonly exposureAmps?: PhaseAmps;
};

export const GROUP_FIELDS: readonly Field<GroupSubject>[] = [
  ...phaseFields<GroupSubject>(0, 'limit', 'in force', ({ limits }) => limits && tightestAmps(limits)),
  {
    at: 6,
    name: 'power limit',
    type: 'f32',
    unit: 'W',
    meaning: 'in force; without the surplus that may come on top',
    of: ({ limits }) => limits && tightestWatts(limits)?.watts,
  },
  ...phaseFields<GroupSubject>(
    8,
    'chargers',
    'the most that its members may be drawing',
    ({ exposureAmps }) => exposureAmps,
  ),
  { at: 14, name: 'members', type: 'u16', meaning: 'EVSEs in it', of: ({ members }) => members },
  {
    at: 15,
    name: 'power author',
    type: 'u16',
    meaning: 'who set the power limit',
    of: ({ limits }) => codeOf(AUTHORS, limits && tightestWatts(limits)?.source.kind),
  },
];

function noticesOf(record: CycleRecord | undefined, severity: 'alarm' | 'warning'): number | undefined {
  return record?.decision.notices.filter((notice) => notice.severity === severity).length;
}

function liveValue({ standing }: Pick<CapSubject, 'standing'>): number | undefined {
  return standing?.state === 'live' ? standing.value : undefined;
}

/** Tenths of an ampere, or of a kilowatt. */
function coarseOf(terms: ExternalCapTerms | undefined, value: number | undefined): number | undefined {
  if (terms === undefined || value === undefined) return undefined;
  return Math.floor(value / COARSE_STEP[terms.unit] + 1e-9);
}

/** What one step of the coarse cap is worth, in amperes or watts. */
export const COARSE_STEP = { A: 0.1, W: 100 } as const;

function ofPhases(at: number, name: string, meaning: string, of: (report: PhaseReport) => number | undefined) {
  return phaseFields<CircuitSubject>(
    at,
    name,
    meaning,
    ({ report }) => report && perPhase((phase) => of(report.phases[phase])),
  );
}

/** Three floats, L1 first. */
function phaseFields<S>(
  at: number,
  name: string,
  meaning: string,
  of: (subject: S) => { readonly [P in Phase]: number | undefined } | undefined,
): readonly Field<S>[] {
  return PHASES.map((phase, index) => ({
    at: at + 2 * index,
    name: `${name} ${phase}`,
    type: 'f32',
    unit: 'A',
    meaning,
    of: (subject) => of(subject)?.[phase],
  }));
}

function perPhase(of: (phase: Phase) => number | undefined): { readonly [P in Phase]: number | undefined } {
  return { L1: of('L1'), L2: of('L2'), L3: of('L3') };
}

function lowest(report: CircuitReport): PhaseReport {
  return PHASES.map((phase) => report.phases[phase]).reduce((a, b) => (b.limitAmps < a.limitAmps ? b : a));
}

function tightestAmps(limits: readonly GroupLimit[]): { readonly [P in Phase]: number | undefined } {
  return perPhase((phase) => {
    const amps = limits.flatMap((limit) => (limit.amps === undefined ? [] : [limit.amps[phase]]));
    return amps.length === 0 ? undefined : Math.min(...amps);
  });
}

function tightestWatts(limits: readonly GroupLimit[]): (GroupLimit & { readonly watts: number }) | undefined {
  return limits
    .flatMap((limit) => (limit.watts === undefined ? [] : [{ ...limit, watts: limit.watts }]))
    .reduce<(GroupLimit & { readonly watts: number }) | undefined>(
      (a, b) => (a === undefined || b.watts < a.watts ? b : a),
      undefined,
    );
}
