// `busbar simulate`: hours of a site in seconds, on a virtual clock, with faults; when a law breaks, the shortest script that breaks it.

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { readLoadSeries } from '../simulator/load-series.ts';
import type { BaseLoadKind, FaultLevel, Script } from '../simulator/script.ts';
import { readScript, writeScriptText } from '../simulator/script-form.ts';
import { shrinkScript } from '../simulator/shrink-script.ts';
import { RUN_STARTS_AT, writeScript } from '../simulator/write-script.ts';
import { anchorClock, systemClock } from '../system/clock.ts';
import { loadOrTell } from './controller-run.ts';
import type { ExitCode, Io } from './io.ts';
import { progressText, reportText } from './simulation/report-text.ts';
import { type SimulationReport, type Stage, setStage, simulate } from './simulation/simulate.ts';
import { busbarVersion } from './version.ts';

/** Happenings of a shortened script that are shown; all are in the file. */
const SHOWN_HAPPENINGS = 20;

export type SimulateVerbOptions = {
  readonly site: string;
  readonly hours: number;
  readonly seed: number;
  readonly faults: FaultLevel;
  /** `walk`, `office`, `flat`, or `FILE:COLUMN` of a measured series. */
  readonly baseLoad?: string;
  /** A script that an earlier run has kept; it decides on hours, seed, faults and base load. */
  readonly replay?: string;
  /** Where the script of a failure is kept; absent: `simulate-<site>-<seed>.json` where the command runs. */
  readonly keep?: string;
  /** Runs that may be spent on shortening a failure. */
  readonly shrinkRuns: number;
  /** A file that gets every event of the trace as a line. */
  readonly trace?: string;
  readonly json: boolean;
};

/** 0: every law held; 1: one was broken, or the input has faults. */
export async function runSimulateVerb(options: SimulateVerbOptions, io: Io): Promise<ExitCode> {
  const site = loadOrTell(options.site, io);
  if (!site) return 1;
  const script = scriptOf(options, site, io);
  if (!script) return 1;
  const stage = await setStage(site);
  const clock = systemClock(anchorClock());
  const startedAt = clock.now();
  const lines: string[] = [];
  const report = await simulate(stage, script, {
    signal: io.signal,
    onHours: (hours) => io.err(progressText(hours, script.hours, clock.now() - startedAt)),
    ...(options.trace === undefined ? {} : { onTraceLine: (line: string) => void lines.push(line) }),
  });
  const seconds = (clock.now() - startedAt) / 1_000;
  if (options.trace !== undefined) writeFileSync(options.trace, `${lines.join('\n')}\n`);
  const version = busbarVersion();
  if (options.json) io.out(JSON.stringify({ version, ...report }));
  else io.out(reportText(report, { version, seconds, siteName: site.name }));
  if (report.violations.count === 0) return report.isWhole ? 0 : 1;
  await keepShortest(stage, script, report, { ...options, version }, io);
  return 1;
}

/** The script to play, or undefined after every fault was told. */
function scriptOf(options: SimulateVerbOptions, site: Stage['site'], io: Io): Script | undefined {
  if (options.replay !== undefined) {
    const read = readScript(readFileSync(options.replay, 'utf8'));
    if (read.ok && read.script.site === site.id) return read.script;
    if (read.ok) io.err(`${options.replay}: site: it is a script of "${read.script.site}", expected "${site.id}"`);
    else
      for (const { path, value, expected } of read.faults)
        io.err(`${options.replay}: ${path}: ${value}, expected ${expected}`);
    return undefined;
  }
  const baseLoad = baseLoadOf(options.baseLoad, io);
  if (baseLoad === 'faulty') return undefined;
  const { hours, seed, faults } = options;
  return writeScript({ site, hours, seed, faults, ...(baseLoad === undefined ? {} : { baseLoad }) });
}

function baseLoadOf(text: string | undefined, io: Io): BaseLoadKind | undefined | 'faulty' {
  if (text === undefined) return undefined;
  if (text === 'walk' || text === 'office') return { kind: text };
  if (text === 'flat') return { kind: 'flat', part: 0.5 };
  const [file = '', column = ''] = text.split(/:(?=[^:]*$)/);
  if (!existsSync(file)) {
    io.err(`--base-load: ${text}, expected walk, office, flat, or FILE:COLUMN with a table of measured values`);
    return 'faulty';
  }
  const bytes = readFileSync(file);
  const csv = (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
  const series = readLoadSeries(csv, { column });
  if (series.ok) return series.baseLoad;
  io.err(`--base-load: ${series.field}: ${series.value}, expected ${series.expected}`);
  return 'faulty';
}

/** Shortens the failure, keeps the script, and says how it is played again. */
async function keepShortest(
  stage: Stage,
  script: Script,
  { violations }: SimulationReport,
  options: SimulateVerbOptions & { readonly version: string },
  io: Io,
): Promise<void> {
  const [first] = violations.first;
  const broken = first?.checker;
  const shrunk =
    options.shrinkRuns > 0
      ? await shrinkScript(
          script,
          async (shorter) =>
            (await simulate(stage, shorter, { signal: io.signal })).violations.first.some(
              ({ checker }) => checker === broken,
            ),
          {
            maxRuns: options.shrinkRuns,
            ...(first === undefined ? {} : { failedAtMs: first.at - RUN_STARTS_AT }),
            onProgress: ({ runs, maxRuns, happenings, hours }) =>
              io.err(
                `simulate: shortening, run ${runs} of at most ${maxRuns}: ${happenings} happenings in ${hours.toFixed(2)} h`,
              ),
          },
        )
      : undefined;
  const kept = shrunk?.kind === 'shrunk' ? shrunk.script : script;
  const file = options.keep ?? `simulate-${stage.site.id}-${script.seed}.json`;
  writeFileSync(file, writeScriptText(kept));
  io.err(
    `Broken: ${broken}, seed ${script.seed}, version ${options.version}. The shortest script found has ${kept.happenings.length} of ${script.happenings.length} happenings:`,
  );
  for (const happening of kept.happenings.slice(0, SHOWN_HAPPENINGS)) io.err(`  ${JSON.stringify(happening)}`);
  if (kept.happenings.length > SHOWN_HAPPENINGS) io.err(`  … and ${kept.happenings.length - SHOWN_HAPPENINGS} more`);
  io.err(`It is kept in ${file}; play it again with: busbar simulate --site ${options.site} --replay ${file}`);
}
