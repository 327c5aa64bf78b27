// `busbar commission`: leads a person through the commissioning of one meter, says what is to be changed and keeps a record; the site file
// is changed only with --apply and a yes.

import { userInfo } from 'node:os';
import { describeFault } from '../config/fault.ts';
import { readSiteText } from '../config/load-site.ts';
import { settingsFor, type WiringSettings } from '../core/metering/channel-settings.ts';
import { applyWiring } from '../core/metering/channel-wiring.ts';
import { analyse, type Commissioning, type Finding } from '../core/metering/commissioning.ts';
import { AppError } from '../engine/app-error.ts';
import { channelReading } from '../modbus/channels.ts';
import { ModbusLink } from '../modbus/register-reader.ts';
import { type Ident, identOf } from '../modbus/scan.ts';
import { anchorClock, systemClock, systemRandom } from '../system/clock.ts';
import { addRecord, type CommissionRecord, readRecords, recordFileOf } from './commission-record.ts';
import {
  askDisplay,
  type Doing,
  type Look,
  look,
  type Subject,
  type ToldTest,
  testLoads,
} from './commission-session.ts';
import { findingLine, patchLines, readingTable } from './commission-text.ts';
import type { ExitCode, Io } from './io.ts';
import { adviseOn } from './meter-advice.ts';
import { MeterSource } from './meter-source.ts';
import { findSiteMeter, findTarget, type MeterTarget } from './meter-target.ts';
import { answersFromFile, type Questions, questionsAt } from './questions.ts';
import { type PatchStep, patchFor, patchText, writeWithBackup } from './site-patch.ts';
import { STEP_TIMING, type StepTiming } from './step-watch.ts';

export type CommissionVerbOptions = {
  /** The meter's id in the site file. */
  readonly meter: string;
  readonly site: string;
  /** A file with the answers, instead of a person at the terminal. */
  readonly answers?: string;
  readonly who?: string;
  readonly apply: boolean;
  readonly json: boolean;
  /** Another pace than a person's, for whoever switches loads by program. */
  readonly timing?: StepTiming;
};

/** Where questions are asked when they are not answered by a file. */
export type Person = {
  readonly input: NodeJS.ReadableStream;
  readonly output: NodeJS.WritableStream;
  readonly interrupt: () => void;
};

type Ended = {
  readonly tests: readonly ToldTest[];
  readonly findings: readonly Finding[];
  readonly analysis: Commissioning;
};

/**
 * 0: what was tested is in order, or has been put in order; 1: something is to be mended, tested again or changed in the site file, or the
 * meter was not read, or the person broke it off (then nothing is recorded); 2: wrong usage.
 */
export async function runCommissionVerb(options: CommissionVerbOptions, io: Io, person: Person): Promise<ExitCode> {
  const complain = (lines: readonly string[], code: ExitCode): ExitCode => {
    for (const line of lines) io.err(`busbar commission: ${line}`);
    return code;
  };
  const found = findSiteMeter(options.site, options.meter);
  if (!found.ok) return complain(found.lines, found.code);
  const aimed = findTarget([options.meter], { site: options.site });
  if (!aimed.ok) return complain(aimed.lines, aimed.code);
  const text = readSiteText(options.site);
  if (!text.ok) return complain([describeFault(text.fault)], 1);
  const records = readRecords(options.site);
  if (!records.ok) return complain([records.fault], 1);
  const answers = options.answers === undefined ? undefined : answersFromFile(options.answers);
  if (answers && !answers.ok) return complain([answers.fault], 1);
  const questions = answers?.questions ?? questionsAt(person.input, person.output, person.interrupt);
  const clock = systemClock(anchorClock());
  const link = new ModbusLink(
    { clock, random: systemRandom },
    aimed.target.endpoint,
    {},
    undefined,
    aimed.target.wireBaud,
  );
  const close = () => void link.close();
  io.signal.addEventListener('abort', close, { once: true });
  const doing: Doing = {
    clock,
    source: new MeterSource(clock, link, aimed.target),
    questions,
    timing: options.timing ?? STEP_TIMING,
    say: options.json ? io.err : io.out,
    io,
  };
  try {
    return await commission(
      { options, subject: found, target: aimed.target, text: text.text, records: records.records, link },
      doing,
    );
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    if (!io.signal.aborted) io.err(`${aimed.target.title}: ${adviseOn(error, aimed.target)}`);
    io.err('Broken off: nothing is recorded.');
    return 1;
  } finally {
    io.signal.removeEventListener('abort', close);
    questions.close();
    await link.close();
  }
}

