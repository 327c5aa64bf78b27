// Answers for callers whose request cannot be served (RFC 9457): field, value, what was expected, what to do; never a stack or a secret.

import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod';
import type { Log } from '../engine/ports.ts';

/** Characters of a refused value that are said back. */
const MAX_ECHO = 100;

export type Problem = {
  readonly status: number;
  readonly title: string;
  /** A code of `docs/errors.md`. */
  readonly code: string;
  readonly detail: string;
  readonly field?: string;
  readonly value?: unknown;
  readonly expected?: string;
};

/** Ends the request with the problem. */
export function sendProblem<R extends FastifyReply>(reply: R, problem: Problem): R {
  // The serializer of the route's schema is not asked: a problem must go out whatever else is broken.
  reply
    .code(problem.status)
    .header('content-type', 'application/problem+json; charset=utf-8')
    .serializer((payload: unknown) => JSON.stringify(payload))
    .send({ type: 'about:blank', ...problem, ...('value' in problem ? { value: echo(problem.value) } : {}) });
  return reply;
}

/** What fastify calls for anything thrown: known refusals get their words, everything else is ours and is logged. */
export function problemHandler(log: Log) {
  return (error: FastifyError, request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    const problem = hasZodFastifySchemaValidationErrors(error)
      ? invalidInput(error.validation, error.validationContext, request)
      : refusedInput(error);
    if (problem) return sendProblem(reply, problem);
    log.error('api.request-failed', {
      code: 'API_INTERNAL',
      method: request.method,
      url: request.url.slice(0, 200),
      error: error.stack ?? String(error),
    });
    return sendProblem(reply, {
      status: 500,
      title: 'Busbar failed to answer',
      code: 'API_INTERNAL',
      detail: 'The fault is in Busbar and is in its log. Charging goes on without this page.',
    });
  };
}

type Issue = { readonly instancePath: string; readonly message?: string; readonly params: Record<string, unknown> };

function invalidInput(
  issues: readonly Issue[],
  context: string | undefined,
  request: FastifyRequest,
): Problem | undefined {
  const issue = issues[0];
  if (!issue) return undefined;
  const unknown = issue.params.keys;
  const path = issue.instancePath.split('/').filter((step) => step !== '');
  const field = Array.isArray(unknown) ? String(unknown[0]) : path.join('.') || context || 'body';
  const source = context === 'params' ? request.params : context === 'querystring' ? request.query : request.body;
  const value = (Array.isArray(unknown) ? [field] : path).reduce<unknown>(
    (inner, step) => (inner !== null && typeof inner === 'object' ? (inner as Record<string, unknown>)[step] : inner),
    source,
  );
  const expected = wordsOf(issue.message);
  return {
    status: 400,
    title: 'A field is wrong',
    code: 'API_INPUT_INVALID',
    detail: `${field}: ${expected}. Mend the field and send the request again.`,
    field,
    value: value ?? null,
    expected,
  };
}

/** zod's message without its lead, so that `expected` reads as what was expected. */
function wordsOf(message = 'another value'): string {
  return message
    .replace(/^Invalid input: expected /, '')
    .replace(/^expected /, '')
    .replace(/^Too (?:small|big): expected /, '');
}

function refusedInput(error: FastifyError): Problem | undefined {
  switch (error.statusCode) {
    case 413:
      return {
        status: 413,
        title: 'The body is too large',
        code: 'API_TOO_LARGE',
        detail: error.message,
        field: 'body',
        expected: 'at most 16 KiB',
      };
    case 415:
      return mediaTypeProblem(undefined);
    case 400:
      return {
        status: 400,
        title: 'The request cannot be read',
        code: 'API_INPUT_INVALID',
        detail: error.message,
        field: 'body',
        expected: 'one JSON object',
      };
    default:
      return error.statusCode !== undefined && error.statusCode >= 400 && error.statusCode < 500
        ? {
            status: error.statusCode,
            title: 'The request cannot be served',
            code: 'API_INPUT_INVALID',
            detail: error.message,
          }
        : undefined;
  }
}

/** A write that does not say that it speaks JSON: a plain HTML form could have sent it. */
export function mediaTypeProblem(value: string | undefined): Problem {
  return {
    status: 415,
    title: 'The body is not JSON',
    code: 'API_MEDIA_TYPE',
    detail: 'Send the header "content-type: application/json" with the request.',
    field: 'content-type',
    ...(value === undefined ? {} : { value }),
    expected: 'application/json',
  };
}

function echo(value: unknown): unknown {
  if (value === undefined || value === null || typeof value === 'number' || typeof value === 'boolean')
    return value ?? null;
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length <= MAX_ECHO ? value : `${text.slice(0, MAX_ECHO)}…`;
}
