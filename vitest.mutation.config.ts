import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** A mutant is dead with the first test that fails: tables on the part itself come first, whole sites last. */
class TablesFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => Number(/solvers|signed|decide/.test(moduleId));
    return [...files].sort((a, b) => rank(a) - rank(b) || (a.moduleId < b.moduleId ? -1 : 1));
  }
}

// What `npm run mutation` runs against every mutant: the tests of the allocation's and the commands' own parts and of the first whole sites, with
// few and always the same runs of each property. The laws over random sites, days and reports are left out: they would only kill more.
export default defineConfig({
  test: {
    include: ['test/core/allocate/**/*.test.ts', 'test/core/command/**/*.test.ts', 'test/core/decide.test.ts'],
    exclude: ['test/core/allocate/highs-memory.test.ts', 'test/core/command/budget-site.test.ts'],
    env: { BUSBAR_PROPERTY_RUNS: '10' },
    // Code that counts its own coverage is slower than the tests' own patience.
    testTimeout: 120_000,
    sequence: { sequencer: TablesFirst },
  },
});
