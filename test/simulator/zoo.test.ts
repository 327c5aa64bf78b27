// The charger zoo at the level of OCPP: what each model always does, what a station does wrong for a while, and what of it is called an error.
import { describe, expect, test } from 'vitest';
import type { ChargerProfile, QuirkFlag } from '../../src/core/model/charger.ts';
import { MAX_PROFILES, MAX_STACK_LEVEL } from '../../src/simulator/profile-memory.ts';
import { LATE_MS } from '../../src/simulator/smart-charging.ts';
import { BOOT_MS } from '../../src/simulator/station.ts';
import { ERRS_LINGER_MS } from '../../src/simulator/zoo.ts';
import { CAR, ZooBench } from '../support/zoo-bench.ts';

const quirk = (flag: QuirkFlag, part: Partial<ChargerProfile> = {}) =>
  new ZooBench({ profile: { ...part, quirks: [flag] } });
const drawn = (bench: ZooBench) => bench.evse.drawn()[0];
/** Long enough for any car to follow. */
const FOLLOW_MS = 12_000;

describe('what a model always does', () => {
  test('no oddity: it takes a limit and its car follows', async () => {
    const bench = await new ZooBench().charging();
    expect(drawn(bench)).toBe(32);
    expect(await bench.limit(10.4)).toBe('Accepted');
    await bench.run(FOLLOW_MS);
    expect(drawn(bench)).toBe(10.4);
    expect(bench.truth).toMatchObject({ limitAmps: 10.4, mightAmps: 10.4, hasCar: true, errs: false, isLinked: true });
  });

  test('rejects what it has no place for: a connector it lacks, another transaction, one profile too many', async () => {
    const bench = await new ZooBench().charging();
    expect(await bench.limit(10, { connectorId: 2 })).toBe('Rejected');
    expect(await bench.limit(10, { purpose: 'ChargePointMaxProfile' })).toBe('Rejected');
    expect(await bench.limit(10, { purpose: 'ChargePointMaxProfile', connectorId: 0 })).toBe('Accepted');
    for (const [transactionId, status] of [
      [2, 'Rejected'],
      [1, 'Accepted'],
    ] as const) {
      const { csChargingProfiles, ...rest } = bench.limitPayload(8, { purpose: 'TxProfile', id: 700 });
      const payload = { ...rest, csChargingProfiles: { ...(csChargingProfiles as object), transactionId } };
      expect(await bench.call('SetChargingProfile', payload)).toMatchObject({ payload: { status } });
    }
    const end = bench.station.errs('obeys-late');
    for (let level = 0; level <= MAX_STACK_LEVEL; level++) {
      expect(await bench.limit(8, { level })).toBe('Accepted');
      expect(await bench.limit(8, { level, connectorId: 0, id: 500 + level })).toBe('Accepted');
    }
    expect(bench.station.memory.all().length).toBeLessThan(MAX_PROFILES);
    expect(await bench.limit(9, { level: 0, purpose: 'TxProfile', id: 900 })).toBe('Rejected');
    end();
  });

  test.each([
    ['A', 'W'],
    ['W', 'A'],
  ] as const)('unit %s alone: a profile in %s is rejected and the configuration says so', async (unit, other) => {
    const bench = await new ZooBench({ profile: { unit } }).charging();
    expect(await bench.limit(20, { unit: other })).toBe('Rejected');
    expect(bench.truth.limitAmps).toBe(32);
    expect(await bench.limit(20, { unit })).toBe('Accepted');
    const key = 'ChargingScheduleAllowedChargingRateUnit';
    const { payload } = (await bench.call('GetConfiguration', { key: [key] })) as { payload: object };
    expect(payload).toMatchObject({ configurationKey: [{ key, value: unit === 'A' ? 'Current' : 'Power' }] });
  });

  test.each([
    [3, 10],
    [1, 30],
  ] as const)('watts all go to the %i phases that the car uses: %d A each', async (phases, amps) => {
    const bench = await new ZooBench({ profile: { unit: 'W' } }).charging({ ...CAR, phases });
    await bench.limit(6_900, { unit: 'W' });
    await bench.run(FOLLOW_MS);
    expect(bench.evse.drawn()).toEqual([amps, phases === 3 ? amps : 0, phases === 3 ? amps : 0]);
    expect(bench.truth.limitAmps).toBe(amps);
  });

  test('a DC charger takes watts for its output and draws its losses on top', async () => {
    const evse = { supply: 'dc', efficiency: 0.9, maxAmps: 100, minAmps: 3 } as const;
    const bench = await new ZooBench({ profile: { unit: 'W' }, evse }).charging({ ...CAR, maxAmps: 100, minAmps: 3 });
    await bench.limit(6_210, { unit: 'W' });
    await bench.run(30_000);
    expect(drawn(bench)).toBeCloseTo(10, 9);
  });

  test('whole amperes: rounds down', async () => {
    const bench = await new ZooBench({ profile: { stepAmps: 1 } }).charging();
    await bench.limit(10.9);
    await bench.run(FOLLOW_MS);
    expect([drawn(bench), bench.truth.limitAmps, bench.truth.mightAmps]).toEqual([10, 10, 10]);
  });

  test('forgets-profiles-on-reconnect: after a lost link it charges without limit, and that is no error of it', async () => {
    const bench = await quirk('forgets-profiles-on-reconnect').charging();
    await bench.limit(6, { level: 0 });
    await bench.run(FOLLOW_MS);
    expect(drawn(bench)).toBe(6);
    expect(bench.truth.floorAmps).toBe(6);
    bench.line.cut()();
    await bench.run(FOLLOW_MS);
    expect(drawn(bench)).toBe(32);
    expect(bench.truth).toMatchObject({ limitAmps: 32, mightAmps: 32, errs: false, isLinked: true });
    expect(bench.truth.floorAmps).toBeUndefined();
  });

  test('every other model keeps them', async () => {
    const bench = await new ZooBench().charging();
    await bench.limit(6, { level: 0 });
    bench.line.cut()();
    await bench.run(FOLLOW_MS);
    expect([drawn(bench), bench.truth.floorAmps]).toEqual([6, 6]);
  });

  test('zero-amps-breaks-next-limit: full speed after 0 A, until it is told once more', async () => {
    const bench = await quirk('zero-amps-breaks-next-limit').charging();
    await bench.limit(0);
    await bench.run(FOLLOW_MS);
    expect(drawn(bench)).toBe(0);
    expect(await bench.limit(10)).toBe('Accepted');
    await bench.run(FOLLOW_MS);
    expect(drawn(bench)).toBe(32);
    expect(bench.truth).toMatchObject({ limitAmps: 32, mightAmps: 32, errs: false });
    await bench.limit(10);
    await bench.run(FOLLOW_MS);
    expect(drawn(bench)).toBe(10);
  });

  test('stack-level-zero-only: rejects level 1, takes level 0', async () => {
    const bench = await quirk('stack-level-zero-only').charging();
    expect(await bench.limit(10, { level: 1 })).toBe('Rejected');
    expect(await bench.limit(10, { level: 0, purpose: 'TxProfile' })).toBe('Accepted');
    expect(bench.truth.limitAmps).toBe(10);
  });

  test('no-get-configuration: restarts instead of answering', async () => {
    const bench = await quirk('no-get-configuration').charging();
    bench.heard.length = 0;
    expect(await bench.call('GetConfiguration', {})).toMatchObject({ ok: false, code: 'closed' });
    expect(bench.station.isConnected).toBe(false);
    await bench.run(BOOT_MS + 1_000);
    expect(bench.of('BootNotification')).toHaveLength(1);
  });

  test('slow-answers: one CALL after the other, each of them slowly, and what it has received counts', async () => {
    const bench = await quirk('slow-answers', { callTimeoutMs: 6_000 }).charging();
    await bench.limit(10, { level: 0 });
    await bench.run(FOLLOW_MS);
    const first = bench.call('SetChargingProfile', bench.limitPayload(20));
    expect(bench.truth).toMatchObject({ limitAmps: 10, mightAmps: 10 });
    await bench.clock.advance(1_000);
    expect(bench.truth).toMatchObject({ limitAmps: 10, mightAmps: 20 });
    const { tookMs } = await first;
    expect(tookMs).toBeGreaterThanOrEqual(2_000);
    expect(tookMs).toBeLessThanOrEqual(4_100);
    expect(bench.truth).toMatchObject({ limitAmps: 20, mightAmps: 20, errs: false });
  });

  test('offered-value-lies: says 32 A while it gives 10 A', async () => {
    const bench = await quirk('offered-value-lies').charging();
    await bench.limit(10);
    await bench.run(30_000);
    expect(sampled(bench, 'Current.Offered')).toBe(32);
    expect(sampled(bench, 'Current.Import')).toBe(10);
  });

  test('no-subprotocol: names none at the door, every other model names ocpp1.6', async () => {
    const [odd, plain] = [await quirk('no-subprotocol').booted(), await new ZooBench().booted()];
    expect([odd.knocks[0]!.subprotocol, plain.knocks[0]!.subprotocol]).toEqual([undefined, 'ocpp1.6']);
    expect(odd.station.isConnected).toBe(true);
  });

  test('must-be-asked-to-boot: is mute until it is asked', async () => {
    const bench = await quirk('must-be-asked-to-boot').booted();
    expect(bench.heard).toEqual([]);
    await bench.call('TriggerMessage', { requestedMessage: 'BootNotification' });
    await bench.run(1_000);
    expect(bench.heard.map(({ action }) => action)).toEqual([
      'BootNotification',
      'StatusNotification',
      'StatusNotification',
    ]);
  });

  test('needs-wake-up: after a pause its car sleeps at 6 A and wakes at 10 A', async () => {
    const bench = await quirk('needs-wake-up').charging();
    await bench.limit(0);
    await bench.run(FOLLOW_MS);
    await bench.limit(6);
    await bench.run(60_000);
    expect(drawn(bench)).toBe(0);
    await bench.limit(10);
    await bench.run(FOLLOW_MS);
    expect(drawn(bench)).toBe(10);
  });
});

