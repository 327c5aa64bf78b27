// What the upstream's room can be made to hold, and what happens at the bound.
import { describe, expect, test } from 'vitest';
import type { OutboxRow } from '../../src/engine/ports.ts';
import { systemRandom } from '../../src/system/clock.ts';
import { IdMapping } from '../../src/upstream/id-mapping.ts';
import { MAX_ROWS, Outbox, THIN_FROM_ROWS } from '../../src/upstream/outbox.ts';
import { MAX_PROFILES, MAX_STACK_LEVEL, setProfile } from '../../src/upstream/virtual-profiles.ts';
import { HeldClock } from '../support/held-clock.ts';
import { MemoryGatewayStore } from '../support/memory-gateway-store.ts';
import type { Logged } from '../support/station-bench.ts';
import { START, stationCall } from '../support/upstream-bench.ts';

/** An outbox without a link, with so many messages waiting from before. */
async function outboxWith(rows: number) {
  const store = new MemoryGatewayStore();
  const row = { station: 'A', messageId: 'old', action: 'MeterValues', rawPayload: '{}', attempts: 0 };
  for (let seq = -rows; seq < 0; seq++) store.rows.set(seq, { ...row, seq, state: 'queued' } satisfies OutboxRow);
  const logged: Logged[] = [];
  const write = (event: string, fields = {}) => void logged.push({ event, fields });
  const outbox = new Outbox({
    surroundings: {
      clock: new HeldClock(),
      random: systemRandom,
      log: { debug: write, info: write, warn: write, error: write },
    },
    store,
    station: 'A',
    isReady: () => false,
    prepare: async ({ rawPayload }) => rawPayload,
    send: async () => ({ kind: 'unsent', why: 'no link' }),
    onResult: async () => {},
    onSettled: () => {},
    onBootWanted: () => {},
  });
  await outbox.load();
  return { outbox, store, logged };
}

const sample = stationCall('MeterValues', { connectorId: 1, meterValue: [{ sampledValue: [{ value: '1' }] }] }, 'm');
const stop = stationCall('StopTransaction', { transactionId: 1, meterStop: 1, timestamp: START.timestamp }, 's');

describe('the outbox', () => {
  test('in a long outage periodic samples go first, what counts for billing is kept', async () => {
    const { outbox, store, logged } = await outboxWith(THIN_FROM_ROWS - 1);
    expect(await outbox.add(sample, 1)).toBeGreaterThan(0);
    expect(await outbox.add(sample, 1)).toBeUndefined();
    expect(await outbox.add(stop, 1)).toBeGreaterThan(0);
    expect(outbox.rows).toBe(THIN_FROM_ROWS + 1);
    expect(store.rows.size).toBe(THIN_FROM_ROWS + 1);
    expect(logged).toMatchObject([{ event: 'upstream.outbox-thinned', fields: { thinned: 1 } }]);
  });

  test('full, it takes nothing more, so that the station keeps its message', async () => {
    const { outbox, store } = await outboxWith(MAX_ROWS - 1);
    await outbox.add(stop, 1);
    await expect(outbox.add(stop, 2)).rejects.toMatchObject({ code: 'UPSTREAM_OUTBOX_FULL' });
    expect(store.rows.size).toBe(MAX_ROWS);
  });

  test('what the disk did not take is not taken, and does not count', async () => {
    const { outbox, store } = await outboxWith(0);
    store.failure = new Error('disk full');
    await expect(outbox.add(stop, 1)).rejects.toThrow('disk full');
    expect(outbox.rows).toBe(0);
  });

  test('the same beginning or end twice is one message', async () => {
    const { outbox, store } = await outboxWith(0);
    const first = await outbox.add(stop, 1);
    expect(await outbox.add({ ...stop, messageId: 'again' }, 1)).toBe(first);
    expect(store.rows.size).toBe(1);
  });
});

describe("upstream's charging profiles", () => {
  const request = (chargingProfileId: number, stackLevel: number, chargingProfilePurpose = 'TxDefaultProfile') => ({
    connectorId: 0,
    csChargingProfiles: {
      chargingProfileId,
      stackLevel,
      chargingProfilePurpose,
      chargingProfileKind: 'Relative',
      chargingSchedule: { chargingRateUnit: 'A', chargingSchedulePeriod: [{ startPeriod: 0, limit: 10 }] },
    },
  });
  const set = (store: Parameters<typeof setProfile>[0], payload: ReturnType<typeof request>) =>
    setProfile(store, payload, [1], new IdMapping());

  test('one more than the virtual station can hold is Rejected; in place of another it is Accepted', () => {
    let store: Parameters<typeof setProfile>[0] = [];
    for (let id = 1; id <= MAX_PROFILES; id++) {
      const answer = set(store, request(id, id));
      store = answer.kind === 'status' && answer.changed ? answer.changed : store;
    }
    expect(store).toHaveLength(MAX_PROFILES);
    expect(set(store, request(MAX_PROFILES + 1, MAX_PROFILES + 1))).toEqual({ kind: 'status', status: 'Rejected' });
    expect(set(store, request(MAX_PROFILES + 1, 1))).toMatchObject({ status: 'Accepted' });
  });

  test('a stackLevel beyond the highest is Rejected', () => {
    expect(set([], request(1, MAX_STACK_LEVEL))).toMatchObject({ status: 'Accepted' });
    expect(set([], request(1, MAX_STACK_LEVEL + 1))).toEqual({ kind: 'status', status: 'Rejected' });
  });
});
