// What the benchmarks share: timing a piece of work, and putting the figures into docs/benchmarks.md between their markers.
import { readFileSync, writeFileSync } from 'node:fs';

export type Timing = { readonly median: number; readonly p99: number };

/**
 * Milliseconds of processor time of up to `count` runs after a warm-up, for about `budgetMs` at most, though of three runs at least. Processor
 * time, because what else the machine does meanwhile is not the work's.
 */
export function time(work: () => void, count: number, budgetMs: number): Timing {
  const startedAt = performance.now();
  for (let warm = 0; warm < 20 && performance.now() < startedAt + budgetMs / 2; warm++) work();
  const took: number[] = [];
  for (let run = 0; run < count && (run < 3 || performance.now() < startedAt + budgetMs); run++) {
    const before = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(before);
    took.push((user + system) / 1_000);
  }
  took.sort((a, b) => a - b);
  return {
    median: took[Math.floor(took.length / 2)]!,
    p99: took[Math.min(took.length - 1, Math.ceil(took.length * 0.99) - 1)]!,
  };
}

/** Replaces what stands between `<!-- name:start -->` and `<!-- name:end -->` in a page of docs. The page MUST have both. */
export function writeBetween(name: string, report: string, pageName = 'benchmarks.md'): void {
  const file = new URL(`../docs/${pageName}`, import.meta.url);
  const page = readFileSync(file, 'utf8');
  const [start, end] = [`<!-- ${name}:start -->`, `<!-- ${name}:end -->`];
  const [from, to] = [page.indexOf(start), page.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`docs/${pageName} lacks the markers ${start} and ${end}`);
  writeFileSync(file, `${page.slice(0, from + start.length)}\n${report}\n${page.slice(to)}`);
}
