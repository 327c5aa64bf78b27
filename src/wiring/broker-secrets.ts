// What MQTT brokers ask of us and the site file only names: users and passwords out of the environment, certificates out of files.

import { readFileSync } from 'node:fs';
import type { MqttBroker, SiteMeter } from '../core/model/site-meters.ts';
import { AppError } from '../engine/app-error.ts';
import type { BrokerSecrets } from '../meters/broker-link.ts';

/**
 * Reads them all at once; the returned function gives those of a broker. Throws AppError METER_CREDENTIALS with one line for each variable that is
 * not set and each file that cannot be read; no line has a secret in it.
 */
export function readBrokerSecrets(
  meters: readonly SiteMeter[],
  environment: { readonly [name: string]: string | undefined } = process.env,
): (broker: MqttBroker) => BrokerSecrets {
  const faults = new Set<string>();
  const found = new Map<string, BrokerSecrets>();
  const variable = (meter: string, name: string | undefined) => {
    if (name !== undefined && environment[name] === undefined)
      faults.add(`meter ${meter}: the environment variable ${name} is not set; set it to the broker's`);
    return name === undefined ? undefined : environment[name];
  };
  for (const meter of meters) {
    if (meter.from !== 'mqtt') continue;
    const { broker, id } = meter;
    const username = variable(id, broker.usernameEnv);
    const password = variable(id, broker.passwordEnv);
    const ca = broker.caFile === undefined ? undefined : read(broker.caFile, id, faults);
    found.set(JSON.stringify(broker), {
      ...(username === undefined ? {} : { username }),
      ...(password === undefined ? {} : { password }),
      ...(ca === undefined ? {} : { ca }),
    });
  }
  if (faults.size > 0) throw new AppError('METER_CREDENTIALS', [...faults].join('\n'), { faults: [...faults] });
  return (broker) => found.get(JSON.stringify(broker)) ?? {};
}

function read(file: string, meter: string, faults: Set<string>): Buffer | undefined {
  try {
    return readFileSync(file);
  } catch (error) {
    faults.add(`meter ${meter}: ${file} cannot be read (${error instanceof Error ? error.message : error})`);
    return undefined;
  }
}
