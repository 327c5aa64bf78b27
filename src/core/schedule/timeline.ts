// Piecewise-constant values over time: cut, stack and combine them; times are plain milliseconds and nothing here knows what the values mean.

/** A value that holds from `from` (inclusive) to `to` (exclusive). `to` MUST be above `from`; Infinity is allowed. */
export type Span<T> = { readonly from: number; readonly to: number; readonly value: T };

/** Spans in ascending order that never overlap; where no span is, nothing holds. */
export type Timeline<T> = readonly Span<T>[];

/** One value over one stretch of time; empty where the stretch is. */
export function constant<T>(from: number, to: number, value: T): Timeline<T> {
  return to > from ? [{ from, to, value }] : [];
}

/** What holds at an instant, or undefined in a gap. */
export function valueAt<T>(timeline: Timeline<T>, at: number): T | undefined {
  return spanAt(timeline, at)?.value;
}

/** The span that holds at an instant, or undefined in a gap. Logarithmic in the number of spans. */
export function spanAt<T>(timeline: Timeline<T>, at: number): Span<T> | undefined {
  let low = 0;
  let high = timeline.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (timeline[middle]!.to <= at) low = middle + 1;
    else high = middle;
  }
  const span = timeline[low];
  return span && span.from <= at ? span : undefined;
}

/** The part of a timeline between `from` (inclusive) and `to` (exclusive). */
export function clip<T>(timeline: Timeline<T>, from: number, to: number): Timeline<T> {
  return timeline.flatMap((span) => constant(Math.max(span.from, from), Math.min(span.to, to), span.value));
}

/** At each instant the value of the first timeline that has one: a gap in an upper layer uncovers the lower. */
export function layer<T>(upperFirst: readonly Timeline<T>[]): Timeline<T> {
  if (upperFirst.length < 2) return upperFirst[0] ?? [];
  return combine(upperFirst, (values) => values.find((value) => value !== undefined));
}

/**
 * Evaluates `compute` on each stretch between two boundaries of any of the timelines; it sees one value per timeline, undefined in a
 * gap, and answers undefined to leave a gap. Stretches before the first and after the last boundary are not looked at: put a
 * `constant` over the window among the timelines when gaps have to become values. Neighbours for which `isSame` holds are one span.
 */
export function combine<T, U>(
  timelines: readonly Timeline<T>[],
  compute: (values: readonly (T | undefined)[]) => U | undefined,
  isSame: (a: U, b: U) => boolean = Object.is,
): Timeline<U> {
  const edges = [...new Set(timelines.flatMap((timeline) => timeline.flatMap(({ from, to }) => [from, to])))].sort(
    (a, b) => a - b,
  );
  const places = timelines.map(() => 0);
  const result: Span<U>[] = [];
  for (let index = 0; index + 1 < edges.length; index++) {
    const from = edges[index]!;
    const to = edges[index + 1]!;
    const values = timelines.map((timeline, which) => {
      while ((timeline[places[which]!]?.to ?? Number.POSITIVE_INFINITY) <= from) places[which]!++;
      const span = timeline[places[which]!];
      return span && span.from <= from ? span.value : undefined;
    });
    const value = compute(values);
    if (value === undefined) continue;
    const last = result.at(-1);
    if (last && last.to === from && isSame(last.value, value)) result[result.length - 1] = { ...last, to };
    else result.push({ from, to, value });
  }
  return result;
}
