// Finds a meter's phase assignment, transformer direction and ratio from known loads that were switched; what the loads did not show stays
// unknown, and where the wires themselves are wrong it proposes no numbers to hide that.

import { PHASES, type Phase } from '../model/units.ts';
import { assignments, type ChannelWiring, phaseBehind } from './channel-wiring.ts';
import type { KnownLoad } from './known-load.ts';
import { type Level, type Step, stepBetween } from './load-step.ts';
import { usualRatioNear } from './usual-ratios.ts';

/** One load switched on: what the meter said before and after, in its own words (no factor, no phases, no inversion applied). */
export type LoadTest = { readonly load: KnownLoad; readonly before: Level; readonly after: Level };

export type Finding = {
  readonly code:
    | 'doubted'
    | 'voltage-band'
    | 'frequency-band'
    | 'other-meter'
    | 'load-unseen'
    | 'load-stays'
    | 'display-differs'
    | 'load-ambiguous'
    | 'crossed'
    | 'tests-contradict'
    | 'phases-swapped'
    | 'reversed'
    | 'ratio-wrong'
    | 'ratios-differ'
    | 'direction-unknown'
    | 'untested'
    | 'as-configured';
  /** `wires`: somebody must open the cabinet; `file`: the site file is to be changed; `repeat`: do that test again; `note`: in order. */
  readonly weight: 'wires' | 'file' | 'repeat' | 'note';
  readonly text: string;
};

export type Commissioning = {
  readonly findings: readonly Finding[];
  /** What the loads showed, with the present settings where they showed nothing; absent while wires are wrong or tests contradict. */
  readonly wiring?: ChannelWiring;
  /** The meter's own phases that a load has moved. */
  readonly tested: readonly Phase[];
};

/** Stated watts and measured ones may differ by this share: mains voltage alone moves a heater's by as much. */
export const RATIO_TOLERANCE = 0.1;
/** Ratios of two channels that differ by more than this share belong to different transformers. */
const RATIOS_DIFFER = 1.15;
/** A current of one phase with the voltage of another makes half the power (cos 120°); between the two lies a bad power factor. */
const CROSSED_BELOW = 0.7;

type Seen = {
  readonly load: KnownLoad;
  readonly step: Step;
  readonly channels: readonly {
    readonly channel: Phase;
    readonly isReversed: boolean;
    readonly isCrossed: boolean;
    /** Amperes and watts of the load for each of the meter's. */
    readonly ratio: number;
  }[];
};

/**
 * `present`: the settings of the site file. The loads MUST be ohmic or nearly so (heaters, kettles, cars); `nominalVolts` stands in where
 * the meter gives no voltages. `knowsDirection`: the meter tells import from export at all.
 */
export function analyse(
  tests: readonly LoadTest[],
  present: ChannelWiring,
  meter: { readonly nominalVolts: number; readonly knowsDirection: boolean },
): Commissioning {
  const findings: Finding[] = [];
  const seen = tests.flatMap((test): Seen[] => {
    const step = stepBetween(test.before, test.after);
    const fault = unusable(test.load, step, present.phases.length);
    if (fault) findings.push(fault);
    return fault ? [] : [toSeen(test, step, meter.nominalVolts)];
  });
  const channels = seen.flatMap((one) => one.channels);
  const tested = PHASES.filter((phase) => channels.some(({ channel }) => channel === phase));
  const crossed = PHASES.filter((phase) => channels.some((one) => one.channel === phase && one.isCrossed));
  for (const channel of crossed) findings.push(crossedFinding(channel));
  const phases = assign(seen, present.phases);
  const isTwofold = PHASES.some((phase) => {
    const ways = new Set(channels.filter((one) => one.channel === phase).map((one) => one.isReversed));
    return ways.size > 1;
  });
  if (phases === undefined || isTwofold) findings.push(contradiction(seen));
  const ratio = measuredRatio(channels, present.ratio, findings);
  if (crossed.length > 0 || phases === undefined || isTwofold || ratio === undefined || tested.length === 0)
    return { findings: [...findings, ...untested(tested, present.phases)], tested };
  const inverted = PHASES.filter((phase) => {
    const ofChannel = channels.filter(({ channel }) => channel === phase);
    if (ofChannel.length === 0 || !meter.knowsDirection) return present.inverted.includes(phase);
    return ofChannel.some(({ isReversed }) => isReversed);
  });
  const wiring: ChannelWiring = { phases, inverted, ratio };
  const changes = [
    ...swapFindings(present, wiring),
    ...directionFindings(present, wiring),
    ...ratioFinding(present, wiring),
  ];
  const verdict: Finding[] =
    changes.length === 0 && findings.length === 0
      ? [{ code: 'as-configured', weight: 'note', text: 'what the loads showed is what the site file says' }]
      : changes;
  const unknown: Finding[] = meter.knowsDirection ? [] : [DIRECTION_UNKNOWN];
  return { findings: [...findings, ...verdict, ...unknown, ...untested(tested, present.phases)], wiring, tested };
}

/** `channels`: how many phases the meter measures; one that measures fewer than three may miss phases of a load. */
function unusable(load: KnownLoad, step: Step, channels: number): Finding | undefined {
  const count = load.phases.length;
  const [least, most] = [Math.max(0, count + channels - PHASES.length), Math.min(count, channels)];
  const expected = `expected a step on ${most === 1 ? 'one phase' : `${most} phases`}`;
  if (step.channels.length === 0)
    return {
      code: 'load-unseen',
      weight: 'repeat',
      text: `"${load.text}" is not seen: ${expected}; is it behind this meter, on, and large enough beside what the building does and for the transformers' ratio?`,
    };
  if (step.channels.length >= least && step.channels.length <= most) return undefined;
  return {
    code: 'load-ambiguous',
    weight: 'repeat',
    text: `"${load.text}" moved ${step.channels.join(', ')}: ${expected}; something else was switched at the same time, or the load is not on the phases that were said`,
  };
}

