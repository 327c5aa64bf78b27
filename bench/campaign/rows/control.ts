// Rows about the control room itself: no fault at all, a load that jumps, a controller that is killed at any moment, a gateway that is gone.
import type { CycleRecord } from '../../../src/core/model/decision.ts';
import type { Site } from '../../../src/core/model/site.ts';
import type { Happening } from '../../../src/simulator/script.ts';
import type { Checker, Truth } from '../../../src/simulator/truth.ts';
import { writeScript } from '../../../src/simulator/write-script.ts';
import { playRow } from '../play-row.ts';
import type { Play, PlayWish, Row } from '../row.ts';
import { always, counted, noRise, sinceStart, soon } from '../row-checkers.ts';
import { buildingStep, comingAndGoing, diceOf, SETTLED_MS, scriptOf } from '../row-script.ts';
import { carPark } from '../row-site.ts';

const TTL_MS = 60_000;
const EPSILON_AMPS = 0.01;
const MINUTE_MS = 60_000;

const kill = (atMs: number, forMs: number): Happening => ({ atMs, kind: 'controller-dies', how: 'crash', forMs });
const isFirstCycle = (afterMs: number) => (_record: CycleRecord, truth: Truth) => sinceStart(truth) > afterMs;
const LONGEST_RUN = { what: 'longest time above L', figure: 'fuse-law.longestRunSeconds', unit: 's' } as const;
const hasFelt = (what: string) => ({ what, figure: 'fuse-law.aboveLimitSeconds', unit: 's', least: 1 }) as const;

export const controlRows: readonly Row[] = [
  {
    number: 1,
    name: 'an ordinary day',
    fault: 'none, 24 h, 200 chargers',
    required: 'never above L for more than a cycle and 5 s; never above 1.13 L',
    how: 'simulated',
    mostSeeds: { full: 2, short: 1 },
    figures: [
      { ...LONGEST_RUN, most: 7 },
      { what: 'time above 1.13 L', figure: 'fuse-law.above113PercentSeconds', unit: 's', most: 0 },
    ],
    remark: 'In the short campaign an hour of 20 chargers.',
    play({ seed, isShort }) {
      const site = carPark(seed, { stations: isShort ? 20 : 200, hasBoards: true, hasUpstream: true });
      const script = writeScript({ site, seed, hours: isShort ? 1 : 24, faults: 'none' });
      return { site, script, bounds: { maxRunMs: 7_000 } };
    },
  },
  {
    number: 2,
    name: 'a load step',
    fault: 'the building draws 40 % of L more at once',
    required: 'back under L within 10 s (two cycles and the chargers)',
    how: 'simulated',
    figures: [{ ...LONGEST_RUN, most: 10 }, hasFelt('time above L after the steps')],
    play({ seed }) {
      const dice = diceOf(seed);
      const site = carPark(seed, { stations: dice.whole(3, 8) });
      const happenings = [0, 1].map((at) =>
        buildingStep(site, SETTLED_MS + at * 240_000 + dice.whole(0, 2_000), 0.4, 100_000),
      );
      return { site, script: scriptOf({ seed, site, minutes: 11, happenings }), bounds: { maxRunMs: 10_000 } };
    },
  },
  {
    number: 3,
    name: 'the controller is killed and restarts',
    fault: 'kill −9 of control, started again within 3 s, a load step meanwhile',
    required: 'no rise; transactions go on; no run above L longer than 10 s',
    how: 'simulated',
    figures: [
      { ...LONGEST_RUN, most: 10 },
      { what: 'first cycle after the kill', figure: 'first-cycle.longestSeconds', unit: 's', most: 3 },
      { what: 'risen chargers meanwhile', figure: 'no-rise.wrongCount', unit: 'looks', most: 0 },
      { what: 'cycles without a transaction of before', figure: 'go-on.wrongCount', unit: 'cycles', most: 0 },
      { what: 'longest pause of a car', figure: 'pauses.longestSeconds', unit: 's', told: true },
    ],
    remark:
      'The restart of the process itself takes what the script says (0.3 to 2.5 s); test/e2e/watchdog.test.ts measures it on real processes.',
    play: killed,
  },
  {
    number: 4,
    name: 'the controller is killed and stays dead',
    fault: 'kill −9 of control for 20 minutes, the building draws 20 % of L more meanwhile',
    required: 'chargers at their floors within TTL + 5 s; no run above L longer than TTL + 10 s',
    how: 'simulated',
    figures: [
      { what: 'every charger at its floor after', figure: 'floors-rule.longestSeconds', unit: 's', most: 65 },
      { what: 'looks above a floor afterwards', figure: 'stay-at-floors.wrongCount', unit: 'looks', most: 0 },
      { ...LONGEST_RUN, most: 70 },
    ],
    play: staysDead,
  },
  {
    number: 5,
    name: 'killed at any point of a cycle',
    fault: 'kill −9 at random instants, and right after an increase was handed over',
    required: 'no law broken',
    how: 'simulated',
    figures: [
      { what: 'kills at random instants', figure: 'kills.randomCount', unit: 'kills', told: true },
      { what: 'kills right after an increase', figure: 'kills.afterIncreaseCount', unit: 'kills', told: true },
    ],
    play: killedAnywhere,
  },
  {
    number: 7,
    name: 'power cut of the controller',
    fault: 'its box loses power for 10 to 300 s while cars come and go',
    required: 'floors meanwhile; the first safe plan within 60 s of the power; no acknowledged message lost',
    how: 'simulated',
    figures: [
      { what: 'first cycle after the power is back', figure: 'first-cycle.longestSeconds', unit: 's', most: 60 },
      { what: 'every charger at its floor after', figure: 'floors-rule.longestSeconds', unit: 's', most: 65 },
      { what: 'acknowledged messages lost', figure: 'delivery.messagesLost', unit: 'messages', most: 0 },
      { what: 'messages acknowledged', figure: 'delivery.messagesAcknowledged', unit: 'messages', least: 1 },
    ],
    remark: 'The boot of the machine below Busbar is not in it. What was not yet flushed is torn at any byte.',
    play: powerCut,
  },
  {
    number: 8,
    name: 'the gateway is gone',
    fault: 'its thread dies while control lives, 500 chargers',
    required: 'all back within 15 s; no rise meanwhile',
    how: 'simulated',
    mostSeeds: { full: 10, short: 1 },
    figures: [
      { what: 'all chargers connected again after', figure: 'all-back.longestSeconds', unit: 's', most: 15 },
      { what: 'risen chargers meanwhile', figure: 'no-rise.wrongCount', unit: 'looks', most: 0 },
    ],
    remark: 'In the short campaign 40 chargers.',
    play({ seed, isShort }) {
      const atMs = SETTLED_MS + diceOf(seed).whole(0, 5_000);
      const site = carPark(seed, { stations: isShort ? 40 : 500, hasBoards: true });
      const checkers = [
        soon({
          ...{ name: 'all-back', what: 'the last charger', fromMs: atMs, mostMs: 15_000 },
          onTruth: (truth) => sinceStart(truth) > atMs + 1_000 && truth.evses.every(({ isLinked }) => isLinked),
        }),
        noRise({ fromMs: atMs, untilMs: atMs + 15_000 }),
      ];
      return {
        site,
        checkers,
        script: scriptOf({ seed, site, minutes: 6, happenings: [{ atMs, kind: 'gateway-dies' }] }),
      };
    },
  },
];

