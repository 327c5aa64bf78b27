// Which versions are spoken with a station: the file's word, else its model's; and with an upstream 1.6, because that alone is relayed.
import { describe, expect, test } from 'vitest';
import { versionsOfStation } from '../../src/config/ocpp-versions.ts';
import type { OcppVersion } from '../../src/core/model/charger.ts';
import { goodSite, rawSite } from './support.ts';

describe('the versions of a station', () => {
  test.each<[string, OcppVersion[] | undefined, OcppVersion[] | undefined, boolean, OcppVersion[]]>([
    // stated in the file, by its model, upstream?, spoken
    ['nothing is said: 1.6', undefined, undefined, false, ['1.6']],
    ['the model speaks both', undefined, ['2.0.1', '1.6'], false, ['2.0.1', '1.6']],
    ['the same behind an operator', undefined, ['2.0.1', '1.6'], true, ['1.6']],
    ['the model has no 1.6', undefined, ['2.0.1'], true, ['2.0.1']],
    ['the file wants both, operator or not', ['2.0.1', '1.6'], ['2.0.1', '1.6'], true, ['2.0.1', '1.6']],
    ['the file keeps it to one', ['1.6'], ['2.0.1', '1.6'], false, ['1.6']],
  ])('%s', (_story, stated, model, hasUpstream, expected) => {
    expect(versionsOfStation(stated, model === undefined ? {} : { ocpp: model }, hasUpstream)).toEqual(expected);
  });

  test('a site file lists them in any order, and the highest comes first', () => {
    const raw = rawSite();
    raw.stations[0].ocpp = ['1.6', '2.0.1'];
    raw.stations[1].model = 'generic-ac-201';
    const [first, second, third] = goodSite(raw).site.stations;
    expect([first!.ocpp, second!.ocpp, third!.ocpp]).toEqual([['2.0.1', '1.6'], ['2.0.1'], ['2.0.1', '1.6']]);
    expect(second!.profile.lease).toEqual({ purpose: 'TxProfile', stackLevel: 0 });
  });
});

test('check names the stations of which the operator hears nothing', () => {
  const notes = (change: (raw: ReturnType<typeof rawSite>) => void) => {
    const raw = rawSite();
    raw.upstream = { url: 'wss://csms.example.com/ocpp' };
    change(raw);
    return goodSite(raw).notes.filter(({ text }) => text.includes('not relayed'));
  };
  const alone = 'OCPP 2.0.1: controlled here and not relayed to the operator, as in 1.6 it would be.';
  expect(notes(() => {})).toEqual([]);
  expect(notes((raw) => (raw.stations[0].ocpp = ['2.0.1', '1.6']))).toEqual([
    { about: 'station A', text: `it speaks ${alone}` },
  ]);
  expect(
    notes((raw) => {
      for (const station of raw.stations) station.ocpp = ['2.0.1'];
    }),
  ).toEqual([{ about: '3 stations', text: `A, B, C speak ${alone}` }]);
  expect(
    notes((raw) => {
      delete raw.upstream;
      raw.stations[0].ocpp = ['2.0.1'];
    }),
  ).toEqual([]);
});
