// What the Modbus campaign saw, as a page; and what of memory and sockets is looked at for it.
import type { LaneResult } from '../../test/support/modbus-campaign.ts';
import type { Framing } from '../../test/support/modbus-faults.ts';
import { markdown, shown } from '../simulation/markdown.ts';

export type MemorySample = { readonly heapKb: number; readonly sockets: number };
export type Report = {
  readonly framing: Framing;
  readonly result: LaneResult;
  readonly seconds: number;
  /** The longest time in which the process got no turn from the machine. */
  readonly pauseMs: number;
  /** The first one before anything was opened, the others evenly over the reads. */
  readonly samples: readonly MemorySample[];
  /** With every lane closed. */
  readonly after: MemorySample;
};

const NAMES = { mbap: 'Modbus TCP', rtu: 'RTU over TCP' } as const;

/** After a forced collection; sockets of this process that are open. */
export function sampleMemory(): MemorySample {
  const { gc } = globalThis;
  if (!gc) throw new Error('memory is measured after a forced collection: run with node --expose-gc');
  void gc();
  const sockets = process.getActiveResourcesInfo().filter((kind) => kind.startsWith('TCP')).length;
  return { heapKb: process.memoryUsage().heapUsed / 1_024, sockets };
}

/** Between the second quarter of the reads and the last: what grows to its bound in the beginning is no leak. */
export function heapTrendKb(samples: readonly MemorySample[]): number {
  const part = (from: number, to: number) =>
    median(
      samples.slice(Math.floor(samples.length * from), Math.ceil(samples.length * to)).map(({ heapKb }) => heapKb),
    );
  return part(0.75, 1) - part(0.25, 0.5);
}

const median = (numbers: readonly number[]) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0;

export function page(reports: readonly Report[], about: { readonly build: string; readonly command: string }): string {
  const sum = (counts: { readonly [code: string]: number }) => Object.values(counts).reduce((all, one) => all + one, 0);
  const totals = reports.map(({ framing, result, seconds, pauseMs, samples, after }) => [
    NAMES[framing],
    shown(result.right + result.wrong + sum(result.errors)),
    shown(result.right),
    String(result.wrong),
    shown(sum(result.errors)),
    `${result.worstRecoveryMs} ms`,
    `${pauseMs} ms`,
    `${shown(Math.round(heapTrendKb(samples)))} kB`,
    `${Math.max(...samples.map(({ sockets }) => sockets))}, ${after.sockets} after`,
    shown(Math.round(seconds)),
  ]);
  const head = [
    '',
    'reads',
    'right',
    'wrong',
    'errors',
    'longest wedge',
    'longest pause',
    'heap growth',
    'sockets',
    'seconds',
  ];
  const codes = reports.map(({ framing, result }) => `${NAMES[framing]}: ${JSON.stringify(result.errors)}`);
  const faults = reports.flatMap(({ framing, result }) => [
    `## ${NAMES[framing]}, fault by fault`,
    '',
    markdown(
      ['fault', 'struck', 'reads that were errors', 'longest until a right read'],
      Object.entries(result.faults)
        .toSorted(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, { struck, errors, worstRecoveryMs }]) => [
          name,
          shown(struck),
          shown(errors),
          `${worstRecoveryMs} ms`,
        ]),
    ),
    '',
  ]);
  return [
    '# Modbus under fire',
    '',
    'Reads of changing unit, function, place and length through `test/support/fault-proxy.mjs`, with the timing of the product, half of them',
    'against pymodbus and half against a server of our own. Each register says its own address, so that any mix-up shows. A wedge is the time',
    'from the end of a fault to the next right read, less what the process spent waiting for the machine; the longest such pause stands beside',
    'it. Heap growth compares the last quarter of the run with the second, after forced collections; sockets are those of the whole process,',
    'the raw servers included.',
    '',
    `\`${about.command}\`, Node ${process.version}, sources ${about.build}.`,
    '',
    markdown(head, totals),
    '',
    ...codes.map((line) => `- ${line}`),
    '',
    ...faults,
  ].join('\n');
}