function toSeen({ load, after }: LoadTest, step: Step, nominalVolts: number): Seen {
  const wattsEach = load.watts / load.phases.length;
  const channels = step.channels.map((channel) => {
    const amps = step.amps[channel];
    const watts = step.watts?.[channel];
    const volts = after.volts?.[channel] ?? nominalVolts;
    const isCrossed = watts !== undefined && Math.abs(watts) < CROSSED_BELOW * volts * Math.abs(amps);
    return {
      channel,
      isReversed: (watts ?? amps) < 0,
      isCrossed,
      ratio: watts === undefined || isCrossed ? wattsEach / volts / Math.abs(amps) : wattsEach / Math.abs(watts),
    };
  });
  return { load, step, channels };
}

/** The assignment that agrees with all tests and changes least of the present one; none when the tests contradict each other. */
function assign(seen: readonly Seen[], present: ChannelWiring['phases']): ChannelWiring['phases'] | undefined {
  const fits = (phases: ChannelWiring['phases']) =>
    seen.every(({ load, step }) =>
      phases.every((phase, at) => load.phases.includes(phase) === step.channels.includes(PHASES[at]!)),
    );
  const same = (phases: ChannelWiring['phases']) => phases.filter((phase, at) => phase === present[at]).length;
  return assignments(present.length)
    .filter(fits)
    .toSorted((a, b) => same(b) - same(a))[0];
}

/** The ratio of the transformers, or nothing when it cannot be one number that is known; says why. */
function measuredRatio(channels: Seen['channels'], present: number, findings: Finding[]): number | undefined {
  const ratios = channels.map(({ ratio }) => ratio).sort((a, b) => a - b);
  const [least, most] = [ratios[0], ratios.at(-1)];
  if (least === undefined || most === undefined) return present;
  if (most > RATIOS_DIFFER * least) {
    const each = channels.map(({ channel, ratio }) => `${channel} ${show(ratio)}`).join(', ');
    findings.push({
      code: 'ratios-differ',
      weight: 'wires',
      text: `the ratio differs between the meter's phases (${each}): one transformer has another ratio, or one load was not what was said; compare the plates of the transformers`,
    });
    return undefined;
  }
  const median = (ratios[(ratios.length - 1) >> 1]! + ratios[ratios.length >> 1]!) / 2;
  if (Math.abs(present / median - 1) <= RATIO_TOLERANCE) return present;
  const usual = usualRatioNear(median, RATIO_TOLERANCE);
  if (usual !== undefined) return usual;
  findings.push({
    code: 'ratio-wrong',
    weight: 'wires',
    text: `the loads are ${show(median)} times what the meter shows, and no usual transformer has that ratio: read it off the plate, and check the watts of the load`,
  });
  return undefined;
}

function crossedFinding(channel: Phase): Finding {
  return {
    code: 'crossed',
    weight: 'wires',
    text: `the meter's ${channel} shows half the power that its current makes: its transformer sits on another phase than its voltage; move it, no setting can mend that`,
  };
}

function contradiction(seen: readonly Seen[]): Finding {
  const each = seen.map(({ load, step }) => `"${load.text}" moved ${step.channels.join(', ')}`).join('; ');
  return {
    code: 'tests-contradict',
    weight: 'repeat',
    text: `the tests contradict each other: ${each}; one of the loads is not on the phase that was said, or something else was switched`,
  };
}

const DIRECTION_UNKNOWN: Finding = {
  code: 'direction-unknown',
  weight: 'note',
  text: 'the meter gives sizes without a sign: it cannot show which way round its transformers sit',
};

function swapFindings(present: ChannelWiring, found: ChannelWiring): Finding[] {
  const moved = PHASES.filter((channel) => phaseBehind(present.phases, channel) !== phaseBehind(found.phases, channel));
  if (moved.length === 0) return [];
  const each = moved
    .map((channel) => `the meter's ${channel} measures ${phaseBehind(found.phases, channel)}`)
    .join(', ');
  return [{ code: 'phases-swapped', weight: 'file', text: each }];
}

function directionFindings(present: ChannelWiring, found: ChannelWiring): Finding[] {
  const turned = PHASES.filter((channel) => present.inverted.includes(channel) !== found.inverted.includes(channel));
  if (turned.length === 0) return [];
  const which = turned.length === PHASES.length ? 'every phase' : `the meter's ${turned.join(', ')}`;
  const text = `a load on ${which} reads as export: the transformer sits the wrong way round, or the site file turns one that sits right`;
  return [{ code: 'reversed', weight: 'file', text }];
}

function ratioFinding(present: ChannelWiring, found: ChannelWiring): Finding[] {
  if (found.ratio === present.ratio) return [];
  const times = show(found.ratio / present.ratio);
  const text = `the loads are ${times} times what the site file makes of the meter: a ratio of ${found.ratio} instead of ${present.ratio} fits; compare the plate of the transformers`;
  return [{ code: 'ratio-wrong', weight: 'file', text }];
}

function untested(tested: readonly Phase[], phases: ChannelWiring['phases']): Finding[] {
  const left = PHASES.filter((channel, at) => at < phases.length && !tested.includes(channel));
  if (left.length === 0) return [];
  const text = `no load has moved the meter's ${left.join(', ')}: direction and ratio there are not proved`;
  return [{ code: 'untested', weight: 'note', text }];
}

const show = (value: number) => String(Number(value.toPrecision(3)));
