// Draws the sweeps as an SVG: for lease and for cycle how long a limit is passed, at worst and in a day, and below it the price in commands.
import type { DayFigures } from '../simulation/figures.ts';
import { shown } from '../simulation/markdown.ts';

export type Timing = { readonly leaseSeconds: number; readonly cycleSeconds: number };
export type Measured = Timing & {
  readonly figures: DayFigures;
  /** How long the limit is passed when the building rises while nobody is there, and while somebody is. */
  readonly silenceSeconds: number;
  readonly stepSeconds: number;
};

type Line = { readonly name: string; readonly mark: 'a' | 'b'; readonly of: (row: Measured) => number };
type Panel = {
  readonly title: string;
  readonly lines: readonly Line[];
  readonly rows: readonly Measured[];
  readonly at: (row: Measured) => number;
};
type Place = { readonly left: number; readonly top: number };

const WIDE = { width: 760, height: 480 };
const PLOT = { width: 290, height: 140 };

const SECONDS: readonly Line[] = [
  { name: 'the building rises unseen, s', mark: 'a', of: ({ silenceSeconds }) => silenceSeconds },
  { name: 'any day, s', mark: 'b', of: ({ figures }) => figures.aboveSeconds },
];
const COMMANDS: readonly Line[] = [
  { name: 'commands per EVSE and day', mark: 'a', of: ({ figures }) => figures.commandsPerEvse },
];

/** Each list by its own length, ascending. */
export function picture(leases: readonly Measured[], cycles: readonly Measured[]): string {
  const lease = { rows: leases, at: ({ leaseSeconds }: Measured) => leaseSeconds };
  const cycle = { rows: cycles, at: ({ cycleSeconds }: Measured) => cycleSeconds };
  const panels = [
    panel({ title: 'lease, s (cycle 1 s)', lines: SECONDS, ...lease }, { left: 60, top: 50 }),
    panel({ title: 'cycle, s (lease 60 s, for 20 s: 80 s)', lines: SECONDS, ...cycle }, { left: 440, top: 50 }),
    panel({ title: 'lease, s (cycle 1 s)', lines: COMMANDS, ...lease }, { left: 60, top: 280 }),
    panel({ title: 'cycle, s (lease 60 s, for 20 s: 80 s)', lines: COMMANDS, ...cycle }, { left: 440, top: 280 }),
  ];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDE.width} ${WIDE.height}" width="${WIDE.width}" role="img">`,
    '<title>Seconds above the limit, at worst and in a day, and commands, by lease and by cycle</title>',
    STYLE,
    `<rect class="page" width="${WIDE.width}" height="${WIDE.height}" rx="6"/>`,
    ...panels,
    '</svg>',
    '',
  ].join('\n');
}

const STYLE = `<style>
  .page { fill: #ffffff } text { fill: #24292f; font: 12px system-ui, sans-serif }
  .grid { stroke: #d0d7de } .a { stroke: #0550ae; fill: #0550ae } .b { stroke: #bc4c00; fill: #bc4c00 }
  polyline { fill: none !important; stroke-width: 2 } .b polyline { stroke-dasharray: 5 3 }
  text.a, text.b { stroke: none } .middle { text-anchor: middle } .end { text-anchor: end }
  @media (prefers-color-scheme: dark) {
    .page { fill: #0d1117 } text { fill: #e6edf3 } .grid { stroke: #30363d }
    .a { stroke: #79c0ff; fill: #79c0ff } .b { stroke: #ffa657; fill: #ffa657 }
  }
</style>`;

function panel({ title, lines, rows, at }: Panel, { left, top }: Place): string {
  const most = roundUp(Math.max(1, ...lines.flatMap(({ of }) => rows.map(of))));
  const x = (row: number) => left + (PLOT.width * row) / (rows.length - 1);
  const y = (value: number) => top + PLOT.height * (1 - value / most);
  const grid = [0, 0.5, 1].map((part) => {
    const height = y(part * most);
    const line = `<line class="grid" x1="${left}" x2="${left + PLOT.width}" y1="${height}" y2="${height}"/>`;
    return `${line}<text class="end" x="${left - 6}" y="${height + 4}">${shown(part * most)}</text>`;
  });
  const ticks = rows.map(
    (row, index) =>
      `<text class="middle" x="${short(x(index))}" y="${top + PLOT.height + 18}">${shown(at(row))}</text>`,
  );
  const drawn = lines.map(({ name, mark, of }, index) => {
    const points = rows.map((row, index) => [short(x(index)), short(y(of(row)))] as const);
    const dots = points.map(([cx, cy]) => `<circle cx="${cx}" cy="${cy}" r="3.5"/>`).join('');
    const legend = `<text class="${mark}" x="${left + index * 190}" y="${top - 14}">${mark === 'a' ? '●' : '┅'} ${name}</text>`;
    return `<g class="${mark}"><polyline points="${points.join(' ')}"/>${dots}</g>${legend}`;
  });
  const below = `<text class="middle" x="${left + PLOT.width / 2}" y="${top + PLOT.height + 36}">${title}</text>`;
  return [...grid, ...ticks, below, ...drawn].join('\n');
}

const short = (value: number) => Math.round(value * 10) / 10;

/** To 1, 2 or 5 times a power of ten. */
function roundUp(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].map((times) => times * power).find((one) => one >= value)!;
}
