// The record beside the site file: bounded, never half written, and what `busbar check` makes of it.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { runCheckVerb } from '../../src/wiring/check-verb.ts';
import {
  addRecord,
  bounded,
  type CommissionRecord,
  MAX_RECORDS,
  readRecords,
  recordFileOf,
} from '../../src/wiring/commission-record.ts';
import { rememberingIo } from '../config/support.ts';
import { PROFILE, siteFolder } from '../support/commission-bench.ts';

const record = (
  meter: string,
  at = '2026-11-20T10:00:00.000Z',
  more: Partial<CommissionRecord> = {},
): CommissionRecord => ({
  at,
  by: 'A. Volta',
  meter,
  profile: PROFILE,
  verdict: 'passed',
  ...more,
});

test('the record stands beside the site file under its name', () => {
  expect(recordFileOf('/etc/busbar/site.json')).toBe('/etc/busbar/site.commissioning.json');
  expect(recordFileOf('yard')).toBe('yard.commissioning.json');
});

test('what is added is read again, oldest first, with whatever else it says', () => {
  const { site } = siteFolder(502);
  expect(readRecords(site)).toEqual({ ok: true, records: [] });
  const [first, second] = [record('main'), record('main', '2026-11-21T10:00:00.000Z', { tests: [{ load: 'x' }] })];
  addRecord(site, [], first);
  addRecord(site, [first], second);
  expect(readRecords(site)).toEqual({ ok: true, records: [first, second] });
});

test('at the bound the oldest go, but the newest of each meter stays', () => {
  const many = [record('a', '1'), record('b', '2'), record('a', '3'), record('a', '4')];
  expect(bounded(many, 4)).toEqual(many);
  expect(bounded(many, 3).map(({ at }) => at)).toEqual(['2', '3', '4']);
  expect(bounded(many, 2).map(({ at }) => at)).toEqual(['2', '4']);
  expect(bounded(many, 1).map(({ at }) => at)).toEqual(['4']);
  expect(bounded(Array.from({ length: MAX_RECORDS + 1 }, (_, at) => record('a', String(at))))).toHaveLength(
    MAX_RECORDS,
  );
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 30 }),
      fc.integer({ min: 3, max: 8 }),
      (meters, most) => {
        const all = meters.map((meter, at) => record(meter, String(at)));
        const kept = bounded(all, most);
        expect(kept.length).toBe(Math.min(all.length, most));
        for (const meter of new Set(meters))
          expect(kept.findLast((one) => one.meter === meter)).toEqual(all.findLast((one) => one.meter === meter));
      },
    ),
  );
});

test.each(['', '7', '{}', '{"version": 2, "records": []}', '{"version": 1, "records": [{"at": 1}]}'])(
  'a record file that says %j is a fault, and never overwritten',
  (text) => {
    const { site } = siteFolder(502);
    writeFileSync(recordFileOf(site), text);
    expect(readRecords(site)).toMatchObject({ ok: false, fault: expect.stringContaining('move it away') });
  },
);

describe('busbar check', () => {
  const notesOf = async (records: readonly CommissionRecord[] | undefined, text?: string) => {
    const { site, folder } = siteFolder(502);
    if (records) addRecord(site, [], records[0]!);
    if (text !== undefined) writeFileSync(join(folder, 'yard.commissioning.json'), text);
    const io = rememberingIo();
    expect(await runCheckVerb({ file: site, json: true }, io)).toBe(0);
    const { notes } = JSON.parse(io.outLines.join(''));
    const ours = notes.filter((note: { text: string }) => /commission|record/.test(note.text));
    return ours.map((note: { about: string; text: string }) => `${note.about}: ${note.text.replace(site, 'SITE')}`);
  };

  test.each<[string, readonly CommissionRecord[] | undefined, readonly string[]]>([
    [
      'no record',
      undefined,
      [
        'meter main: no record says that phases, direction and ratio were proved on site: busbar commission main --site SITE.',
      ],
    ],
    ['in order', [record('main')], []],
    [
      'open',
      [record('main', undefined, { verdict: 'open' })],
      [
        'meter main: its commissioning of 2026-11-20 found something that is to be mended: busbar commission main --site SITE.',
      ],
    ],
    [
      'incomplete',
      [record('main', undefined, { verdict: 'incomplete' })],
      ['meter main: its commissioning of 2026-11-20 did not test every phase: busbar commission main --site SITE.'],
    ],
    [
      'another profile',
      [record('main', undefined, { profile: 'siemens-pac' })],
      [
        `meter main: it was commissioned on 2026-11-20 with the profile siemens-pac, not ${PROFILE}: busbar commission main --site SITE.`,
      ],
    ],
  ])('%s', async (_, records, notes) => {
    expect(await notesOf(records)).toEqual(notes);
  });

  test('a record file that is none is a note too, and stops nothing', async () => {
    expect(await notesOf(undefined, 'nonsense')).toEqual([
      expect.stringMatching(/^commissioning: .*no JSON, expected a record/),
    ]);
  });
});
