// Trouble with the environment, by name: a code of docs/errors.md, the fields a person needs, and the cause.

import type { Fields } from './ports.ts';

/** Thrown for trouble outside our power (a socket, a disk); expected refusals are returned as values instead. */
export class AppError extends Error {
  readonly code: string;
  readonly fields: Fields;

  constructor(code: string, text: string, fields: Fields = {}, options?: { readonly cause?: unknown }) {
    super(text, options);
    this.name = 'AppError';
    this.code = code;
    this.fields = fields;
  }
}
