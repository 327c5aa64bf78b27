// Meters over MQTT against a real broker: heard, lost when it is killed, found again; what it has kept, what is too long, who is let in.
import { describe, expect, onTestFinished, test } from 'vitest';
import type { MqttMeter } from '../../src/core/model/site-meters.ts';
import type { BrokerSecrets } from '../../src/meters/broker-link.ts';
import { MAX_MESSAGES_A_SECOND, MAX_PAYLOAD_BYTES, MqttMeters } from '../../src/meters/mqtt-meters.ts';
import { makeCertificate } from '../support/certificates.ts';
import { freePort } from '../support/children.ts';
import { realSurroundings } from '../support/modbus-world.ts';
import { type BrokerOptions, noMosquitto, startBroker } from '../support/mosquitto.ts';

const at = (pointer: string) => ({ pointer, factor: 1 });
const meterAt = (url: string, parts: Partial<MqttMeter> = {}): MqttMeter => ({
  from: 'mqtt',
  id: 'roof',
  name: 'Roof',
  of: 'pv',
  mayExport: true,
  plausibleAmps: 100,
  maxAgeMs: 30_000,
  broker: { url },
  topic: 'site/roof',
  payload: { currentAmps: { L1: at('/i'), L2: at('/i'), L3: at('/i') } },
  ...parts,
});

async function heard(url: string, { secrets = {}, ...parts }: Partial<MqttMeter> & { secrets?: BrokerSecrets } = {}) {
  const readings: number[] = [];
  const port = new MqttMeters(realSurroundings(), { meters: [meterAt(url, parts)], nominalVolts: 230 }, () => secrets);
  port.onReading((meter) => readings.push(port.states()[meter]!.reading!.currentAmps.L1));
  await port.start(new AbortController().signal);
  onTestFinished(() => port.stop());
  return { port, readings, state: () => port.states().roof! };
}
const patiently = { timeout: 15_000 };
const broker = async (options: BrokerOptions = {}) => startBroker(await freePort(), options);
/** Publishes until somebody has heard it: when the subscription stands, only the broker knows. */
const untilHeard = (publish: (value: number) => Promise<void>, readings: readonly number[]) => {
  let value = 0;
  const before = readings.length;
  return expect
    .poll(async () => {
      value += 1;
      await publish(value);
      return readings.length;
    }, patiently)
    .toBeGreaterThan(before);
};

