// Sites full of cars for the tests of reasons: every limit that the core knows, one at a time.
import type { Cap } from '../../../src/core/model/limit.ts';
import type { Circuit, Policy, Site } from '../../../src/core/model/site.ts';
import { onEachPhase } from '../../../src/core/model/units.ts';
import type { Wish } from '../../../src/core/model/wish.ts';
import { describeRemedy } from '../../../src/core/report/explain.ts';
import { buildSite, circuit, evse, genericAc } from '../../support/site-builder.ts';
import { type Car, World } from '../../support/world.ts';

export type Setting = {
  /** Root circuit `main` beside its rating of 40 A. */
  readonly main?: Partial<Circuit>;
  readonly circuits?: readonly Circuit[];
  readonly evses?: Site['evses'];
  readonly groups?: Site['groups'];
  readonly policy?: Partial<Policy>;
  readonly quirks?: typeof genericAc.quirks;
  readonly car?: Car;
};

/** EVSEs with floors of 0 A, each with a car, on a metered root of 40 A with no other load. */
export function busy({ main, circuits, evses, groups, policy, quirks, car }: Setting = {}): World {
  const root = circuit({
    id: 'main',
    meter: 'main',
    ratingAmps: onEachPhase(40),
    worstBaseLoadAmps: onEachPhase(0),
    ...main,
  });
  const world = new World(
    buildSite({
      circuits: [root, ...(circuits ?? [])],
      evses: evses ?? ['A', 'B'].map((station) => evse({ station, floorAmps: 0 })),
      groups: groups ?? [],
      ...(policy ? { policy } : {}),
      ...(quirks ? { profile: { ...genericAc, quirks } } : {}),
    }),
  );
  world.step(10);
  for (const one of world.site.evses) world.plugIn(one.id, car);
  return world;
}

export const shareOf = (world: World, at = 0) => world.decisions.at(-1)!.shares[at]!;
export const remedyOf = (world: World, at = 0) => describeRemedy(shareOf(world, at).reason, world.site, world.now);

export const utility = (world: World, part: Partial<Cap> & Pick<Cap, 'scope'>): Cap => ({
  id: 'c1',
  source: { kind: 'utility', id: 'evt-7' },
  note: 'grid emergency',
  until: world.now + 600_000,
  ...part,
});
export const byUtility = (until: number) => ({
  source: { kind: 'utility', id: 'evt-7' },
  note: 'grid emergency',
  until,
});
export const onMain = { kind: 'circuit', circuit: 'main' } as const;
export const onTenant = { kind: 'group', group: 't' } as const;
export const onA = { kind: 'evse', evse: 'A/1' } as const;
export const tenant = (part: Partial<Site['groups'][number]>) => [
  { id: 't', name: 'tenant', evses: ['A/1', 'B/1'], ...part },
];
export const twins = [
  evse({ station: 'A', floorAmps: 0 }),
  evse({ station: 'A', id: 'A/2', number: 2, floorAmps: 0 }),
] as const;
/** The second balances the first. */
export const onOddPhases = [
  evse({ station: 'A', phases: ['L1'], floorAmps: 0 }),
  evse({ station: 'B', phases: ['L2', 'L3'], floorAmps: 0 }),
] as const;
export const stationMaximum = (limit: number) => [
  {
    evse: 0,
    profile: {
      id: 1,
      stackLevel: 0,
      purpose: 'ChargingStationMaxProfile',
      kind: 'Absolute',
      schedule: { unit: 'A', startSchedule: 0, periods: [{ startPeriodSeconds: 0, limit }] },
    } as const,
  },
];
export const sunny = (world: World, watts: number) => {
  world.base = onEachPhase(-watts / 3 / 230);
  const wish: Wish = { source: { kind: 'user' }, onlySurplus: true };
  world.wishes = { 'A/1': wish };
};
