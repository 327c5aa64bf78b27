// Which solvers a site starts with, and that it starts without them.
import { expect, test } from 'vitest';
import type { Log } from '../../src/engine/ports.ts';
import { loadSolvers } from '../../src/wiring/solvers.ts';
import { buildSite, circuit } from '../support/site-builder.ts';

const limited = buildSite({ circuits: [circuit({ id: 'main', meter: 'main', unbalanceAmps: 20 })] });

function logged(): { readonly log: Pick<Log, 'info' | 'warn'>; readonly lines: string[] } {
  const lines: string[] = [];
  const write =
    (level: string): Log['info'] =>
    (event, fields) =>
      lines.push(`${level} ${event} ${JSON.stringify(fields)}`);
  return { log: { info: write('info'), warn: write('warn') }, lines };
}

test('a site with an unbalance limit loads HiGHS once, and says so', async () => {
  const { log, lines } = logged();
  const { highs } = await loadSolvers(limited, log);
  expect(lines).toEqual(['info solvers.highs-loaded {"unbalanceLimitedCircuits":["main"]}']);
  expect(
    highs?.({ variables: [{ lower: 6, upper: 32 }], rows: [], stages: [[{ variable: 0, upper: 32, weight: 1 }]] }),
  ).toMatchObject({
    kind: 'solved',
    amps: [32],
  });
});

test('a site without one does not spend the memory', async () => {
  const { log, lines } = logged();
  const load = () => Promise.reject(new Error('asked for'));
  expect(await loadSolvers(buildSite(), log, load)).toEqual({});
  expect(lines).toEqual([]);
});

test('where HiGHS cannot be loaded the site starts without it, and the log says why', async () => {
  const { log, lines } = logged();
  expect(await loadSolvers(limited, log, () => Promise.reject(new Error('no such file: highs.wasm')))).toEqual({});
  expect(lines).toEqual(['warn solvers.highs-missing {"because":"no such file: highs.wasm"}']);
});
