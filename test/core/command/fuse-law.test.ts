// The last word before increases leave (law 1): what all chargers may draw, and the base load, fit every circuit and phase they load.
import { describe, expect, test } from 'vitest';
import type { BaseLoad } from '../../../src/core/allocate/base-load.ts';
import { breachOfFuseLaw } from '../../../src/core/command/fuse-law.ts';
import { circuitLimits } from '../../../src/core/limits/caps.ts';
import type { Command } from '../../../src/core/model/decision.ts';
import { onEachPhase, type Phase } from '../../../src/core/model/units.ts';
import { buildSite, circuit, evse } from '../../support/site-builder.ts';
import { situationsOf } from '../../support/situation.ts';

/** A and B on board `east` of 32 A, C on board `west` of 32 A, both on `main` of 50 A with 2 A of margin. */
const site = buildSite({
  circuits: [
    circuit({ id: 'main', meter: 'main', ratingAmps: onEachPhase(50), marginAmps: onEachPhase(2) }),
    circuit({ id: 'east', parent: 'main', ratingAmps: onEachPhase(32) }),
    circuit({ id: 'west', parent: 'main', ratingAmps: onEachPhase(32) }),
  ],
  evses: [
    evse({ station: 'A', circuit: 'east' }),
    evse({ station: 'B', circuit: 'east' }),
    evse({ station: 'C', circuit: 'west' }),
  ],
});

type Told = readonly [who: string, change: Command['change'], limitAmps: number];
type Row = {
  /** What A, B and C may draw before; 6 A each when absent. */
  readonly exposures?: readonly [number, number, number];
  readonly phases?: { readonly [evse: string]: readonly Phase[] };
  /** Base load of main, east, west on each phase; none when absent. */
  readonly base?: readonly [number, number, number];
  readonly told: readonly Told[];
};

function breach({ exposures = [6, 6, 6], phases = {}, base = [0, 0, 0], told }: Row): string | undefined {
  const parts = Object.fromEntries(
    site.evses.map(({ id, phases: wired }, at) => [id, { exposureAmps: exposures[at]!, phases: phases[id] ?? wired }]),
  );
  const baseLoads = new Map(
    site.circuits.map(({ id }, at): [string, BaseLoad] => [id, { from: 'meter', amps: onEachPhase(base[at]!) }]),
  );
  const commands = told.map(
    ([who, change, limitAmps], at): Command => ({
      kind: 'install-profile',
      id: `c-${at}`,
      station: who,
      evse: `${who}/1`,
      role: 'lease',
      change,
      limitAmps,
      profile: {
        id: at,
        stackLevel: 1,
        purpose: 'TxDefaultProfile',
        kind: 'Absolute',
        schedule: { unit: 'A', startSchedule: 0, periods: [{ startPeriodSeconds: 0, limit: limitAmps }] },
      },
    }),
  );
  const limits = { circuits: circuitLimits(site, [], 0), baseLoads, groups: [], stations: [], surplusWatts: 0 };
  return breachOfFuseLaw(site, limits, situationsOf(site, parts), commands);
}

