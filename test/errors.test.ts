// Every code in the source has its line in docs/errors.md, and the page names no code that is not there.
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '..');
const filesBelow = (dir: string): string[] =>
  readdirSync(dir, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? filesBelow(join(dir, entry.name)) : [join(dir, entry.name)],
  );

// SQLite's own codes, read and turned into ours.
const isForeign = (code: string) => code.startsWith('SQLITE_');

test('docs/errors.md is the catalogue of every code, and of no other', () => {
  const inSource = new Set(
    filesBelow(join(root, 'src'))
      .filter((file) => /\.tsx?$/.test(file))
      .flatMap((file) => [...readFileSync(file, 'utf8').matchAll(/'([A-Z]+(?:_[A-Z]+)+)'/g)].map((match) => match[1]!))
      .filter((code) => !isForeign(code)),
  );
  const onPage = [...readFileSync(join(root, 'docs', 'errors.md'), 'utf8').matchAll(/^\| `([A-Z_]+)` \|/gm)].map(
    (match) => match[1]!,
  );
  expect(onPage.filter((code, at) => onPage.indexOf(code) !== at)).toEqual([]);
  expect([...inSource].filter((code) => !onPage.includes(code)).sort()).toEqual([]);
  expect(onPage.filter((code) => !inSource.has(code)).sort()).toEqual([]);
});
