// Runs jobs in processes of their own, as many at a time as there are cores, and says how far it is; what it started ends with it.
import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { Job, Outcome } from './run-job.ts';

/** `dir`: where the sources lie that are to run it. */
export type Task = { readonly dir: string; readonly job: Job };

/** Outcomes in the order of the tasks; the longest are best put first. Throws when one of the processes fails, after all have ended. */
export async function runTasks(name: string, tasks: readonly Task[]): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = [];
  const ending = new AbortController();
  const startedAt = performance.now();
  let next = 0;
  let done = 0;
  const stop = () => ending.abort(new Error(`${name}: ended before it was done`));
  process.once('SIGINT', stop);
  const work = async () => {
    while (next < tasks.length && !ending.signal.aborted) {
      const at = next++;
      outcomes[at] = await runTask(tasks[at]!, ending.signal);
      done += 1;
      const minutes = (performance.now() - startedAt) / 60_000;
      process.stderr.write(`${name}: ${done} of ${tasks.length} runs after ${minutes.toFixed(1)} min\n`);
    }
  };
  const lanes = Array.from({ length: Math.min(availableParallelism(), tasks.length) }, () =>
    work().catch((error: unknown) => {
      // Only the first failure is told: the others end because of it.
      if (!ending.signal.aborted) ending.abort(error);
    }),
  );
  await Promise.all(lanes);
  process.off('SIGINT', stop);
  ending.signal.throwIfAborted();
  return outcomes;
}

export function runTask({ dir, job }: Task, signal?: AbortSignal): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(dir, 'bench', 'simulation', 'run-job.ts'), JSON.stringify(job)], {
      stdio: ['ignore', 'pipe', 'inherit'],
      ...(signal ? { signal } : {}),
    });
    let said = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve(JSON.parse(said) as Outcome);
      else reject(new Error(`the run of ${JSON.stringify(job)} ended with ${code}`));
    });
  });
}
