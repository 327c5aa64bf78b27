// docs/meters.md is true: its table is that of the profiles, and every key of a profile is explained.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { meterProfileKeys } from '../../src/config/meter-profile.ts';
import { metersPage, withTable } from '../support/meter-table.ts';
import { profileIds } from '../support/meter-vectors.ts';

const page = readFileSync(metersPage, 'utf8');

test('the table of profiles is what the profiles say; `node test/support/meter-table.ts` writes it', () => {
  expect(page).toBe(withTable(page));
  for (const id of profileIds) expect(page).toContain(`| \`${id}\` | `);
});

test.each(meterProfileKeys)('the key %s of a profile is explained', (key) => {
  const cells = [...page.matchAll(/^\| ([^|]+) \|/gm)].map((match) => match[1]!).join(' ');
  expect(cells).toMatch(new RegExp(`\`${key}[\`.]`));
});
