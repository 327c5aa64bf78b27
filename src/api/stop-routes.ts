// The emergency stop over HTTP: anybody who is heard may press it, a named person clears it; the control room judges.

import { z } from 'zod';
import type { App } from './app-type.ts';
import { sendProblem } from './problem.ts';
import { refusal } from './refusal.ts';
import type { ApiRoom, AskOutcome } from './room.ts';
import { bodyOf, cap, MAX_NOTE, note, problem } from './schemas.ts';
import { viewCaps } from './view.ts';

const URL = '/api/v1/emergency-stop';
const refusals = { 400: problem, 401: problem, 403: problem, 409: problem, 415: problem, 503: problem };
/** Characters of a person's name. */
const MAX_WHO = 80;

const text = (most: number) =>
  z
    .string()
    .min(1)
    .max(most)
    .regex(/^[^\p{Cc}\u2028\u2029]*\S[^\p{Cc}\u2028\u2029]*$/u, 'expected text without control characters');

const pressBody = bodyOf({ who: text(MAX_WHO).optional().describe('Who presses it.'), note });
const clearBody = bodyOf({
  who: text(MAX_WHO).describe('Who has made sure that charging may go on.'),
  note: text(MAX_NOTE).describe('Why it may go on; kept in the audit.'),
});
const stopAnswer = z.object({
  takesEffect: z.literal('with the next cycle'),
  caps: z.array(cap).describe('The limits from outside that are in force after the change.'),
});

/** Adds the routes; the caller's access is checked before. */
export function addStopRoutes(app: App, room: ApiRoom): void {
  app.post(
    URL,
    {
      schema: {
        summary: 'Stop all charging until a person clears it',
        description:
          'Every charger is told 0 A from the next cycle on, and stays so over restarts. It is an operational stop: it replaces no switch ' +
          'that cuts the power. Pressing it again changes nothing.',
        body: pressBody,
        response: { 200: stopAnswer, ...refusals },
      },
    },
    async (request, reply) => {
      const { who, note: why } = request.body;
      const outcome = await room.ask({
        kind: 'press-emergency-stop',
        who: named(who, request.who),
        ...(why === undefined ? {} : { note: why }),
      });
      return outcome.ok ? answer(room, outcome) : sendProblem(reply, refusal(outcome));
    },
  );
  app.delete(
    URL,
    {
      schema: {
        summary: 'Clear the emergency stop',
        description: 'Refused while a contact holds it, and while a contact that could hold it cannot be read.',
        body: clearBody,
        response: { 200: stopAnswer, ...refusals },
      },
    },
    async (request, reply) => {
      const { who, note: why } = request.body;
      const outcome = await room.ask({ kind: 'clear-emergency-stop', who: named(who, request.who), note: why });
      return outcome.ok ? answer(room, outcome) : sendProblem(reply, refusal(outcome));
    },
  );
}

/** The name that was given, and from where: the first is said, the second is known. */
function named(given: string | undefined, from: string): string {
  return given === undefined ? from : `${given} (${from})`;
}

function answer(room: ApiRoom, outcome: Extract<AskOutcome, { ok: true }>) {
  const moment = { now: room.clock.now(), wallNow: room.clock.wall() };
  return { takesEffect: 'with the next cycle' as const, caps: viewCaps(outcome.caps, moment) };
}
