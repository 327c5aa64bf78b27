// The closed list of quirk flags, the page that explains them and the profiles that use them say the same.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadChargerProfiles } from '../../src/config/load-profiles.ts';
import { packagedProfilesDir } from '../../src/config/package-root.ts';
import { QUIRK_FLAGS } from '../../src/core/model/charger.ts';
import { repositoryRoot } from './support.ts';

test('every quirk flag has its row in docs/quirks.md, and every row its flag', () => {
  const page = readFileSync(join(repositoryRoot, 'docs', 'quirks.md'), 'utf8');
  const rows = [...page.matchAll(/^\| `([a-z-]+)` \|([^|]+)\|([^|]+)\|$/gm)];
  expect(rows.map((row) => row[1])).toEqual([...QUIRK_FLAGS]);
  for (const [, , misbehaviour, answer] of rows) {
    expect(misbehaviour!.trim()).not.toBe('');
    expect(answer!.trim()).not.toBe('');
  }
});

test('every charger profile that comes with Busbar loads under the name of its file', () => {
  const loaded = loadChargerProfiles(packagedProfilesDir());
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.faults));
  const files = readdirSync(join(packagedProfilesDir(), 'chargers')).map((name) => name.replace(/\.json$/, ''));
  expect([...loaded.models.keys()].sort()).toEqual(files.sort());
});

test('no model that forgets its profiles is taken to hold a floor', () => {
  const loaded = loadChargerProfiles(packagedProfilesDir());
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.faults));
  const forgetful = [...loaded.models.values()].filter(({ profile }) =>
    profile.quirks.includes('forgets-profiles-on-reconnect'),
  );
  expect(forgetful.length).toBeGreaterThan(0);
  expect(forgetful.every(({ profile }) => !profile.holdsFloor)).toBe(true);
});
