// JSON that people write: read exactly as JSON.parse reads it, with a place for every slip.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MAX_JSON_DEPTH, parseJsonText } from '../../src/config/json-text.ts';

/** `line:column found` of a refused text. */
function slip(text: string): string {
  const parsed = parseJsonText(text);
  return parsed.ok ? 'no slip' : `${parsed.line}:${parsed.column} ${parsed.found}`;
}

describe('slips and their places', () => {
  test.each([
    ['{"a": 1,}', '1:9 }'],
    ['[1, 2,]', '1:7 ]'],
    ['{\n  "a": 1\n  "b": 2\n}', '3:3 "b"'],
    ['{\n  "a": 1,\n  "b": 2,\n  "a": 3\n}', '4:3 "a"'],
    ['{ // said so\n}', '1:3 //'],
    ["{ 'a': 1 }", "1:3 '"],
    ['{ a: 1 }', '1:3 a'],
    ['{"a": 01}', '1:7 01'],
    ['{"a": 1.}', '1:7 1.'],
    ['{"a": NaN}', '1:7 NaN'],
    ['{"a": "x\ny"}', '1:7 "'],
    ['{"a": 1', '1:8 the end of the file'],
    ['', '1:1 the end of the file'],
    ['{} {}', '1:4 {'],
  ])('%j is refused at %s', (text, place) => {
    expect(slip(text)).toBe(place);
  });

  test('a field that stands twice says where it stands first; the same name elsewhere is none', () => {
    const parsed = parseJsonText('{\n"a": {"a": 1},\n"a": 2}');
    expect(parsed).toMatchObject({ ok: false, line: 3, expected: expect.stringContaining('line 2') });
    expect(slip('[{"a": 1}, {"a": 2}]')).toBe('no slip');
    expect(slip('{"a": 1, "\\u0061": 2}')).toBe('1:10 "\\u0061"');
  });

  test('nesting is read up to its bound and refused one deeper', () => {
    const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);
    expect(slip(nested(MAX_JSON_DEPTH))).toBe('no slip');
    expect(slip(nested(MAX_JSON_DEPTH + 1))).toBe(`1:${MAX_JSON_DEPTH + 1} [`);
  });
});

test('every JSON value is read as JSON.parse reads it', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 5 }), fc.nat(4), (value, indent) => {
      const text = JSON.stringify(value, undefined, indent);
      expect(parseJsonText(text)).toEqual({ ok: true, value: JSON.parse(text) });
    }),
  );
});

test('a text that JSON.parse refuses is refused, and what is read is what JSON.parse reads', () => {
  const piece = fc.constantFrom(
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    '"a"',
    '"b"',
    '1',
    '-0.5e3',
    '01',
    'true',
    'nul',
    ' ',
    '\n',
    '"',
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 9 }), (pieces) => {
      const text = pieces.join('');
      const parsed = parseJsonText(text);
      if (parsed.ok) expect(parsed.value).toEqual(JSON.parse(text));
      else if (!parsed.expected.startsWith('each field once')) expect(() => JSON.parse(text)).toThrow(SyntaxError);
    }),
    { numRuns: 2_000 },
  );
});
