// Knows which replies a serial line may still owe us, and what to ask first so that none of them is taken for the reply to a new request.
//
// A serial frame does not say which request it answers: an old reply of the same unit, function and length looks like the new one. So two
// requests in a row never have replies of the same shape, and after a reply that never came the unit is first asked for something whose
// reply has another shape than all that it owes. A device answers in order: once that came, nothing older can.

import { coreBytesOf, type ModbusRequest } from './reply-frame.ts';

/** What must happen before a request; `listen`: nothing is said for a while, `long` for as long as a late reply may take. */
export type Before = { readonly ask: ModbusRequest } | { readonly listen: 'long' | 'short' };

/** Reads of so many registers, or bits, are tried as the question between: even ones first, for some meters serve whole values only. */
const REGISTER_COUNTS = [2, 4, 1];
const BIT_COUNTS = [1, 9, 17];

export class StaleReplies {
  /** The last request on the line that was answered: its reply may have a late twin. */
  #last: ModbusRequest | undefined;
  /** By unit: the shapes of replies that never came. */
  readonly #owed = new Map<number, Set<string>>();
  /** Units that answer none of the questions between: they get silence instead. */
  readonly #mute = new Set<number>();

  /** Absent: the request can be asked as it is. */
  before(request: ModbusRequest): Before | undefined {
    const { unitId } = request;
    const owed = this.#owed.get(unitId);
    const isOwed = owed?.has(shapeOf(request)) === true;
    const isRepeated = this.#last?.unitId === unitId && shapeOf(this.#last) === shapeOf(request);
    if (!isOwed && !isRepeated) return undefined;
    const ask = this.#mute.has(unitId)
      ? undefined
      : questionsFor(request).find((one) => shapeOf(one) !== shapeOf(request) && !owed?.has(shapeOf(one)));
    return ask === undefined ? { listen: isOwed ? 'long' : 'short' } : { ask };
  }

  /** Of a request, or of the question before it. An exception is an answer. */
  answered(request: ModbusRequest): void {
    this.#last = request;
    const owed = this.#owed.get(request.unitId);
    this.#owed.delete(request.unitId);
    // It answers what it is asked for, but none of the questions between.
    if (owed && questionsFor(request).every((one) => owed.has(shapeOf(one)) || shapeOf(one) === shapeOf(request)))
      this.#mute.add(request.unitId);
  }

  unanswered(request: ModbusRequest): void {
    const owed = this.#owed.get(request.unitId) ?? new Set();
    this.#owed.set(request.unitId, owed.add(shapeOf(request)));
  }
}

/** Equal shapes: the reply to one could be taken for the reply to the other. Bounded: a unit has some 400 of them. */
function shapeOf(request: ModbusRequest): string {
  return `${request.functionCode}:${coreBytesOf(request)}`;
}

/** Small reads at the same place; a device that refuses them answers too. A write is only ever preceded by a read of its coil. */
function questionsFor(request: ModbusRequest): readonly ModbusRequest[] {
  const { unitId, address } = request;
  if (request.functionCode === 5) return BIT_COUNTS.map((count) => ({ unitId, functionCode: 1, address, count }));
  const { functionCode } = request;
  return functionCode > 2
    ? REGISTER_COUNTS.map((count) => ({ ...request, count }))
    : BIT_COUNTS.map((count) => ({ ...request, count }));
}
