// Pushed meters, MQTT and stations' own in a site file: what they become, and every way in which they may be wrong.
import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { AppError } from '../../src/engine/app-error.ts';
import { readBrokerSecrets } from '../../src/wiring/broker-secrets.ts';
import { goodSite, rawSite, type Slip, testSlips } from './support.ts';

function toldSite() {
  const raw = rawSite();
  raw.meters = [
    { id: 'main', push: { maxAgeMs: 2_000 } },
    {
      id: 'roof',
      of: 'pv',
      mqtt: {
        url: 'mqtts://broker.example:8884',
        topic: 'site/roof',
        maxAgeMs: 10_000,
        usernameEnv: 'MQTT_USER',
        passwordEnv: 'MQTT_PASSWORD',
        caFile: 'broker.pem',
        currentAmps: { L1: '/i/0', L2: '/i/1', L3: { pointer: '/i/2', factor: -0.001 } },
        totalPowerWatts: '/p',
        measuredAt: '/t',
      },
    },
    { id: 'garage', of: 'load', station: 'A', phases: 'L2 L3 L1' },
  ];
  return raw;
}

test('they become what they say', () => {
  const { site, notes } = goodSite(toldSite());
  const at = (pointer: string, factor = 1) => ({ pointer, factor });
  expect(site.meters).toEqual([
    { from: 'push', id: 'main', name: 'main', maxAgeMs: 2_000, plausibleAmps: 315, mayExport: true },
    {
      from: 'mqtt',
      id: 'roof',
      name: 'roof',
      of: 'pv',
      maxAgeMs: 10_000,
      plausibleAmps: 5_000,
      mayExport: true,
      broker: {
        url: 'mqtts://broker.example:8884',
        usernameEnv: 'MQTT_USER',
        passwordEnv: 'MQTT_PASSWORD',
        caFile: resolve('broker.pem'),
      },
      topic: 'site/roof',
      payload: {
        currentAmps: { L1: at('/i/0'), L2: at('/i/1'), L3: at('/i/2', -0.001) },
        totalPowerWatts: at('/p'),
        measuredAt: '/t',
      },
    },
    {
      from: 'station',
      id: 'garage',
      name: 'garage',
      of: 'load',
      phases: ['L2', 'L3', 'L1'],
      station: 'A',
      maxAgeMs: 30_000,
      plausibleAmps: 5_000,
    },
  ]);
  expect(notes.filter(({ about }) => about.startsWith('meter')).map(({ about, text }) => `${about}: ${text}`)).toEqual([
    'meter roof: it is shown, and nothing is decided by it.',
    'meter garage: its readings may be 30 s old: a load that rises is met that much later.',
    'meter garage: it is shown, and nothing is decided by it.',
  ]);
});

test('values that cross a network in the clear are remarked on, those of this machine are not', () => {
  const raw = toldSite();
  delete raw.meters[1].mqtt.caFile;
  const openNotes = (url: string) => {
    raw.meters[1].mqtt.url = url;
    return goodSite(raw).notes.filter(({ text }) => text.includes('without TLS')).length;
  };
  expect([
    openNotes('mqtt://broker.example'),
    openNotes('mqtt://127.0.0.1:1883'),
    openNotes('mqtts://broker.example'),
  ]).toEqual([1, 0, 0]);
});

