// How figures of runs stand in a page: tables whose first column is words and the others numbers.

/** Rows MUST be as long as the head. */
export function markdown(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const rule = `|${head.map((_, at) => (at === 0 ? '---' : '---:')).join('|')}|`;
  return [line(head), rule, ...rows.map(line)].join('\n');
}

/** One decimal below ten, whole above, thousands set apart. */
export function shown(value: number): string {
  const digits = Number.isInteger(value) || value >= 9.95 ? 0 : 1;
  return value.toLocaleString('en', { maximumFractionDigits: digits, minimumFractionDigits: digits });
}

export const runSeconds = (seconds: number): string => `${shown(seconds)} s`;
