// docs/ocpp.md and the code tell the same story.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { CentralSystem, type CentralSystemOptions, type UpWay } from '../../src/ocpp/central-system.ts';
import { OWN_POLLS } from '../../src/ocpp/polls.ts';
import { loadV16Schemas } from '../../src/ocpp/v16/schemas.ts';

const page = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'ocpp.md'), 'utf8');

/** First and second column of the table under a heading. */
function table(heading: string): ReadonlyMap<string, string> {
  const section = page.split(`## ${heading}\n`)[1]!.split('\n## ')[0]!;
  const rows = section.split('\n').filter((line) => line.startsWith('| ') && !line.startsWith('| message'));
  return new Map(rows.map((row) => row.split('|').map((cell) => cell.trim())).map(([, name, way]) => [name!, way!]));
}

test('every message that a station can send is on the page, with what the code does', () => {
  const central = new CentralSystem({} as CentralSystemOptions);
  const listed = table('From the station');
  expect([...listed.keys()]).toEqual([...central.ways.keys()]);
  const words: { readonly [W in UpWay]: RegExp } = {
    answered: /^answered/,
    relayed: /^relayed/,
    copied: /^copied/,
    stored: /^stored/,
  };
  for (const [action, way] of central.ways)
    expect(`${action}: ${listed.get(action)}`).toMatch(new RegExp(`^${action}: ${words[way].source.slice(1)}`));
});

test('every message that the code sends by itself is on the page, and together both tables are all of OCPP 1.6', async () => {
  const listed = table('To the station');
  const sent = [...listed].filter(([, way]) => way.startsWith('sent')).map(([name]) => name);
  expect(sent).toEqual([...OWN_POLLS, 'SetChargingProfile'].sort());
  const all = (await loadV16Schemas()).names
    .filter((name) => name.endsWith('Request'))
    .map((name) => name.replace(/Request$/, ''));
  expect([...new Set([...listed.keys(), ...table('From the station').keys()])].sort()).toEqual(all.sort());
});
