// Knows which replies a serial line may still bring late, and what proves that a reply was not one of them.
//
// A serial frame does not say which request it answers: an old reply of the same unit, function and length looks like the new one. If it was
// taken for it, the true reply is still to come, ahead of every later one, for a device answers in order. So the unit is asked once more, for
// something whose reply has a shape of its own: only when that comes, and nothing before it, was the first reply the true one.

import { PROOF_WITHIN_MS } from '../core/metering/bus-budget.ts';
import type { Instant } from '../core/model/units.ts';
import { coreBytesOf, type ModbusRequest } from './reply-frame.ts';

/** What must follow a reply before it is believed: another question, or, for a unit that answers none of them, silence. */
export type Proof = { readonly ask: ModbusRequest } | { readonly listen: true };

/** The twin of a good reply comes within this, if it comes: less than a second, so that polls at 1 Hz need no proof. */
export const TWIN_MS = PROOF_WITHIN_MS;
/** A reply that was missed may come within this. */
export const OWED_MS = 5_000;
/** A unit that stays silent to so many proofs in a row answers none. */
const MUTE_AFTER = 2;

/** Reads of so many registers, or bits, are tried as proofs: even numbers of registers first, for some meters serve whole values only. */
const REGISTER_COUNTS = [2, 4, 6, 8, 1, 3, 5, 7];
const BIT_COUNTS = [1, 9, 17, 25, 33, 41];

export class StaleReplies {
  /** By unit and shape: when such a reply was last asked for. */
  readonly #asked = new Map<string, { readonly at: Instant; readonly isAnswered: boolean }>();
  /** By unit: proofs in a row that it did not answer. */
  readonly #unproved = new Map<number, number>();

  /** MUST be called before `asked` of the same request. Absent: no other reply can be taken for its. */
  proofFor(request: ModbusRequest, now: Instant): Proof | undefined {
    if (!this.#isExpected(request, now)) return undefined;
    if ((this.#unproved.get(request.unitId) ?? 0) >= MUTE_AFTER) return { listen: true };
    const ask = questionsFor(request).find((one) => keyOf(one) !== keyOf(request) && !this.#isExpected(one, now));
    return ask === undefined ? { listen: true } : { ask };
  }

  asked(request: ModbusRequest, now: Instant): void {
    // Bounded: nothing is kept that can no longer come.
    for (const [key, { at }] of this.#asked) if (now - at >= OWED_MS) this.#asked.delete(key);
    this.#asked.set(keyOf(request), { at: now, isAnswered: false });
  }

  /** Also by an exception. */
  answered(request: ModbusRequest, now: Instant): void {
    this.#asked.set(keyOf(request), { at: now, isAnswered: true });
  }

  /** What became of a proof: answered, or met with silence. */
  proved(request: ModbusRequest, isAnswered: boolean): void {
    this.#unproved.set(request.unitId, isAnswered ? 0 : (this.#unproved.get(request.unitId) ?? 0) + 1);
  }

  /** A reply of this unit and shape, asked for earlier, may still come. */
  #isExpected(request: ModbusRequest, now: Instant): boolean {
    const before = this.#asked.get(keyOf(request));
    return before !== undefined && now - before.at < (before.isAnswered ? TWIN_MS : OWED_MS);
  }
}

/** Equal keys: the reply to one could be taken for the reply to the other. */
function keyOf(request: ModbusRequest): string {
  return `${request.unitId}:${request.functionCode}:${coreBytesOf(request)}`;
}

/** Small reads at the same place; a device that refuses them answers too. A written coil is proved by reading it. */
function questionsFor(request: ModbusRequest): readonly ModbusRequest[] {
  const { unitId, address } = request;
  if (request.functionCode === 5) return BIT_COUNTS.map((count) => ({ unitId, functionCode: 1, address, count }));
  const { functionCode } = request;
  return functionCode > 2
    ? REGISTER_COUNTS.map((count) => ({ unitId, functionCode: functionCode as 3 | 4, address, count }))
    : BIT_COUNTS.map((count) => ({ unitId, functionCode: functionCode as 1 | 2, address, count }));
}