describe('the fuse law over the commands of a cycle', () => {
  const rows: [string, Row, string | undefined][] = [
    ['nothing to send', { told: [] }, undefined],
    ['an increase that fills its board to the last ampere', { told: [['A', 'increase', 26]] }, undefined],
    [
      'a ten-thousandth more is rounding',
      { exposures: [0, 0, 0], base: [48, 0, 0], told: [['C', 'increase', 1e-4]] },
      undefined,
    ],
    ['a hundredth more is not', { told: [['A', 'increase', 26.01]] }, 'east L1 could carry 32.0 A of 32.0 A'],
    [
      'two increases on one board count together',
      {
        told: [
          ['A', 'increase', 16],
          ['B', 'increase', 17],
        ],
      },
      'east L1 could carry 33.0 A of 32.0 A',
    ],
    [
      'two boards fill the main fuse less its margin',
      {
        told: [
          ['A', 'increase', 18],
          ['C', 'increase', 24],
        ],
      },
      undefined,
    ],
    [
      'and not a whole ampere more',
      {
        told: [
          ['A', 'increase', 18],
          ['C', 'increase', 25],
        ],
      },
      'main L1 could carry 49.0 A of 48.0 A',
    ],
    [
      'the base load of the root counts',
      { base: [13, 0, 0], told: [['A', 'increase', 24]] },
      'main L1 could carry 49.0 A of 48.0 A',
    ],
    [
      'the base load of the board counts',
      { base: [0, 3, 0], told: [['A', 'increase', 24]] },
      'east L1 could carry 33.0 A of 32.0 A',
    ],
    [
      'a decrease in the same cycle does not count yet',
      {
        exposures: [6, 20, 6],
        told: [
          ['B', 'decrease', 6],
          ['A', 'increase', 13],
        ],
      },
      'east L1 could carry 33.0 A of 32.0 A',
    ],
    [
      'of two increases for one EVSE the higher counts',
      {
        told: [
          ['A', 'increase', 27],
          ['A', 'increase', 8],
        ],
      },
      'east L1 could carry 33.0 A of 32.0 A',
    ],
    [
      'an exposure above the new limit counts',
      {
        exposures: [30, 6, 6],
        told: [
          ['A', 'increase', 10],
          ['C', 'increase', 7],
        ],
      },
      undefined,
    ],
    [
      'a board that is over its limit forbids nothing elsewhere',
      { exposures: [20, 20, 6], told: [['C', 'increase', 7]] },
      undefined,
    ],
    [
      'but every increase on itself',
      { exposures: [20, 20, 6], told: [['A', 'increase', 21]] },
      'east L1 could carry 41.0 A of 32.0 A',
    ],
    [
      'and a full root forbids them all',
      { exposures: [20, 20, 6], base: [3, 0, 0], told: [['C', 'increase', 7]] },
      'main L1 could carry 50.0 A of 48.0 A',
    ],
    [
      'decreases and renewals are never in the way',
      {
        exposures: [30, 30, 30],
        told: [
          ['A', 'decrease', 20],
          ['C', 'renewal', 30],
        ],
      },
      undefined,
    ],
    ['a floor laid under a pause raises nothing', { exposures: [0, 30, 6], told: [['A', 'decrease', 6]] }, undefined],
    [
      'an increase to what may be drawn anyway raises nothing',
      { exposures: [30, 30, 6], told: [['A', 'increase', 30]] },
      undefined,
    ],
    [
      'a base load that is not a number is a breach',
      { base: [Number.NaN, 0, 0], told: [['A', 'increase', 7]] },
      'main L1 could carry NaN A of 48.0 A',
    ],
    ['a limit that is not a number is refused', { told: [['B', 'increase', Number.NaN]] }, 'B/1 would be told NaN A'],
    [
      'an endless limit is refused',
      { told: [['B', 'increase', Number.POSITIVE_INFINITY]] },
      'B/1 would be told Infinity A',
    ],
    ['a negative limit is refused', { told: [['B', 'increase', -1]] }, 'B/1 would be told -1 A'],
    ['zero is a limit', { exposures: [0, 0, 0], told: [['B', 'increase', 0]] }, undefined],
  ];
  test.each(rows)('%s', (_story, row, expected) => {
    expect(breach(row)).toBe(expected);
  });

  test('each phase counts for itself', () => {
    const phases = { 'A/1': ['L1'], 'B/1': ['L2'], 'C/1': ['L3'] } as const;
    const told: Told[] = [
      ['A', 'increase', 30],
      ['B', 'increase', 30],
      ['C', 'increase', 30],
    ];
    expect(breach({ phases, told })).toBeUndefined();
    expect(breach({ phases: { ...phases, 'B/1': ['L1'] }, told })).toBe('main L1 could carry 60.0 A of 48.0 A');
    expect(breach({ phases: { ...phases, 'C/1': ['L2', 'L3'] }, told })).toBe('main L2 could carry 60.0 A of 48.0 A');
  });

  test('a tree that bites its own tail, which no checked site has, is walked a bounded way', () => {
    const circular = buildSite({
      circuits: [circuit({ id: 'main', parent: 'east' }), circuit({ id: 'east', parent: 'main' })],
      evses: [evse({ station: 'A' })],
    });
    const baseLoads = new Map<string, BaseLoad>(
      ['main', 'east'].map((id) => [id, { from: 'meter', amps: onEachPhase(0) }]),
    );
    const command = { change: 'increase', evse: 'A/1', limitAmps: 33 } as Command;
    const circuits = circuitLimits(circular, [], 0);
    const limits = { circuits, baseLoads, groups: [], stations: [], surplusWatts: 0 };
    expect(breachOfFuseLaw(circular, limits, situationsOf(circular), [command])).toMatch(/^main L1 could carry/);
  });
});
