// Which Busbar this is: the package's version, and in a clone the commit.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../config/package-root.ts';

/** Such as `0.1.0`, or `0.1.0+1a2b3c4d5e` where the commit can be read. */
export function busbarVersion(root = packageRoot()): string {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { readonly version: string };
  const commit = commitOf(join(root, '.git'));
  return commit === undefined ? version : `${version}+${commit.slice(0, 10)}`;
}

function commitOf(git: string): string | undefined {
  const read = (...path: readonly string[]) => {
    const file = join(git, ...path);
    return existsSync(file) ? readFileSync(file, 'utf8').trim() : undefined;
  };
  // A worktree keeps a file in place of the directory: then the version alone must do.
  if (!existsSync(join(git, 'HEAD'))) return undefined;
  const head = read('HEAD')!;
  const ref = /^ref: (.+)$/.exec(head)?.[1];
  if (ref === undefined) return head;
  const packed = read('packed-refs')
    ?.split('\n')
    .find((line) => line.endsWith(` ${ref}`));
  return read(...ref.split('/')) ?? packed?.split(' ')[0];
}
