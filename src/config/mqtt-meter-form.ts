// A meter whose values come over MQTT, as the site file has it: the broker, the topic, and where in the payload each value stands.

import { dirname, resolve } from 'node:path';
import * as z from 'zod';
import type { MqttMeter, PayloadMap, PayloadValue } from '../core/model/site-meters.ts';
import { assembleMeterPlace, judgedFields, meterFields } from './meter-place-form.ts';
import { pattern, strict, within, words } from './shape.ts';
import { maxAgeMs } from './told-meter-forms.ts';

const MOST_FACTOR = 1_000_000;

const pointerText =
  'a JSON pointer (RFC 6901), such as "/phases/0/current"; "" for a payload that is the number itself';
const pointer = z.string({ error: pointerText }).regex(/^(?:\/(?:[^~/]|~[01]){0,100}){0,10}$/, { error: pointerText });
const factorText = 'a number other than 0';
const value = z.union(
  [
    pointer,
    strict(
      {
        pointer,
        factor: within(-MOST_FACTOR, MOST_FACTOR, factorText).refine((factor) => factor !== 0, { error: factorText }),
      },
      'pointer and factor',
    ),
  ],
  { error: `${pointerText}; or {"pointer": …, "factor": …}` },
);
const values = strict(
  { L1: value.optional(), L2: value.optional(), L3: value.optional() },
  'a place for each of L1, L2, L3',
);
const variable = pattern(/^[A-Z_][A-Z0-9_]*$/, 'the name of an environment variable, such as MQTT_PASSWORD');

export const mqttForm = strict(
  {
    url: words('an mqtt:// or mqtts:// address').refine(isBrokerUrl, {
      error: 'an mqtt:// or mqtts:// address without user, password, path, query or fragment',
    }),
    topic: pattern(/^[^#+\p{Cc}]{1,200}$/u, 'a topic of 1 to 200 characters, without wildcards'),
    maxAgeMs,
    usernameEnv: variable.optional(),
    passwordEnv: variable.optional(),
    caFile: words('the path of a PEM file, as seen from the site file').optional(),
    currentAmps: values,
    volts: values.optional(),
    powerWatts: values.optional(),
    totalPowerWatts: value.optional(),
    energyImportWh: value.optional(),
    energyExportWh: value.optional(),
    measuredAt: pointer.optional(),
  },
  'url, topic, maxAgeMs and the places of the values',
).superRefine((form, context) => {
  const add = (field: string, message: string) => context.addIssue({ code: 'custom', path: [field], message });
  if (form.passwordEnv !== undefined && form.usernameEnv === undefined)
    add('usernameEnv', 'the variable of a user name: MQTT knows no password without one');
  if (form.caFile !== undefined && form.url.startsWith('mqtt:'))
    add('caFile', 'no authorities for an address without TLS; or an mqtts:// url');
});

export const mqttMeterForm = strict(
  { ...meterFields, ...judgedFields, mqtt: mqttForm },
  'a meter whose values come over MQTT',
).superRefine((form, context) => {
  const bare = (form.phases ?? (['L1', 'L2', 'L3'] as const)).find(
    (phase) => form.mqtt.currentAmps[phase] === undefined,
  );
  if (bare === undefined) return;
  const message = `the place of the current of ${bare}; or "phases" without it`;
  context.addIssue({ code: 'custom', path: ['mqtt', 'currentAmps', bare], message });
});

export type MqttMeterForm = z.output<typeof mqttMeterForm>;

/** `file` is the site file: paths in it are seen from where it lies. */
export function assembleMqttMeter(
  form: MqttMeterForm,
  bounds: Pick<MqttMeter, 'plausibleAmps' | 'mayExport'>,
  file: string,
): MqttMeter {
  const { url, usernameEnv, passwordEnv, caFile } = form.mqtt;
  return {
    from: 'mqtt',
    ...assembleMeterPlace(form),
    maxAgeMs: form.mqtt.maxAgeMs,
    broker: {
      url,
      ...(usernameEnv === undefined ? {} : { usernameEnv }),
      ...(passwordEnv === undefined ? {} : { passwordEnv }),
      ...(caFile === undefined ? {} : { caFile: resolve(dirname(file), caFile) }),
    },
    topic: form.mqtt.topic,
    payload: assemblePayload(form.mqtt),
    ...bounds,
  };
}

function assemblePayload(form: MqttMeterForm['mqtt']): PayloadMap {
  const single = (one: z.output<typeof value>): PayloadValue =>
    typeof one === 'string' ? { pointer: one, factor: 1 } : one;
  const each = (three: z.output<typeof values>) =>
    Object.fromEntries(
      Object.entries(three).flatMap(([phase, one]) => (one === undefined ? [] : [[phase, single(one)]])),
    );
  const { volts, powerWatts, totalPowerWatts, energyImportWh, energyExportWh, measuredAt } = form;
  return {
    currentAmps: each(form.currentAmps),
    ...(volts === undefined ? {} : { volts: each(volts) }),
    ...(powerWatts === undefined ? {} : { powerWatts: each(powerWatts) }),
    ...(totalPowerWatts === undefined ? {} : { totalPowerWatts: single(totalPowerWatts) }),
    ...(energyImportWh === undefined ? {} : { energyImportWh: single(energyImportWh) }),
    ...(energyExportWh === undefined ? {} : { energyExportWh: single(energyExportWh) }),
    ...(measuredAt === undefined ? {} : { measuredAt }),
  };
}

function isBrokerUrl(text: string): boolean {
  const url = URL.parse(text);
  if (url === null || (url.protocol !== 'mqtt:' && url.protocol !== 'mqtts:')) return false;
  const isBare = url.pathname === '' || url.pathname === '/';
  return (
    isBare && url.username === '' && url.password === '' && url.search === '' && url.hash === '' && url.host !== ''
  );
}
