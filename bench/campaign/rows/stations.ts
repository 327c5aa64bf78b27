// Rows about chargers: gone, deaf, forgetful, refusing, many at once; and storms of them over real sockets.
import type { CycleRecord } from '../../../src/core/model/decision.ts';
import type { Site } from '../../../src/core/model/site.ts';
import type { Happening, StationManner } from '../../../src/simulator/script.ts';
import type { Checker, Truth } from '../../../src/simulator/truth.ts';
import type { Play, PlayWish, Row } from '../row.ts';
import { always, farAbove, sinceStart } from '../row-checkers.ts';
import { buildingStep, diceOf, SETTLED_MS, scriptOf } from '../row-script.ts';
import { carPark } from '../row-site.ts';
import { storms } from '../storms.ts';

const TTL_MS = 60_000;
const EPSILON_AMPS = 0.01;
/** A lease is counted with as much more as the charger's clock may be off (core/command). */
const LEASE_MARGIN_MS = 5_000;
/** A car's time to follow, and two cycles. */
const SETTLE_MS = 5_000;
const CYCLES_MS = 2_000;
const LONGEST_RUN = { what: 'longest time above L', figure: 'fuse-law.longestRunSeconds', unit: 's' } as const;

const errs = (atMs: number, station: string, manner: StationManner, forMs: number): Happening => ({
  atMs,
  kind: 'station-errs',
  station,
  manner,
  forMs,
});
const linkLost = (atMs: number, station: string, how: 'closed' | 'half-open', forMs: number): Happening => ({
  atMs,
  kind: 'link-lost',
  station,
  how,
  forMs,
});
const at = (site: Site, station: string) => site.evses.findIndex((one) => one.station === station);

export const stationRows: readonly Row[] = [
  {
    number: 15,
    name: 'a charger goes offline while it charges',
    fault: 'its link is cut or falls silent for 5 minutes',
    required: 'its last lease, then its floor is reserved, exactly; others are not raised before the lease ends',
    how: 'simulated',
    figures: [
      { what: 'cycles that reserve less than may flow', figure: 'reserve.wrongCount', unit: 'cycles', most: 0 },
      {
        what: 'cycles that reserve not just the floor afterwards',
        figure: 'floor-reserve.wrongCount',
        unit: 'cycles',
        most: 0,
      },
      { what: 'cycles that raise others before the lease ends', figure: 'others.wrongCount', unit: 'cycles', most: 0 },
    ],
    play: offline,
  },
  {
    number: 16,
    name: 'a charger accepts and ignores',
    fault: 'it answers Accepted and draws on, while the building steps up by 20 % of L',
    required: 'found within 2 samples or 30 s; the others are cut and the bound holds',
    how: 'simulated',
    figures: [
      { what: 'called disobedient after', figure: 'found.longestSeconds', unit: 's', most: 30 },
      { ...LONGEST_RUN, most: 30 },
    ],
    remark: 'The bound is the fuse law, whose longest run above L must end within the same 30 s.',
    play: ignores,
  },
  {
    number: 17,
    name: 'a charger forgets its profiles when it reconnects',
    fault: 'the link is lost for a few seconds; models that are known for it, and ones that are not',
    required:
      'the profile is sent again within 2 s of the reconnection; the hardware maximum is reserved meanwhile where the model is known for it',
    how: 'simulated',
    figures: [
      { what: 'profile sent again after', figure: 'sent-again.longestSeconds', unit: 's', most: 2 },
      { what: 'cycles that reserve less than may flow', figure: 'reserve.wrongCount', unit: 'cycles', most: 0 },
    ],
    play: forgets,
  },
  {
    number: 18,
    name: 'chargers that refuse, round, or speak watts',
    fault: 'profiles rejected, limits rounded up, watts only, whole amperes only, while the building steps',
    required: 'handled by what the model can do: the bound holds, one alarm for each',
    how: 'simulated',
    figures: [
      { ...LONGEST_RUN, most: 30 },
      { what: 'most alarms about one charger', figure: 'alarms.mostCount', unit: 'alarms', most: 1 },
      { what: 'alarms and warnings raised', figure: 'alarms.raisedCount', unit: 'alarms', least: 1 },
    ],
    remark: 'An alarm counts again when it had gone for a minute.',
    play: refuses,
  },
  {
    number: 19,
    name: 'a third of the chargers misbehave at once',
    fault: '30 % of the chargers ignore, refuse, round up, fall silent or obey late at once, and the building steps',
    required: 'nothing above 1.13 L later than TTL after it began',
    how: 'simulated',
    figures: [{ what: 'time above 1.13 L beyond TTL', figure: 'far-above.farSeconds', unit: 's', most: 0 }],
    play: manyAtOnce,
  },
  {
    number: 20,
    name: 'half the chargers never answer',
    fault: 'every CALL to them runs into its timeout',
    required: 'the loop is not delayed: cycle jitter p99 below 100 ms',
    how: 'processes',
    run: (context) => storms(context, 'half-mute'),
  },
  {
    number: 21,
    name: 'all chargers reconnect at once',
    fault: '2,000 chargers over mutual TLS',
    required: 'all served within 60 s on 2 cores; control jitter p99 below 100 ms; none refused for good',
    how: 'processes',
    run: (context) => storms(context, 'reconnect'),
  },
  {
    number: 22,
    name: 'all chargers boot at once',
    fault: 'a power cut: 2,000 boots of 5 CALLs, with their StopTransactions',
    required: '10,000 messages answered within 60 s, none lost',
    how: 'processes',
    run: (context) => storms(context, 'power-cut'),
  },
];

