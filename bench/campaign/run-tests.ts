// Runs test files that hold a row, or takes their results from a run that was just made.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { packageRoot } from '../../src/config/package-root.ts';
import type { Finding, Outcome, OutsideContext } from './row.ts';

type Ran = Extract<Outcome, { readonly kind: 'held' | 'broken' }>;
type TestFile = {
  readonly name: string;
  readonly message: string;
  readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[];
};

/** `files` relative to the repository. Held: every file was there, at least one test of each passed and none failed. */
export async function runTests(
  files: readonly string[],
  { vitestResults, onProgress }: Pick<OutsideContext, 'vitestResults' | 'onProgress'>,
): Promise<Ran | Extract<Outcome, { readonly kind: 'not-run' }>> {
  const known = vitestResults === undefined ? undefined : resultsIn(vitestResults, files);
  if (known) return judge(files, known, `results of ${vitestResults}`);
  const directory = mkdtempSync(join(tmpdir(), 'busbar-campaign-'));
  const output = join(directory, 'results.json');
  onProgress(`running ${files.join(', ')}`);
  const vitest = join(packageRoot(), 'node_modules/vitest/vitest.mjs');
  const child = spawn(process.execPath, [vitest, 'run', ...files, '--reporter=json', `--outputFile.json=${output}`], {
    cwd: packageRoot(),
    stdio: 'ignore',
  });
  try {
    await new Promise((done, failed) => child.once('exit', done).once('error', failed));
    const found = resultsIn(output, files);
    if (!found) return { kind: 'not-run', because: `vitest wrote no results of ${files.join(', ')}` };
    return judge(files, found, 'run anew');
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** The results of all of `files`; undefined when one is missing. */
function resultsIn(path: string, files: readonly string[]): readonly TestFile[] | undefined {
  if (!existsSync(path)) return undefined;
  const { testResults } = JSON.parse(readFileSync(path, 'utf8')) as { readonly testResults: readonly TestFile[] };
  const found = files.map((file) => testResults.find(({ name }) => name === resolve(packageRoot(), file)));
  return found.every((one) => one !== undefined) ? found : undefined;
}

function judge(files: readonly string[], results: readonly TestFile[], how: string): Ran {
  const tests = results.flatMap(({ assertionResults }) => assertionResults);
  const passed = tests.filter(({ status }) => status === 'passed').length;
  const skipped = tests.filter(({ status }) => status === 'pending' || status === 'skipped').length;
  const findings: Finding[] = tests
    .filter(({ status }) => status === 'failed')
    .map(({ fullName }) => ({ text: `failed: ${fullName}` }));
  results.forEach(({ assertionResults, message }, at) => {
    if (assertionResults.some(({ status }) => status === 'passed')) return;
    findings.push({ text: `${files[at]}: no test passed${message ? ` (${message.split('\n')[0]})` : ''}` });
  });
  return {
    kind: findings.length === 0 ? 'held' : 'broken',
    measures: [
      { what: 'tests passed', unit: 'tests', value: passed, least: 1 },
      { what: 'tests failed', unit: 'tests', value: findings.length, most: 0 },
      ...(skipped > 0 ? [{ what: 'tests skipped', unit: 'tests', value: skipped, told: true } as const] : []),
    ],
    findings,
    findingCount: findings.length,
    ran: `${files.join(', ')}, ${how}`,
    seeds: [],
  };
}
