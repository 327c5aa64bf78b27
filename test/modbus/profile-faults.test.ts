// A profile is checked whole, and a SunSpec device is walked to the model that the profile means, wherever its chain begins.
import { describe, expect, test } from 'vitest';
import { parseMeterProfile } from '../../src/config/meter-profile.ts';
import { MOST_LAG_MS, unfitness } from '../../src/core/model/meter-wiring.ts';
import { AppError } from '../../src/engine/app-error.ts';
import type { RegisterReader } from '../../src/modbus/register-reader.ts';
import { findModel } from '../../src/modbus/sunspec.ts';
import { profileIds, profileOf } from '../support/meter-vectors.ts';

test('every profile that comes with Busbar is sound and says where it comes from; three cannot protect a circuit, and say why', () => {
  expect(profileIds).toHaveLength(39);
  const unfit = profileIds.flatMap((id) => {
    const why = unfitness(profileOf(id));
    return why === undefined ? [] : [[id, why]];
  });
  expect(unfit).toEqual([
    ['eastron-sdm72d-m-v1', expect.stringContaining('it has no point i_l1')],
    ['schneider-powertag', expect.stringContaining('60 s old')],
    ['sma-homemanager2', expect.stringContaining('it has no point i_l1')],
  ]);
  for (const id of profileIds) expect(profileOf(id).sources.length, id).toBeGreaterThan(0);
});

test('of a meter only the phases in use need currents, each in every poll', () => {
  const good = profileOf('eastron-sdm630');
  const { i_l3: _, ...points } = good.points;
  expect(unfitness({ ...good, points }, 2)).toBeUndefined();
  expect(unfitness({ ...good, points })).toMatch(/no point i_l3/);
  expect(unfitness({ ...good, read: { fast: [[0, 6]], slow: [[6, 12]] } })).toMatch(/i_l1 is in no block of read.fast/);
  expect(unfitness({ ...good, lagMs: MOST_LAG_MS })).toBeUndefined();
  expect(unfitness({ ...good, lagMs: MOST_LAG_MS + 1 })).toMatch(/2\.001 s old/);
});

