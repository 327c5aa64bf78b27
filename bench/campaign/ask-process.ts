// Runs a script of this folder in a process of its own and takes the JSON that it prints last.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { packageRoot } from '../../src/config/package-root.ts';

export type Asked<T> = { readonly ok: true; readonly answer: T } | { readonly ok: false; readonly because: string };

/** `node` absent: the one that runs this. */
export async function askProcess<T>(
  script: string,
  args: readonly string[],
  { node = process.execPath, nodeArgs = [] }: { readonly node?: string; readonly nodeArgs?: readonly string[] } = {},
): Promise<Asked<T>> {
  const file = fileURLToPath(new URL(script, import.meta.url));
  const child = spawn(node, [...nodeArgs, file, ...args], { cwd: packageRoot(), stdio: ['ignore', 'pipe', 'pipe'] });
  let [out, complaint] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint = (complaint + text).slice(-500);
  });
  const code = await new Promise<number | null>((done, failed) => child.once('close', done).once('error', failed));
  if (code !== 0) return { ok: false, because: `${script} has ended with ${code}: ${complaint.trim()}` };
  return { ok: true, answer: JSON.parse(out.trim().split('\n').at(-1)!) as T };
}