const address = 'an mqtt:// or mqtts:// address without user, password, path, query or fragment';
const pointer = 'a JSON pointer (RFC 6901), such as "/phases/0/current"; "" for a payload that is the number itself';
const slips: { readonly [kind: string]: readonly Slip[] } = {
  'a pushed meter': [
    [
      'without an age',
      (raw) => delete raw.meters[0].push.maxAgeMs,
      'meters[0].push.maxAgeMs: got nothing, expected a whole number of milliseconds from 500 to 40000',
    ],
    [
      'that may be too old',
      (raw) => (raw.meters[0].push.maxAgeMs = 40_001),
      'meters[0].push.maxAgeMs: got 40001, expected a whole number of milliseconds from 500 to 40000',
    ],
    [
      'that must be too young',
      (raw) => (raw.meters[0].push.maxAgeMs = 499),
      'meters[0].push.maxAgeMs: got 499, expected a whole number of milliseconds from 500 to 40000',
    ],
  ],
  'a meter over MQTT': [
    [
      'with a password in its address',
      (raw) => (raw.meters[1].mqtt.url = 'mqtts://u:p@broker.example'),
      `meters[1].mqtt.url: got "mqtts://…@broker.example", expected ${address}`,
    ],
    [
      'over HTTP',
      (raw) => (raw.meters[1].mqtt.url = 'https://broker.example'),
      `meters[1].mqtt.url: got "https://broker.example", expected ${address}`,
    ],
    [
      'on many topics',
      (raw) => (raw.meters[1].mqtt.topic = 'site/+/roof'),
      'meters[1].mqtt.topic: got "site/+/roof", expected a topic of 1 to 200 characters, without wildcards',
    ],
    [
      'without one of its currents',
      (raw) => delete raw.meters[1].mqtt.currentAmps.L2,
      'meters[1].mqtt.currentAmps.L2: got nothing, expected the place of the current of L2; or "phases" without it',
    ],
    [
      'with a place that is no pointer',
      (raw) => (raw.meters[1].mqtt.currentAmps.L1 = 'i.0'),
      `meters[1].mqtt.currentAmps.L1: got "i.0", expected ${pointer}`,
    ],
    [
      'with a factor of nothing',
      (raw) => (raw.meters[1].mqtt.currentAmps.L3.factor = 0),
      'meters[1].mqtt.currentAmps.L3.factor: got 0, expected a number other than 0',
    ],
    [
      'with a password for nobody',
      (raw) => delete raw.meters[1].mqtt.usernameEnv,
      'meters[1].mqtt.usernameEnv: got nothing, expected the variable of a user name: MQTT knows no password without one',
    ],
    [
      'with authorities for no TLS',
      (raw) => (raw.meters[1].mqtt.url = 'mqtt://broker.example'),
      'meters[1].mqtt.caFile: got "broker.pem", expected no authorities for an address without TLS; or an mqtts:// url',
    ],
  ],
  "a station's meter": [
    [
      'of a station that is not there',
      (raw) => (raw.meters[2].station = 'Z'),
      'meters[2].station: got "Z", expected the id of a station of this file (did you mean A?): A, B, C',
    ],
    [
      'on a phase twice',
      (raw) => (raw.meters[2].phases = 'L1 L1'),
      'meters[2].phases: got "L1 L1", expected the grid phases that it measures, each once, such as "L1" or "L2 L3"',
    ],
  ],
};
testSlips(slips, toldSite);

describe('what brokers ask of us', () => {
  const { meters } = goodSite(toldSite()).site;
  const without = meters.map((meter) => {
    if (meter.from !== 'mqtt') return meter;
    const { caFile: _, ...broker } = meter.broker;
    return { ...meter, broker };
  });

  test('comes out of the environment', () => {
    const secretsOf = readBrokerSecrets(without, { MQTT_USER: 'meter', MQTT_PASSWORD: 'secret' });
    expect(without.flatMap((meter) => (meter.from === 'mqtt' ? [secretsOf(meter.broker)] : []))).toEqual([
      { username: 'meter', password: 'secret' },
    ]);
  });

  test('and where it is not there every place is told, and no secret', () => {
    let told: unknown;
    try {
      readBrokerSecrets(meters, { MQTT_USER: 'meter' });
    } catch (error) {
      told = error;
    }
    expect(told).toBeInstanceOf(AppError);
    const { code, message } = told as AppError;
    expect(code).toBe('METER_CREDENTIALS');
    expect(message).toContain("meter roof: the environment variable MQTT_PASSWORD is not set; set it to the broker's");
    expect(message).toContain('broker.pem cannot be read (ENOENT');
  });
});
