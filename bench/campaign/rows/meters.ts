// Rows about the meter: silent, stuck, turned round, ten times too much, a single wild sample, replies of somebody else, counters that wrap.
import type { CycleRecord } from '../../../src/core/model/decision.ts';
import type { RefusedBy } from '../../../src/core/model/snapshot.ts';
import { PHASES } from '../../../src/core/model/units.ts';
import type { Happening, MeterFault } from '../../../src/simulator/script.ts';
import type { Checker, Truth } from '../../../src/simulator/truth.ts';
import { millionReplies } from '../million-replies.ts';
import type { Play, PlayWish, Row, RowChecker } from '../row.ts';
import { always, farAbove, sinceStart, soon } from '../row-checkers.ts';
import { buildingStep, diceOf, SETTLED_MS, scriptOf } from '../row-script.ts';
import { carPark } from '../row-site.ts';
import { runTests } from '../run-tests.ts';

/** 3 kW on three phases of 230 V, as a part of L, is what row 11 steps by. */
const STEP_WATTS = 3_000;
const VOLTS = 230;

const meterErrs = (atMs: number, fault: MeterFault, forMs: number): Happening => ({
  atMs,
  kind: 'meter-errs',
  meter: 'main',
  fault,
  forMs,
});
const LONGEST_RUN = { what: 'longest time above L', figure: 'fuse-law.longestRunSeconds', unit: 's' } as const;
const distrusts = ({ decision }: CycleRecord) => decision.circuits[0]!.baseLoadFrom !== 'meter';
const assumesWorst = ({ decision }: CycleRecord) => decision.circuits[0]!.baseLoadFrom === 'worst';

/** What is counted of a meter's refused samples, by check; the most that a cycle has told. */
const refusals = (name: string, by: RefusedBy): RowChecker => {
  let count = 0;
  return {
    name,
    onCycle: ({ snapshot }) => {
      count = Math.max(count, snapshot.meters.main?.refused?.[by] ?? 0);
      return [];
    },
    figures: () => ({ samplesCount: count }),
  };
};