describe('faults', () => {
  const good = profileOf('eastron-sdm630');
  const { i_l1, v_l1 } = good.points;
  const ident = { functionCode: 3, address: 0xfc00, count: 2, meaning: 'serial number' };
  /** The good points without p_l1, p_l3 and the total, with halves at these addresses instead. */
  const halves = (at: { readonly [name: string]: number }) => {
    const { p_l1: _1, p_l3: _3, p_total: _t, ...rest } = good.points;
    const added = Object.entries(at).map(([name, address]) => [name, { address, type: 'f32' }]);
    return { ...rest, ...Object.fromEntries(added) };
  };
  test.each([
    [{ functionCode: 6 }, 'functionCode', 6],
    [{ wordorder: 'hi' }, 'wordorder', 'hi'],
    [{ sources: [] }, 'sources', []],
    [{ points: { ...good.points, i_l1: { ...i_l1, address: 7 } } }, 'points.i_l2.address', 8],
    [{ points: { ...good.points, v_l1: { ...v_l1, factor: 0 } } }, 'points.v_l1.factor', 0],
    [{ points: { ...good.points, i_l1: { ...i_l1, address: 200 } } }, 'points.i_l1.address', 200],
    [{ points: { ...good.points, e_imp: { address: 65_535, type: 'f32' } } }, 'points.e_imp.address', 65_535],
    [{ points: { ...good.points, i_l9: i_l1 } }, 'points.i_l9', i_l1],
    [
      {
        read: {
          fast: [
            [0, 17],
            [52, 2],
          ],
          slow: [],
        },
      },
      'read.fast.0',
      [0, 17],
    ],
    [{ maxRegisters: 10 }, 'read.fast.0', [0, 18]],
    [{ maxRegisters: 126 }, 'maxRegisters', 126],
    [{ verified: 'yes' }, 'verified', 'yes'],
    [{ verified: [] }, 'verified', []],
    [{ verified: [{ by: 'A. Meier', on: '31.3.2026', firmware: '1.4' }] }, 'verified.0.on', '31.3.2026'],
    [{ lagMs: 0 }, 'lagMs', 0],
    [{ invalid: { i16: ['800'] } }, 'invalid.i16.0', '800'],
    [{ invalid: { i16: ['nan'] } }, 'invalid.i16.0', 'nan'],
    [{ invalid: { u16: ['ffff..0000'] } }, 'invalid.u16.0', 'ffff..0000'],
    [{ invalid: { u16: ['0xffff'] } }, 'invalid.u16.0', '0xffff'],
    [{ phases: 1 }, 'points.v_l2', good.points.v_l2],
    [{ base: { kind: 'sunspec', models: [{ id: 203, phases: 4 }] } }, 'base.models.0.phases', 4],
    [{ base: { kind: 'sunspec', models: [] } }, 'base.models', []],
    [{ base: { kind: 'group', first: 2, address: 19_200, step: 0 } }, 'base.step', 0],
    [{ ident: [{ ...ident, count: 61 }] }, 'ident.0.count', 61],
    [{ ident: [{ ...ident, address: 65_535 }] }, 'ident.0.address', 65_535],
    [{ ident: [{ ...ident, values: [{ words: [1] }] }] }, 'ident.0.values.0.words', [1]],
    [{ points: halves({ p_l1_pos: 20 }) }, 'points.p_l1_neg', undefined],
    [{ points: halves({ p_l2_pos: 20, p_l2_neg: 22 }) }, 'points.p_l2', good.points.p_l2],
    [{ points: halves({ p_l1_pos: 20, p_l1_neg: 52 }) }, 'points.p_l1_neg', { address: 52, type: 'f32' }],
  ] as const)('%# a fault is found at its place', (change, path, value) => {
    const result = parseMeterProfile(JSON.stringify({ ...good, ...change }), 'a.json');
    if (result.kind === 'profile') throw new Error('no fault was found');
    expect(result.faults).toContainEqual(expect.objectContaining({ file: 'a.json', path, value }));
  });

  test('text that is no JSON is one fault, and two wrong keys are two', () => {
    expect(parseMeterProfile('{', 'a.json')).toMatchObject({ kind: 'faults', faults: [{ path: '' }] });
    const result = parseMeterProfile(JSON.stringify({ ...good, gapMs: -1, phases: 2 }), 'a.json');
    expect(result.kind === 'faults' && result.faults.map(({ path }) => path)).toEqual(['phases', 'gapMs']);
  });
});

describe('SunSpec', () => {
  /** A device with "SunS" at `start` and the models after it; exception 2 elsewhere. */
  function device(
    start: number,
    models: readonly (readonly [id: number, length: number])[],
    end = [0xffff, 0],
  ): RegisterReader {
    const words = [0x5375, 0x6e53, ...models.flatMap(([id, length]) => [id, length, ...Array(length).fill(0)]), ...end];
    return {
      read: async (_functionCode, address, count) => {
        const from = address - start;
        if (from < 0 || from + count > words.length)
          throw new AppError('METER_EXCEPTION', 'exception 2', { exception: 2 });
        return words.slice(from, from + count);
      },
    };
  }

  test.each([40_000, 0, 50_000])('the model is found from %i on, behind others', async (start) => {
    const reader = device(start, [
      [1, 66],
      [203, 105],
    ]);
    expect(await findModel(reader, 3, [203, 204])).toEqual({ id: 203, address: start + 2 + 68, length: 105 });
  });

  test.each([
    [
      'another model is named',
      device(40_000, [
        [1, 66],
        [103, 50],
      ]),
      /no SunSpec model 203; the device has 1, 103/,
    ],
    ['no marker is no guess', device(30_000, [[203, 105]]), /no "SunS" at 40000, 0, 50000/],
    ['a chain without an end is left', device(40_000, Array(70).fill([7, 0]), []), /no end after 64 models/],
  ])('%s', async (_name, reader, words) => {
    await expect(findModel(reader, 3, [203])).rejects.toThrow(words);
  });

  test('silence while looking is told as silence, not as a missing marker', async () => {
    const reader = { read: () => Promise.reject(new AppError('METER_TIMEOUT', 'no answer')) };
    await expect(findModel(reader, 3, [203])).rejects.toMatchObject({ code: 'METER_TIMEOUT' });
  });
});
