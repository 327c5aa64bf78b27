// The table of all profiles in docs/meters.md, made of the profiles; `node test/support/meter-table.ts` writes it there anew.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type MeterProfile, NOT_VERIFIED } from '../../src/core/model/meter-profile.ts';
import { unfitness } from '../../src/core/model/meter-wiring.ts';
import { profileDir, profileIds, profileOf } from './meter-vectors.ts';

export const metersPage = join(profileDir, '..', '..', 'docs', 'meters.md');
const FROM = '<!-- profiles: written by test/support/meter-table.ts -->\n';
const TO = '<!-- end of profiles -->\n';

/** The page with the table of the profiles in its place. Throws where the page has no place for it. */
export function withTable(page: string): string {
  const [before, rest] = page.split(FROM);
  const after = rest?.split(TO)[1];
  if (before === undefined || after === undefined)
    throw new Error(`docs/meters.md has no ${FROM.trim()} … ${TO.trim()}`);
  return before + FROM + meterTable() + TO + after;
}

function meterTable(): string {
  const head = ['id', 'meters', 'links', 'phases', 'confidence', 'verified', 'protects a circuit'];
  const rows = profileIds.map((id) => rowOf(profileOf(id)));
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |\n`).join('');
}

function rowOf(profile: MeterProfile): readonly string[] {
  const { id, maker, models, transports, phases, base, confidence, verified } = profile;
  const fewer = base?.kind === 'sunspec' ? '1, 2 or 3' : String(phases);
  return [
    `\`${id}\``,
    `${maker}: ${models.join(', ')}`,
    transports.join(', '),
    fewer,
    confidence,
    verified === NOT_VERIFIED ? 'no' : verified.map(({ on, firmware }) => `${on}, firmware ${firmware}`).join('; '),
    fitnessOf(profile),
  ];
}

function fitnessOf(profile: MeterProfile): string {
  const why = unfitness(profile);
  if (why !== undefined) return profile.points.i_l1 === undefined ? 'no: no currents' : 'no: its values are too old';
  return profile.phases === 1 ? 'combined, one phase each' : 'yes';
}

if (import.meta.main) writeFileSync(metersPage, withTable(readFileSync(metersPage, 'utf8')));
