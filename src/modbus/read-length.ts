// Finds out whether a device serves the long reads that its profile promises: after refusals short ones are tried, and checked before they stay.

import { AppError } from '../engine/app-error.ts';

/**
 * `full`: as the profile says. `trying`: a poll in short reads. `checking`: they were answered; once more in full ones, for the device may
 * just have come back. `short`: the device refuses full ones and answers short ones.
 */
export type ReadLength = { readonly stage: 'full' | 'trying' | 'checking' | 'short'; readonly failures: number };
/** What became of a poll. `refused`: a long read was answered with exception 2 or 3, or not at all; `unasked`: the unit rests. */
export type PollOutcome = 'good' | 'refused' | 'other' | 'unasked';

export const FULL_LENGTH: ReadLength = { stage: 'full', failures: 0 };
/** The shortest limit seen in the field: some SDM72 answer no more, in spite of their manual. */
export const SHORT_REGISTERS = 10;
/** So many refused polls in a row before short reads are tried: a lost reply is no refusal. */
const REFUSALS = 2;
/** So many failed polls in a row before a device that is read in short is taken for another one. */
const FAILURES = 3;

/** Whether the next poll is made of short reads. */
export const isShort = ({ stage }: ReadLength): boolean => stage === 'trying' || stage === 'short';

export function nextLength(before: ReadLength, outcome: PollOutcome): ReadLength {
  if (outcome === 'unasked') return before;
  const { stage, failures } = before;
  switch (stage) {
    case 'full': {
      const refusals = outcome === 'refused' ? failures + 1 : 0;
      return refusals < REFUSALS ? { stage, failures: refusals } : { stage: 'trying', failures: 0 };
    }
    case 'trying':
      return outcome === 'good' ? { stage: 'checking', failures: 0 } : FULL_LENGTH;
    case 'checking':
      return outcome === 'refused' ? { stage: 'short', failures: 0 } : FULL_LENGTH;
    case 'short':
      if (outcome === 'good') return { stage, failures: 0 };
      return failures + 1 < FAILURES ? { stage, failures: failures + 1 } : FULL_LENGTH;
  }
}

/** What the error of a poll whose longest read has `longest` registers says about lengths. Modbus application protocol 1.1b3 §7. */
export function outcomeOf(error: unknown, longest: number): PollOutcome {
  if (error instanceof AppError && error.fields.isResting === true) return 'unasked';
  if (!(error instanceof AppError) || longest <= SHORT_REGISTERS) return 'other';
  if (error.code === 'METER_TIMEOUT') return 'refused';
  const isLengthRefused = error.fields.exception === 2 || error.fields.exception === 3;
  return error.code === 'METER_EXCEPTION' && isLengthRefused ? 'refused' : 'other';
}
