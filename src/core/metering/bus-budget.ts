// How much of a line its meters take, by the bytes of their requests and the silences between; numbers only, nothing is measured.

import type { MeterProfile } from '../model/meter-profile.ts';
import type { ModbusEndpoint } from '../model/site.ts';
import { planReads, SLOW_EVERY_MS } from './block-plan.ts';
import { frameGapMs, lineOf, wireMs } from './line-time.ts';

/** From the end of a request to the begin of the reply: what meters on the market mostly take. */
export const TURNAROUND_MS = 25;
/** Above this share of its time a line has no room for a lost reply. */
export const WARN_SHARE = 0.7;
/** The question between two requests whose replies could be taken for each other. */
const QUESTION_REGISTERS = 2;
/** Unit id, function code and byte count of a reply. */
const REPLY_HEAD_BYTES = 3;

export type BusMeter = {
  readonly id: string;
  readonly profile: Pick<MeterProfile, 'points' | 'read' | 'maxRegisters' | 'gapMs'>;
  readonly pollMs: number;
};

export type MeterCost = {
  readonly id: string;
  readonly pollMs: number;
  /** Bytes on the line in one poll, both ways. */
  readonly bytes: number;
  /** Milliseconds in which the line serves nobody else, in one poll; a slow block counts with its part. */
  readonly busyMs: number;
};

export type BusBudget = {
  readonly meters: readonly MeterCost[];
  /** Of the line's time; above 1 it cannot be done. */
  readonly share: number;
  /** Polls of all its meters at this interval fill the line to `WARN_SHARE`: what it sustains. */
  readonly sustainedPollMs: number;
};

/**
 * The budget of one line. `wireBaud`: of the serial line behind a gateway, where it is known; unknown, the bytes count as no time and the
 * budget is what is needed at least.
 */
export function busBudget(
  { endpoint, wireBaud }: { readonly endpoint: ModbusEndpoint; readonly wireBaud?: number | undefined },
  meters: readonly BusMeter[],
): BusBudget {
  const line = lineOf(endpoint, wireBaud);
  const hasTransactions = endpoint.transport === 'tcp' || endpoint.transport === 'udp';
  const costs = meters.map(({ id, profile, pollMs }) => {
    const { fast, slow } = planReads(profile);
    const counts = fast.map(([, count]) => count);
    // Alone on its line it follows itself: its last request is answered right before its first one.
    const pairs = counts.map((count, at) => [
      counts[at - 1] ?? (meters.length === 1 ? counts.at(-1) : undefined),
      count,
    ]);
    const questions = hasTransactions ? 0 : pairs.filter(([before, count]) => before === count).length;
    const apartMs = Math.max(profile.gapMs, frameGapMs(endpoint)) + TURNAROUND_MS;
    const costMs = (count: number) => (line ? wireMs(replyBytes(count), line) : 0) + apartMs;
    const all = [...counts, ...new Array<number>(questions).fill(QUESTION_REGISTERS)];
    const fastMs = all.reduce((sum, count) => sum + costMs(count), 0);
    const slowMs = Math.max(0, ...slow.map(([, count]) => costMs(count)));
    return {
      id,
      pollMs,
      bytes: all.reduce((sum, count) => sum + frameBytes(count), 0),
      busyMs: fastMs + slowMs * Math.min(1, pollMs / SLOW_EVERY_MS),
      fastMs,
      slowMs,
    };
  });
  return {
    meters: costs.map(({ id, pollMs, bytes, busyMs }) => ({ id, pollMs, bytes, busyMs })),
    share: costs.reduce((sum, { busyMs, pollMs }) => sum + busyMs / pollMs, 0),
    sustainedPollMs: Math.ceil(sustained(costs)),
  };
}

/** Slow blocks come every `SLOW_EVERY_MS`, or with each poll where polls are rarer than that. */
function sustained(costs: readonly { readonly fastMs: number; readonly slowMs: number }[]): number {
  const fastMs = costs.reduce((sum, cost) => sum + cost.fastMs, 0);
  const slowMs = costs.reduce((sum, cost) => sum + cost.slowMs, 0);
  const leftShare = WARN_SHARE - slowMs / SLOW_EVERY_MS;
  const oftenMs = leftShare > 0 ? fastMs / leftShare : Number.POSITIVE_INFINITY;
  return oftenMs <= SLOW_EVERY_MS ? oftenMs : Math.max(SLOW_EVERY_MS, (fastMs + slowMs) / WARN_SHARE);
}

const replyBytes = (count: number) => REPLY_HEAD_BYTES + 2 * count;
/** A request of 8 bytes, and a reply with its checksum. */
const frameBytes = (count: number) => 8 + replyBytes(count) + 2;
