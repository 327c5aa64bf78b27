// What the benchmarks share: timing a piece of work, and putting the figures into docs/benchmarks.md between their markers.
import { readFileSync, writeFileSync } from 'node:fs';

export type Timing = { readonly median: number; readonly p99: number };

/** Milliseconds of up to `count` runs after a warm-up, for about `budgetMs` at most, though of three runs at least. */
export function time(work: () => void, count: number, budgetMs = Number.POSITIVE_INFINITY): Timing {
  const until = performance.now() + budgetMs;
  for (let warm = 0; warm < Math.min(20, count) && performance.now() < until - budgetMs / 2; warm++) work();
  const took: number[] = [];
  for (let run = 0; run < count && (run < 3 || performance.now() < until); run++) {
    const startedAt = performance.now();
    work();
    took.push(performance.now() - startedAt);
  }
  took.sort((a, b) => a - b);
  return {
    median: took[Math.floor(took.length / 2)]!,
    p99: took[Math.min(took.length - 1, Math.ceil(took.length * 0.99) - 1)]!,
  };
}

/** Replaces what stands between `<!-- name:start -->` and `<!-- name:end -->` in docs/benchmarks.md. The page MUST have both. */
export function writeBetween(name: string, report: string): void {
  const file = new URL('../docs/benchmarks.md', import.meta.url);
  const page = readFileSync(file, 'utf8');
  const [start, end] = [`<!-- ${name}:start -->`, `<!-- ${name}:end -->`];
  const [from, to] = [page.indexOf(start), page.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`docs/benchmarks.md lacks the markers ${start} and ${end}`);
  writeFileSync(file, `${page.slice(0, from + start.length)}\n${report}\n${page.slice(to)}`);
}
