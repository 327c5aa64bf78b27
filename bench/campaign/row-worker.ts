// One process of `npm run campaign`: plays the runs it is told, one after the other, until its parent lets it go.
import { allRows } from './all-rows.ts';
import type { Run } from './judge-row.ts';
import { playRow } from './play-row.ts';

export type RowOrder = { readonly number: number; readonly seed: number; readonly isShort: boolean };
export type RowAnswer = { readonly number: number; readonly run: Run };

process.on('message', ({ number, seed, isShort }: RowOrder) => {
  void play(number, seed, isShort).then((run) => process.send!({ number, run } satisfies RowAnswer));
});
// A terminal sends its interrupt to every process; the parent is the one that decides.
process.on('SIGINT', () => {});
process.on('disconnect', () => process.exit());

async function play(number: number, seed: number, isShort: boolean): Promise<Run> {
  const row = allRows.find((one) => one.number === number);
  if (row?.how !== 'simulated') throw new Error(`row ${number} is not simulated`);
  try {
    return { seed, played: await playRow(await row.play({ seed, isShort })) };
  } catch (error) {
    // A run that throws is a finding of its row like any other.
    return { seed, error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}