/** In every cycle the EVSE is counted with at least what may come to rule at its charger. */
function reserve(site: Site, station: string, fromMs: number): Checker {
  const index = at(site, station);
  return always({
    ...{ name: 'reserve', fromMs, untilMs: Number.POSITIVE_INFINITY },
    onCycle: ({ decision }, { evses }) => {
      const { exposureAmps } = decision.shares[index]!;
      const { mightAmps, limitAmps } = evses[index]!;
      const flows = Math.max(mightAmps, limitAmps);
      if (exposureAmps >= flows - EPSILON_AMPS) return undefined;
      return `${station} is counted with ${exposureAmps.toFixed(1)} A and may draw ${flows.toFixed(1)} A.`;
    },
  });
}

function offline({ seed }: PlayWish): Play {
  const dice = diceOf(seed);
  const site = carPark(seed, { stations: dice.whole(3, 8) });
  const { station, floorAmps } = dice.one(site.evses);
  const index = at(site, station);
  const [atMs, forMs] = [SETTLED_MS + 120_000 + dice.whole(0, 20_000), 300_000];
  let hasEnded = false;
  let lastLeaseMs = 0;
  let before: readonly number[] | undefined;
  const checkers = [
    reserve(site, station, atMs),
    always({
      ...{ name: 'floor-reserve', fromMs: SETTLED_MS, untilMs: atMs + forMs },
      onCycle: ({ decision }, truth) => {
        const ms = sinceStart(truth);
        // What may have left before the loss was noticed may have arrived.
        if (decision.commands.some((one) => one.station === station && one.role === 'lease')) lastLeaseMs = ms;
        if (ms < Math.max(atMs, lastLeaseMs) + TTL_MS + LEASE_MARGIN_MS + SETTLE_MS + CYCLES_MS) return undefined;
        const { exposureAmps } = decision.shares[index]!;
        if (Math.abs(exposureAmps - floorAmps) <= EPSILON_AMPS) return undefined;
        return `${station} is counted with ${exposureAmps.toFixed(2)} A after its lease; its floor is ${floorAmps} A.`;
      },
    }),
    always({
      ...{ name: 'others', fromMs: atMs, untilMs: atMs + forMs },
      onCycle: ({ decision }, { evses }) => {
        before ??= evses.map(({ limitAmps }) => limitAmps);
        hasEnded ||= evses[index]!.limitAmps <= floorAmps + EPSILON_AMPS;
        const raised = decision.commands.find(
          ({ change, evse, limitAmps }) =>
            change === 'increase' &&
            limitAmps > before![site.evses.findIndex(({ id }) => id === evse)]! + site.policy.increase.deadbandAmps,
        );
        if (hasEnded || !raised) return undefined;
        return `${raised.evse} is raised to ${raised.limitAmps} A while the lease of ${station} still rules.`;
      },
    }),
  ];
  const happenings = [linkLost(atMs, station, dice.one(['closed', 'half-open']), forMs)];
  return { site, script: scriptOf({ seed, site, minutes: 14, happenings }), checkers };
}