export const meterRows: readonly Row[] = [
  {
    number: 9,
    name: 'the meter does not answer',
    fault: 'timeout of the meter, a load step of 40 % of L meanwhile',
    required: 'the worst base load is assumed within 3 polls (3 s); no run above L longer than 10 s',
    how: 'simulated',
    figures: [
      { what: 'worst base load assumed after', figure: 'assumes-worst.longestSeconds', unit: 's', most: 3 },
      { ...LONGEST_RUN, most: 10 },
    ],
    play({ seed }) {
      const dice = diceOf(seed);
      const site = carPark(seed, { stations: dice.whole(3, 8) });
      const atMs = SETTLED_MS + dice.whole(0, 3_000);
      const happenings = [
        meterErrs(atMs, dice.one(['dead', 'late']), 200_000),
        buildingStep(site, atMs + dice.whole(0, 10_000), 0.4, 300_000),
      ];
      const checkers = [
        soon({
          ...{ name: 'assumes-worst', what: 'the worst base load', fromMs: atMs, mostMs: 3_000 },
          onCycle: (record, truth) => sinceStart(truth) > atMs && assumesWorst(record),
        }),
      ];
      return {
        site,
        checkers,
        script: scriptOf({ seed, site, minutes: 10, happenings }),
        bounds: { maxRunMs: 10_000 },
      };
    },
  },
  {
    number: 10,
    name: 'a stuck meter',
    fault: 'the meter answers the same registers for ever, or those of one phase, a load step meanwhile',
    required: 'detected within 30 s',
    remark:
      'A single phase may be steady by itself: it is given three times as long, 30 s of floats and 75 s of integers, and ten reads.',
    how: 'simulated',
    figures: [
      { what: 'detected after', figure: 'detected.longestSeconds', unit: 's', most: 30 },
      { what: 'a single phase detected after', figure: 'part-detected.longestSeconds', unit: 's', most: 78 },
      { ...LONGEST_RUN, told: true },
    ],
    play({ seed }) {
      const dice = diceOf(seed);
      const site = carPark(seed, { stations: dice.whole(3, 8) });
      const atMs = SETTLED_MS + dice.whole(0, 3_000);
      const partAtMs = atMs + 360_000;
      const happenings = [
        meterErrs(atMs, 'stuck', 300_000),
        buildingStep(site, atMs + dice.whole(0, 60_000), 0.4, 200_000),
        meterErrs(partAtMs, 'stuck-phase', 120_000),
      ];
      const detected = (name: string, fromMs: number, mostMs: number) =>
        soon({
          ...{ name, what: 'the distrust of the meter', fromMs, mostMs },
          onCycle: (record, truth) => sinceStart(truth) > fromMs && distrusts(record),
        });
      const checkers = [detected('detected', atMs, 30_000), detected('part-detected', partAtMs, 78_000)];
      return { site, script: scriptOf({ seed, site, minutes: 14, happenings }), checkers };
    },
  },
  {
    number: 11,
    name: 'a meter that is turned round, swapped, ten times too high or a tenth',
    fault:
      'the sign on all phases or one, the order of the phases, or the scale (ten times, a tenth) changes while it runs, the building steps by 3 kW every 10 s',
    required: 'detected or conservative within 2 steps of 3 kW; never above 1.13 L for more than 60 s',
    how: 'simulated',
    figures: [
      { what: 'detected or conservative after', figure: 'safe.longestSeconds', unit: 's', most: 20 },
      { what: 'cycles that believe too little afterwards', figure: 'stays-safe.wrongCount', unit: 'cycles', most: 0 },
      { what: 'longest time above 1.13 L', figure: 'far-above.longestFarSeconds', unit: 's', most: 60 },
    ],
    play: turnedRound,
  },
  {
    number: 12,
    name: 'one wild sample',
    fault: 'one sample of ten times the truth, or of nothing at all',
    required: 'at most one cycle reduces; recovered within 30 s',
    how: 'simulated',
    figures: [
      { what: 'cycles that reduced', figure: 'after-spike.mostReductionsCount', unit: 'cycles', most: 1 },
      { what: 'as much as before again after', figure: 'after-spike.longestShortSeconds', unit: 's', most: 30 },
      { what: 'chargers raised by it', figure: 'after-spike.mostRaisesCount', unit: 'commands', most: 0 },
    ],
    play: spike,
  },
  {
    number: 13,
    name: 'late and swapped Modbus replies',
    fault: 'replies that come late, twice, cut, garbled, of another unit, transaction, function or length',
    required: 'no wrong value used in 1,000,000 polls',
    how: 'test',
    remark: 'The judgement of reply frames a million times, and test/modbus/guard.test.ts through the fault proxy.',
    async run(context) {
      const replies = millionReplies(context.seed, context.isShort ? 100_000 : 1_000_000);
      const tests = await runTests(['test/modbus/guard.test.ts', 'test/modbus/reply-frame.test.ts'], context);
      if (tests.kind === 'not-run') return tests;
      const isHeld = tests.kind === 'held' && replies.wrong === 0 && replies.spoiled > 0;
      return {
        ...tests,
        kind: isHeld ? 'held' : 'broken',
        measures: [
          { what: 'wrong values taken', unit: 'replies', value: replies.wrong, most: 0 },
          {
            what: 'replies judged',
            unit: 'replies',
            value: replies.judged,
            least: context.isShort ? 100_000 : 1_000_000,
          },
          ...tests.measures,
        ],
      };
    },
  },
  {
    number: 14,
    name: 'clocks and counters of the meter wrap',
    fault: 'the energy register wraps, or jumps by 10 MWh',
    required: 'no negative value and no jump is accepted',
    remark:
      'No clock of a meter is read: a reading is dated by its arrival. Registers at their limits are in test/core/metering/counters.test.ts and test/modbus/decode.test.ts.',
    how: 'simulated',
    figures: [
      { what: 'samples refused for their counter', figure: 'counted.samplesCount', unit: 'samples', least: 2 },
      { what: 'jumps or steps back accepted', figure: 'no-jump.wrongCount', unit: 'readings', most: 0 },
      { what: 'cycles that distrust the meter for long', figure: 'still-believed.wrongCount', unit: 'cycles', most: 0 },
    ],
    play: wrapped,
  },
];

