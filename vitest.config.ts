import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Real sockets, child processes and workers: two cores are shared by every file, so give slow machines room.
    testTimeout: 30_000,
    hookTimeout: 60_000,
    globalSetup: ['test/support/seed-setup.ts'],
    pool: 'forks',
    maxWorkers: 2,
  },
});
