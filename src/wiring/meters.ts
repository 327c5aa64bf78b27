// The real meters and contacts of a site on links that they share, with the profiles that come with Busbar; a bad profile stops the start, never a
// meter.

import { join } from 'node:path';
import { loadMeterProfile, type ProfileFault } from '../config/meter-profile.ts';
import { packagedProfilesDir } from '../config/package-root.ts';
import type { MeterProfile } from '../core/model/meter-profile.ts';
import type { ModbusConnection, Site } from '../core/model/site.ts';
import { AppError } from '../engine/app-error.ts';
import type { MetersPort, Surroundings } from '../engine/ports.ts';
import { Contacts } from '../modbus/contacts.ts';
import { ModbusLinks } from '../modbus/links.ts';
import { Meters } from '../modbus/meters.ts';
import { Outputs } from '../modbus/outputs.ts';
import type { UnitPort } from '../modbus/register-reader.ts';

/** Where the profiles lie that come with Busbar. */
export const meterProfilesDir = (): string => join(packagedProfilesDir(), 'meters');

/**
 * Loads the profiles that the site's meters name; the returned function makes the port. Throws AppError METER_PROFILE with one line a
 * fault (also in field `faults`); the port's making throws it when a profile has no phase currents in its fast blocks.
 */
export function siteMeters(
  site: Pick<Site, 'meters' | 'nominalVolts'>,
  profilesDir = meterProfilesDir(),
): (surroundings: Surroundings, links?: ModbusLinks) => MetersPort {
  const profiles: { [id: string]: MeterProfile } = {};
  const faults: string[] = [];
  for (const id of new Set(site.meters.map((meter) => meter.profile))) {
    const result = loadMeterProfile(id, profilesDir);
    if (result.kind === 'profile') profiles[id] = result.profile;
    else {
      const users = site.meters.filter((meter) => meter.profile === id).map((meter) => meter.id);
      faults.push(...result.faults.map((fault) => `meter ${users.join(', ')}: ${describeProfileFault(fault)}`));
    }
  }
  if (faults.length > 0) throw new AppError('METER_PROFILE', faults.join('\n'), { faults });
  return (surroundings, links = new ModbusLinks(surroundings)) =>
    new Meters(surroundings, site.meters, profiles, site.nominalVolts, links);
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
