// `busbar meter`: reads a real meter with a profile for the person who commissions it; it only reads, and shows also what it doubts.

import { ModbusLink } from '../modbus/register-reader.ts';
import { anchorClock, systemClock, systemRandom } from '../system/clock.ts';
import type { ExitCode, Io } from './io.ts';
import { adviseOn } from './meter-advice.ts';
import { type Attempt, MeterSource } from './meter-source.ts';
import { findTarget, type MeterTarget, type TargetOptions } from './meter-target.ts';
import { shotAsJson, shotAsText } from './meter-text.ts';
import { watchMeter } from './meter-watch.ts';
import { profileNotes } from './profile-notes.ts';
import { registersAsText } from './register-text.ts';

export type MeterVerbOptions = TargetOptions & {
  /** Profile and address; with `site` the meter's id alone. */
  readonly words: readonly string[];
  readonly watch: boolean;
  /** Amperes that a full bar stands for. */
  readonly rating?: number;
  readonly raw: boolean;
  readonly json: boolean;
};

/**
 * Reads once, or each second until `io.signal` aborts. 0: read and believed (watching: interrupted by the person); 1: no reading, or one
 * that the controller would refuse; 2: wrong usage, or no such profile.
 */
export async function runMeterVerb(options: MeterVerbOptions, io: Io): Promise<ExitCode> {
  const found = findTarget(options.words, options);
  if (!found.ok) {
    for (const line of found.lines) io.err(`busbar meter: ${line}`);
    return found.code;
  }
  const { target } = found;
  const clock = systemClock(anchorClock());
  const link = new ModbusLink({ clock, random: systemRandom }, target.endpoint, {}, undefined, target.wireBaud);
  const closeLink = () => void link.close();
  io.signal.addEventListener('abort', closeLink, { once: true });
  if (io.signal.aborted) closeLink();
  try {
    const source = new MeterSource(clock, link, target);
    if (options.watch) return await watchMeter({ source, target, clock }, options, io);
    return tellOnce(await source.read(), target, options, io);
  } finally {
    io.signal.removeEventListener('abort', closeLink);
    await link.close();
  }
}

/** Trouble with the meter is told, not thrown. */
function tellOnce(attempt: Attempt, target: MeterTarget, options: MeterVerbOptions, io: Io): ExitCode {
  const { profile, unitId, title } = target;
  if (attempt.kind === 'unread') {
    // The person pressed Ctrl-C: that is no trouble of the meter's.
    if (io.signal.aborted) return 1;
    if (options.json)
      io.out(JSON.stringify({ profile: profile.id, unitId, error: attempt.error.code, detail: attempt.error.message }));
    io.err(`${title}: ${adviseOn(attempt.error, target)}`);
    return 1;
  }
  const { shot, ageMs } = attempt;
  if (options.json) {
    io.out(JSON.stringify({ profile: profile.id, unitId, ageMs, ...shotAsJson(shot, options.raw) }));
    return shot.doubt === undefined ? 0 : 1;
  }
  io.out(`${title}\n${shotAsText(shot, ageMs)}`);
  if (options.raw) io.out(registersAsText(shot, profile));
  if (shot.doubt !== undefined) io.err(`The controller would not believe this reading: ${shot.doubt}.`);
  for (const note of profileNotes(profile)) io.err(`note: ${note}`);
  return shot.doubt === undefined ? 0 : 1;
}