function ignores({ seed }: PlayWish): Play {
  const dice = diceOf(seed);
  const site = carPark(seed, { stations: dice.whole(4, 8) });
  const { station } = dice.one(site.evses);
  const index = at(site, station);
  const atMs = SETTLED_MS + dice.whole(0, 5_000);
  const stepMs = atMs + 5_000;
  // It ignores something from the first time on that it is told to draw less.
  let toldMs: number | undefined;
  let tookMs: number | undefined;
  const found: Checker = {
    name: 'found',
    onCycle: ({ decision }, truth) => {
      const ms = sinceStart(truth);
      if (ms < atMs || tookMs !== undefined) return [];
      if (decision.commands.some((one) => one.station === station && one.change === 'decrease')) toldMs ??= ms;
      if (toldMs === undefined || decision.shares[index]!.reason.kind !== 'disobedient') return [];
      tookMs = ms - toldMs;
      if (tookMs <= 30_000) return [];
      const text = `${station} was called disobedient after ${tookMs / 1_000} s; at most 30 s were allowed.`;
      return [{ checker: 'found', at: truth.at, text }];
    },
    onEnd: (now) =>
      tookMs === undefined
        ? [{ checker: 'found', at: now, text: `${station} ignored what it was told and was never called disobedient.` }]
        : [],
    figures: () => (tookMs === undefined ? {} : { longestSeconds: tookMs / 1_000 }),
  };
  const checkers = [found];
  const happenings = [
    errs(atMs, station, 'accepts-without-applying', 200_000),
    buildingStep(site, stepMs, 0.2, 300_000),
  ];
  return { site, script: scriptOf({ seed, site, minutes: 9, happenings }), checkers, bounds: { maxRunMs: 30_000 } };
}

function forgets({ seed }: PlayWish): Play {
  const dice = diceOf(seed);
  const isKnown = seed % 2 === 0;
  const site = carPark(seed, { stations: dice.whole(3, 6), models: [isKnown ? 'go-e' : 'generic-ac'] });
  const { station } = dice.one(site.evses);
  const index = at(site, station);
  // So short that no renewal comes due by itself, where only the reconnection can be the reason to send again.
  const [atMs, forMs] = [
    SETTLED_MS + dice.whole(0, 20_000),
    isKnown ? dice.whole(5_000, 40_000) : dice.whole(2_000, 8_000),
  ];
  const happenings: readonly Happening[] = [
    ...(isKnown ? [] : [errs(atMs - 5_000, station, 'forgets-on-reconnect', 120_000)]),
    linkLost(atMs, station, 'closed', forMs),
  ];
  let isBackMs: number | undefined;
  let tookMs: number | undefined;
  const sentAgain: Checker = {
    name: 'sent-again',
    onTruth: (truth) => {
      const ms = sinceStart(truth);
      if (isBackMs === undefined && ms > atMs + forMs && truth.evses[index]!.isLinked) isBackMs = ms;
      const waitsMs = isBackMs === undefined || tookMs !== undefined ? 0 : ms - isBackMs;
      return waitsMs > 2_000 && waitsMs <= 3_000
        ? [
            {
              checker: 'sent-again',
              at: truth.at,
              text: `${station} is back for ${waitsMs / 1_000} s without its profile.`,
            },
          ]
        : [];
    },
    onCycle: ({ decision, snapshot }: CycleRecord, truth: Truth) => {
      const { link } = snapshot.stations[station]!;
      if (tookMs !== undefined || link.state !== 'connected' || link.since <= truth.at - sinceStart(truth) + atMs)
        return [];
      if (!decision.commands.some((one) => one.station === station)) return [];
      tookMs = snapshot.now - link.since;
      return [];
    },
    onEnd: (now) =>
      tookMs === undefined ? [{ checker: 'sent-again', at: now, text: `${station}: never sent again.` }] : [],
    figures: () => (tookMs === undefined ? {} : { longestSeconds: tookMs / 1_000 }),
  };
  // Of a model that is not known for it, nobody can know before it is asked that it has forgotten.
  const checkers = [sentAgain, ...(isKnown ? [reserve(site, station, atMs)] : [])];
  return { site, script: scriptOf({ seed, site, minutes: 7, happenings }), checkers };
}

