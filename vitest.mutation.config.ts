import { defineConfig } from 'vitest/config';

// What `npm run mutation` runs against every mutant: the core's tests alone, with few and always the same runs of each property.
export default defineConfig({
  test: {
    include: ['test/core/**/*.test.ts'],
    // Code that counts its own coverage is slower than the tests' own patience.
    testTimeout: 120_000,
    env: { BUSBAR_PROPERTY_RUNS: '10' },
  },
});
