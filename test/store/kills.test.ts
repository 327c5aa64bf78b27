// Law 7 over real processes: `busbar run` is killed at random moments, its start included, while stations transact; what they were told is kept
// reaches the operator, all of it, in order, with one effect. `bench/kills.ts` does the same some hundreds of times.
import { expect, test } from 'vitest';
import { runKills } from '../support/kill-campaign.ts';

const KILLS = 12;
const SEED = 20_261_123;

test.skipIf(process.platform === 'win32')(
  `${KILLS} kills without warning: everything acknowledged arrives, in order, once`,
  async () => {
    const result = await runKills({ kills: KILLS, seed: SEED, stations: 8 });
    console.log(
      `kills: ${JSON.stringify({ ...result, violations: result.violations.length, schemaFaults: result.schemaFaults.length })}`,
    );
    expect(result.violations).toEqual([]);
    expect(result.schemaFaults).toEqual([]);
    expect(result).toMatchObject({ kills: KILLS, lost: 0, leftInOutbox: 0, integrity: 'ok' });
    expect(result.arrived).toBe(result.acknowledged);
    expect(result.acknowledged).toBeGreaterThan(KILLS * 5);
  },
  240_000,
);