function killed({ seed }: PlayWish): Play {
  const dice = diceOf(seed);
  const site = carPark(seed, { stations: dice.whole(3, 8) });
  const [atMs, forMs] = [SETTLED_MS + dice.whole(0, 3_000), dice.whole(300, 2_500)];
  const happenings = [kill(atMs, forMs), buildingStep(site, atMs + dice.whole(0, forMs), 0.2, 300_000)];
  const checkers = [
    soon({
      ...{ name: 'first-cycle', what: 'the first cycle', fromMs: atMs, mostMs: 3_000 },
      onCycle: isFirstCycle(atMs),
    }),
    noRise({ fromMs: atMs, untilMs: atMs + forMs }),
    sameTransactions(site, atMs),
    pauses(atMs),
  ];
  return { site, script: scriptOf({ seed, site, minutes: 7, happenings }), checkers, bounds: { maxRunMs: 10_000 } };
}

/** A minute after the kill and from then on every EVSE has the transaction that it had before. */
function sameTransactions(site: Site, atMs: number): Checker {
  const of = ({ snapshot }: CycleRecord) =>
    site.stations.flatMap(({ id }) => (snapshot.stations[id]?.evses ?? []).map(({ transaction }) => transaction?.id));
  let before: readonly unknown[] | undefined;
  return always({
    ...{ name: 'go-on', fromMs: atMs - 5_000, untilMs: Number.POSITIVE_INFINITY },
    onCycle: (record, truth) => {
      before ??= of(record);
      if (sinceStart(truth) < atMs + MINUTE_MS) return undefined;
      const now = of(record);
      const at = before.findIndex((one, index) => one === undefined || one !== now[index]);
      return at < 0 ? undefined : `${site.evses[at]?.id} had transaction ${before[at]} and now has ${now[at]}.`;
    },
  });
}