describe('what a station does wrong for a while', () => {
  test('obeys-late: says Accepted at once and applies it seconds later; until then both limits count', async () => {
    const bench = await new ZooBench().charging();
    await bench.limit(20);
    const end = bench.station.errs('obeys-late');
    expect(await bench.limit(10)).toBe('Accepted');
    expect(bench.truth).toMatchObject({ limitAmps: 20, mightAmps: 20, errs: true });
    await bench.run(2 * LATE_MS);
    expect(bench.truth).toMatchObject({ limitAmps: 10, mightAmps: 10 });
    await bench.limit(16);
    expect(bench.truth).toMatchObject({ limitAmps: 10, mightAmps: 16 });
    end();
    // Told in time from now on, what waited is not applied over what is newer.
    await bench.limit(12);
    await bench.run(2 * LATE_MS);
    expect(bench.truth).toMatchObject({ limitAmps: 12, mightAmps: 12 });
  });

  test('silent: answers no CALL, has the effect of some, and goes on talking', async () => {
    const bench = await new ZooBench().charging();
    const end = bench.station.errs('silent');
    const limits = [20, 18, 16, 14, 12, 10];
    const after: number[] = [];
    for (const limit of limits) {
      expect(await bench.limit(limit)).toMatch(/timeout|closed/);
      after.push(bench.truth.limitAmps);
      await bench.run(3_000);
    }
    const heeded = limits.filter((limit, at) => after[at] === limit);
    expect(heeded.length).toBeGreaterThan(0);
    expect(heeded.length).toBeLessThan(limits.length);
    expect(bench.of('MeterValues').length).toBeGreaterThan(0);
    end();
    expect(await bench.limit(8)).toBe('Accepted');
    expect(bench.truth.limitAmps).toBe(8);
  });

  test('accepts-without-applying: it errs until what it accepted is really there or over', async () => {
    const bench = await new ZooBench().charging();
    const end = bench.station.errs('accepts-without-applying');
    expect(await bench.limit(6, { level: 0 })).toBe('Accepted');
    expect(await bench.limit(10, { forSeconds: 60 })).toBe('Accepted');
    await bench.run(FOLLOW_MS);
    expect([drawn(bench), bench.truth.limitAmps, bench.truth.floorAmps]).toEqual([32, 32, undefined]);
    end();
    await bench.run(ERRS_LINGER_MS + 60_000);
    expect(bench.truth.errs).toBe(true);
    expect(await bench.limit(6, { level: 0 })).toBe('Accepted');
    expect(bench.truth).toMatchObject({ limitAmps: 6, floorAmps: 6, errs: false });
  });

  test('forgets-on-reconnect: no limit is left, and it errs until it has them again', async () => {
    const bench = await new ZooBench().charging();
    await bench.limit(6, { level: 0 });
    const end = bench.station.errs('forgets-on-reconnect');
    bench.line.cut()();
    await bench.run(FOLLOW_MS);
    expect([drawn(bench), bench.truth.limitAmps]).toEqual([32, 32]);
    end();
    await bench.run(ERRS_LINGER_MS);
    expect(bench.truth.errs).toBe(true);
    await bench.limit(6, { level: 0 });
    expect(bench.truth).toMatchObject({ limitAmps: 6, errs: false });
  });

  test('rounds-up: gives the next whole ampere, and no more when it has ended', async () => {
    const bench = await new ZooBench().charging();
    await bench.limit(10.3);
    const end = bench.station.errs('rounds-up');
    await bench.run(FOLLOW_MS);
    expect([drawn(bench), bench.truth.mightAmps]).toEqual([11, 11]);
    end();
    expect(bench.truth).toMatchObject({ limitAmps: 10.3, mightAmps: 10.3, errs: true });
    await bench.run(ERRS_LINGER_MS);
    expect(bench.truth.errs).toBe(false);
  });

  test('refuses: answers Rejected to every profile and changes nothing', async () => {
    const bench = await new ZooBench().charging();
    await bench.limit(10);
    const end = bench.station.errs('refuses');
    expect(await bench.limit(8)).toBe('Rejected');
    expect(bench.truth).toMatchObject({ limitAmps: 10, errs: true });
    end();
    expect(await bench.limit(8)).toBe('Accepted');
  });

  test('errors of one kind overlap, and each ends once', async () => {
    const bench = await new ZooBench().charging();
    const [first, second] = [bench.station.errs('refuses'), bench.station.errs('refuses')];
    first();
    first();
    expect(await bench.limit(8)).toBe('Rejected');
    second();
    expect(await bench.limit(8)).toBe('Accepted');
  });
});

