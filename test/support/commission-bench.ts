// A switch room for tests of `busbar commission`: a meter whose wires run as they like, a site file that says what it likes, and loads that are
// switched when the verb asks for it.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { onTestFinished } from 'vitest';
import { parseKnownLoad } from '../../src/core/metering/known-load.ts';
import type { MeterWiring } from '../../src/core/model/meter-wiring.ts';
import { mapPhases, type PhaseAmps } from '../../src/core/model/units.ts';
import { registersOf } from '../../src/simulator/meter-registers.ts';
import { type CommissionVerbOptions, type Person, runCommissionVerb } from '../../src/wiring/commission-verb.ts';
import type { Io } from '../../src/wiring/io.ts';
import { rawSite } from '../config/support.ts';
import { profileOf } from './meter-vectors.ts';
import { type Answer, serveModbus } from './raw-modbus-server.ts';

/** It needs no silence between two requests, so that tests are quick. */
export const PROFILE = 'block-19000';
const VOLTS = 230;
/** The loads that are said are those of a meter that counts a power factor of 0.99. */
const POWER_FACTOR = 0.99;
export const TEST_TIMING = { everyMs: 15, patienceMs: 1_500 };
const NOBODY: Person = { input: new PassThrough(), output: new PassThrough(), interrupt: () => {} };

/** A meter with these wires, as a server; what the grid carries may change at any time. */
export async function meterWithWires(
  wires: MeterWiring,
  base: PhaseAmps = { L1: 6, L2: 2, L3: 9 },
  profileId = PROFILE,
) {
  const profile = profileOf(profileId);
  let amps = base;
  let ripple = 0;
  let spoil: (words: ReadonlyMap<number, number>) => ReadonlyMap<number, number> = (words) => words;
  let isSilent = false;
  const server = await serveModbus((_, functionCode, address, count): Answer => {
    if (isSilent) return undefined;
    if (functionCode !== profile.functionCode) return { exception: 1 };
    // Never twice the same, as on a living grid.
    const volts = VOLTS * (1 + 0.0002 * (ripple++ % 5));
    const grid = { amps, volts: mapPhases(() => volts), hertz: 50, importWh: 1_000_000 };
    const words = spoil(registersOf(profile, wires, grid));
    return Array.from({ length: count }, (_, at) => words.get(address + at) ?? 0);
  });
  onTestFinished(server.close);
  return {
    profile,
    port: server.port,
    requests: server.requests,
    /** A load as `busbar commission` is told of it. */
    switchLoad: (text: string, isOn: boolean) => {
      const parsed = parseKnownLoad(text, [], VOLTS);
      if (parsed.kind === 'refused') throw new Error(parsed.expected);
      const { watts, phases } = parsed.load;
      const more = watts / phases.length / VOLTS / POWER_FACTOR;
      amps = mapPhases((phase) => base[phase] + (isOn && phases.includes(phase) ? more : 0));
    },
    spoil: (way: typeof spoil) => {
      spoil = way;
    },
    silence: (yes: boolean) => {
      isSilent = yes;
    },
  };
}

/** A folder of its own with a site whose meter `main` is at `port`; gone after the test. */
export function siteFolder(port: number, meter: object = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'busbar-commission-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const raw = rawSite();
  raw.meters = [{ id: 'main', profile: PROFILE, host: '127.0.0.1', port, mayExport: true, ...meter }];
  const site = join(folder, 'yard.json');
  writeFileSync(site, JSON.stringify(raw, undefined, 2));
  const read = (file: string) => JSON.parse(readFileSync(join(folder, file), 'utf8'));
  return {
    folder,
    site,
    read,
    records: () => read('yard.commissioning.json').records,
    answers: (answers: object) => {
      const file = join(folder, 'answers.json');
      writeFileSync(file, JSON.stringify(answers));
      return file;
    },
  };
}

/** Calls the verb; `onLine` hears each line as it is told. */
export async function commission(
  options: Partial<CommissionVerbOptions> & { readonly site: string },
  onLine: (line: string) => void = () => {},
  { signal = new AbortController().signal, person = NOBODY } = {},
) {
  const out: string[] = [];
  const err: string[] = [];
  const hear = (lines: string[]) => (line: string) => {
    lines.push(line);
    onLine(line);
  };
  const io: Io = { out: hear(out), err: hear(err), isTerminal: false, signal };
  const all = { meter: 'main', apply: false, json: false, timing: TEST_TIMING, ...options };
  return { code: await runCommissionVerb(all, io, person), out: out.join('\n'), err: err.join('\n') };
}

/** Switches the loads as the verb asks, in this order. */
export function obedient(switchLoad: (text: string, isOn: boolean) => void, loads: readonly string[]) {
  let at = 0;
  return (line: string) => {
    if (line.startsWith('Switch it ON')) switchLoad(loads[at]!, true);
    if (line.startsWith('Switch it OFF')) switchLoad(loads[at++]!, false);
    // A load that nobody saw is not asked to go.
    if (line.includes('nothing moved')) switchLoad(loads[at++]!, false);
  };
}
