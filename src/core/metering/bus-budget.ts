// How much of a line its meters take, by the bytes of their requests and the silences between; numbers only, nothing is measured.

import type { MeterProfile } from '../model/meter-profile.ts';
import type { ModbusEndpoint } from '../model/site-meters.ts';
import { planReads, SLOW_EVERY_MS } from './block-plan.ts';
import { frameGapMs, type LineSetting, lineOf, wireMs } from './line-time.ts';

/** From the end of a request to the begin of the reply: what meters on the market mostly take. */
export const TURNAROUND_MS = 25;
/** Above this share of its time a line has no room for a lost reply. */
export const WARN_SHARE = 0.7;
/** A reply is proved by a small question where one of the same length was asked for within this. */
export const PROOF_WITHIN_MS = 800;
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
  const place = { endpoint, line: lineOf(endpoint, wireBaud) };
  const costs = meters.map(({ id, profile, pollMs }): MeterCost => {
    const { bytes, fastMs, slowMs } = pollOf(place, profile, pollMs < PROOF_WITHIN_MS);
    return { id, pollMs, bytes, busyMs: fastMs + slowMs * Math.min(1, pollMs / SLOW_EVERY_MS) };
  });
  const sustainedMs = (isOften: boolean) => sustained(meters.map(({ profile }) => pollOf(place, profile, isOften)));
  // Polls that follow each other closely need proofs: either they fit all the same, or the first interval that needs none.
  const rarelyMs = sustainedMs(false);
  const sustainedPollMs =
    rarelyMs >= PROOF_WITHIN_MS ? rarelyMs : Math.min(PROOF_WITHIN_MS, Math.max(rarelyMs, sustainedMs(true)));
  return {
    meters: costs,
    share: costs.reduce((sum, { busyMs, pollMs }) => sum + busyMs / pollMs, 0),
    sustainedPollMs: Math.ceil(sustainedPollMs),
  };
}

type Poll = { readonly bytes: number; readonly fastMs: number; readonly slowMs: number };

/** What one poll of a meter takes. `isOften`: its like was made within `PROOF_WITHIN_MS`. */
function pollOf(
  { endpoint, line }: { readonly endpoint: ModbusEndpoint; readonly line: LineSetting | undefined },
  profile: BusMeter['profile'],
  isOften: boolean,
): Poll {
  const { fast, slow } = planReads(profile);
  const counts = fast.map(([, count]) => count);
  // Within so short a time an old reply of the same length could be taken for a new one: the new one is proved by another question.
  const isRepeated = (count: number, at: number) => isOften || counts.indexOf(count) < at;
  const hasTransactions = endpoint.transport === 'tcp' || endpoint.transport === 'udp';
  const questions = hasTransactions ? 0 : counts.filter(isRepeated).length;
  const apartMs = Math.max(profile.gapMs, frameGapMs(endpoint)) + TURNAROUND_MS;
  const costMs = (count: number) => (line ? wireMs(replyBytes(count), line) : 0) + apartMs;
  const all = [...counts, ...new Array<number>(questions).fill(QUESTION_REGISTERS)];
  return {
    bytes: all.reduce((sum, count) => sum + frameBytes(count), 0),
    fastMs: all.reduce((sum, count) => sum + costMs(count), 0),
    slowMs: Math.max(0, ...slow.map(([, count]) => costMs(count))),
  };
}

/** Slow blocks come every `SLOW_EVERY_MS`, or with each poll where polls are rarer than that. */
function sustained(polls: readonly Poll[]): number {
  const fastMs = polls.reduce((sum, poll) => sum + poll.fastMs, 0);
  const slowMs = polls.reduce((sum, poll) => sum + poll.slowMs, 0);
  const leftShare = WARN_SHARE - slowMs / SLOW_EVERY_MS;
  const oftenMs = leftShare > 0 ? fastMs / leftShare : Number.POSITIVE_INFINITY;
  return oftenMs <= SLOW_EVERY_MS ? oftenMs : Math.max(SLOW_EVERY_MS, (fastMs + slowMs) / WARN_SHARE);
}

const replyBytes = (count: number) => REPLY_HEAD_BYTES + 2 * count;
/** A request of 8 bytes, and a reply with its checksum. */
const frameBytes = (count: number) => 8 + replyBytes(count) + 2;
