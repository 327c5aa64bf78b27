// Checks that the register map of a meter profile hangs together: whole values in blocks, no overlaps, pairs complete; it never mends one.

import {
  type MeterPoint,
  type MeterPointName,
  type MeterProfile,
  type PowerHalfName,
  REGISTERS_OF,
  type RegisterType,
} from '../core/model/meter-profile.ts';

/** Modbus application protocol 1.1b3 §6.3 and §6.4: at most 125 registers in one read. */
export const MODBUS_MAX_REGISTERS = 125;
const LAST_ADDRESS = 0xffff;

type PointName = MeterPointName | PowerHalfName;
type Power = 'l1' | 'l2' | 'l3' | 'total';
const POWERS: readonly Power[] = ['l1', 'l2', 'l3', 'total'];

const phased = (prefix: string) => ['l1', 'l2', 'l3'].map((phase) => `${prefix}_${phase}`);
const HALVES = POWERS.flatMap((power): readonly PowerHalfName[] => [`p_${power}_pos`, `p_${power}_neg`]);
/** Values that say how things are now: each must be read, or the profile promises what the meter room never sees. */
const INSTANTANEOUS: readonly string[] = [...phased('v'), ...phased('i'), ...phased('p'), 'p_total', ...HALVES];
export const POINT_NAMES: readonly string[] = [
  ...INSTANTANEOUS,
  'f',
  'e_imp',
  'e_exp',
  ...phased('e_imp_ph'),
  ...phased('e_exp_ph'),
];

export type MapFault = { readonly path: string; readonly value: unknown; readonly expected: string };

/** Every place where the map contradicts itself. The shape of `profile` MUST have been checked. */
export function mapFaults(profile: MeterProfile): readonly MapFault[] {
  return [
    ...pointFaults(profile),
    ...blockFaults(profile),
    ...homeFaults(profile),
    ...halfFaults(profile),
    ...phaseFaults(profile),
    ...identFaults(profile),
    ...markerFaults(profile),
  ];
}

type Span = { readonly path: string; readonly from: number; readonly to: number; readonly type: string };

function spansOf(profile: MeterProfile): readonly Span[] {
  const points = Object.entries(profile.points) as [PointName, MeterPoint][];
  const values = points.map(([name, { address: from, type }]) => ({
    path: `points.${name}.address`,
    from,
    to: from + REGISTERS_OF[type],
    type,
  }));
  const seen = new Set<number>();
  const scales = points.flatMap(([name, { scaleFactorAt }]) => {
    if (scaleFactorAt === undefined || seen.has(scaleFactorAt)) return [];
    seen.add(scaleFactorAt);
    return [{ path: `points.${name}.scaleFactorAt`, from: scaleFactorAt, to: scaleFactorAt + 1, type: 'i16' }];
  });
  return [...values, ...scales].sort((a, b) => a.from - b.from || a.to - b.to);
}

function pointFaults(profile: MeterProfile): MapFault[] {
  const faults: MapFault[] = [];
  let before: Span | undefined;
  for (const span of spansOf(profile)) {
    if (span.to - 1 > LAST_ADDRESS)
      faults.push({
        path: span.path,
        value: span.from,
        expected: `an address that leaves room for ${span.type} below 65536`,
      });
    if (before !== undefined && span.from < before.to)
      faults.push({
        path: span.path,
        value: span.from,
        expected: `no overlap: ${before.path} takes registers ${before.from} to ${before.to - 1}`,
      });
    if (before === undefined || span.to > before.to) before = span;
  }
  return faults;
}

function blockFaults(profile: MeterProfile): MapFault[] {
  const faults: MapFault[] = [];
  for (const { path, from, to, count } of blocksOf(profile)) {
    if (count > profile.maxRegisters)
      faults.push({ path, value: [from, count], expected: `at most maxRegisters = ${profile.maxRegisters} registers` });
    if (to - 1 > LAST_ADDRESS) faults.push({ path, value: [from, count], expected: 'an end below register 65536' });
    const cut = spansOf(profile).find(
      (span) => (span.from < from && from < span.to) || (span.from < to && to < span.to),
    );
    if (cut)
      faults.push({ path, value: [from, count], expected: `whole values: ${cut.path} at ${cut.from} is ${cut.type}` });
  }
  return faults;
}

type Block = { readonly path: string; readonly from: number; readonly to: number; readonly count: number };

