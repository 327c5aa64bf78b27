// `busbar meter --watch`: a picture redrawn in place on a terminal, a line a reading elsewhere, JSON where asked; it stops when the person does.

import type { Clock } from '../engine/ports.ts';
import type { ExitCode, Io } from './io.ts';
import { adviseOn } from './meter-advice.ts';
import type { Attempt, MeterSource } from './meter-source.ts';
import type { MeterTarget } from './meter-target.ts';
import { shotAsJson, shotAsLine } from './meter-text.ts';
import { registersAsText } from './register-text.ts';
import { frameText, NOTHING_WATCHED, type Watched, watchedFailure, watchedRead } from './watch-frame.ts';

type WatchOptions = { readonly rating?: number; readonly raw: boolean; readonly json: boolean };
type Watching = { readonly source: MeterSource; readonly target: MeterTarget; readonly clock: Clock };

export const WATCH_EVERY_MS = 1_000;
// Home, then each line is overwritten and its rest erased, then all below: nothing is ever blank, so nothing flickers.
const HOME = '\u001b[H';
const ERASE_LINE = '\u001b[K';
const ERASE_BELOW = '\u001b[J';
const CLEAR = '\u001b[2J';
const HIDE_CURSOR = '\u001b[?25l';
const SHOW_CURSOR = '\u001b[?25h';

/** Reads each second until `io.signal` aborts; a read that takes longer delays the next. Always 0: the person ends it. */
export async function watchMeter(watching: Watching, options: WatchOptions, io: Io): Promise<ExitCode> {
  const { source, clock } = watching;
  const isRedrawn = io.isTerminal && !options.json;
  if (isRedrawn) io.out(`${HIDE_CURSOR}${CLEAR}${HOME}`);
  let watched = NOTHING_WATCHED;
  let next = clock.now();
  try {
    while (!io.signal.aborted) {
      const attempt = await source.read();
      if (io.signal.aborted) break;
      watched =
        attempt.kind === 'read'
          ? watchedRead(watched, attempt.shot, attempt.readMs)
          : watchedFailure(watched, adviseOn(attempt.error, watching.target));
      if (isRedrawn) redraw(watching, watched, options, io);
      else tellLine(watching, attempt, watched, options, io);
      next = Math.max(next + WATCH_EVERY_MS, clock.now());
      await clock.sleep('meter.watch', next - clock.now(), io.signal);
    }
  } finally {
    if (isRedrawn) io.out(SHOW_CURSOR);
  }
  return 0;
}

function redraw({ target, clock }: Watching, watched: Watched, options: WatchOptions, io: Io): void {
  const { last } = watched;
  const ageMs = last ? clock.now() - last.shot.measuredAt : 0;
  const frame = frameText(target.title, watched, ageMs, options.rating ?? target.ratingAmps);
  const text = options.raw && last ? `${frame}\n${registersAsText(last.shot, target.profile)}` : frame;
  io.out(`${HOME}${text.replaceAll('\n', `${ERASE_LINE}\n`)}${ERASE_LINE}\n${ERASE_BELOW}`);
}

function tellLine(
  { target, clock }: Watching,
  attempt: Attempt,
  watched: Watched,
  options: WatchOptions,
  io: Io,
): void {
  const { profile, unitId } = target;
  const tries = { reads: watched.reads, failed: watched.failed };
  if (attempt.kind === 'unread') {
    const { error } = attempt;
    const trouble = { error: error.code, detail: error.message };
    if (options.json) io.out(JSON.stringify({ profile: profile.id, unitId, ...trouble, ...tries }));
    io.err(`${target.title}: ${adviseOn(error, target)}`);
    return;
  }
  const { shot, readMs, ageMs } = attempt;
  if (options.json) {
    io.out(JSON.stringify({ profile: profile.id, unitId, ageMs, readMs, ...tries, ...shotAsJson(shot, options.raw) }));
    return;
  }
  const at = new Date(clock.wall()).toISOString();
  io.out(`${at} ${shotAsLine(shot, ageMs, readMs)}${shot.doubt === undefined ? '' : `, not believed: ${shot.doubt}`}`);
  if (options.raw) io.out(registersAsText(shot, profile));
}
