// Plans the requests of one poll from the points of a profile: every value whole in one request, none outside the profile's blocks.

import { type MeterPoint, type MeterProfile, REGISTERS_OF } from '../model/meter-profile.ts';

/** One request: so many registers from there on, counted as the profile counts. */
export type ReadRange = readonly [start: number, count: number];

/** One slow block (energy, frequency) is read this often, in rotation. */
export const SLOW_EVERY_MS = 10_000;

export type ReadPlan = {
  /** In every poll: currents, powers, voltages. */
  readonly fast: readonly ReadRange[];
  /** One in turn, every few seconds: energy, frequency. */
  readonly slow: readonly ReadRange[];
};

type Span = { readonly from: number; readonly to: number };

/**
 * The requests that read every point of the profile that lies whole inside one of its blocks, each point once; a point that stands in a
 * fast and in a slow block is read with the fast ones. A request begins and ends with a value, stays inside one block (some meters refuse
 * a read that touches unused registers or splits a value) and asks for `most` registers at most; only a value that is longer than that by
 * itself, or with its scale factor, is still asked for whole. `most`: what the device is known to serve, the profile's own unless said.
 */
export function planReads(
  { points, read, maxRegisters }: Pick<MeterProfile, 'points' | 'read' | 'maxRegisters'>,
  most = maxRegisters,
): ReadPlan {
  const left = new Set<MeterPoint>(Object.values(points));
  const plan = (ranges: readonly ReadRange[]) =>
    ranges.flatMap(([start, count]) => {
      const inside = [...left].filter((point) => extentsOf(point).every(isWithin({ from: start, to: start + count })));
      for (const point of inside) left.delete(point);
      return packed(unbreakable(inside), Math.min(most, maxRegisters));
    });
  // In this order: what a fast block holds is not read again with the slow ones.
  const fast = plan(read.fast);
  return { fast, slow: plan(read.slow) };
}

/** The longest request of a plan in registers; 0 when it has none. */
export function longestOf({ fast, slow }: ReadPlan): number {
  return Math.max(0, ...[...fast, ...slow].map(([, count]) => count));
}

const isWithin =
  (block: Span) =>
  ({ from, to }: Span): boolean =>
    block.from <= from && to <= block.to;

/** Where a value stands, and where its scale factor does. */
function extentsOf({ address, type, scaleFactorAt }: MeterPoint): readonly Span[] {
  const value = { from: address, to: address + REGISTERS_OF[type] };
  return scaleFactorAt === undefined ? [value] : [value, { from: scaleFactorAt, to: scaleFactorAt + 1 }];
}

/** Spans that no request may cut, in order and apart: a value, or values with the scale factor that they share. */
function unbreakable(points: readonly MeterPoint[]): readonly Span[] {
  const whole = points
    .map((point) => {
      // A meter may change a scale factor between two requests: it is read in the same one as the value.
      const extents = extentsOf(point);
      return { from: Math.min(...extents.map(({ from }) => from)), to: Math.max(...extents.map(({ to }) => to)) };
    })
    .toSorted((a, b) => a.from - b.from || a.to - b.to);
  const apart: Span[] = [];
  for (const span of whole) {
    const last = apart.at(-1);
    if (last && span.from < last.to) apart[apart.length - 1] = { from: last.from, to: Math.max(last.to, span.to) };
    else apart.push(span);
  }
  return apart;
}

/** As few requests as will do, filled from the front. */
function packed(spans: readonly Span[], most: number): readonly ReadRange[] {
  const requests: Span[] = [];
  for (const span of spans) {
    const last = requests.at(-1);
    if (last && span.to - last.from <= most) requests[requests.length - 1] = { from: last.from, to: span.to };
    else requests.push(span);
  }
  return requests.map(({ from, to }) => [from, to - from]);
}