const blocksOf = (profile: MeterProfile): readonly Block[] =>
  (['fast', 'slow'] as const).flatMap((kind) =>
    profile.read[kind].map(([from, count], at) => ({ path: `read.${kind}.${at}`, from, to: from + count, count })),
  );

/** The block in which a point is read, whole. */
const homeOf = (profile: MeterProfile, { address, type }: MeterPoint) =>
  blocksOf(profile).find(({ from, to }) => from <= address && address + REGISTERS_OF[type] <= to);

function homeFaults(profile: MeterProfile): MapFault[] {
  const faults: MapFault[] = [];
  for (const [name, point] of Object.entries(profile.points) as [PointName, MeterPoint][]) {
    const { scaleFactorAt } = point;
    const home = homeOf(profile, point);
    if (!home && INSTANTANEOUS.includes(name))
      faults.push({
        path: `points.${name}.address`,
        value: point.address,
        expected: 'a place inside a block of read.fast or read.slow',
      });
    if (home && scaleFactorAt !== undefined && !(home.from <= scaleFactorAt && scaleFactorAt < home.to))
      faults.push({
        path: `points.${name}.scaleFactorAt`,
        value: scaleFactorAt,
        expected: `a place inside ${home.path} (${home.from}+${home.count}): a meter may change it between two reads`,
      });
  }
  return faults;
}

/** Two halves of a power belong together, and are of one instant. */
function halfFaults(profile: MeterProfile): MapFault[] {
  return POWERS.flatMap((power): MapFault[] => {
    const [whole, pos, neg] = ([`p_${power}`, `p_${power}_pos`, `p_${power}_neg`] as const).map((name) => ({
      name,
      point: profile.points[name],
    }));
    if (!pos?.point && !neg?.point) return [];
    const fault = (name: string, value: unknown, expected: string) => [{ path: `points.${name}`, value, expected }];
    if (!pos?.point || !neg?.point) {
      const missing = pos?.point ? neg! : pos!;
      return fault(missing.name, undefined, 'both halves of a power: it is the one minus the other');
    }
    if (whole?.point) return fault(whole.name, whole.point, `no ${whole.name} beside its two halves`);
    if (homeOf(profile, pos.point)?.path !== homeOf(profile, neg.point)?.path)
      return fault(neg.name, neg.point, `a place in the block of ${pos.name}: both are of one instant`);
    return [];
  });
}

function phaseFaults({ phases, points, base }: MeterProfile): MapFault[] {
  const faults: MapFault[] = [];
  if (phases === 1)
    for (const [name, point] of Object.entries(points))
      if (/_l[23]/.test(name))
        faults.push({
          path: `points.${name}`,
          value: point,
          expected: 'no second or third phase of a single-phase meter',
        });
  if (base?.kind === 'sunspec')
    for (const [at, model] of base.models.entries())
      if (model.phases > phases)
        faults.push({
          path: `base.models.${at}.phases`,
          value: model.phases,
          expected: `at most the ${phases} of the profile`,
        });
  return faults;
}

function identFaults({ ident, maxRegisters }: MeterProfile): MapFault[] {
  const faults: MapFault[] = [];
  for (const [at, { address, count, values }] of (ident ?? []).entries()) {
    const path = `ident.${at}`;
    if (count > maxRegisters)
      faults.push({ path: `${path}.count`, value: count, expected: `at most maxRegisters = ${maxRegisters}` });
    if (address + count - 1 > LAST_ADDRESS)
      faults.push({ path: `${path}.address`, value: address, expected: 'an end below register 65536' });
    for (const [index, { words }] of (values ?? []).entries())
      if (words.length !== count)
        faults.push({
          path: `${path}.values.${index}.words`,
          value: words,
          expected: `${count} words, as many as count`,
        });
  }
  return faults;
}

/** A marker of another width would never be met, and a value that is not there would be taken for one. */
function markerFaults({ invalid = {} }: MeterProfile): MapFault[] {
  return (Object.entries(invalid) as [RegisterType, readonly string[]][]).flatMap(([type, markers]) =>
    markers.flatMap((marker, at) => {
      const digits = 4 * REGISTERS_OF[type];
      const [from, to = from] = marker.split('..');
      const isFloat = type === 'f32' || type === 'f64';
      if (marker === 'nan' ? isFloat : from!.length === digits && to!.length === digits && from! <= to!) return [];
      const expected = `${digits} hexadecimal digits for ${type}, or a range from the lower to the higher`;
      return [{ path: `invalid.${type}.${at}`, value: marker, expected }];
    }),
  );
}
