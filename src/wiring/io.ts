// How a verb talks to the person or program that called it; verbs never touch process streams themselves.

/** `out` is for answers (standard output), `err` for progress and complaints (standard error); both take whole lines. */
export type Io = {
  readonly out: (line: string) => void;
  readonly err: (line: string) => void;
  /** True when standard output is a terminal: progress may redraw, colours may be used. */
  readonly isTerminal: boolean;
  /** Aborts on SIGINT and SIGTERM. */
  readonly signal: AbortSignal;
};

/** 0 done, 1 a fault in the input or the world, 2 wrong usage. */
export type ExitCode = 0 | 1 | 2;
