// Times as people write them: with a zone, by the site's clock, and in the two hours a year in which that is not plain.
import { describe, expect, test } from 'vitest';
import { isoTime, readTime } from '../../src/api/site-time.ts';

const BERLIN = 'Europe/Berlin';

describe('reading', () => {
  test.each([
    ['2026-03-02T05:30Z', BERLIN, '2026-03-02T05:30:00.000Z'],
    ['2026-03-02T05:30:59.999Z', BERLIN, '2026-03-02T05:30:59.000Z'],
    ['2026-03-02T05:30+01:00', 'Asia/Tokyo', '2026-03-02T04:30:00.000Z'],
    ['2026-03-02T00:30+0530', BERLIN, '2026-03-01T19:00:00.000Z'],
    ['2026-03-02T05:30-03:30', BERLIN, '2026-03-02T09:00:00.000Z'],
    ['2026-03-02T05:30', BERLIN, '2026-03-02T04:30:00.000Z'],
    ['2026-07-02T05:30', BERLIN, '2026-07-02T03:30:00.000Z'],
    ['2026-07-02T05:30:15', 'UTC', '2026-07-02T05:30:15.000Z'],
    ['2026-07-02T05:30', 'Asia/Kathmandu', '2026-07-01T23:45:00.000Z'],
    ['2026-01-01T00:10', 'Pacific/Auckland', '2025-12-31T11:10:00.000Z'],
    ['2028-02-29T12:00', 'America/New_York', '2028-02-29T17:00:00.000Z'],
    // On both sides of the hour that is skipped, and of the hour that comes twice: the first of the two.
    ['2026-03-29T01:59', BERLIN, '2026-03-29T00:59:00.000Z'],
    ['2026-03-29T03:00', BERLIN, '2026-03-29T01:00:00.000Z'],
    ['2026-10-25T01:59', BERLIN, '2026-10-24T23:59:00.000Z'],
    ['2026-10-25T02:30', BERLIN, '2026-10-25T00:30:00.000Z'],
    ['2026-10-25T03:00', BERLIN, '2026-10-25T02:00:00.000Z'],
    ['2026-10-25T02:30+01:00', BERLIN, '2026-10-25T01:30:00.000Z'],
  ])('%s at a site in %s is %s', (text, zone, instant) => {
    expect(readTime(text, zone)).toEqual({ ok: true, wall: Date.parse(instant) });
  });

  test.each([
    ['2026-03-29T02:00', /a time that exists in Europe\/Berlin/],
    ['2026-03-29T02:59:59', /a time that exists in Europe\/Berlin/],
    ['2026-04-31T05:30', /a day and a time that exist/],
    ['2026-02-29T05:30', /a day and a time that exist/],
    ['2026-13-01T05:30', /a day and a time that exist/],
    ['2026-03-02T24:00', /a day and a time that exist/],
    ['2026-03-02T05:60', /a day and a time that exist/],
    ['2026-03-02T05:30:60', /a day and a time that exist/],
    ['2026-03-02T05:30+15:00', /ISO 8601/],
    ['2026-03-02T05:30+01:60', /ISO 8601/],
    ['2026-03-02 05:30', /ISO 8601/],
    ['2026-03-02', /ISO 8601/],
    ['0050-03-02T05:30', /a day and a time that exist/],
    ['', /ISO 8601/],
  ])('%s is refused, not guessed', (text, expected) => {
    expect(readTime(text, BERLIN)).toEqual({ ok: false, expected: expect.stringMatching(expected) });
  });
});

test('what is told can be read again, in every zone and on every quarter hour of the two odd days', () => {
  for (const zone of [BERLIN, 'UTC', 'America/St_Johns', 'Australia/Lord_Howe', 'Asia/Kathmandu']) {
    for (const day of [Date.UTC(2026, 2, 29), Date.UTC(2026, 3, 5), Date.UTC(2026, 9, 4), Date.UTC(2026, 9, 25)]) {
      for (let wall = day - 6 * 3_600_000; wall < day + 30 * 3_600_000; wall += 900_000) {
        expect(readTime(isoTime(wall, zone), zone)).toEqual({ ok: true, wall });
      }
    }
  }
  expect(isoTime(Date.UTC(2026, 2, 2, 4, 30, 0, 999), BERLIN)).toBe('2026-03-02T05:30:00+01:00');
  expect(isoTime(Date.UTC(2026, 2, 2, 4, 30), 'America/St_Johns')).toBe('2026-03-02T01:00:00-03:30');
});
