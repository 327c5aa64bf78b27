// How often a property of the core is tried: as often as its test asks, unless BUSBAR_PROPERTY_RUNS caps it.

type Runs = { readonly numRuns: number; readonly seed?: number; readonly endOnFailure?: boolean };

/** Under a cap: so few runs must not find a fault on one day and miss it on the next. */
const SEED = 20_260_302;

/**
 * fast-check's parameters for `many` runs. With BUSBAR_PROPERTY_RUNS set to a whole number from 1 on, at most that many, the same ones each
 * time and without the search for a smaller counter-example: for those who repeat the tests a thousand times, such as the mutation run.
 */
export function runs(many: number): Runs {
  const text = process.env.BUSBAR_PROPERTY_RUNS;
  if (text === undefined) return { numRuns: many };
  const most = Number(text);
  if (!Number.isInteger(most) || most < 1)
    throw new Error(`BUSBAR_PROPERTY_RUNS is '${text}': set it to a whole number from 1 on, or leave it unset`);
  return { numRuns: Math.min(many, most), seed: SEED, endOnFailure: true };
}
