// What a campaign runs: rows by their numbers, and the seeds of each; fixed ones, and fresh ones that nobody has seen before.
import type { Random } from '../../src/engine/ports.ts';
import type { Row, SimulatedRow } from './row.ts';

export type ChosenRows =
  | { readonly ok: true; readonly rows: readonly Row[] }
  | { readonly ok: false; readonly fault: string };

/** `text`: such as `1,2,9-14`; undefined: all. Every part that names no row is told. */
export function chooseRows(all: readonly Row[], text: string | undefined): ChosenRows {
  if (text === undefined) return { ok: true, rows: all };
  const numbers = new Set<number>();
  const faults: string[] = [];
  for (const part of text.split(',')) {
    const [, first, last = first] = /^(\d+)(?:-(\d+))?$/.exec(part.trim()) ?? [];
    const [from, to] = [Number(first), Number(last)];
    const named = all.filter(({ number }) => number >= from && number <= to);
    for (const { number } of named) numbers.add(number);
    const isWhole = named.some(({ number }) => number === from) && named.some(({ number }) => number === to);
    if (!isWhole) faults.push(`"${part}"`);
  }
  const range = `${all[0]?.number} to ${all.at(-1)?.number}`;
  if (faults.length > 0)
    return {
      ok: false,
      fault: `--rows has ${faults.join(', ')}; expected numbers of rows, ${range}, such as 1,2,9-14`,
    };
  return { ok: true, rows: all.filter(({ number }) => numbers.has(number)) };
}

export type SeedWish = { readonly first: number; readonly fixed: number; readonly fresh: number };

/** Fixed seeds from `first` on, and fresh ones above a million, so that they are told from each other at a glance. */
export function drawSeeds({ first, fixed, fresh }: SeedWish, random: Random): readonly number[] {
  return [
    ...Array.from({ length: fixed }, (_, at) => first + at),
    ...Array.from({ length: fresh }, () => 1_000_000 + Math.floor(random.next('campaign.seed') * 2 ** 31)),
  ];
}

/** Those of `seeds` that a row runs; where it has a bound, at least one of them is fresh if there is one and room for it. */
export function seedsOf({ mostSeeds }: SimulatedRow, seeds: readonly number[], isShort: boolean): readonly number[] {
  const most = mostSeeds === undefined ? seeds.length : isShort ? mostSeeds.short : mostSeeds.full;
  if (seeds.length <= most || most < 2) return seeds.slice(0, most);
  return [...seeds.slice(0, most - 1), seeds.at(-1)!];
}
