// A simulation's report for a person at a terminal: what was run, what broke, and the figures of every checker.

import { table } from '../table.ts';
import type { SimulationReport } from './simulate.ts';

/** Violations that are shown in words. */
const SHOWN_VIOLATIONS = 10;
const MS_PER_HOUR = 3_600_000;

export type ReportHead = { readonly version: string; readonly siteName: string; readonly seconds: number };

export function reportText(report: SimulationReport, { version, siteName, seconds }: ReportHead): string {
  const { counts, violations, hours } = report;
  const speed = seconds > 0 ? `${whole((hours * 3_600) / seconds)} × real time` : '';
  const head = [
    `${siteName}: ${hours} h, seed ${report.seed}, faults ${report.faults}, base load ${report.baseLoad}${report.isWhole ? '' : ' (ended early)'}`,
    `version ${version}, trace ${report.trace.slice(0, 16)}`,
    `${whole(counts.cycles)} cycles, ${whole(counts.commands)} commands, ${counts.controllerLives} ${counts.controllerLives === 1 ? 'life' : 'lives'} of the controller, ${whole(counts.deliveredWh / 1_000)} kWh delivered, ${seconds.toFixed(1)} s, ${speed}`,
  ];
  return [
    ...head,
    '',
    happeningsTable(report),
    '',
    figuresTable(report),
    ...warningsLines(report),
    '',
    violations.count === 0 ? 'Every law held.' : `${whole(violations.count)} violations; the first of them:`,
    ...violations.first
      .slice(0, SHOWN_VIOLATIONS)
      .map(({ checker, at, text }) => `  ${timeOf(at)}  ${checker}: ${text}`),
  ].join('\n');
}

function happeningsTable({ happenings }: SimulationReport): string {
  const rows = Object.entries(happenings).map(([kind, count]) => [kind, whole(count)]);
  return table(['what happened', 'times'], rows.length > 0 ? rows : [['nothing', '']], ['left', 'right']);
}

function figuresTable({ figures }: SimulationReport): string {
  let last = '';
  const rows = Object.entries(figures).map(([name, value]) => {
    const [checker = '', figure = ''] = name.split('.');
    const isNew = checker !== last;
    last = checker;
    return [isNew ? checker : '', figure, rounded(value)];
  });
  return table(['checker', 'figure', 'value'], rows, ['left', 'left', 'right']);
}

function warningsLines({ warnings }: SimulationReport): readonly string[] {
  const rows = Object.entries(warnings)
    .slice(0, SHOWN_VIOLATIONS)
    .map(([event, count]) => [event, whole(count)]);
  return rows.length === 0 ? [] : ['', table(['logged', 'times'], rows, ['left', 'right'])];
}

const whole = (value: number): string => Math.round(value).toLocaleString('en');

function rounded(value: number): string {
  return Number.isInteger(value) ? whole(value) : value.toFixed(3);
}

/** Day and time of day of the simulated site, in UTC. */
function timeOf(at: number): string {
  return new Date(Math.floor(at / 1_000) * 1_000).toISOString().slice(0, 19).replace('T', ' ');
}

/** For progress on a terminal. */
export function progressText(hours: number, ofHours: number, elapsedMs: number): string {
  const speed = elapsedMs > 0 ? Math.round((hours * MS_PER_HOUR) / elapsedMs) : 0;
  return `simulate: ${hours} of ${ofHours} h, ${whole(speed)} × real time`;
}
