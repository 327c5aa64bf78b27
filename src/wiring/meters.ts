// The real meters and contacts of a site on links that they share, with the profiles that come with Busbar; a bad profile stops the start, never a
// meter.

import { join } from 'node:path';
import { defaultPolicy } from '../config/default-policy.ts';
import { loadMeterProfile, type ProfileFault } from '../config/meter-profile.ts';
import { packagedProfilesDir } from '../config/package-root.ts';
import type { MeterProfile } from '../core/model/meter-profile.ts';
import type { Site } from '../core/model/site.ts';
import type { ModbusConnection, ModbusMeter, MqttBroker } from '../core/model/site-meters.ts';
import { AppError } from '../engine/app-error.ts';
import type { MainsSource, MetersPort, Surroundings } from '../engine/ports.ts';
import { UnitedMeters } from '../engine/united-meters.ts';
import type { BrokerSecrets } from '../meters/broker-link.ts';
import { MqttMeters } from '../meters/mqtt-meters.ts';
import { PushedMeters } from '../meters/pushed-meters.ts';
import { StationMeters } from '../meters/station-meters.ts';
import { Contacts } from '../modbus/contacts.ts';
import { ModbusLinks } from '../modbus/links.ts';
import { Meters } from '../modbus/meters.ts';
import { Outputs } from '../modbus/outputs.ts';
import type { UnitPort } from '../modbus/register-reader.ts';
import { readBrokerSecrets } from './broker-secrets.ts';

/** Where the profiles lie that come with Busbar. */
export const meterProfilesDir = (): string => join(packagedProfilesDir(), 'meters');

/** Makes the port of a site's meters on the room's own links; `stations`: where those of them that have a main meter are heard of. */
export type MakeMeters = (surroundings: Surroundings, links?: ModbusLinks, stations?: MainsSource) => MetersPort;

/** Without `policy` ages count by the default one. */
type MeteredSite = Pick<Site, 'meters' | 'nominalVolts'> & Partial<Pick<Site, 'policy'>>;

/**
 * Loads the profiles that the site's meters name; the returned function makes the port. Throws AppError METER_PROFILE with one line a
 * fault (also in field `faults`); the port's making throws it when a profile has no phase currents in its fast blocks.
 * Throws METER_CREDENTIALS when a variable or a file that a broker's user or certificate is in cannot be had.
 */
export function siteMeters(site: MeteredSite, profilesDir = meterProfilesDir()): MakeMeters {
  const profiles: { [id: string]: MeterProfile } = {};
  const faults: string[] = [];
  const modbus = modbusMeters(site);
  for (const id of new Set(modbus.map((meter) => meter.profile))) {
    const result = loadMeterProfile(id, profilesDir);
    if (result.kind === 'profile') profiles[id] = result.profile;
    else {
      const users = modbus.filter((meter) => meter.profile === id).map((meter) => meter.id);
      faults.push(...result.faults.map((fault) => `meter ${users.join(', ')}: ${describeProfileFault(fault)}`));
    }
  }
  if (faults.length > 0) throw new AppError('METER_PROFILE', faults.join('\n'), { faults });
  const secrets = readBrokerSecrets(site.meters);
  return (surroundings, links = new ModbusLinks(surroundings), stations = noStations) =>
    uniteMeters(surroundings, site, profiles, { secretsOf: secrets, links, stations });
}

export type MeterSources = {
  /** Where the main meters of stations are heard of; absent: nobody is. */
  readonly stations?: MainsSource;
  /** Stands in for the Modbus connections of this machine. */
  readonly links?: ModbusLinks;
  /** What the variables and files of MQTT brokers hold; absent: nothing. */
  readonly secretsOf?: (broker: MqttBroker) => BrokerSecrets;
};

/** One port for all meters of the site, by whatever way their values come. */
export function uniteMeters(
  surroundings: Surroundings,
  site: MeteredSite,
  profiles: { readonly [id: string]: MeterProfile },
  { stations, links, secretsOf = () => ({}) }: MeterSources = {},
): MetersPort {
  const { meters, nominalVolts } = site;
  const pushed = meters.filter((meter) => meter.from === 'push');
  return new UnitedMeters(surroundings, { policy: defaultPolicy, ...site }, [
    new Meters(surroundings, modbusMeters(site), profiles, nominalVolts, links),
    ...(pushed.length > 0 ? [new PushedMeters(surroundings, pushed, nominalVolts)] : []),
    ...(meters.some((meter) => meter.from === 'mqtt') ? [new MqttMeters(surroundings, site, secretsOf)] : []),
    ...(meters.some((meter) => meter.from === 'station')
      ? [new StationMeters(surroundings, site, stations ?? noStations)]
      : []),
  ]);
}

/** For a port that is made where no stations are. */
const noStations: MainsSource = { states: () => ({}), onMains: () => {} };

/** Those that are read over Modbus. */
export function modbusMeters({ meters }: Pick<Site, 'meters'>): readonly ModbusMeter[] {
  return meters.filter((meter) => meter.from === 'modbus');
}

/** The contacts of a site on the room's own links, which the meters close. */
export function siteContacts(
  { inputs }: Pick<Site, 'inputs'>,
  surroundings: Surroundings,
  links: ModbusLinks,
): Contacts {
  return new Contacts(surroundings, inputs, unitAt(links));
}

/** The outputs of a site on the room's own links. */
export function siteOutputs(
  { outputs }: Pick<Site, 'outputs'>,
  surroundings: Surroundings,
  links: ModbusLinks,
): Outputs {
  return new Outputs(surroundings, outputs, unitAt(links));
}

/** The unit behind a connection, for contacts and coils. */
export function unitAt(links: ModbusLinks): (connection: ModbusConnection) => UnitPort {
  return ({ endpoint, unitId, wireBaud }) => links.at(endpoint, wireBaud).unit(unitId);
}

/** One line for a person: where, what stands there, what was expected. */
export function describeProfileFault({ file, path, value, expected }: ProfileFault): string {
  const place = path === '' ? file : `${file}: ${path}`;
  return `${place}: ${JSON.stringify(value) ?? 'nothing'}, expected ${expected}`;
}
