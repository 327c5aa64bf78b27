// One line for whatever a verb or a process ended with; the place in the code is for those who ask for it.

/** `busbar: CODE: text`, and with BUSBAR_DEBUG set the stack below it. */
export function describeError(error: unknown): string {
  const { code, message, stack } = (error ?? {}) as { code?: unknown; message?: string; stack?: string };
  const line = `busbar: ${typeof code === 'string' ? `${code}: ` : ''}${message ?? String(error)}`;
  return process.env.BUSBAR_DEBUG && stack ? `${line}\n${stack}` : line;
}
