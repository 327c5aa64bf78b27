// The connection's meter in the layout that every SunSpec reader knows: marker, common model, three-phase meter in floats (model 213), end.

import type { Site } from '../../core/model/site.ts';
import type { MeterReading } from '../../core/model/snapshot.ts';
import { PHASES, type Phase } from '../../core/model/units.ts';
import { type Field, writeField, writeRecord } from './words.ts';

/** Where SunSpec readers look first (Device Information Model 1.1 §6.1). */
export const SUNSPEC_START = 40_000;
/** "SunS" */
const MARKER = 0x5375_6e53;
const MARKER_LENGTH = 2;
const HEADER_LENGTH = 2;
const COMMON = { id: 1, length: 66 } as const;
const METER = { id: 213, length: 124 } as const;
const END_OF_CHAIN = 0xffff;
const END_LENGTH = 2;
const PAD = 0x8000;

export type SunspecSubject = {
  readonly siteId: string;
  readonly version: string;
  readonly unitId: number;
  /** Absent: not fresh; everything it would tell reads as not available. */
  readonly reading?: MeterReading;
};

/** Points of the common model; `at` counts from its ID register. */
export const COMMON_FIELDS: readonly Field<SunspecSubject>[] = [
  { at: 2, name: 'Mn', type: 'text', registers: 16, meaning: 'maker', of: () => 'Busbar' },
  { at: 18, name: 'Md', type: 'text', registers: 16, meaning: 'model', of: () => 'Load management' },
  { at: 34, name: 'Opt', type: 'text', registers: 8, meaning: 'options: none', of: () => '' },
  { at: 42, name: 'Vr', type: 'text', registers: 8, meaning: 'version', of: ({ version }) => version },
  { at: 50, name: 'SN', type: 'text', registers: 16, meaning: 'the id of the site', of: ({ siteId }) => siteId },
  { at: 66, name: 'DA', type: 'u16', meaning: 'the unit id', of: ({ unitId }) => unitId },
];

/** Points of model 213 that Busbar knows; every other float of it reads as not available. `at` counts from its ID register. */
export const METER_FIELDS: readonly Field<SunspecSubject>[] = [
  {
    at: 2,
    name: 'A',
    type: 'f32',
    unit: 'A',
    meaning: 'sum of the phases',
    of: ({ reading }) => sum(reading?.currentAmps),
  },
  ...ofPhases(4, 'Aph', 'A', (reading) => reading.currentAmps),
  {
    at: 10,
    name: 'PhV',
    type: 'f32',
    unit: 'V',
    meaning: 'mean, phase to neutral',
    of: ({ reading }) => mean(reading?.volts),
  },
  ...ofPhases(12, 'PhVph', 'V', (reading) => reading.volts),
  { at: 26, name: 'Hz', type: 'f32', unit: 'Hz', meaning: 'frequency', of: ({ reading }) => reading?.frequencyHz },
  {
    at: 28,
    name: 'W',
    type: 'f32',
    unit: 'W',
    meaning: 'sum of the phases',
    of: ({ reading }) => reading && totalWatts(reading),
  },
  ...ofPhases(30, 'Wph', 'W', (reading) => reading.powerWatts),
  {
    at: 68,
    name: 'TotWhImp',
    type: 'f32',
    unit: 'Wh',
    meaning: 'imported',
    of: ({ reading }) => reading?.energyImportWh,
  },
];

/** Events: none is ever set. */
const EVENTS_AT = 124;
const LAST_FLOAT_AT = 122;

/** As the meter says it, else the sum of its phases; undefined where it tells no power. */
export function totalWatts(reading: MeterReading): number | undefined {
  return reading.totalPowerWatts ?? sum(reading.powerWatts);
}

/** Registers of the block: without a meter on the connection there is no meter model. */
export function sunspecLength(site: Pick<Site, 'circuits'>): number {
  const meter = site.circuits[0]?.meter === undefined ? 0 : HEADER_LENGTH + METER.length;
  return MARKER_LENGTH + HEADER_LENGTH + COMMON.length + meter + END_LENGTH;
}

/** Writes the block; `register` is where it begins in the view. */
export function writeSunspec(
  view: DataView,
  register: number,
  site: Pick<Site, 'circuits'>,
  subject: SunspecSubject,
): void {
  const put = (at: number, type: 'u16' | 'u32', value: number) => writeField(view, register + at, { type }, value);
  put(0, 'u32', MARKER);
  const common = MARKER_LENGTH;
  put(common, 'u16', COMMON.id);
  put(common + 1, 'u16', COMMON.length);
  writeRecord(view, register + common, COMMON_FIELDS, subject);
  put(common + HEADER_LENGTH + COMMON.length - 1, 'u16', PAD);
  let end = common + HEADER_LENGTH + COMMON.length;
  if (site.circuits[0]?.meter !== undefined) {
    put(end, 'u16', METER.id);
    put(end + 1, 'u16', METER.length);
    for (let at = HEADER_LENGTH; at <= LAST_FLOAT_AT; at += 2)
      writeField(view, register + end + at, { type: 'f32' }, undefined);
    writeRecord(view, register + end, METER_FIELDS, subject);
    put(end + EVENTS_AT, 'u32', 0);
    end += HEADER_LENGTH + METER.length;
  }
  view.setUint16((register + end) * 2, END_OF_CHAIN);
  put(end + 1, 'u16', 0);
}

function ofPhases(
  at: number,
  name: string,
  unit: string,
  of: (reading: MeterReading) => { readonly [P in Phase]: number } | undefined,
): readonly Field<SunspecSubject>[] {
  return PHASES.map((phase, index) => ({
    at: at + 2 * index,
    name: `${name}${'ABC'[index]}`,
    type: 'f32',
    unit,
    meaning: phase,
    of: ({ reading }) => reading && of(reading)?.[phase],
  }));
}

function sum(values: { readonly [P in Phase]: number } | undefined): number | undefined {
  return values && PHASES.reduce((total, phase) => total + values[phase], 0);
}

function mean(values: { readonly [P in Phase]: number } | undefined): number | undefined {
  const total = sum(values);
  return total === undefined ? undefined : total / PHASES.length;
}
