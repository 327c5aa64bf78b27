// Answers that several routes share: what the control room refused, its silence, and that no cycle was made yet.

import type { Problem } from './problem.ts';
import type { AskOutcome } from './room.ts';

export const noCycleYet: Problem = {
  status: 503,
  title: 'No cycle yet',
  code: 'API_NO_CYCLE',
  detail: 'The controller has just started. Ask again in a second.',
};

/** What the control room refused, or its silence, for the caller. */
export function refusal(outcome: Extract<AskOutcome, { ok: false }>): Problem {
  if ('text' in outcome)
    return {
      status: 409,
      title: 'The controller refused',
      code: outcome.code,
      detail: outcome.text,
      ...(outcome.field === undefined ? {} : { field: outcome.field }),
      ...(outcome.expected === undefined ? {} : { expected: outcome.expected }),
    };
  return {
    status: 503,
    title: outcome.code === 'API_CONTROL_BUSY' ? 'Too many changes at once' : 'The controller does not answer',
    code: outcome.code,
    detail:
      outcome.code === 'API_CONTROL_BUSY'
        ? 'Nothing was changed. Wait for the changes under way and try again.'
        : 'Whether the change was made is not known: look at /api/v1/state before you try again.',
  };
}
