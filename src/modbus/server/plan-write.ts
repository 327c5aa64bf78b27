// Judges what a master wants to write: whole values of the external cap and its heartbeat, within bounds; a refusal changes nothing.

import type { ExternalCapTerms } from '../../core/model/modbus-server.ts';
import { COARSE_STEP } from './cap-record.ts';
import type { CapWrite } from './external-cap.ts';
import { BLOCKS } from './register-map.ts';

/** Modbus application protocol 1.1b3 §7. */
export const EXCEPTION = {
  ILLEGAL_FUNCTION: 1,
  ILLEGAL_ADDRESS: 2,
  ILLEGAL_VALUE: 3,
  BUSY: 6,
  NO_SUCH_UNIT: 11,
} as const;
export type ExceptionCode = (typeof EXCEPTION)[keyof typeof EXCEPTION];

export type WritePlan = { readonly write: CapWrite } | { readonly exception: ExceptionCode };

const { start } = BLOCKS['external cap'];
/** First registers of what may be written. */
export const CAP_AT = start;
export const HEARTBEAT_AT = start + 2;
export const COARSE_AT = start + 3;

/** The runs of whole values that one write may cover: never half a cap, and never the cap in both its forms. */
const RUNS: readonly { readonly at: number; readonly count: number }[] = [
  { at: CAP_AT, count: 2 },
  { at: CAP_AT, count: 3 },
  { at: HEARTBEAT_AT, count: 1 },
  { at: HEARTBEAT_AT, count: 2 },
  { at: COARSE_AT, count: 1 },
];
/** Reads as "not available", so it is no value that could be read back. */
const NO_U16 = 0xffff;

/** `words` from `address` on; at least one. Exception 2 for registers that are not whole writable values, 3 for values that no cap can have. */
export function planWrite(terms: ExternalCapTerms, address: number, words: readonly number[]): WritePlan {
  if (!RUNS.some((run) => run.at === address && run.count === words.length)) {
    return { exception: EXCEPTION.ILLEGAL_ADDRESS };
  }
  const wordAt = (register: number) => words[register - address];
  const [high, low] = [wordAt(CAP_AT), wordAt(CAP_AT + 1)];
  const beat = wordAt(HEARTBEAT_AT);
  const coarse = wordAt(COARSE_AT);
  const beats = beat === undefined ? {} : { beat };
  if (high !== undefined && low !== undefined) return withValue(terms, floatOf(high, low), beats);
  if (coarse === undefined) return { write: beats };
  return coarse === NO_U16
    ? { exception: EXCEPTION.ILLEGAL_VALUE }
    : withValue(terms, Number((coarse * COARSE_STEP[terms.unit]).toFixed(6)), beats);
}

function withValue(terms: ExternalCapTerms, value: number, beats: Pick<CapWrite, 'beat'>): WritePlan {
  // NaN fails both comparisons. The float that is nearest to the most may lie a hair above it, and means it; −0 means zero.
  if (!(value >= 0 && value <= Math.fround(terms.most))) return { exception: EXCEPTION.ILLEGAL_VALUE };
  return { write: { value: Math.min(value + 0, terms.most), ...beats } };
}

function floatOf(high: number, low: number): number {
  const view = new DataView(new ArrayBuffer(4));
  view.setUint16(0, high);
  view.setUint16(2, low);
  return view.getFloat32(0);
}
