// Reads a pattern through the fault proxy for as long as wanted and counts what came out: right, wrong, or an error by name.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from '../../src/engine/app-error.ts';
import { ModbusLink } from '../../src/modbus/register-reader.ts';
import { seededRandom } from '../../src/simulator/seeded-random.ts';
import { type FaultProxy, freePort, startChild, startFaultProxy } from './children.ts';
import { type Framing, type PlannedFault, plannedFaults } from './modbus-faults.ts';
import { realSurroundings, rtuOverTcpAt, tcpAt } from './modbus-world.ts';
import { serveModbus } from './raw-modbus-server.ts';

export type LaneOptions = {
  readonly framing: Framing;
  readonly peer: 'raw' | 'pymodbus';
  readonly reads: number;
  readonly seed: number;
  /** A fault is set before every so many reads, in shuffled order, each as often as the others. */
  readonly faultEvery: number;
  /** Milliseconds in which this process got no turn from the machine: they wedge no link. */
  readonly pausedMs?: () => number;
  /** Called after each read. */
  readonly onRead?: (read: number) => void;
};

export type FaultTally = { struck: number; errors: number; wrong: number; worstRecoveryMs: number };
export type LaneResult = {
  right: number;
  wrong: number;
  readonly errors: { [code: string]: number };
  readonly faults: { [name: string]: FaultTally };
  /** The longest time from the end of a fault to the next right read. */
  worstRecoveryMs: number;
};

const UNITS = 3;
const PYTHON = '/usr/bin/python3';
/** As the product has it; a lane that were faster would not meet the silences and rests as they are. */
const DEADLINE_MS = { mbap: 300, rtu: 500 } as const;
const KNOWN = ['METER_CONNECT', 'METER_TIMEOUT', 'METER_FRAME', 'METER_CLOSED', 'METER_EXCEPTION'];

const wordsAt = (unitId: number, functionCode: number, address: number, count: number) =>
  Array.from({ length: count }, (_, at) => ((address + at) * 31 + unitId * 7 + functionCode * 1_009) & 0xffff);

/** Why there can be no pymodbus here; absent when there can. */
export const noPymodbus = (): string | undefined => (existsSync(PYTHON) ? undefined : `no ${PYTHON}`);

async function startPeer({ framing, peer }: LaneOptions) {
  if (peer === 'raw') return serveModbus(wordsAt, framing);
  const port = await freePort();
  const script = join(import.meta.dirname, 'pattern-device.py');
  const child = await startChild(PYTHON, [script, framing, String(port), String(UNITS)]);
  return { port, close: child.stop };
}

/** One link, one proxy, one device. Throws on an error that has no name of ours. */
export async function runLane(options: LaneOptions): Promise<LaneResult> {
  const { framing, seed } = options;
  const peer = await startPeer(options);
  const proxy = await startFaultProxy(peer.port, framing);
  const at = framing === 'mbap' ? tcpAt : rtuOverTcpAt;
  const link = new ModbusLink(realSurroundings(seed), at(proxy.port));
  try {
    return await readThrough(link, proxy, options);
  } finally {
    await link.close();
    await proxy.stop();
    await peer.close();
  }
}

async function readThrough(link: ModbusLink, proxy: FaultProxy, options: LaneOptions): Promise<LaneResult> {
  const { clock } = realSurroundings();
  const { pausedMs = () => 0 } = options;
  const random = seededRandom(options.seed);
  const below = (bound: number) => Math.floor(random.next('campaign') * bound);
  const result: LaneResult = { right: 0, wrong: 0, errors: {}, faults: {}, worstRecoveryMs: 0 };
  const faults = plannedFaults(options.framing, DEADLINE_MS[options.framing]);
  let deck: PlannedFault[] = [];
  let current:
    | { readonly planned: PlannedFault; left: number; over?: { readonly at: number; readonly pausedMs: number } }
    | undefined;
  const tally = (name: string) => tallyOf(result, name);

  for (let read = 0; read < options.reads; read++) {
    if (current === undefined && read % options.faultEvery === 0) {
      if (deck.length === 0) deck = [...faults];
      const planned = deck.splice(below(deck.length), 1)[0]!;
      await proxy.set(planned.fault);
      tally(planned.name).struck++;
      current = { planned, left: planned.reads };
    }
    const outcome = await readOnce(link, below, result);
    if (current) {
      const entry = tally(current.planned.name);
      if (outcome !== 'right') entry.errors++;
      if (outcome === 'wrong') entry.wrong++;
      if (current.left > 0 && --current.left === 0) {
        await proxy.set({ mode: 'pass' });
        current.over = { at: clock.now(), pausedMs: pausedMs() };
      }
      if (current.over !== undefined && outcome === 'right') {
        const tookMs = Math.max(0, Math.round(clock.now() - current.over.at - (pausedMs() - current.over.pausedMs)));
        entry.worstRecoveryMs = Math.max(entry.worstRecoveryMs, tookMs);
        result.worstRecoveryMs = Math.max(result.worstRecoveryMs, tookMs);
        current = undefined;
      }
    }
    // A refusal comes at once: a poll would not ask again at once.
    if (outcome !== 'right') await clock.sleep('campaign.poll', POLL_AGAIN_MS);
    options.onRead?.(read);
  }
  return result;
}

const POLL_AGAIN_MS = 20;

/** Of changing unit, function, place and length. */
async function readOnce(
  link: ModbusLink,
  below: (bound: number) => number,
  result: LaneResult,
): Promise<'right' | 'wrong' | 'error'> {
  const [unitId, functionCode, address] = [1 + below(UNITS), below(2) === 0 ? 3 : 4, below(60_000)] as const;
  // Mostly one of few lengths: a stale reply of another length would be caught too easily.
  const count = below(4) === 0 ? 1 + below(125) : below(3) === 0 ? 18 : 2;
  try {
    const words = await link.unit(unitId).read(functionCode, address, count);
    const isRight = words.join() === wordsAt(unitId, functionCode, address, count).join();
    result[isRight ? 'right' : 'wrong']++;
    return isRight ? 'right' : 'wrong';
  } catch (error) {
    if (!(error instanceof AppError) || !KNOWN.includes(error.code)) throw error;
    result.errors[error.code] = (result.errors[error.code] ?? 0) + 1;
    return 'error';
  }
}

function tallyOf({ faults }: LaneResult, name: string): FaultTally {
  faults[name] ??= { struck: 0, errors: 0, wrong: 0, worstRecoveryMs: 0 };
  return faults[name];
}

/** The results of several lanes as one. */
export function sumOf(lanes: readonly LaneResult[]): LaneResult {
  const sum: LaneResult = { right: 0, wrong: 0, errors: {}, faults: {}, worstRecoveryMs: 0 };
  for (const lane of lanes) {
    sum.right += lane.right;
    sum.wrong += lane.wrong;
    sum.worstRecoveryMs = Math.max(sum.worstRecoveryMs, lane.worstRecoveryMs);
    for (const [code, count] of Object.entries(lane.errors)) sum.errors[code] = (sum.errors[code] ?? 0) + count;
    for (const [name, { struck, errors, wrong, worstRecoveryMs }] of Object.entries(lane.faults)) {
      const entry = tallyOf(sum, name);
      entry.struck += struck;
      entry.errors += errors;
      entry.wrong += wrong;
      entry.worstRecoveryMs = Math.max(entry.worstRecoveryMs, worstRecoveryMs);
    }
  }
  return sum;
}