type Work = {
  readonly options: CommissionVerbOptions;
  readonly subject: Subject;
  readonly target: MeterTarget;
  /** Of the site file, as it was when we began. */
  readonly text: string;
  readonly records: readonly CommissionRecord[];
  readonly link: ModbusLink;
};

async function commission(work: Work, doing: Doing): Promise<ExitCode> {
  const { options, subject, target } = work;
  const { say, io, questions, clock } = doing;
  say(`Commissioning of ${target.title}`);
  const by = options.who ?? (await nameOf(questions, io));
  if (io.signal.aborted) throw new AppError('METER_CLOSED', 'broken off');
  say('\n1. What the meter says now, with the settings of the site file');
  const ident = await identOf(work.link.unit(target.unitId, subject.profile.gapMs), subject.profile);
  if (ident !== 'another') for (const reason of ident.reasons) say(`  ${reason}`);
  const seen = await look(subject, ident, doing);
  say('\n2. Known loads show phases, direction and ratio');
  const tests = await testLoads(subject, seen, doing);
  const ended = judgeTests(tests, seen, subject);
  for (const finding of ended.findings) say(findingLine(finding));
  say('\n3. The display');
  const display = io.signal.aborted ? undefined : await askDisplay(subject, seen, doing);
  if (display) say(`  ${display.text}`);
  if (io.signal.aborted) throw new AppError('METER_CLOSED', 'broken off');
  const off: Finding[] =
    display && !display.isSame ? [{ code: 'display-differs', weight: 'repeat', text: display.text }] : [];
  const findings = [...seen.findings, ...ended.findings, ...off];
  const settings = ended.analysis.wiring && settingsFor(ended.analysis.wiring, subject.meter);
  const patch = settings === undefined ? [] : patchFor(work.text, subject.meter.id, settings);
  const isApplied = patch.length > 0 && (await offer(patch, { work, doing, seen, ended }));
  const verdict = verdictOf(findings, patch, isApplied, ended.analysis.tested.length < seen.present.phases.length);
  const record: CommissionRecord = {
    at: new Date(clock.wall()).toISOString(),
    by,
    meter: subject.meter.id,
    profile: subject.profile.id,
    verdict,
    ...recorded(work, { seen, ident, tests, findings, patch, isApplied, ...(display && { display }) }),
  };
  addRecord(options.site, work.records, record);
  if (options.json) io.out(JSON.stringify(record));
  say(`\nVerdict: ${WORDS[verdict]} Recorded in ${recordFileOf(options.site)}.`);
  return verdict === 'open' ? 1 : 0;
}

const WORDS: { readonly [V in CommissionRecord['verdict']]: string } = {
  passed: 'in order.',
  incomplete: 'in order as far as it was tested; loads on the other phases are still to come.',
  open: 'not in order yet; mend what is named above and commission again.',
};

async function nameOf(questions: Questions, io: Io): Promise<string> {
  const name = await questions.ask('who', 'Your name, for the record (empty: the name of this login):', io.signal);
  return name === '' ? userInfo().username : name;
}

