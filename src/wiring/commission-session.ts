// One commissioning of one meter, step by step: look, switch known loads, compare the display; it reads the meter and writes nothing.

import { channelsOf } from '../core/metering/channel-settings.ts';
import type { ChannelWiring } from '../core/metering/channel-wiring.ts';
import type { Finding, LoadTest } from '../core/metering/commissioning.ts';
import { compareDisplay, type DisplayVerdict, parseDisplayValues } from '../core/metering/display-check.ts';
import { firstLook } from '../core/metering/first-look.ts';
import { type KnownLoad, parseKnownLoad } from '../core/metering/known-load.ts';
import { type ChannelReading, stepBetween } from '../core/metering/load-step.ts';
import type { MeterProfile } from '../core/model/meter-profile.ts';
import { unfitness } from '../core/model/meter-wiring.ts';
import type { Site } from '../core/model/site.ts';
import type { ModbusMeter } from '../core/model/site-meters.ts';
import { PHASES } from '../core/model/units.ts';
import { AppError } from '../engine/app-error.ts';
import type { Clock } from '../engine/ports.ts';
import { channelReading } from '../modbus/channels.ts';
import type { MeterShot } from '../modbus/read-once.ts';
import type { Ident } from '../modbus/scan.ts';
import { findingLine, stepLine } from './commission-text.ts';
import type { Io } from './io.ts';
import type { MeterSource } from './meter-source.ts';
import { shotAsText } from './meter-text.ts';
import { MAX_LOADS, type Questions } from './questions.ts';
import { type StepTiming, StepWatch } from './step-watch.ts';

export type Subject = {
  readonly site: Site;
  readonly meter: ModbusMeter;
  readonly profile: MeterProfile;
};

export type Doing = {
  readonly clock: Clock;
  readonly source: MeterSource;
  readonly questions: Questions;
  readonly timing: StepTiming;
  /** Where the words for the person go; `err` where the answer is JSON. */
  readonly say: (line: string) => void;
  readonly io: Io;
};

/** A test and whether the load went as it came. */
export type ToldTest = LoadTest & { readonly isGone: boolean };

export type Look = { readonly shot: MeterShot; readonly present: ChannelWiring; readonly findings: readonly Finding[] };

/** Reads once and shows it. Throws AppError as the reading does. `ident`: what the meter says of itself. */
export async function look({ site, meter, profile }: Subject, ident: Ident, doing: Doing): Promise<Look> {
  const attempt = await doing.source.read();
  if (attempt.kind === 'unread') throw attempt.error;
  const { shot, ageMs } = attempt;
  const count = (meter.phases ?? shot.sample?.phases ?? PHASES.slice(0, profile.phases)).length;
  doing.say(shotAsText(shot, ageMs));
  const unfit = unfitness(profile, count);
  const findings: Finding[] = [...firstLook(shot.sample, site.nominalVolts, shot.doubt)];
  if (ident === 'another')
    findings.push({
      code: 'other-meter',
      weight: 'wires',
      text: `the meter says that it is no ${profile.models.join(', ')}: choose another profile (busbar meter --scan)`,
    });
  if (unfit !== undefined)
    findings.push({ code: 'other-meter', weight: 'wires', text: `this profile guards no fuse: ${unfit}` });
  for (const finding of findings) doing.say(findingLine(finding));
  if (findings.length === 0) doing.say('  in order: voltages and frequency are in their bands');
  return { shot, present: channelsOf(meter, count), findings };
}

/** Asks for loads until there are no more, and watches each come and go. Throws AppError when the meter is gone for good. */
export async function testLoads(subject: Subject, { present }: Look, doing: Doing): Promise<readonly ToldTest[]> {
  const { site, profile } = subject;
  const { io, questions, say } = doing;
  const read = async (): Promise<ChannelReading> => {
    const attempt = await doing.source.read();
    if (attempt.kind === 'unread') throw attempt.error;
    const reading = readingOf(attempt.shot, subject, present);
    if (!reading)
      throw new AppError('METER_EXCEPTION', `the meter has no current on one of its phases (${profile.id})`);
    return reading;
  };
  const watch = new StepWatch(doing.clock, read, doing.timing, io.signal);
  const tests: ToldTest[] = [];
  const question = `A load that you can switch and the phase it is on, such as "3 kW on L2" (heater, kettle), or a charger of the site, such as "${site.evses[0]?.id ?? 'CP01/1'} 11 kW". It must be off now. One for each phase is best; empty: no more.`;
  for (let asked = 0; asked < MAX_LOADS && !io.signal.aborted; asked++) {
    const text = await questions.ask('load', question, io.signal);
    if (text === '') break;
    const parsed = parseKnownLoad(text, site.evses, site.nominalVolts);
    if (parsed.kind === 'refused') {
      say(`  "${text}": expected ${parsed.expected}`);
      continue;
    }
    const test = await testLoad(parsed.load, { ratio: present.ratio, nominalVolts: site.nominalVolts }, watch, doing);
    if (!io.signal.aborted) tests.push(test);
  }
  return tests;
}

async function testLoad(
  load: KnownLoad,
  place: { readonly ratio: number; readonly nominalVolts: number },
  watch: StepWatch,
  doing: Doing,
): Promise<ToldTest> {
  const { io, questions, say } = doing;
  say(`"${load.text}": measuring what the building draws without it …`);
  const before = await watch.base();
  say('Switch it ON now. It is seen by itself; if nothing happens here within some seconds, press Enter.');
  const asking = new AbortController();
  const stopAsking = () => asking.abort();
  io.signal.addEventListener('abort', stopAsking, { once: true });
  const expectedAmps = load.watts / load.phases.length / place.nominalVolts / place.ratio;
  const after = await watch.step(before, expectedAmps, questions.pressed(asking.signal)).finally(stopAsking);
  io.signal.removeEventListener('abort', stopAsking);
  const step = stepBetween(before, after);
  say(stepLine(step, place.ratio));
  if (step.channels.length === 0) return { load, before, after, isGone: true };
  say('Switch it OFF again.');
  const isGone = await watch.isGone(before, after);
  say(isGone ? '  gone' : '  still there');
  return { load, before, after, isGone };
}

/** What the display shows beside what the registers say; nothing where the person has nothing to compare. */
export async function askDisplay(
  subject: Subject,
  { present }: Look,
  doing: Doing,
): Promise<(DisplayVerdict & { readonly typed: string }) | undefined> {
  const question =
    'What the display of the meter shows now, its own three phases: currents such as "10.5 20.2 30.7", or volts such as "230 231 229 V". Empty: skip.';
  const typed = await doing.questions.ask('display', question, doing.io.signal);
  if (typed === '') return undefined;
  const display = parseDisplayValues(typed);
  if (!display)
    return {
      isSame: false,
      typed,
      text: `"${typed}", expected three numbers such as 10.5 20.2 30.7, with A, V, W or kW`,
    };
  const attempt = await doing.source.read();
  if (attempt.kind === 'unread') throw attempt.error;
  const reading = readingOf(attempt.shot, subject, present);
  if (!reading) return { isSame: false, typed, text: 'the meter has no currents to compare' };
  return { typed, ...compareDisplay(display, reading, present.ratio) };
}

function readingOf(
  shot: MeterShot,
  { site, meter, profile }: Subject,
  present: ChannelWiring,
): ChannelReading | undefined {
  const { voltageFactor } = meter;
  return channelReading(shot.values, profile, {
    count: present.phases.length,
    voltageFactor,
    nominalVolts: site.nominalVolts,
  });
}
