// HiGHS as a guest that stays for months: what it asks for, it gives back.
import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';

test('ten thousand programs leave nothing behind', () => {
  const script = `
    import { loadHighsEngine } from ${JSON.stringify(new URL('../../../src/core/allocate/highs.ts', import.meta.url).href)};
    const engine = await loadHighsEngine();
    const columns = Array.from({ length: 20 }, (_, at) => ({ upper: 16 + at, objective: 1 }));
    const rows = [0, 1, 2].map((phase) => ({ terms: columns.flatMap((_c, column) => column % 3 === phase ? [{ column, coefficient: 1 }] : []), limit: 40 }));
    const ask = (count) => { for (let at = 0; at < count; at++) engine({ columns, rows }); };
    ask(1000);
    globalThis.gc();
    const before = process.memoryUsage().rss;
    ask(10000);
    globalThis.gc();
    console.log((process.memoryUsage().rss - before) / 2 ** 20);`;
  const grownMegabytes = Number(
    execFileSync(process.execPath, ['--expose-gc', '--input-type=module-typescript', '--eval', script], {
      encoding: 'utf8',
    }),
  );
  expect(grownMegabytes).toBeLessThan(15);
}, 180_000);
