// What is packed comes back as it was, whichever way it was packed, and damage is an error and never other data.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type PackEffort, packJson, unpackJson } from '../../src/store/packed-json.ts';

const EFFORTS: readonly PackEffort[] = ['small', 'quick'];
const record = (count: number) =>
  Object.fromEntries(
    Array.from({ length: count }, (_, at) => [`CP${at}/1`, { amps: at, since: 1_780_000_000_000 + at }]),
  );

test.each([0, 1, 30, 60, 2_000])('a record of %i entries comes back from either effort', (count) => {
  for (const effort of EFFORTS) expect(unpackJson(packJson(record(count), effort))).toEqual(record(count));
});

test('any plain object or list comes back from either effort', () => {
  fc.assert(
    fc.property(fc.oneof(fc.dictionary(fc.string(), fc.jsonValue()), fc.array(fc.jsonValue())), (value) => {
      const written = JSON.parse(JSON.stringify(value));
      for (const effort of EFFORTS) expect(unpackJson(packJson(value, effort))).toEqual(written);
    }),
  );
});

test('what is small is quickly packed by leaving it as it is, and no compressed stream looks like that', () => {
  expect(Buffer.from(packJson(record(1), 'quick')).toString()).toBe(JSON.stringify(record(1)));
  const firstBytes = [0, 1, 60, 500, 2_000, 20_000].flatMap((count) => [
    packJson(record(count))[0]!,
    ...(count >= 60 ? [packJson(record(count), 'quick')[0]!] : []),
  ]);
  expect(firstBytes.filter((byte) => (byte & 0x0f) === (0x7b & 0x0f))).toEqual([]);
});

test('bytes that nobody packed are an error', () => {
  for (const bytes of [[], [1, 2, 3], [0x7b, 0x22], [0x5b]]) expect(() => unpackJson(new Uint8Array(bytes))).toThrow();
});