/** A wrap and a jump, each with its way back: four leaps of the counter, each refused once at most (a coarse counter may not show all). */
function wrapped({ seed }: PlayWish): Play {
  const dice = diceOf(seed);
  const site = carPark(seed, { stations: dice.whole(3, 6) });
  const atMs = SETTLED_MS + dice.whole(0, 3_000);
  const happenings = [meterErrs(atMs, 'wrap', 60_000), meterErrs(atMs + 120_000, 'jump', 60_000)];
  let before: { readonly wh: number; readonly wasRefused: number } | undefined;
  const checkers: readonly RowChecker[] = [
    refusals('counted', 'counter'),
    always({
      ...{ name: 'no-jump', fromMs: 0, untilMs: Number.POSITIVE_INFINITY },
      onCycle: ({ snapshot }) => {
        const { reading, refused } = snapshot.meters.main ?? {};
        const wh = reading?.energyImportWh;
        if (wh === undefined) return undefined;
        const wasRefused = refused?.counter ?? 0;
        const last = before;
        if (last?.wh === wh) return undefined;
        before = { wh, wasRefused };
        // After a refused sample it is the new start.
        if (!last || wasRefused > last.wasRefused || (wh >= last.wh && wh - last.wh < 100_000)) return undefined;
        return `The counter went from ${last.wh} to ${wh} Wh and was believed.`;
      },
    }),
    always({
      ...{ name: 'still-believed', fromMs: atMs, untilMs: atMs + 240_000 },
      onCycle: (record) => (distrusts(record) ? 'One refused sample is no lost meter.' : undefined),
    }),
  ];
  return { site, script: scriptOf({ seed, site, minutes: 10, happenings }), checkers };
}

function turnedRound({ seed }: PlayWish): Play {
  const dice = diceOf(seed);
  const site = carPark(seed, { stations: dice.whole(4, 8), worstPart: 0.6 });
  const atMs = SETTLED_MS + dice.whole(0, 3_000);
  const amps = Math.round((STEP_WATTS / 3 / VOLTS) * 100) / 100;
  const steps = [1, 2, 3, 4].map(
    (at): Happening => ({
      ...{ atMs: atMs + at * 10_000, kind: 'building-steps' },
      ...{ amps: { L1: amps, L2: amps, L3: amps }, forMs: 200_000 - at * 10_000 },
    }),
  );
  const isSafe = (record: CycleRecord, { circuits }: Truth) =>
    distrusts(record) ||
    PHASES.every(
      (phase) =>
        record.decision.circuits[0]!.phases[phase].baseLoadAmps >=
        circuits[0]!.baseAmps[phase] - 0.05 * circuits[0]!.amps[phase],
    );
  const checkers: readonly Checker[] = [
    soon({
      ...{ name: 'safe', what: 'distrust of the meter, or caution', fromMs: atMs, mostMs: 20_000 },
      onCycle: (record, truth) => sinceStart(truth) > atMs + 1_100 && isSafe(record, truth),
    }),
    always({
      ...{ name: 'stays-safe', fromMs: atMs + 20_000, untilMs: atMs + 200_000 },
      onCycle: (record, truth) =>
        isSafe(record, truth) ? undefined : 'The meter errs, is believed, and says less than what flows.',
    }),
    farAbove({ site, fromMs: atMs, mostMs: 60_000 }),
  ];
  const fault = dice.one(['flipped', 'flipped-phase', 'swapped', 'times-ten', 'tenth'] as const);
  const happenings = [meterErrs(atMs, fault, 220_000), ...steps];
  return { site, script: scriptOf({ seed, site, minutes: 9, happenings }), checkers };
}

function spike({ seed }: PlayWish): Play {
  const dice = diceOf(seed);
  const site = carPark(seed, { stations: dice.whole(3, 8) });
  const atMs = SETTLED_MS + 60_000 + dice.whole(0, 3_000);
  const sum = ({ evses }: Truth) => evses.reduce((all, { limitAmps }) => all + limitAmps, 0);
  let before = 0;
  let [cycles, raises, shortForMs] = [0, 0, 0];
  const fault = dice.one(['spike', 'dip'] as const);
  const checker: Checker = {
    name: 'after-spike',
    onTruth: (truth) => {
      const ms = sinceStart(truth) - atMs;
      if (ms < 0) before = sum(truth);
      else if (sum(truth) < 0.95 * before) shortForMs = ms;
      return [];
    },
    onCycle: ({ decision }, truth) => {
      const ms = sinceStart(truth) - atMs;
      if (ms >= 0 && ms < 30_000 && decision.commands.some(({ change }) => change === 'decrease')) cycles += 1;
      // Cars that were lowered by a high sample rise again; by a low one nobody may.
      if (fault === 'dip' && ms >= 0 && ms < 30_000)
        raises += decision.commands.filter(({ change }) => change === 'increase').length;
      return [];
    },
    figures: () => ({ mostReductionsCount: cycles, mostRaisesCount: raises, longestShortSeconds: shortForMs / 1_000 }),
  };
  const checkers = [checker];
  return {
    site,
    checkers,
    script: scriptOf({ seed, site, minutes: 7, happenings: [meterErrs(atMs, fault, 5_000)] }),
  };
}
