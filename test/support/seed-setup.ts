// Draws the seed of this run's random laws once, says it, and hands it to every test file; BUSBAR_SEED=n repeats a run.
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    lawSeed: number;
  }
}

export default function setup(project: TestProject): void {
  const text = process.env.BUSBAR_SEED;
  const seed = text === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(text);
  if (!Number.isInteger(seed)) throw new Error(`BUSBAR_SEED is '${text}': set it to a whole number, or leave it unset`);
  process.stdout.write(`laws: random sites from seed ${seed}; BUSBAR_SEED=${seed} repeats them\n`);
  project.provide('lawSeed', seed);
}
