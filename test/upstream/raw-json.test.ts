// Exchanging one member in a JSON text leaves every other byte as it was.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { membersOf, removeMember, replaceMember } from '../../src/upstream/raw-json.ts';

test.each([
  ['{"transactionId":5}', '{"transactionId":77}'],
  [
    '{ "a" : 1.50 ,\t"transactionId"\n: 5 , "b":[{"transactionId":5}] }',
    '{ "a" : 1.50 ,\t"transactionId"\n: 77 , "b":[{"transactionId":5}] }',
  ],
  ['{"note":"\\"transactionId\\":5,}","transactionId":-1}', '{"note":"\\"transactionId\\":5,}","transactionId":77}'],
  ['{"transaction\\u0049d":5}', '{"transaction\\u0049d":77}'],
  ['{"a":{"transactionId":5}}', '{"a":{"transactionId":5}}'],
  ['{}', '{}'],
])('%s → %s', (raw, expected) => {
  expect(replaceMember(raw, 'transactionId', '77')).toBe(expected);
});

test.each([
  ['{"a":1,"x":{"y":[1,2,"}"]},"b":2.0}', '{"a":1,"b":2.0}'],
  ['{"x":{"y":[]}, "b":2.0}', '{"b":2.0}'],
  ['{ "a":1 , "x":"{" }', '{ "a":1 }'],
  ['{ "x":null }', '{  }'],
  ['{"a":"x"}', '{"a":"x"}'],
])('%s without x: %s', (raw, expected) => {
  expect(removeMember(raw, 'x')).toBe(expected);
});

test('for any object, members are found where JSON.parse finds them, and only the asked one changes', () => {
  fc.assert(
    fc.property(
      fc.dictionary(
        fc.string({ maxLength: 8 }).filter((key) => key !== '__proto__'),
        fc.jsonValue({ maxDepth: 4 }),
        { minKeys: 1, maxKeys: 6 },
      ),
      fc.constantFrom(undefined, 1, '\t'),
      fc.nat(),
      (object, indent, pick) => {
        const raw = JSON.stringify(object, null, indent);
        const parsed: Record<string, unknown> = JSON.parse(raw);
        expect(
          membersOf(raw).map(({ key, valueStart, valueEnd }) => [key, JSON.parse(raw.slice(valueStart, valueEnd))]),
        ).toEqual(Object.entries(parsed));
        const key = Object.keys(parsed)[pick % Object.keys(parsed).length]!;
        const { [key]: _removed, ...rest } = parsed;
        expect(JSON.parse(removeMember(raw, key))).toEqual(rest);
        expect(JSON.parse(replaceMember(raw, key, '"new"'))).toEqual({ ...parsed, [key]: 'new' });
      },
    ),
  );
});
