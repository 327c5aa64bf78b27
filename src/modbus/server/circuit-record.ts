// What the register map tells of one circuit: its limits and who set them, its loads, and its meter.

import type { CircuitReport, PhaseReport } from '../../core/model/decision.ts';
import type { MeterReading } from '../../core/model/snapshot.ts';
import { PHASES } from '../../core/model/units.ts';
import { AUTHORS, BASE_LOAD_SOURCES, codeOf, METER_STATES } from './codes.ts';
import { phaseFields, phaseValues } from './phase-fields.ts';
import { totalWatts } from './sunspec-block.ts';
import type { Field } from './words.ts';

export type CircuitSubject = {
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
  ...phaseFields<CircuitSubject>(
    28,
    'measured',
    'by the meter, import positive; only while it is fresh',
    ({ reading }) => reading?.currentAmps,
  ),
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

function ofPhases(at: number, name: string, meaning: string, of: (report: PhaseReport) => number | undefined) {
  return phaseFields<CircuitSubject>(
    at,
    name,
    meaning,
    ({ report }) => report && phaseValues((phase) => of(report.phases[phase])),
  );
}

function lowest(report: CircuitReport): PhaseReport {
  return PHASES.map((phase) => report.phases[phase]).reduce((a, b) => (b.limitAmps < a.limitAmps ? b : a));
}
