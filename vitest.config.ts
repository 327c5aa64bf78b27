import { defineConfig } from 'vitest/config';

const endToEnd = 'test/e2e/**/*.test.ts';
/** They load the machine themselves, or measure how soon something happens under load: each has it to itself. */
const alone = ['storm', 'watchdog', 'main-job'].map((name) => `test/e2e/${name}.test.ts`);

export default defineConfig({
  test: {
    // Real sockets, child processes and workers: two cores are shared by every file, so give slow machines room.
    testTimeout: 30_000,
    hookTimeout: 60_000,
    pool: 'forks',
    // Three groups, one after the other: what is measured end to end on real sockets must not wait for a processor that random sites keep busy.
    projects: [
      { extends: true, test: { name: 'alone', include: alone, maxWorkers: 1, sequence: { groupOrder: 0 } } },
      {
        extends: true,
        // They wait on real time more than they work.
        test: { name: 'end to end', include: [endToEnd], exclude: alone, maxWorkers: 2, sequence: { groupOrder: 1 } },
      },
      {
        extends: true,
        test: {
          name: 'rooms',
          include: ['test/**/*.test.ts'],
          exclude: [endToEnd],
          globalSetup: ['test/support/seed-setup.ts'],
          maxWorkers: 2,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
