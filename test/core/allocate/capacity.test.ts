// The rows of a site: what is left on every phase, under every power cap and on every limited station, and who loads it by how much.
import { describe, expect, test } from 'vitest';
import type { BaseLoad } from '../../../src/core/allocate/base-load.ts';
import { type CapacityRow, capacityRows } from '../../../src/core/allocate/capacity.ts';
import { circuitLimits } from '../../../src/core/limits/caps.ts';
import type { Cap } from '../../../src/core/model/limit.ts';
import { onEachPhase, PHASES } from '../../../src/core/model/units.ts';
import { buildSite, circuit, evse } from '../../support/site-builder.ts';

const site = buildSite({
  circuits: [
    circuit({
      id: 'main',
      meter: 'main',
      ratingAmps: { L1: 63, L2: 50, L3: 40 },
      marginAmps: { L1: 3, L2: 2, L3: 1 },
      limitWatts: 30_000,
    }),
    circuit({ id: 'east', parent: 'main', ratingAmps: onEachPhase(32) }),
  ],
  evses: [
    evse({ station: 'A', circuit: 'east' }),
    evse({ station: 'B' }),
    evse({ station: 'A', id: 'A/2', number: 2, circuit: 'east' }),
  ],
});
const baseLoads = new Map<string, BaseLoad>([
  ['main', { from: 'meter', amps: { L1: 10, L2: 20, L3: 30 } }],
  ['east', { from: 'allowance', amps: onEachPhase(2) }],
]);
const upstream = { station: 'A', amps: 12, source: { kind: 'upstream' } } as const;
const rowsOf = (caps: readonly Cap[] = []) =>
  capacityRows(site, {
    circuits: circuitLimits(site, caps, 0),
    baseLoads,
    groups: [],
    stations: [upstream],
    surplusWatts: 0,
  });
const plain = ({ tag, room, members }: CapacityRow) => ({ tag, room, members });
const fuse = { kind: 'fuse' } as const;

describe('the rows of a site', () => {
  test('stand in a fixed order: phases, power caps, stations; each with its author, its room and its EVSEs', () => {
    const rows = rowsOf();
    expect(rows.map(plain)).toEqual([
      {
        tag: { kind: 'phase', circuit: 'main', phase: 'L1', limitAmps: 63, source: fuse },
        room: 50,
        members: [0, 1, 2],
      },
      {
        tag: { kind: 'phase', circuit: 'main', phase: 'L2', limitAmps: 50, source: fuse },
        room: 28,
        members: [0, 1, 2],
      },
      {
        tag: { kind: 'phase', circuit: 'main', phase: 'L3', limitAmps: 40, source: fuse },
        room: 9,
        members: [0, 1, 2],
      },
      ...PHASES.map((phase) => ({
        tag: { kind: 'phase', circuit: 'east', phase, limitAmps: 32, source: fuse },
        room: 30,
        members: [0, 2],
      })),
      {
        tag: { kind: 'power', circuit: 'main', limitWatts: 30_000, source: fuse },
        room: 30_000 - 230 * 60,
        members: [0, 1, 2],
      },
      {
        tag: { kind: 'station', station: 'A', source: { kind: 'upstream' }, limitAmps: 12 },
        room: 12,
        members: [0, 2],
      },
    ]);
  });

  test('an ampere per phase takes an ampere of each phase, its watts of the power, and one ampere of the station', () => {
    const coefficients = (phases: readonly ('L1' | 'L2' | 'L3')[]) =>
      rowsOf().map((row) => row.coefficient({ phases, balances: true }));
    expect(coefficients(['L1', 'L2', 'L3'])).toEqual([1, 1, 1, 1, 1, 1, 690, 1]);
    expect(coefficients(['L2'])).toEqual([0, 1, 0, 0, 1, 0, 230, 1]);
    expect(coefficients(['L3', 'L1'])).toEqual([1, 0, 1, 1, 0, 1, 460, 1]);
  });

  test('a tighter cap takes the place of the fuse, and names its author', () => {
    const source = { kind: 'facility-manager', id: 'anna' } as const;
    const scope = { kind: 'circuit', circuit: 'main' } as const;
    const rows = rowsOf([{ id: 'c', source, scope, limitAmps: onEachPhase(45), limitWatts: 20_000 }]);
    const [l1, , l3] = rows;
    expect(plain(l1!)).toMatchObject({ tag: { source }, room: 45 - 3 - 10 });
    expect(plain(l3!)).toMatchObject({ tag: { source: fuse }, room: 9 });
    expect(plain(rows[6]!)).toMatchObject({ tag: { kind: 'power', source }, room: 20_000 - 230 * 60 });
  });
});
