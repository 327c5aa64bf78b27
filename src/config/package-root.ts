// Where the package lies on disk, so that its profiles are found from the sources and from the build alike.

import { join, resolve } from 'node:path';

/** The directory that holds package.json; `src/config` and `dist/config` both lie two levels below it. */
export function packageRoot(): string {
  return resolve(import.meta.dirname, '..', '..');
}

/** Meter, charger and charging profiles that come with Busbar. */
export function packagedProfilesDir(): string {
  return join(packageRoot(), 'profiles');
}
