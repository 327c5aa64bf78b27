// Mutation testing of the rooms that the fuse depends on: `npm run mutation`, all options at https://stryker-mutator.io/docs.
const folder = 'test-results/mutation';

export default {
  mutate: ['src/core/allocate/**/*.ts', 'src/core/command/**/*.ts'],
  testRunner: 'vitest',
  vitest: { configFile: 'vitest.mutation.config.ts' },
  coverageAnalysis: 'perTest',
  concurrency: 2,
  // A mutant that loops for ever is stopped after its tests' usual time twice over, and this long for a busy machine.
  timeoutFactor: 2,
  timeoutMS: 5_000,
  // The tests run in a copy of the repository; these would only make it large.
  ignorePatterns: ['dist', 'data', 'test-results'],
  tempDirName: `${folder}/sandbox`,
  // Nothing here checks types. The name is of no file: Stryker 10 rewrites the tsconfig by a compiler API that TypeScript 7 no longer has.
  disableTypeChecks: false,
  tsconfigFile: 'tsconfig.none.json',
  // A second run takes what it can from the first. It sees changed code and tests, not changed helpers: add `--force` after those.
  incremental: true,
  incrementalFile: `${folder}/incremental.json`,
  reporters: ['clear-text', 'progress', 'html', 'json'],
  clearTextReporter: { logTests: false, reportTests: false },
  htmlReporter: { fileName: `${folder}/index.html` },
  jsonReporter: { fileName: `${folder}/mutation.json` },
  thresholds: { high: 95, low: 90, break: 90 },
};