const ALARM_GONE_MS = 60_000;

/** Of one charger, how often an alarm with its name came up anew. */
function alarms(site: Site, fromMs: number): Checker {
  const counts = new Map<string, number>();
  const lastAt = new Map<string, number>();
  const names = site.stations.map(({ id, name }) => ({ id, name }));
  return {
    name: 'alarms',
    onCycle: ({ decision, snapshot }, truth) => {
      if (sinceStart(truth) < fromMs) return [];
      for (const { severity, code, text } of decision.notices) {
        if (severity === 'info') continue;
        const who = names.find(({ id, name }) => new RegExp(`\\b(${id}|${name})\\b`).test(text));
        if (!who) continue;
        const key = `${who.id} ${code}`;
        const last = lastAt.get(key);
        if (last === undefined || snapshot.now - last > ALARM_GONE_MS) counts.set(key, (counts.get(key) ?? 0) + 1);
        lastAt.set(key, snapshot.now);
      }
      return [];
    },
    figures: () => ({ mostCount: Math.max(0, ...counts.values()), raisedCount: counts.size }),
  };
}

function refuses({ seed }: PlayWish): Play {
  const dice = diceOf(seed);
  const models = ['generic-ac', 'generic-ac', 'abb-terra-ac', 'wallbox-pulsar', 'generic-dc', 'go-e'];
  const site = carPark(seed, { stations: dice.whole(4, 8), models });
  const atMs = SETTLED_MS + dice.whole(0, 10_000);
  const erring = dice.some(site.stations, 2);
  const happenings = [
    ...erring.map(({ id }, place) => errs(atMs + place, id, place === 0 ? 'refuses' : 'rounds-up', 300_000)),
    buildingStep(site, atMs + 20_000, 0.25, 120_000),
    buildingStep(site, atMs + 200_000, 0.1, 60_000),
  ];
  const script = scriptOf({ seed, site, minutes: 12, happenings });
  return { site, script, checkers: [alarms(site, atMs)], bounds: { maxRunMs: 30_000 } };
}

function manyAtOnce({ seed }: PlayWish): Play {
  const dice = diceOf(seed);
  const site = carPark(seed, { stations: dice.whole(7, 12), worstPart: 0.4 });
  const atMs = SETTLED_MS + dice.whole(0, 10_000);
  const manners: readonly StationManner[] = [
    'accepts-without-applying',
    'refuses',
    'rounds-up',
    'silent',
    'obeys-late',
    'forgets-on-reconnect',
  ];
  const erring = dice.some(site.stations, Math.ceil(site.stations.length * 0.3));
  const happenings = [
    ...erring.map(({ id }, place) => errs(atMs + place, id, dice.one(manners), 400_000)),
    ...erring.map(({ id }, place) => linkLost(atMs + 40_000 + place, id, 'closed', dice.whole(2_000, 20_000))),
    buildingStep(site, atMs + dice.whole(0, 30_000), 0.3, 350_000),
  ];
  const checkers = [farAbove({ site, fromMs: atMs + TTL_MS, mostMs: 0 })];
  return { site, script: scriptOf({ seed, site, minutes: 12, happenings }), checkers };
}
