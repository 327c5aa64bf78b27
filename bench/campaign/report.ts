// A campaign's report: for a terminal with columns that line up, and the page docs/campaign.md.
import { table } from '../../src/wiring/table.ts';
import type { Measure, Outcome, Row } from './row.ts';

export type RowReport = { readonly row: Row; readonly outcome: Outcome; readonly seconds: number };
export type CampaignHead = {
  readonly build: string;
  readonly date: string;
  readonly node: string;
  readonly hardware: string;
  readonly isShort: boolean;
  readonly seeds: readonly number[];
  readonly freshSeeds: readonly number[];
};

const WORDS = { held: 'held', broken: 'BROKEN', 'not-run': 'not run' } as const;

export function campaignText(head: CampaignHead, reports: readonly RowReport[]): string {
  const rows = reports.flatMap(({ row, outcome }) => {
    const first = [String(row.number), row.name, WORDS[outcome.kind]];
    if (outcome.kind === 'not-run') return [[...first, '', outcome.because]];
    const seeds = outcome.seeds.length > 0 ? String(outcome.seeds.length) : '';
    const measures = outcome.measures.length > 0 ? outcome.measures.map(shownMeasure) : [''];
    return measures.map((measure, at) => (at === 0 ? [...first, seeds, measure] : ['', '', '', '', measure]));
  });
  return [
    ...headLines(head),
    '',
    table(['row', 'what', 'outcome', 'seeds', 'measured'], rows, ['right', 'left', 'left', 'right', 'left']),
    ...reports.flatMap(({ row, outcome }) => findingLines(row, outcome)),
    '',
    countText(reports),
  ].join('\n');
}

/** `22 held, 3 broken, 23 not run`. */
export function countText(reports: readonly RowReport[]): string {
  const count = (kind: Outcome['kind']) => reports.filter(({ outcome }) => outcome.kind === kind).length;
  return `${count('held')} held, ${count('broken')} broken, ${count('not-run')} not run`;
}

export function campaignPage(head: CampaignHead, reports: readonly RowReport[]): string {
  const cell = (text: string) => text.replaceAll('|', '\\|');
  const rows = reports.map(({ row, outcome, seconds }) => {
    if (outcome.kind === 'not-run')
      return `| ${row.number} | ${cell(row.name)} | not run | | ${cell(outcome.because)} | |`;
    const seeds = outcome.seeds.length > 0 ? String(outcome.seeds.length) : '';
    const measured = outcome.measures.map((one) => cell(shownMeasure(one))).join('<br>');
    const word = outcome.kind === 'broken' ? '**broken**' : 'held';
    return `| ${row.number} | ${cell(row.name)} | ${word} | ${seeds} | ${measured} | ${seconds.toFixed(0)} |`;
  });
  return `${[
    '# What Busbar withstands',
    '',
    'Every row breaks something on purpose and says what must hold all the same. `npm run campaign` runs them and writes this page; a row that is',
    'broken is told as broken, and one that cannot be run yet as not run. L is the limit of a circuit, TTL the 60 s of a lease.',
    '',
    ...headLines(head).map((line) => `- ${line}`),
    `- ${countText(reports)}`,
    '',
    '| row | what | outcome | seeds | measured, and its bound | processor or run s |',
    '|---:|---|---|---:|---|---:|',
    ...rows,
    '',
    '## What each row does',
    '',
    ...reports.flatMap(({ row, outcome }) => rowLines(row, outcome)),
  ].join('\n')}\n`;
}

function rowLines(row: Row, outcome: Outcome): readonly string[] {
  if (row.how === 'not-run') return [];
  return [
    `**${row.number}. ${capital(row.name)}.** ${capital(row.fault)}. Required: ${row.required}.${row.remark === undefined ? '' : ` ${row.remark}`}`,
    ...(outcome.kind === 'not-run' ? [] : [`Run: ${outcome.ran}.`]),
    ...findingLines(row, outcome),
    '',
  ];
}

function headLines({ build, date, node, hardware, isShort, seeds, freshSeeds }: CampaignHead): readonly string[] {
  const fixed = seeds.filter((seed) => !freshSeeds.includes(seed));
  const range = fixed.length === 0 ? 'none' : `${fixed[0]} to ${fixed.at(-1)}`;
  return [
    `Busbar ${build}, ${date}, ${isShort ? 'the short campaign' : 'the full campaign'}`,
    `Node ${node}, ${hardware}`,
    `fixed seeds ${range}; fresh seeds ${freshSeeds.length === 0 ? 'none' : freshSeeds.join(' ')}`,
  ];
}

function findingLines(row: Row, outcome: Outcome): readonly string[] {
  if (outcome.kind !== 'broken') return [];
  const shown = outcome.findings.map(
    ({ seed, text }) =>
      `- row ${row.number}${seed === undefined ? '' : `, again with \`npm run campaign -- --rows ${row.number} --seed ${seed} --seeds 1\``}: ${text}`,
  );
  const more = outcome.findingCount - outcome.findings.length;
  return ['', ...shown, ...(more > 0 ? [`- row ${row.number}: and ${more} more`] : [])];
}

function shownMeasure({ what, unit, value, ...bound }: Measure): string {
  const number = (one: number) => (Number.isInteger(one) ? one.toLocaleString('en') : one.toFixed(one < 10 ? 2 : 1));
  const measured = value === undefined ? 'never measured' : `${number(value)} ${unit}`;
  if ('told' in bound) return `${what}: ${measured}`;
  return `${what}: ${measured} (${'most' in bound ? `at most ${number(bound.most)}` : `at least ${number(bound.least)}`})`;
}

const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);
