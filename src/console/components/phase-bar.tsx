// One phase of one circuit as a bar: base load, reserved for chargers, headroom, margin; the numbers stand beside it in the table.

import type { PhaseView } from '../../core/model/state-view.ts';

type Segment = { readonly kind: string; readonly from: number; readonly to: number };

export function PhaseBar({ report, ratingAmps }: { readonly report: PhaseView; readonly ratingAmps: number }) {
  const used = report.baseLoadAmps + report.exposureAmps;
  const usable = report.limitAmps - report.marginAmps;
  const scale = Math.max(ratingAmps, report.limitAmps, used, 1);
  const percent = (value: number) => (Math.min(scale, Math.max(0, value)) / scale) * 100;
  const segments: Segment[] = [
    { kind: 'closed', from: report.limitAmps, to: scale },
    { kind: 'margin', from: usable, to: report.limitAmps },
    { kind: 'base', from: 0, to: Math.max(0, report.baseLoadAmps) },
    { kind: 'reserved', from: Math.max(0, report.baseLoadAmps), to: used },
    // What lies beyond the usable part is drawn over everything: this is what must not be.
    { kind: 'over', from: Math.max(0, usable), to: used },
  ];
  return (
    <div class="bar">
      {segments
        .filter(({ from, to }) => to > from)
        .map(({ kind, from, to }) => (
          <div
            key={kind}
            class={`segment ${kind}`}
            style={{ left: `${percent(from)}%`, width: `${percent(to) - percent(from)}%` }}
          />
        ))}
      <div class="segment allocated" style={{ left: `${percent(report.baseLoadAmps + report.allocatedAmps)}%` }} />
      <div class="segment limit" style={{ left: `${percent(report.limitAmps)}%` }} />
    </div>
  );
}