/** The longest time for which a car that charged before draws nothing. */
function pauses(atMs: number): Checker {
  let longestMs = 0;
  const pausedMs: number[] = [];
  return {
    name: 'pauses',
    onTruth: (truth) => {
      if (sinceStart(truth) < atMs) return [];
      truth.evses.forEach(({ amps }, at) => {
        pausedMs[at] = amps.some((one) => one > 1) ? 0 : (pausedMs[at] ?? 0) + truth.elapsedMs;
        longestMs = Math.max(longestMs, pausedMs[at]!);
      });
      return [];
    },
    figures: () => ({ longestSeconds: longestMs / 1_000 }),
  };
}

const isAboveFloor = ({ limitAmps, floorAmps }: Truth['evses'][number]) =>
  !(floorAmps !== undefined && limitAmps <= floorAmps + EPSILON_AMPS);

const floorsRule = (fromMs: number): Checker =>
  soon({
    ...{ name: 'floors-rule', what: 'the floor of the last charger', fromMs, mostMs: TTL_MS + 5_000 },
    onTruth: ({ evses }) => !evses.some(isAboveFloor),
  });

function staysDead({ seed }: PlayWish): Play {
  const dice = diceOf(seed);
  const site = carPark(seed, { stations: dice.whole(3, 8), models: ['generic-ac', 'generic-ac', 'generic-dc'] });
  const [atMs, forMs] = [SETTLED_MS + dice.whole(0, 20_000), 20 * MINUTE_MS];
  const happenings = [kill(atMs, forMs), buildingStep(site, atMs + dice.whole(0, 60_000), 0.2, 15 * MINUTE_MS)];
  const checkers = [
    floorsRule(atMs),
    always({
      ...{ name: 'stay-at-floors', fromMs: atMs + TTL_MS + 5_000, untilMs: atMs + forMs },
      onTruth: ({ evses }) => {
        const above = evses.find(isAboveFloor);
        return above && `${above.evse} may draw ${above.limitAmps.toFixed(1)} A while nobody commands.`;
      },
    }),
  ];
  return { site, script: scriptOf({ seed, site, minutes: 30, happenings }), checkers, bounds: { maxRunMs: 70_000 } };
}

/** Odd seeds: a dozen kills anywhere. Even seeds: the run is played once to see when increases leave, and again with a kill right after one. */
async function killedAnywhere({ seed }: PlayWish): Promise<Play> {
  const dice = diceOf(seed);
  const site = carPark(seed, { stations: dice.whole(3, 6), hasUpstream: true });
  const steps = [0, 1, 2, 3, 4, 5].map((at) => buildingStep(site, 150_000 + at * 100_000, 0.3, 50_000));
  const minutes = 14;
  if (seed % 2 !== 0) {
    const kills = Array.from({ length: 12 }, (_, at) =>
      kill(60_000 + at * 60_000 + dice.whole(0, 30_000), dice.whole(200, 5_000)),
    );
    const script = scriptOf({ seed, site, minutes, happenings: [...steps, ...kills] });
    return { site, script, checkers: [counted('kills', { randomCount: kills.length, afterIncreaseCount: 0 })] };
  }
  const risesAtMs: number[] = [];
  const watch: Checker = {
    name: 'increases',
    onCycle: ({ decision }, truth) => {
      if (decision.commands.some(({ change }) => change === 'increase')) risesAtMs.push(sinceStart(truth));
      return [];
    },
  };
  const quiet = scriptOf({ seed, site, minutes, happenings: steps });
  await playRow({ site, script: quiet, checkers: [watch] });
  const kills = risesAtMs.length === 0 ? [] : [kill(dice.one(risesAtMs) + dice.whole(0, 60), dice.whole(200, 40_000))];
  const script = scriptOf({ seed, site, minutes, happenings: [...steps, ...kills] });
  return { site, script, checkers: [counted('kills', { randomCount: 0, afterIncreaseCount: kills.length })] };
}

function powerCut({ seed }: PlayWish): Play {
  const dice = diceOf(seed);
  const site = carPark(seed, { stations: dice.whole(3, 6), hasUpstream: true });
  const [atMs, forMs] = [SETTLED_MS + dice.whole(0, 20_000), dice.whole(100_000, 300_000)];
  const short = dice.whole(10_000, 60_000);
  const [againMs, minutes] = [atMs + forMs + 240_000, 17];
  const happenings: readonly Happening[] = [
    { atMs, kind: 'power-cut', forMs },
    { atMs: againMs, kind: 'power-cut', forMs: short },
  ];
  const checkers = [
    floorsRule(atMs),
    soon({
      ...{ name: 'first-cycle', what: 'the first cycle', fromMs: atMs + forMs, mostMs: 60_000 },
      onCycle: isFirstCycle(atMs + forMs - 1),
    }),
  ];
  return {
    site,
    script: scriptOf({ seed, site, minutes, happenings, cars: comingAndGoing(site, minutes, dice) }),
    checkers,
  };
}
