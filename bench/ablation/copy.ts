// A copy of the sources in a directory of its own, with edits: what runs there is the product but for them.

import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Edit } from './ablations.ts';

const ROOT = resolve(import.meta.dirname, '..', '..');

/** The text after the edit. Throws where `find` does not stand there exactly once. */
export function edited(text: string, { file, find, replace }: Edit): string {
  const times = text.split(find).length - 1;
  if (times !== 1) throw new Error(`${file}: expected once, found ${times} times: ${find}`);
  return text.replace(find, () => replace);
}

/** Today's source files after all the edits, by path. Throws as `edited` does. */
export function editedSources(edits: readonly Edit[]): ReadonlyMap<string, string> {
  const texts = new Map<string, string>();
  for (const edit of edits) {
    const before = texts.get(edit.file) ?? readFileSync(join(ROOT, edit.file), 'utf8');
    texts.set(edit.file, edited(before, edit));
  }
  return texts;
}

export type Copy = { readonly dir: string; readonly dispose: () => void };

/** Sources and benchmarks are copied; profiles and packages are the same ones, by link. */
export function copyWith(edits: readonly Edit[]): Copy {
  const texts = editedSources(edits);
  const dir = mkdtempSync(join(tmpdir(), 'busbar-copy-'));
  for (const name of ['src', 'bench', 'package.json']) cpSync(join(ROOT, name), join(dir, name), { recursive: true });
  for (const name of ['profiles', 'node_modules']) symlinkSync(join(ROOT, name), join(dir, name), 'dir');
  for (const [file, text] of texts) writeFileSync(join(dir, file), text);
  return { dir, dispose: () => rmSync(dir, { recursive: true, force: true }) };
}
