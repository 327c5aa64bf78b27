// Rows about limits that somebody sets while cars charge, and about clocks by which they and the leases might be misread.
import { PHASES } from '../../../src/core/model/units.ts';
import type { Happening } from '../../../src/simulator/script.ts';
import { RUN_STARTS_AT } from '../../../src/simulator/write-script.ts';
import type { Play, PlayWish, Row } from '../row.ts';
import { always, sinceStart, soon } from '../row-checkers.ts';
import { buildingStep, diceOf, SETTLED_MS, scriptOf } from '../row-script.ts';
import { carPark, ratingOf } from '../row-site.ts';

const EPSILON_AMPS = 0.01;
const HOUR_MS = 3_600_000;
/** A car's reaction, and the step in which it is seen. */
const REACTION_MS = 6_000;

export const limitRows: readonly Row[] = [
  {
    number: 32,
    name: 'clocks that jump',
    fault: 'the wall clock jumps by an hour forwards and back, by a second, starts in 1970; chargers’ clocks go wrong',
    required: 'no lease is misread: no law broken, no run above L longer than 10 s',
    how: 'simulated',
    figures: [{ what: 'longest time above L', figure: 'fuse-law.longestRunSeconds', unit: 's', most: 10 }],
    remark: 'The wall clock alone jumps; a steady one, by which everything is measured, is what machines have.',
    play: clocks,
  },
  {
    number: 33,
    name: 'a utility limits the site',
    fault: 'the connection is limited to 50 % or to 0 while cars charge',
    required: 'metered at or below the limit within 10 s',
    how: 'simulated',
    figures: [
      { what: 'metered at the limit after', figure: 'obeyed.longestSeconds', unit: 's', most: 10 },
      { what: 'seconds above the limit afterwards', figure: 'stays-obeyed.wrongCount', unit: 's', most: 0 },
    ],
    remark:
      'What the building draws is not the cars’: with a limit below it, the cars must draw nothing. 200 sites at once are 200 seeds.',
    play: ({ seed }) => limited(seed, seed % 2 === 0 ? 0.5 : 0, 10_000),
  },
  {
    number: 38,
    name: 'a limit below what flows',
    fault: 'a limit is lowered live below the current draw',
    required: 'obeyed within 2 cycles and the chargers’ reaction',
    how: 'simulated',
    figures: [
      { what: 'every charger holds its lower limit after', figure: 'told.longestSeconds', unit: 's', most: 2 },
      { what: 'metered at the limit after', figure: 'obeyed.longestSeconds', unit: 's', most: 8 },
      { what: 'seconds above the limit afterwards', figure: 'stays-obeyed.wrongCount', unit: 's', most: 0 },
    ],
    remark:
      'A charger is told at the second cycle at the latest; a car may take 5 s to follow (IEC 61851-1), and a step of the simulation shows it.',
    play: ({ seed }) => limited(seed, diceOf(-seed).whole(40, 80) / 100, 2_000 + REACTION_MS),
  },
];

function limited(seed: number, part: number, withinMs: number): Play {
  const dice = diceOf(seed);
  const site = carPark(seed, { stations: dice.whole(3, 8) });
  const limitAmps = Math.floor(ratingOf(site) * part);
  const [atMs, forMs] = [SETTLED_MS + dice.whole(0, 5_000), 200_000];
  const circuit = site.circuits[0]!.id;
  const happenings: readonly Happening[] = [{ atMs, kind: 'limit-set', circuit, limitAmps, forMs }];
  const isAbove = (amps: number, baseAmps: number) => amps > Math.max(limitAmps, baseAmps) + EPSILON_AMPS;
  const above = ({ circuits }: Parameters<typeof sinceStart>[0]) =>
    PHASES.find((phase) => isAbove(circuits[0]!.amps[phase], circuits[0]!.baseAmps[phase]));
  const checkers = [
    soon({
      ...{ name: 'obeyed', what: `a current of at most ${limitAmps} A`, fromMs: atMs, mostMs: withinMs },
      onTruth: (truth) => sinceStart(truth) > atMs && above(truth) === undefined,
    }),
    soon({
      ...{ name: 'told', what: `limits that fit ${limitAmps} A`, fromMs: atMs, mostMs: 10_000 },
      onTruth: (truth) => {
        if (sinceStart(truth) <= atMs) return false;
        const { baseAmps } = truth.circuits[0]!;
        return PHASES.every((phase) => {
          const sum = truth.evses.reduce(
            (all, { limitAmps: own }, at) => all + (site.evses[at]!.phases.includes(phase) ? own : 0),
            0,
          );
          return !isAbove(sum + baseAmps[phase], baseAmps[phase]);
        });
      },
    }),
    always({
      ...{ name: 'stays-obeyed', fromMs: atMs + withinMs + 1_000, untilMs: atMs + forMs },
      onTruth: (truth) => {
        const phase = above(truth);
        return phase && `${phase} carries ${truth.circuits[0]!.amps[phase].toFixed(1)} A; the limit is ${limitAmps} A.`;
      },
    }),
  ];
  return { site, script: scriptOf({ seed, site, minutes: 9, happenings }), checkers };
}

function clocks({ seed }: PlayWish): Play {
  const dice = diceOf(seed);
  const site = carPark(seed, { stations: dice.whole(3, 6) });
  const startsIn1970 = seed % 2 === 0;
  const jumps = [-HOUR_MS, HOUR_MS, -1_000, 1_000, HOUR_MS / 60, -HOUR_MS / 60];
  const happenings: readonly Happening[] = [
    // The box is put up with an empty clock, starts, and is set right some minutes later.
    ...(startsIn1970
      ? [
          { atMs: 1, kind: 'wall-clock', byMs: -RUN_STARTS_AT } as const,
          { atMs: 2, kind: 'controller-dies', how: 'crash', forMs: 500 } as const,
          { atMs: SETTLED_MS + 30_000, kind: 'wall-clock', byMs: RUN_STARTS_AT } as const,
        ]
      : []),
    ...[0, 1, 2, 3].map(
      (at): Happening => ({
        atMs: SETTLED_MS + 120_000 + at * 90_000 + dice.whole(0, 60_000),
        kind: 'wall-clock',
        byMs: dice.one(jumps),
      }),
    ),
    {
      atMs: SETTLED_MS + dice.whole(0, 300_000),
      kind: 'station-clock',
      station: dice.one(site.stations).id,
      byMs: dice.one([-4_000, 4_000]),
    },
    ...[0, 1, 2, 3].map((at) => buildingStep(site, SETTLED_MS + at * 120_000 + dice.whole(0, 60_000), 0.3, 50_000)),
  ];
  return { site, script: scriptOf({ seed, site, minutes: 14, happenings }), bounds: { maxRunMs: 10_000 } };
}
