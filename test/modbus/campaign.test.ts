// The Modbus campaign in short: every fault a few times, with the timing of the product; `npm run campaign:modbus` is the long one.
import { expect, test } from 'vitest';
import { noPymodbus, runLane, sumOf } from '../support/modbus-campaign.ts';
import { plannedFaults } from '../support/modbus-faults.ts';

const LANES = 4;
const READS = 130;

test.for(['mbap', 'rtu'] as const)(
  '%s: no wrong value, no wedge, every fault played',
  { timeout: 60_000 },
  async (framing) => {
    const absent = noPymodbus();
    if (absent !== undefined) console.warn(`skipped: pymodbus, ${absent}`);
    const lanes = await Promise.all(
      Array.from({ length: LANES }, (_, lane) => {
        const peer = lane === 1 && absent === undefined ? 'pymodbus' : 'raw';
        return runLane({ framing, peer, reads: READS, seed: 1 + lane, faultEvery: 5 });
      }),
    );
    const result = sumOf(lanes);
    console.info(`modbus campaign, ${framing}:`, JSON.stringify({ ...result, faults: undefined }));
    expect(result.wrong).toBe(0);
    expect(result.worstRecoveryMs).toBeLessThan(5_000);
    // Enough to mean something; how many more there are is the machine's pace: a busy one lets deadlines pass.
    expect(result.right).toBeGreaterThan(LANES * READS * 0.4);
    const played = plannedFaults(framing, 300).filter(({ name }) => result.faults[name] !== undefined);
    expect(played.length).toBeGreaterThanOrEqual(20);
  },
);
