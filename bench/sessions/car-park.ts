// The European car park that the sessions are moved to: 52 bays, two boards, three phases; and the physical check of what flows in it.

export const VOLTS = 230;
export const BAYS = 52;
/** Share of the root limit that each of the two boards has. */
const BOARD_SHARE = 0.6;
/** Rows 0-2 are the root's phases, 3-5 board 1's, 6-8 board 2's. */
export const ROWS = 9;

export type Bay = {
  /** 0 to 51. */
  readonly number: number;
  readonly board: 0 | 1;
  /** 0 to 2 for L1 to L3. */
  readonly phases: readonly number[];
  readonly maxAmps: number;
  /** Watts that one ampere per phase carries. */
  readonly wattsPerAmp: number;
  /** The rows that its current loads. */
  readonly rows: readonly number[];
};

/** Odd bays: three phases, 16 A. Even bays: one phase, 32 A, rotated over L1, L2, L3. Pairs of one odd and one even alternate between the boards. */
export const bays: readonly Bay[] = Array.from({ length: BAYS }, (_, number): Bay => {
  const pair = Math.floor(number / 2);
  const board = pair % 2 === 0 ? 0 : 1;
  const phases = number % 2 === 1 ? [0, 1, 2] : [pair % 3];
  return {
    number,
    board,
    phases,
    maxAmps: phases.length === 3 ? 16 : 32,
    wattsPerAmp: VOLTS * phases.length,
    rows: phases.flatMap((phase) => [phase, 3 + 3 * board + phase]),
  };
});

export const boardAmps = (rootAmps: number): number => rootAmps * BOARD_SHARE;

/** Amperes that each row may carry. */
export function rowLimits(rootAmps: number): readonly number[] {
  return Array.from({ length: ROWS }, (_, row) => (row < 3 ? rootAmps : boardAmps(rootAmps)));
}

/** What flows through each row. */
export function rowLoads(flows: readonly { readonly bay: Bay; readonly amps: number }[]): number[] {
  const loads = Array.from({ length: ROWS }, () => 0);
  for (const { bay, amps } of flows) for (const row of bay.rows) loads[row] = loads[row]! + amps;
  return loads;
}
