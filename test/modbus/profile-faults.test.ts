// A profile is checked whole, and a SunSpec device is walked to the model that the profile means, wherever its chain begins.
import { describe, expect, test } from 'vitest';
import { knownMeterProfiles, parseMeterProfile } from '../../src/config/meter-profile.ts';
import { AppError } from '../../src/engine/app-error.ts';
import { unfitness } from '../../src/modbus/meter.ts';
import type { RegisterReader } from '../../src/modbus/register-reader.ts';
import { findModel } from '../../src/modbus/sunspec.ts';
import { profileDir, profileOf } from '../support/meter-vectors.ts';

test('every profile that comes with Busbar is sound, protects a circuit, and says where it comes from', () => {
  const ids = knownMeterProfiles(profileDir);
  expect(ids).toHaveLength(4);
  for (const id of ids) {
    expect(unfitness(profileOf(id)), id).toBeUndefined();
    expect(profileOf(id).sources.length, id).toBeGreaterThan(0);
  }
});

describe('faults', () => {
  const good = profileOf('eastron-sdm630');
  const { i_l1, v_l1 } = good.points;
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
