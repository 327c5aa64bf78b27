import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Real sockets, child processes and workers: two cores are shared by every file, so give slow machines room.
    testTimeout: 30_000,
    hookTimeout: 60_000,
    globalSetup: ['test/support/seed-setup.ts'],
    pool: 'forks',
    // One file at a time: what is measured end to end on real sockets must not wait for a processor that random sites keep busy.
    maxWorkers: 1,
  },
});
