// Plays one run of a simulated row and hands back plain data.
import type { Violation } from '../../src/simulator/truth.ts';
import { setStage, simulate } from '../../src/wiring/simulation/simulate.ts';
import type { Play } from './row.ts';

export type Played = {
  readonly violations: readonly Violation[];
  readonly violationCount: number;
  readonly figures: Readonly<Record<string, number>>;
  readonly hours: number;
  readonly trace: string;
};

export async function playRow({ site, script, checkers = [], bounds }: Play): Promise<Played> {
  const listeners = checkers.filter(({ onLog }) => onLog);
  const report = await simulate(await setStage(site), script, {
    checkers,
    ...(bounds === undefined ? {} : { bounds }),
    ...(listeners.length === 0
      ? {}
      : { onLogLine: (level, event) => listeners.forEach((one) => void one.onLog!(level, event)) }),
  });
  const { violations, figures, hours, trace } = report;
  return { violations: violations.first, violationCount: violations.count, figures, hours, trace };
}