describe('its own clock', () => {
  test('set back, a lease lasts longer, stamps are old, and BootNotification puts it right', async () => {
    const bench = await new ZooBench().charging();
    await bench.limit(6, { level: 0 });
    await bench.limit(16, { forSeconds: 60 });
    expect(bench.truth.isClockAstray).toBe(false);
    bench.station.stepClock(-120_000);
    await bench.run(90_000);
    expect(bench.truth).toMatchObject({ limitAmps: 16, isClockAstray: true });
    const [stamp] = (bench.of('MeterValues').at(-1)!.meterValue as { timestamp: string }[]).map((one) => one.timestamp);
    expect(bench.clock.wall() - Date.parse(stamp!)).toBeGreaterThan(115_000);
    bench.station.reboot();
    await bench.run(BOOT_MS + 2_000);
    expect(bench.truth).toMatchObject({ limitAmps: 6, isClockAstray: false });
    expect(Math.abs(bench.station.time() - bench.clock.wall())).toBeLessThan(100);
  });

  test('a heartbeat puts it right, and a small difference is left alone', async () => {
    const bench = await new ZooBench().booted();
    bench.station.stepClock(3_600_000);
    await bench.run(301_000);
    expect(bench.of('Heartbeat')).toHaveLength(1);
    expect(Math.abs(bench.station.time() - bench.clock.wall())).toBeLessThan(100);
    bench.station.stepClock(700);
    await bench.run(301_000);
    expect(bench.station.time() - bench.clock.wall()).toBeGreaterThan(600);
  });

  test('our wall clock does not move it', async () => {
    const bench = await new ZooBench().booted();
    const before = bench.station.time();
    bench.clock.stepWallClock(3_600_000);
    expect(bench.station.time()).toBe(before);
  });
});

