// Which Busbar a result belongs to: the version, and a digest of the sources as they lie there, so that an edited clone is never taken for its commit.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../src/config/package-root.ts';
import { busbarVersion } from '../../src/wiring/version.ts';

/** What decides on the result of a simulated run. */
const DECIDING = ['src', 'profiles', 'bench/campaign'];

/** Such as `0.1.0+1a2b3c4d5e sources 6f7a8b9c0d`. */
export function buildId(root = packageRoot()): string {
  const hash = createHash('sha256');
  for (const folder of DECIDING) {
    const names = readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .filter((name) => !name.includes('console'))
      .sort();
    for (const name of names) hash.update(name.slice(root.length)).update('\0').update(readFileSync(name)).update('\0');
  }
  return `${busbarVersion(root)} sources ${hash.digest('hex').slice(0, 10)}`;
}
