// One station's socket to upstream: who it says it is, what it does when it is not wanted, and that stations never feel each other's trouble.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ScriptedCsms } from '../support/scripted-csms.ts';
import { stationCall, UpstreamBench } from '../support/upstream-bench.ts';

let csms: ScriptedCsms;
let bench: UpstreamBench;
beforeEach(async () => {
  csms = await new ScriptedCsms().start();
});
afterEach(async () => {
  await bench.upstream.stop();
  await csms.stop();
});

test("a station comes to upstream under its own identity and the site's password, and leaves when it leaves", async () => {
  bench = await new UpstreamBench(csms, undefined, 'pässword').booted();
  expect(csms.authorizations).toEqual([`Basic ${Buffer.from('A:pässword').toString('base64')}`]);
  expect([bench.upstream.linkState('A'), bench.upstream.linkState('B')]).toEqual(['connected', 'down']);
  expect(csms.isConnected('B')).toBe(false);
  bench.upstream.stationDisconnected('A');
  await csms.until(() => !csms.isConnected('A'));
  expect(bench.clock.held('upstream.reconnect')).toEqual([]);
});

test.each([401, 403, 404])('HTTP %i: one alarm, tries minutes apart, and local service goes on', async (status) => {
  csms.refuseWith = status;
  bench = new UpstreamBench(csms);
  await bench.upstream.start(new AbortController().signal);
  bench.upstream.stationConnected('A');
  for (let i = 0; i < 3; i++) {
    const delayMs = await bench.clock.run('upstream.reconnect');
    expect(delayMs).toBeGreaterThanOrEqual(300_000);
    expect(delayMs).toBeLessThan(360_000);
  }
  await bench.clock.whenHeld('upstream.reconnect');
  expect(bench.logged.filter(({ event }) => event === 'upstream.refused')).toMatchObject([
    { fields: { station: 'A', status } },
  ]);
  expect(await bench.upstream.relay('A', stationCall('Authorize', { idTag: 'x' }), 3_000)).toMatchObject({
    kind: 'unsent',
  });
  const { localId, answer } = await bench.start();
  expect([localId, answer]).toEqual([1, undefined]);
  csms.refuseWith = undefined;
  await bench.clock.run('upstream.reconnect');
  await csms.until(() => csms.of('StartTransaction').length === 1);
  expect(bench.upstream.linkState('A')).toBe('connected');
});

test('without an answer at the address the pauses double from 2 s, each with up to 10 s of chance', async () => {
  await csms.stop();
  bench = new UpstreamBench(csms);
  await bench.upstream.start(new AbortController().signal);
  bench.upstream.stationConnected('A');
  for (const leastMs of [2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]) {
    const delayMs = await bench.clock.run('upstream.reconnect');
    expect(delayMs).toBeGreaterThanOrEqual(leastMs);
    expect(delayMs).toBeLessThan(leastMs + 10_000);
  }
});

test("what one station's link suffers another's does not", async () => {
  bench = await new UpstreamBench(csms).booted();
  bench.upstream.stationConnected('B');
  await csms.until(() => csms.isConnected('B'));
  csms.say = ({ station }) => (station === 'A' ? 'silence' : undefined);
  const hanging = bench.start();
  await csms.until(() => csms.of('StartTransaction').length === 1);
  const outcome = await bench.upstream.relay('B', stationCall('Authorize', { idTag: 'x' }), 3_000);
  expect(outcome.kind).toBe('result');
  csms.cut('A');
  expect((await hanging).answer).toBeUndefined();
});