if (noMosquitto) console.warn(`skipped: ${noMosquitto}`);
describe.skipIf(noMosquitto)('on a real broker', () => {
  test('what is published is read; with the broker killed the meter is suspected at once, and found again after it is back', async () => {
    const { url, publish, kill, restart } = await broker();
    const { readings, state } = await heard(url);
    const say = (i: number) => publish('site/roof', JSON.stringify({ i }));
    await untilHeard(say, readings);
    expect(state()).toMatchObject({ reading: { currentAmps: { L2: readings.at(-1) } } });
    expect(state().suspicion).toBeUndefined();
    await kill();
    await expect.poll(() => state().suspicion?.kind, patiently).toBe('unreachable');
    expect(state().reading!.currentAmps.L1).toBe(readings.at(-1));
    await restart();
    await untilHeard(say, readings);
    expect(state().suspicion).toBeUndefined();
  }, 40_000);

  test('a message that the broker has kept is not believed, unless it says of when it is', async () => {
    const { url, publish } = await broker();
    await publish('site/roof', '{"i": 66}', true);
    await publish('site/dated', JSON.stringify({ i: 7, t: new Date().toISOString() }), true);
    await publish('site/old', JSON.stringify({ i: 8, t: new Date(Date.now() - 3_600_000).toISOString() }), true);
    const plain = await heard(url);
    const dated = await heard(url, { topic: 'site/dated', payload: { ...meterAt(url).payload, measuredAt: '/t' } });
    const old = await heard(url, { topic: 'site/old', payload: { ...meterAt(url).payload, measuredAt: '/t' } });
    await expect.poll(() => dated.readings, patiently).toEqual([7]);
    await expect
      .poll(() => old.state().suspicion?.detail, patiently)
      .toMatch(/^it was 36\d\d(\.\d)? s old when it came$/);
    await untilHeard((i) => publish('site/roof', JSON.stringify({ i })), plain.readings);
    expect(plain.readings).not.toContain(66);
    expect(old.readings).toEqual([]);
  }, 40_000);

  test.each([
    ['no JSON', 'volts', 'the payload is not JSON'],
    ['without a current', '{"u": 1}', 'the payload has no current of L1 at "/i"'],
    [
      'too long',
      `{"i": 3, "pad": "${'x'.repeat(MAX_PAYLOAD_BYTES)}"}`,
      /^a payload of \d+ bytes, expected at most 16384$/,
    ],
    [
      'too long to be kept at all',
      `{"i": 3, "pad": "${'x'.repeat(100_000)}"}`,
      /the broker sent a packet that is too long/,
    ],
  ])(
    'a payload that is %s is no reading, and told',
    async (_story, payload, detail) => {
      const { url, publish } = await broker();
      const { readings, state } = await heard(url);
      await untilHeard((i) => publish('site/roof', JSON.stringify({ i })), readings);
      const last = readings.at(-1);
      await publish('site/roof', payload);
      await expect.poll(() => state().suspicion?.detail, patiently).toMatch(detail);
      expect(state().reading!.currentAmps.L1).toBe(last);
    },
    40_000,
  );

  test('a flood is looked at in part', async () => {
    const { url, publish } = await broker();
    const { readings } = await heard(url);
    await untilHeard((i) => publish('site/roof', JSON.stringify({ i })), readings);
    const before = readings.length;
    const startedAt = performance.now();
    await Promise.all(Array.from({ length: 150 }, (_, at) => publish('site/roof', JSON.stringify({ i: at / 10 }))));
    const windows = Math.ceil((performance.now() - startedAt) / 1_000) + 1;
    expect(readings.length - before).toBeLessThanOrEqual(windows * MAX_MESSAGES_A_SECOND);
  }, 40_000);

  test('a user is let in by name and password, and a wrong password is told', async () => {
    const { url, publish } = await broker({ user: { name: 'busbar', password: 'right' } });
    const right = await heard(url, { secrets: { username: 'busbar', password: 'right' } });
    const wrong = await heard(url, { secrets: { username: 'busbar', password: 'wrong' } });
    await untilHeard((i) => publish('site/roof', JSON.stringify({ i })), right.readings);
    await expect.poll(() => wrong.state().suspicion?.detail, patiently).toMatch(/Not authorized/);
    expect(wrong.state().suspicion!.detail).not.toContain('wrong');
    expect(wrong.readings).toEqual([]);
  }, 40_000);

  test('over TLS the broker shows a certificate of the given authority, or is not spoken to', async () => {
    const [ours, other] = ['ours', 'other'].map((commonName) => makeCertificate({ commonName, isAuthority: true })) as [
      ReturnType<typeof makeCertificate>,
      ReturnType<typeof makeCertificate>,
    ];
    const tls = makeCertificate({ commonName: 'broker', issuer: ours.authority, addresses: ['127.0.0.1'] });
    const { url, publish } = await broker({ tls });
    const good = await heard(url, { secrets: { ca: Buffer.from(ours.certificate) } });
    const bad = await heard(url, { secrets: { ca: Buffer.from(other.certificate) } });
    await untilHeard((i) => publish('site/roof', JSON.stringify({ i })), good.readings);
    await expect.poll(() => bad.state().suspicion?.detail, patiently).toMatch(/certificate/);
    expect(bad.readings).toEqual([]);
  }, 40_000);
});

test('where no broker is there is a suspicion and no reading, and stopping does not wait', async () => {
  const { port, state } = await heard(`mqtt://127.0.0.1:${await freePort()}`);
  await expect.poll(() => state().suspicion?.kind, patiently).toBe('unreachable');
  expect(state().reading).toBeUndefined();
  await port.stop();
});
