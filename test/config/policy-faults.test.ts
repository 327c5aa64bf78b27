// Slips in the policy and in times and ports that must go together: one slip is one fault, and the bounds themselves are allowed.
import { expect, test } from 'vitest';
import { faultLines, rawSite, type Slip, testSlips } from './support.ts';

const timing: readonly Slip[] = [
  [
    'a reading that is lost before it is held',
    (raw) => (raw.policy = { meter: { staleAfterMs: 1_500 } }),
    'policy.meter.staleAfterMs: got 1500, expected more than holdAfterMs, 2000 ms: a reading is fresh, then held, then lost',
  ],
  [
    'a meter polled more slowly than a reading stays fresh',
    (raw) => (raw.meters[0].pollMs = 2_500),
    'meters[0].pollMs: got 2500, expected less than policy.meter.holdAfterMs, 2000 ms: otherwise no reading stays fresh until the next',
  ],
  [
    'a cycle too long for the leases',
    (raw) => (raw.policy = { cycleMs: 15_001 }),
    'policy.cycleMs: got 15001, expected at most 15000 ms, a quarter of the shortest lease of its chargers',
  ],
  [
    'stations and console on one port',
    (raw) => (raw.listen = { http: { port: 9_220 } }),
    'listen.http.port: got 9220, expected a port of its own: listen.stations has this one',
  ],
];

const ms = (most: number) => `expected a whole number of milliseconds from 100 to ${most}`;
const patience: readonly Slip[] = [
  [
    'a dead meter believed for longer than a breaker is patient',
    (raw) => (raw.policy = { meter: { staleAfterMs: 60_001 } }),
    `policy.meter.staleAfterMs: got 60001, ${ms(60_000)}`,
  ],
  [
    'an old reading called fresh',
    (raw) => (raw.policy = { meter: { holdAfterMs: 30_001, staleAfterMs: 60_000 } }),
    `policy.meter.holdAfterMs: got 30001, ${ms(30_000)}`,
  ],
  [
    "a station's measurement of hours ago",
    (raw) => (raw.policy = { stationSampleMaxAgeMs: 900_001 }),
    `policy.stationSampleMaxAgeMs: got 900001, ${ms(900_000)}`,
  ],
  [
    'a rise explained by cars for as long as one likes',
    (raw) => (raw.policy = { attributionMs: 120_001 }),
    `policy.attributionMs: got 120001, ${ms(120_000)}`,
  ],
  [
    'a whole further car called obedience',
    (raw) => (raw.policy = { obedienceToleranceAmps: 5.1 }),
    'policy.obedienceToleranceAmps: got 5.1, expected a number of amperes from 0 to 5',
  ],
];

const bound = (least: number, most: number) => `expected a whole number of milliseconds from ${least} to ${most}`;
const sharing: readonly Slip[] = [
  [
    'a manner of giving way that nobody knows',
    (raw) => (raw.policy = { scarcity: 'first-come' }),
    'policy.scarcity: got "first-come", expected part-for-everyone or earliest-departure-first',
  ],
  [
    'turns faster than contactors like',
    (raw) => (raw.policy = { pause: { minOnMs: 9_999 } }),
    `policy.pause.minOnMs: got 9999, ${bound(10_000, 14_400_000)}`,
  ],
  [
    'a place kept for the whole day',
    (raw) => (raw.policy = { pause: { minOnMs: 14_400_001 } }),
    `policy.pause.minOnMs: got 14400001, ${bound(10_000, 14_400_000)}`,
  ],
  [
    'a pause of no time',
    (raw) => (raw.policy = { pause: { minOffMs: 0 } }),
    `policy.pause.minOffMs: got 0, ${bound(10_000, 3_600_000)}`,
  ],
  [
    'a pause longer than a driver waits',
    (raw) => (raw.policy = { pause: { minOffMs: 3_600_001 } }),
    `policy.pause.minOffMs: got 3600001, ${bound(10_000, 3_600_000)}`,
  ],
  [
    'turns without end',
    (raw) => (raw.policy = { pause: { turnMs: 0 } }),
    `policy.pause.turnMs: got 0, ${bound(60_000, 86_400_000)}`,
  ],
  [
    'a turn longer than a day',
    (raw) => (raw.policy = { pause: { turnMs: 86_400_001 } }),
    `policy.pause.turnMs: got 86400001, ${bound(60_000, 86_400_000)}`,
  ],
  [
    'a car judged before it can follow',
    (raw) => (raw.policy = { rampDown: { afterMs: 9_999 } }),
    `policy.rampDown.afterMs: got 9999, ${bound(10_000, 3_600_000)}`,
  ],
  [
    'a margin that hides in the noise',
    (raw) => (raw.policy = { rampDown: { marginAmps: 0.9 } }),
    'policy.rampDown.marginAmps: got 0.9, expected a number of amperes from 1 to 100',
  ],
  [
    'a slow charger stopped as a disobedient one',
    (raw) => (raw.policy = { stopDisobedientAfterMs: 29_999 }),
    `policy.stopDisobedientAfterMs: got 29999, ${bound(30_000, 3_600_000)}`,
  ],
  [
    'a disobedient charger left alone for a day',
    (raw) => (raw.policy = { stopDisobedientAfterMs: 86_400_000 }),
    `policy.stopDisobedientAfterMs: got 86400000, ${bound(30_000, 3_600_000)}`,
  ],
];

testSlips({ timing, patience, sharing }, rawSite);

test('the longest patience that is allowed is allowed', () => {
  const raw = rawSite();
  raw.policy = {
    meter: { holdAfterMs: 30_000, staleAfterMs: 60_000 },
    stationSampleMaxAgeMs: 900_000,
    attributionMs: 120_000,
    obedienceToleranceAmps: 5,
    pause: { minOnMs: 14_400_000, minOffMs: 3_600_000, turnMs: 86_400_000 },
    rampDown: { afterMs: 3_600_000, marginAmps: 100 },
    stopDisobedientAfterMs: 3_600_000,
  };
  expect(faultLines(raw)).toEqual([]);
});

test('the least that is allowed is allowed', () => {
  const raw = rawSite();
  raw.policy = {
    scarcity: 'earliest-departure-first',
    pause: { minOnMs: 10_000, minOffMs: 10_000, turnMs: 60_000 },
    rampDown: { afterMs: 10_000, marginAmps: 1 },
    stopDisobedientAfterMs: 30_000,
  };
  raw.circuits[0].unbalanceAmps = 0;
  expect(faultLines(raw)).toEqual([]);
});
