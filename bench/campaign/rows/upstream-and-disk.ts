// Rows about what is behind and below the controller: an operator's system that is down, lies or is slow, and a disk that refuses.
import type { Happening } from '../../../src/simulator/script.ts';
import type { Checker } from '../../../src/simulator/truth.ts';
import { writeScript } from '../../../src/simulator/write-script.ts';
import type { Play, PlayWish, Row, RowChecker } from '../row.ts';
import { sinceStart } from '../row-checkers.ts';
import { comingAndGoing, diceOf, SETTLED_MS, scriptOf } from '../row-script.ts';
import { carPark } from '../row-site.ts';
import { runTests } from '../run-tests.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DELIVERY = [
  { what: 'acknowledged messages lost', figure: 'delivery.messagesLost', unit: 'messages', most: 0 },
  { what: 'messages acknowledged', figure: 'delivery.messagesAcknowledged', unit: 'messages', least: 1 },
] as const;

export const upstreamAndDiskRows: readonly Row[] = [
  {
    number: 28,
    name: 'the operator’s system is down for a week',
    fault: 'upstream down for 7 d, 200 chargers',
    required: 'charging and the queue go on; nothing lost, in order for each charger; at most 2 GB',
    how: 'simulated',
    mostSeeds: { full: 1, short: 1 },
    figures: [
      ...DELIVERY,
      { what: 'hours without upstream', figure: 'downtime.hours', unit: 'h', least: 1 },
      { what: 'fullest queue, of its bound', figure: 'bounds.fullestPercent', unit: '%', most: 100 },
    ],
    remark:
      'Scaled: 4 chargers for 7 d in the full campaign, 2 chargers for 2 h in the short one. The bound of 2 GB for 200 chargers is held by test/store; how fast the queue drains is not measured here.',
    play: week,
  },
  {
    number: 29,
    name: 'the operator’s system lies',
    fault: 'acknowledges and loses the answer, answers late, with CALLERROR, or not at all',
    required: 'nothing lost, no effect twice, a message that is always refused is parked',
    how: 'simulated',
    figures: DELIVERY,
    remark:
      'That a message that is always refused is parked after its tries is held by test/upstream/delivery.test.ts, which npm test runs.',
    play: lies,
  },
  {
    number: 30,
    name: 'a disk that refuses',
    fault: 'full, read-only, or 500 ms for each flush, for some minutes while cars come and go',
    required: 'control goes on; no message falsely acknowledged; told within 10 s',
    how: 'simulated',
    figures: [
      ...DELIVERY,
      { what: 'longest gap between two cycles', figure: 'progress.longestGapSeconds', unit: 's', most: 2 },
      { what: 'told after', figure: 'told.longestSeconds', unit: 's', most: 10 },
    ],
    remark: 'Input and output errors, and a real full file system, are in test/store/disk-trouble.test.ts.',
    play: disk,
  },
  {
    number: 31,
    name: 'a damaged log',
    fault: 'a torn tail at every byte, a wrong bit in every byte',
    required: 'found by its checksum; cut at the tail only',
    how: 'test',
    run: (context) => runTests(['test/store/torn-log.test.ts', 'test/store/disk-trouble.test.ts'], context),
  },
];

function week({ seed, isShort }: PlayWish): Play {
  const hours = isShort ? 2 : 7 * 24 + 2;
  const site = carPark(seed, { stations: isShort ? 2 : 4, hasUpstream: true });
  const script = writeScript({ site, seed, hours, faults: 'none', baseLoad: { kind: 'office' } });
  const [atMs, forMs] = [10 * MINUTE_MS, (hours - (isShort ? 0.75 : 2)) * HOUR_MS];
  const down: Happening = { atMs, kind: 'upstream-errs', fault: 'down', forMs };
  const happenings = [...script.happenings, down].sort((a, b) => a.atMs - b.atMs);
  const downtime: Checker = { name: 'downtime', figures: () => ({ hours: forMs / HOUR_MS }) };
  return { site, script: { ...script, happenings }, checkers: [downtime] };
}

function lies({ seed }: PlayWish): Play {
  const dice = diceOf(seed);
  const site = carPark(seed, { stations: dice.whole(3, 6), hasUpstream: true });
  const faults = ['loses-answers', 'late', 'callerror', 'silent', 'down'] as const;
  let atMs = 60_000;
  const happenings: Happening[] = [];
  for (let count = 0; count < 5; count++) {
    const forMs = dice.whole(20_000, 150_000);
    happenings.push({ atMs, kind: 'upstream-errs', fault: dice.one(faults), forMs });
    atMs += forMs + dice.whole(5_000, 40_000);
  }
  // Long enough after the last fault for what waits to be delivered.
  const minutes = Math.ceil(atMs / MINUTE_MS) + 12;
  const cars = comingAndGoing(site, Math.ceil(atMs / MINUTE_MS) + 3, dice);
  return { site, script: scriptOf({ seed, site, minutes, happenings, cars }) };
}

/** The time is known to a step of the simulation. */
const STEP_MS = 1_000;
/** What the store, the control room or the gateway say when a write fails. */
const TELLS = /store|durable|STORE_WRITE_FAILED/;

function disk({ seed }: PlayWish): Play {
  const dice = diceOf(seed);
  const site = carPark(seed, { stations: dice.whole(3, 6), hasUpstream: true });
  const [atMs, minutes] = [SETTLED_MS + dice.whole(0, 20_000), 18];
  const fault = (['full', 'read-only', 'slow'] as const)[seed % 3]!;
  const happenings: readonly Happening[] = [{ atMs, kind: 'disk-errs', fault, forMs: dice.whole(60_000, 300_000) }];
  const cars = comingAndGoing(site, minutes - 3, dice);
  // A slow disk fails nothing, so there is nothing to tell.
  const checkers = fault === 'slow' ? [] : [told(atMs)];
  return { site, script: scriptOf({ seed, site, minutes, happenings, cars }), checkers };
}

/** A person is told: an error in the log. */
function told(atMs: number): RowChecker {
  let [nowMs, tookMs] = [0, -1];
  return {
    name: 'told',
    onTruth: (truth) => {
      nowMs = sinceStart(truth);
      return [];
    },
    onLog: (level, event) => {
      if (level === 'error' && nowMs > atMs - STEP_MS && tookMs < 0 && TELLS.test(event))
        tookMs = Math.max(0, nowMs - atMs);
    },
    onEnd: (at) => (tookMs < 0 ? [{ checker: 'told', at, text: 'Nobody was told that the disk refuses.' }] : []),
    figures: () => (tookMs < 0 ? {} : { longestSeconds: tookMs / 1_000 }),
  };
}
