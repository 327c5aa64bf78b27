// The published composite-schedule vectors: what others' stations report for the same profiles.
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { resolveComposite } from '../../../src/core/schedule/composite.ts';
import { profileFromWire } from './wire-profile.ts';

type Vector = {
  readonly id: string;
  readonly profiles: readonly { readonly file: string; readonly scope: number }[];
  readonly start: string;
  readonly end: string;
  readonly scope: number;
  readonly unit: 'A' | 'W';
  readonly evses: number;
  readonly transaction: { readonly evse: number; readonly start: string | null } | null;
  readonly defaultLimit: { readonly A: number; readonly W: number };
  readonly voltage: number;
  readonly expected: readonly {
    readonly startPeriod: number;
    readonly limit: number;
    readonly numberPhases?: number;
  }[];
  readonly startToleranceSeconds: number;
};

const home = resolve(import.meta.dirname, '../../../../shared/vectors/composite');
const file = join(home, 'expected.json');
const vectors: readonly Vector[] = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).vectors : [];
if (vectors.length === 0) console.log('skipped: the composite vectors are not at ../shared/vectors/composite');

describe.skipIf(vectors.length === 0)('composite schedules agree with the published vectors', () => {
  test('all 46 are there', () => expect(vectors.length).toBe(46));

  test.each(vectors.map((vector) => [vector.id, vector] as const))('%s', (_id, vector) => {
    const { transaction } = vector;
    const { periods } = resolveComposite({
      profiles: vector.profiles.map(({ file, scope }) => ({
        evse: scope,
        profile: profileFromWire(JSON.parse(readFileSync(join(home, file), 'utf8'))),
      })),
      scope: vector.scope,
      evses: Array.from({ length: vector.evses }, (_, index) => index + 1),
      from: Date.parse(vector.start),
      to: Date.parse(vector.end),
      unit: vector.unit,
      ...(transaction && {
        transactions: [
          { evse: transaction.evse, ...(transaction.start && { startedAt: Date.parse(transaction.start) }) },
        ],
      }),
      defaultLimit: vector.defaultLimit[vector.unit],
      nominalVolts: vector.voltage,
    });
    // numberPhases is stated where the source asserts it, and says nothing where it is absent.
    const stated = vector.expected.map(({ startPeriod: _, ...rest }) => rest);
    expect(periods.length).toBe(stated.length);
    expect(periods).toMatchObject(stated);
    periods.forEach(({ startPeriodSeconds }, index) => {
      const off = Math.abs(startPeriodSeconds - vector.expected[index]!.startPeriod);
      expect(off).toBeLessThanOrEqual(vector.startToleranceSeconds);
    });
  });
});
