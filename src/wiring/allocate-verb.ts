// `busbar allocate`: one decision for a situation written by hand or by a program; nothing is sent to anybody.

import { describeFault } from '../config/fault.ts';
import type { Solvers } from '../core/allocate/proposers.ts';
import { decide } from '../core/decide.ts';
import type { Decision } from '../core/model/decision.ts';
import type { Site } from '../core/model/site.ts';
import { describeReason, describeRemedy } from '../core/report/explain.ts';
import { loadOrTell } from './controller-run.ts';
import { decisionLines } from './decision-text.ts';
import type { ExitCode, Io } from './io.ts';
import { readSituation } from './situation-faults.ts';
import { memoryOf } from './situation-memory.ts';
import { situationJsonSchema } from './situation-schema.ts';
import { NOW, snapshotOf } from './situation-snapshot.ts';
import { loadSolvers } from './solvers.ts';

/** The longest situation read, in characters: thousands of EVSEs. */
export const MAX_INPUT_CHARS = 4 * 1024 * 1024;
/** Faults told at most; the first ones are what a person mends first. */
export const MAX_FAULTS_TOLD = 50;

export type AllocateVerbOptions = {
  /** Absent is wrong usage, unless only the schema is asked for. */
  readonly site?: string;
  readonly json: boolean;
  /** Prints the JSON Schema of situations and reads nothing. */
  readonly schema: boolean;
};

/** Reads a situation from `input`, prints the decision. 1 with located faults when site or situation have some. */
export async function runAllocateVerb(
  options: AllocateVerbOptions,
  input: AsyncIterable<unknown>,
  io: Io,
): Promise<ExitCode> {
  if (options.schema) {
    io.out(JSON.stringify(situationJsonSchema(), null, 2));
    return 0;
  }
  if (options.site === undefined) {
    io.err('busbar allocate: --site: got nothing, expected a site file (busbar allocate --help tells more)');
    return 2;
  }
  const site = loadOrTell(options.site, io);
  if (!site) return 1;
  const text = await readAll(input);
  if (text === undefined) {
    io.err(`standard input: got more than ${MAX_INPUT_CHARS} characters, expected one situation in JSON`);
    return 1;
  }
  const warn = (event: string, fields?: Readonly<Record<string, unknown>>) => io.err(`${event}: ${fields?.because}`);
  return allocateText(site, text, options.json, io, await loadSolvers(site, { info: () => {}, warn }));
}

/** The decision for the situation in `text` on a checked site, or its faults. */
export function allocateText(site: Site, text: string, asJson: boolean, io: Io, solvers: Solvers = {}): ExitCode {
  const read = readSituation(text, site);
  if (!read.ok) {
    for (const fault of read.faults.slice(0, MAX_FAULTS_TOLD)) io.err(describeFault(fault));
    const untold = read.faults.length - MAX_FAULTS_TOLD;
    if (untold > 0) io.err(`standard input: and ${untold} more`);
    return 1;
  }
  const decision = decide(site, snapshotOf(site, read.situation), memoryOf(site, read.situation), solvers);
  if (asJson) io.out(JSON.stringify(withSentences(site, decision), null, 2));
  else for (const line of decisionLines(site, decision, NOW)) io.out(line);
  return 0;
}

async function readAll(input: AsyncIterable<unknown>): Promise<string | undefined> {
  let text = '';
  for await (const chunk of input) {
    text += String(chunk);
    if (text.length > MAX_INPUT_CHARS) return undefined;
  }
  return text;
}

function withSentences(site: Site, { memory: _memory, ...rest }: Decision): object {
  return {
    ...rest,
    shares: rest.shares.map((share) => {
      const remedy = describeRemedy(share.reason, site, NOW);
      return {
        ...share,
        why: describeReason(share.reason, site, NOW),
        ...(remedy === undefined ? {} : { remedy }),
      };
    }),
  };
}
