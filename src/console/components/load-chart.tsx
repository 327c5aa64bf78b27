// The main circuit's metered current against its limit over the last 15 minutes, drawn by uPlot; the newest values are also text.

import { useSignalEffect } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import type { SiteView } from '../../core/model/state-view.ts';
import { PHASES } from '../../core/model/units.ts';
import { amps, clockTime } from '../format.ts';
import { CHART_MS, points } from '../live.ts';

const HEIGHT = 190;
const DASHES = { limit: [6, 4], L1: [], L2: [9, 3], L3: [3, 3] };

export function LoadChart({ site }: { readonly site: SiteView }) {
  const holder = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(undefined);
  const root = site.circuits[0];

  useEffect(() => {
    const element = holder.current;
    if (!element) return;
    const draw = () => {
      plot.current?.destroy();
      plot.current = new uPlot(options(site.timezone, element), columns(), element);
    };
    draw();
    const observer = new ResizeObserver(() => plot.current?.setSize({ width: element.clientWidth, height: HEIGHT }));
    observer.observe(element);
    const dark = matchMedia('(prefers-color-scheme: dark)');
    dark.addEventListener('change', draw);
    return () => {
      observer.disconnect();
      dark.removeEventListener('change', draw);
      plot.current?.destroy();
      plot.current = undefined;
    };
  }, [site.timezone]);

  useSignalEffect(() => {
    const data = columns();
    plot.current?.setData(data);
  });

  const latest = points.value.at(-1);
  return (
    <section class="panel" aria-labelledby="chart-title">
      <div class="panel-head">
        <h2 id="chart-title">{root?.name ?? 'Main'}, last 15 minutes</h2>
        <ul class="legend chart-legend" aria-label="Newest values in amperes">
          <li class="line limit-line">Limit {amps(latest?.values[0])}</li>
          {PHASES.map((phase, i) => (
            <li key={phase} class={`line ${phase}`}>
              {phase} {amps(latest?.values[i + 1])}
            </li>
          ))}
        </ul>
      </div>
      <div
        class="chart"
        ref={holder}
        role="img"
        aria-label="Metered current per phase and the limit, in amperes, over the last 15 minutes"
      />
    </section>
  );
}

function columns(): uPlot.AlignedData {
  const known = points.value;
  const column = (i: number) => known.map((point) => point.values[i] ?? null);
  return [known.map((point) => point.atWallMs / 1000), column(0), column(1), column(2), column(3)];
}

function options(timezone: string, element: HTMLElement): uPlot.Options {
  const styles = getComputedStyle(element);
  const colour = (name: string) => styles.getPropertyValue(name).trim();
  const axis = { stroke: colour('--text-quiet'), grid: { stroke: colour('--line'), width: 1 }, ticks: { show: false } };
  const line = (label: string, stroke: string, dash: number[], width: number): uPlot.Series => ({
    label,
    stroke: colour(stroke),
    dash,
    width,
    points: { show: false },
  });
  return {
    width: element.clientWidth,
    height: HEIGHT,
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false } },
    scales: {
      x: { time: true, range: (_plot, _min, max) => [(max ?? 0) - CHART_MS / 1000, max ?? 0] },
      y: { range: (_plot, min, max) => [Math.min(0, min ?? 0), Math.max(10, (max ?? 0) * 1.1)] },
    },
    axes: [
      {
        ...axis,
        size: 26,
        font: '12px system-ui, sans-serif',
        values: (_plot, ticks) => ticks.map((tick) => clockTime(tick * 1000, timezone).slice(0, 5)),
        incrs: [60, 180, 300],
      },
      {
        ...axis,
        font: '12px system-ui, sans-serif',
        size: 44,
        values: (_plot, ticks) => ticks.map((tick) => `${tick} A`),
      },
    ],
    series: [
      {},
      line('Limit', '--limit', DASHES.limit, 2),
      line('L1', '--phase-1', DASHES.L1, 2),
      line('L2', '--phase-2', DASHES.L2, 2),
      line('L3', '--phase-3', DASHES.L3, 2),
    ],
  };
}