describe('power', () => {
  test('a restart: nothing flows, profiles and transaction are kept, and it boots again', async () => {
    const bench = await new ZooBench().charging();
    await bench.limit(10);
    await bench.run(FOLLOW_MS);
    bench.heard.length = 0;
    bench.station.reboot();
    expect([drawn(bench), bench.truth.limitAmps, bench.truth.mightAmps, bench.truth.isLinked]).toEqual([
      0,
      0,
      10,
      false,
    ]);
    await bench.run(BOOT_MS + FOLLOW_MS);
    expect(drawn(bench)).toBe(10);
    expect(bench.of('BootNotification')).toHaveLength(1);
    expect([...bench.of('StopTransaction'), ...bench.of('StartTransaction')]).toEqual([]);
  });

  test('a restart that forgets: it errs, and charges without limit', async () => {
    const bench = await new ZooBench().charging();
    await bench.limit(6, { level: 0 });
    bench.station.reboot(true);
    await bench.run(BOOT_MS + FOLLOW_MS);
    expect([drawn(bench), bench.truth.limitAmps, bench.truth.errs]).toEqual([32, 32, true]);
  });

  test('a restart loses what a late one had accepted and not applied', async () => {
    const bench = await new ZooBench().charging();
    const end = bench.station.errs('obeys-late');
    await bench.limit(10);
    bench.station.reboot();
    end();
    await bench.run(BOOT_MS + FOLLOW_MS + ERRS_LINGER_MS);
    expect(bench.truth).toMatchObject({ limitAmps: 32, errs: true });
  });

  test('an outage during a restart: it stays off until both are over', async () => {
    const bench = await new ZooBench().charging();
    bench.station.reboot();
    const back = bench.station.losePower();
    await bench.run(BOOT_MS + FOLLOW_MS);
    expect([drawn(bench), bench.truth.isLinked]).toEqual([0, false]);
    back();
    await bench.run(FOLLOW_MS);
    expect([drawn(bench), bench.truth.isLinked]).toEqual([32, true]);
  });

  const outage = async (bench: ZooBench) => {
    await bench.charging();
    await bench.limit(10);
    await bench.run(FOLLOW_MS);
    bench.heard.length = 0;
    const back = bench.station.losePower();
    await bench.run(60_000);
    expect([drawn(bench), bench.truth.limitAmps, bench.truth.isLinked, bench.heard.length]).toEqual([0, 0, false, 0]);
    back();
    back();
    await bench.run(FOLLOW_MS);
    expect(drawn(bench)).toBe(10);
    expect(bench.of('BootNotification')).toHaveLength(1);
    return bench.heard.map(({ action }) => action).filter((action) => /Transaction|Authorize/.test(action));
  };

  test('an outage: some resume the transaction, others end it for want of power and begin another', async () => {
    const days = await Promise.all(['A', 'B', 'C', 'D', 'E', 'F'].map((station) => outage(new ZooBench({ station }))));
    expect(days).toContainEqual([]);
    expect(days).toContainEqual(['StopTransaction', 'StartTransaction']);
  });

  test('a car that comes while there is no power charges when there is', async () => {
    const bench = await new ZooBench().booted();
    const back = bench.station.losePower();
    await bench.plugIn();
    expect(bench.of('StartTransaction')).toEqual([]);
    back();
    await bench.run(FOLLOW_MS);
    expect(bench.of('StartTransaction')).toHaveLength(1);
    expect(drawn(bench)).toBeGreaterThan(6);
  });
});

function sampled(bench: ZooBench, measurand: string): number {
  const [value] = bench.of('MeterValues').at(-1)!.meterValue as { sampledValue: Record<string, string>[] }[];
  return Number(value!.sampledValue.find((one) => one.measurand === measurand)!.value);
}