function judgeTests(tests: readonly ToldTest[], { present }: Look, { site, profile }: Subject): Ended {
  const knowsDirection =
    profile.currentSign === 'signed' || profile.points.p_l1 !== undefined || profile.points.p_l1_pos !== undefined;
  // A load that came and did not go when it was switched off was something else.
  const gone = tests.filter(({ isGone }) => isGone);
  const analysis = analyse(gone, present, { nominalVolts: site.nominalVolts, knowsDirection });
  const stays = tests.filter(({ isGone }) => !isGone);
  const findings: readonly Finding[] = stays.map(({ load }) => ({
    code: 'load-stays',
    weight: 'repeat',
    text: `"${load.text}" came and did not go again when it was switched off: it proves nothing; something else may have been switched`,
  }));
  return { tests, analysis, findings: [...analysis.findings, ...findings] };
}

/** Shows the change of the site file, and with --apply writes it after a yes. True when the file now says it. */
async function offer(
  patch: readonly PatchStep[],
  {
    work,
    doing,
    seen,
    ended,
  }: { readonly work: Work; readonly doing: Doing; readonly seen: Look; readonly ended: Ended },
): Promise<boolean> {
  const { options, subject } = work;
  const { say, questions, io, clock } = doing;
  const wiring = ended.analysis.wiring!;
  const { voltageFactor } = subject.meter;
  const count = wiring.phases.length;
  const reading = channelReading(seen.shot.values, subject.profile, {
    count,
    voltageFactor,
    nominalVolts: subject.site.nominalVolts,
  });
  say(`\n4. The site file should say (JSON patch for ${options.site})\n${patchLines(patch)}`);
  if (reading)
    say(
      `With it the first reading of today would have been\n${readingTable(applyWiring(wiring, reading), wiring.phases.toSorted())}`,
    );
  const changed = patchText(work.text, options.site, patch);
  if (!changed.ok) {
    for (const fault of changed.faults) io.err(`With this change the site file would have a fault: ${fault}`);
    return false;
  }
  if (!options.apply) {
    say('Change it by hand, or let --apply write it. Then commission again.');
    return false;
  }
  const backup = `${options.site}.${new Date(clock.wall()).toISOString().replaceAll(/[:.]/g, '-')}.bak`;
  const answer = await questions.ask(
    'apply',
    `Write this into ${options.site}? The file of now is kept as ${backup}. Type yes:`,
    io.signal,
  );
  if (answer.toLowerCase() !== 'yes') {
    say('Not written.');
    return false;
  }
  const now = readSiteText(options.site);
  if (!now.ok || now.text !== work.text) {
    io.err(`${options.site} has changed since we began: nothing is written. Commission again.`);
    return false;
  }
  writeWithBackup(options.site, backup, changed.text);
  say('Written. A running controller takes it over on SIGHUP (docs/operations.md).');
  return true;
}

function verdictOf(
  findings: readonly Finding[],
  patch: readonly PatchStep[],
  isApplied: boolean,
  isPartial: boolean,
): CommissionRecord['verdict'] {
  const isOpen = findings.some(({ weight }) => weight === 'wires' || weight === 'repeat');
  if (isOpen || (patch.length > 0 && !isApplied)) return 'open';
  return isPartial ? 'incomplete' : 'passed';
}

function recorded(
  { subject, target }: Work,
  parts: {
    readonly seen: Look;
    readonly ident: Ident;
    readonly tests: readonly ToldTest[];
    readonly findings: readonly Finding[];
    readonly patch: readonly PatchStep[];
    readonly isApplied: boolean;
    readonly display?: object;
  },
) {
  const { factor, phases, invertPhases }: WiringSettings = subject.meter;
  const { shot } = parts.seen;
  return {
    place: target.title,
    ident: parts.ident === 'another' ? ['another meter'] : parts.ident.reasons,
    settings: { factor, ...(phases && { phases }), ...(invertPhases && { invertPhases }) },
    firstReading: { ...shot.sample, ...(shot.doubt !== undefined && { doubt: shot.doubt }) },
    tests: parts.tests,
    ...(parts.display && { display: parts.display }),
    findings: parts.findings,
    patch: parts.patch,
    applied: parts.isApplied,
  };
}
