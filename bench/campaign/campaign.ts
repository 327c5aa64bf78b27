// Runs a campaign: the simulated rows in a few processes, seed by seed, then the others one after the other.
import type { Clock } from '../../src/engine/ports.ts';
import { seedsOf } from './choose.ts';
import { runCrew } from './crew.ts';
import { judgeRow, type Run } from './judge-row.ts';
import type { RowReport } from './report.ts';
import type { OutsideContext, OutsideRow, Row, SimulatedRow } from './row.ts';
import type { RowAnswer, RowOrder } from './row-worker.ts';

export type CampaignWish = {
  readonly rows: readonly Row[];
  readonly seeds: readonly number[];
  readonly isShort: boolean;
  readonly processes: number;
  /** No further simulated run is begun after this long; each row has at least one. */
  readonly mostMs?: number;
  readonly vitestResults?: string;
  readonly clock: Clock;
  readonly onProgress: (text: string) => void;
  readonly isEnded: () => boolean;
};

const PROGRESS_EVERY_MS = 15_000;

export async function runCampaign(wish: CampaignWish): Promise<readonly RowReport[]> {
  const simulated = await runSimulated(wish);
  const reports: RowReport[] = [];
  for (const row of wish.rows) {
    const known = simulated.get(row.number);
    if (known) reports.push(known);
    else if (row.how === 'not-run')
      reports.push({ row, outcome: { kind: 'not-run', because: row.because }, seconds: 0 });
    else if (row.how !== 'simulated') reports.push(await runOutside(row, wish));
  }
  return reports;
}

async function runOutside(row: OutsideRow, wish: CampaignWish): Promise<RowReport> {
  const { clock, isShort, vitestResults, onProgress, isEnded } = wish;
  if (isEnded()) return { row, outcome: { kind: 'not-run', because: 'the campaign was ended' }, seconds: 0 };
  const startedAt = clock.now();
  const context: OutsideContext = {
    ...{ isShort, seed: wish.seeds[0] ?? 1 },
    ...(vitestResults === undefined ? {} : { vitestResults }),
    onProgress: (text) => onProgress(`row ${row.number}: ${text}`),
  };
  const outcome = await row.run(context);
  return { row, outcome, seconds: (clock.now() - startedAt) / 1_000 };
}

async function runSimulated(wish: CampaignWish): Promise<ReadonlyMap<number, RowReport>> {
  const { clock, isShort, onProgress, isEnded, mostMs = Number.POSITIVE_INFINITY } = wish;
  const rows = wish.rows.filter((row): row is SimulatedRow => row.how === 'simulated');
  const orders = ordersOf(rows, wish.seeds, isShort);
  const runs = new Map<number, Run[]>(rows.map(({ number }) => [number, []]));
  const begunAt = new Map<string, number>();
  const seconds = new Map<number, number>();
  const startedAt = clock.now();
  let [next, done, broken] = [0, 0, 0];
  const progress = setInterval(() => {
    const passed = (clock.now() - startedAt) / 1_000;
    const left = done > 0 ? `, ${Math.ceil((passed / done) * (orders.length - done))} s left at this rate` : '';
    onProgress(`${done} of ${orders.length} runs, ${broken} broken${left}`);
  }, PROGRESS_EVERY_MS);
  try {
    await runCrew<RowOrder, RowAnswer>({
      script: new URL('row-worker.ts', import.meta.url),
      processes: Math.min(wish.processes, orders.length),
      tell: ({ number, seed }) => `row ${number} with seed ${seed}`,
      next: () => {
        // Rows take turns, so that the first round holds one run of each.
        const isLate = next >= rows.length && clock.now() - startedAt > mostMs;
        if (isEnded() || isLate || next >= orders.length) return undefined;
        const order = orders[next++]!;
        begunAt.set(`${order.number} ${order.seed}`, clock.now());
        return order;
      },
      take: ({ number, run }) => {
        runs.get(number)!.push(run);
        done += 1;
        seconds.set(number, (seconds.get(number) ?? 0) + (clock.now() - begunAt.get(`${number} ${run.seed}`)!) / 1_000);
        if ('played' in run && run.played.violationCount === 0) return;
        broken += 1;
        const text =
          'error' in run ? run.error : `${run.played.violations[0]!.checker}: ${run.played.violations[0]!.text}`;
        onProgress(`row ${number}, seed ${run.seed} is broken: ${text}`);
      },
    });
  } finally {
    clearInterval(progress);
  }
  return new Map(
    rows.map((row) => [
      row.number,
      { row, outcome: judgeRow(row, runs.get(row.number)!), seconds: seconds.get(row.number) ?? 0 },
    ]),
  );
}

/** One seed of each row, then the next; rows with long runs first, so that none of those is the last to end. */
function ordersOf(rows: readonly SimulatedRow[], seeds: readonly number[], isShort: boolean): readonly RowOrder[] {
  const longFirst = [...rows].sort((a, b) => Number(b.mostSeeds !== undefined) - Number(a.mostSeeds !== undefined));
  const own = longFirst.map((row) => ({ number: row.number, seeds: seedsOf(row, seeds, isShort) }));
  return seeds.flatMap((_, at) =>
    own.flatMap(({ number, seeds: list }) => (at < list.length ? [{ number, seed: list[at]!, isShort }] : [])),
  );
}
