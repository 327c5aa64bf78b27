#!/usr/bin/env node
// Makes a clone ready: installs what the lockfile names when that is stale, and with --build compiles src/ to dist/ and
// the console when those are stale. Must run on any Node from 18 on, because it is what brings the right one.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const wantsBuild = process.argv.includes('--build');
const force = process.argv.includes('--force');
const say = (text) => process.stderr.write(`set-up: ${text}\n`);

function run(label, command, args) {
  const started = Date.now();
  say(`${label} …`);
  const { status, error } = spawnSync(command, args, {
    cwd: root,
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32',
  });
  if (error || status !== 0) {
    say(
      `${label} failed${error ? `: ${error.message}` : ` with exit code ${status}`}. Mend what is printed above and run the same command again.`,
    );
    process.exit(1);
  }
  say(`${label} done in ${((Date.now() - started) / 1000).toFixed(1)} s`);
}

/** Every file below `dir`, in a fixed order. */
function filesBelow(dir) {
  return readdirSync(dir, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => (entry.isDirectory() ? filesBelow(join(dir, entry.name)) : [join(dir, entry.name)]));
}

const digest = (files) => {
  const hash = createHash('sha256');
  for (const file of files) hash.update(relative(root, file)).update('\0').update(readFileSync(file)).update('\0');
  return hash.digest('hex');
};

/** Runs `work` unless `stampFile` says that it was done for exactly these inputs. */
function whenStale(stampFile, inputs, work) {
  const stamp = digest(inputs);
  if (!force && existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp) return;
  work();
  mkdirSync(dirname(stampFile), { recursive: true });
  writeFileSync(stampFile, stamp);
}

const installInputs = [join(root, 'package-lock.json')];
const installed = join(root, 'node_modules', '.busbar-installed');
if (!existsSync(installed) || readFileSync(installed, 'utf8') !== digest(installInputs)) {
  whenStale(installed, installInputs, () => run('install', 'npm', ['ci', '--no-audit', '--no-fund']));
}

if (wantsBuild) {
  const node = join(root, 'node_modules', 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
  const node24 = existsSync(node) ? node : process.execPath;
  const all = filesBelow(join(root, 'src'));
  const consoleFiles = all.filter((file) => file.startsWith(join(root, 'src', 'console')));
  const serverFiles = all.filter((file) => !consoleFiles.includes(file));
  const configs = ['tsconfig.json', 'tsconfig.build.json', 'package-lock.json']
    .map((name) => join(root, name))
    .filter((file) => statSync(file).isFile());
  whenStale(join(root, 'dist', '.built'), [...serverFiles, ...configs], () =>
    run('build', node24, [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', 'tsconfig.build.json']),
  );
  whenStale(join(root, 'dist', '.console-built'), [...consoleFiles, ...configs], () =>
    run('build the console', node24, [
      join(root, 'node_modules', 'vite', 'bin', 'vite.js'),
      'build',
      join('src', 'console'),
      '--logLevel',
      'warn',
    ]),
  );
}
