// The house rules as tests: which room may import which, no circles, no barrels, and nobody but the clock touches time or chance.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '..');
const src = join(root, 'src');

type Source = {
  readonly path: string;
  readonly text: string;
  readonly code: string;
  readonly imports: readonly string[];
};

function filesBelow(dir: string): string[] {
  return readdirSync(dir, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? filesBelow(join(dir, entry.name)) : [join(dir, entry.name)],
  );
}

/** The text without comments and string contents' risk: good enough to look for names and import specifiers. */
function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|[^:'"`])\/\/.*$/gm, '$1');
}

function importsOf(code: string): string[] {
  const found = code.matchAll(
    /(?:^|\n|;)\s*(?:import|export)\s[^;'"]*?from\s*['"]([^'"]+)['"]|import\s*\(\s*['"]([^'"]+)['"]|(?:^|\n)\s*import\s+['"]([^'"]+)['"]/g,
  );
  return [...found].map((match) => (match[1] ?? match[2] ?? match[3])!);
}

const sources: Source[] = filesBelow(src)
  .filter((path) => /\.tsx?$/.test(path) && !path.endsWith('.d.ts'))
  .map((path) => {
    const text = readFileSync(path, 'utf8');
    const code = withoutComments(text);
    return { path: relative(src, path), text, code, imports: importsOf(code) };
  });

/** `core/allocate/solve.ts` → `core`; `cli.ts` → `cli`. */
const roomOf = (path: string) => path.split('/')[0]!.replace(/\.tsx?$/, '');

const ADAPTERS = ['ocpp', 'upstream', 'modbus', 'meters', 'signals', 'store', 'api', 'simulator'];
const PORTS = ['engine/ports.ts', 'engine/requests.ts', 'engine/app-error.ts', 'engine/socket.ts'];
// Named exceptions to "adapters never import each other", each with its reason.
const EXCEPTIONS: readonly { readonly from: string; readonly to: RegExp; readonly because: string }[] = [
  {
    from: 'upstream',
    to: /^ocpp\/rpc\//,
    because: 'the OCPP-J frame and call layer is the same towards stations and upstream',
  },
];

function mayImport(from: string, to: string): boolean {
  const [a, b] = [roomOf(from), roomOf(to)];
  if (a === b) return true;
  if (a === 'cli' || a === 'wiring') return true;
  if (a === 'core') return false;
  if (a === 'engine') return b === 'core';
  if (a === 'system') return PORTS.includes(to) || b === 'core';
  if (a === 'config') return b === 'core';
  if (a === 'console') return b === 'core';
  if (ADAPTERS.includes(a))
    return b === 'core' || PORTS.includes(to) || EXCEPTIONS.some((e) => e.from === a && e.to.test(to));
  return false;
}

const inside = sources.flatMap((source) =>
  source.imports
    .filter((specifier) => specifier.startsWith('.'))
    .map((specifier) => ({ from: source.path, to: relative(src, resolve(src, dirname(source.path), specifier)) })),
);

describe('the house', () => {
  test('every room is a known one', () => {
    const known = new Set(['core', 'engine', 'config', 'system', 'console', 'wiring', 'cli', ...ADAPTERS]);
    expect(sources.map((source) => source.path).filter((path) => !known.has(roomOf(path)))).toEqual([]);
    expect(sources.length).toBeGreaterThan(10);
  });

  test('arrows run one way: cli → wiring → {config, adapters} → engine/ports → core', () => {
    const wrong = inside.filter(({ from, to }) => !mayImport(from, to)).map(({ from, to }) => `${from} → ${to}`);
    expect(wrong).toEqual([]);
  });

  test('core imports nothing from outside, but for the LP solvers, each in one file', () => {
    const solvers = ['core/allocate/solve.ts → javascript-lp-solver', 'core/allocate/highs.ts → highs'];
    const wrong = sources
      .filter((source) => roomOf(source.path) === 'core')
      .flatMap((source) =>
        source.imports.filter((name) => !name.startsWith('.')).map((name) => `${source.path} → ${name}`),
      )
      .filter((arrow) => !solvers.includes(arrow));
    expect(wrong).toEqual([]);
  });

  test('no circles, type imports included', () => {
    const next = new Map<string, string[]>();
    for (const { from, to } of inside) next.set(from, [...(next.get(from) ?? []), to]);
    const circles: string[] = [];
    const done = new Set<string>();
    const walk = (path: string, trail: readonly string[]): void => {
      if (trail.includes(path)) circles.push([...trail.slice(trail.indexOf(path)), path].join(' → '));
      if (done.has(path) || trail.includes(path)) return;
      for (const to of next.get(path) ?? []) walk(to, [...trail, path]);
      done.add(path);
    };
    for (const source of sources) walk(source.path, []);
    expect(circles).toEqual([]);
  });

  test('no barrels: no index.ts, and no file that only hands on what others own', () => {
    expect(
      sources
        .filter((source) => /(^|\/)index\.tsx?$/.test(source.path) && roomOf(source.path) !== 'console')
        .map((s) => s.path),
    ).toEqual([]);
    expect(
      sources.filter((source) => /export\s+\*\s+from|export\s*\{[^}]*\}\s*from/.test(source.code)).map((s) => s.path),
    ).toEqual([]);
  });

  test('time and chance are asked for: nobody but system/clock.ts touches them (law 10)', () => {
    const forbidden =
      /\bDate\.now\b|\bnew Date\(\s*\)|\bMath\.random\b|\bset(?:Timeout|Interval|Immediate)\b|\bperformance\.now\b|\bprocess\.hrtime\b|\brandomUUID\b|node:timers/;
    const wrong = sources
      .filter((source) => source.path !== 'system/clock.ts' && roomOf(source.path) !== 'console')
      .filter((source) => forbidden.test(source.code))
      .map((source) => `${source.path}: ${forbidden.exec(source.code)![0]}`);
    expect(wrong).toEqual([]);
  });

  test('every file opens with a sentence that says what it does', () => {
    expect(sources.filter((source) => !/^(#!.*\n)?\/\/ \S/.test(source.text)).map((source) => source.path)).toEqual([]);
  });

  test('every meter profile has its test vector', () => {
    const profiles = readdirSync(join(root, 'profiles', 'meters')).filter((name) => name.endsWith('.json'));
    const vectors = new Set(readdirSync(join(root, 'test', 'vectors', 'meters')));
    expect(profiles.filter((name) => !vectors.has(name))).toEqual([]);
    expect(profiles.length).toBeGreaterThan(0);
  });
});
