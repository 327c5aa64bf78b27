// The circuits as a tree: per phase a bar and the numbers behind it, against the limit in force.

import type { CircuitSiteView, CircuitView, MeterView, SiteView } from '../../core/model/state-view.ts';
import { PHASES } from '../../core/model/units.ts';
import { amps, ampsInWords, kilowatts } from '../format.ts';
import { PhaseBar } from './phase-bar.tsx';

const BASE_LOAD: { readonly [F in CircuitView['baseLoadFrom']]: { readonly text: string; readonly tone: string } } = {
  meter: { text: 'base load metered', tone: '' },
  sum: { text: 'base load added up of what is below', tone: '' },
  held: { text: 'base load held: the meter is late', tone: 'warn' },
  allowance: { text: 'base load by allowance', tone: '' },
  worst: { text: 'worst base load assumed: the meter is not believed', tone: 'bad' },
};

type Props = {
  readonly site: SiteView;
  readonly circuits: readonly CircuitView[];
  readonly meters: readonly MeterView[];
};

export function Circuits({ site, circuits, meters }: Props) {
  const reports = new Map(circuits.map((circuit) => [circuit.id, circuit]));
  const troubles = new Map(meters.map(({ id, trouble }) => [id, trouble]));
  return (
    <section class="panel" aria-labelledby="circuits-title">
      <div class="panel-head">
        <h2 id="circuits-title">Circuits</h2>
        <ul class="legend" aria-hidden="true">
          <li class="base">Base load</li>
          <li class="reserved">Reserved</li>
          <li class="allocated">Allocated</li>
          <li class="free">Headroom</li>
          <li class="margin">Margin</li>
        </ul>
      </div>
      <Branch site={site} reports={reports} troubles={troubles} parent={undefined} />
    </section>
  );
}

type BranchProps = {
  readonly site: SiteView;
  readonly reports: ReadonlyMap<string, CircuitView>;
  /** By meter: why it is not believed. */
  readonly troubles: ReadonlyMap<string, string | undefined>;
  readonly parent: string | undefined;
};

function Branch({ site, reports, troubles, parent }: BranchProps) {
  const children = site.circuits.filter((circuit) => circuit.parent === parent);
  if (children.length === 0) return null;
  return (
    <ul class="tree">
      {children.map((circuit) => {
        const report = reports.get(circuit.id);
        return (
          <li key={circuit.id} data-circuit={circuit.id}>
            {report && <CircuitRow circuit={circuit} report={report} trouble={troubles.get(circuit.meter ?? '')} />}
            <Branch site={site} reports={reports} troubles={troubles} parent={circuit.id} />
          </li>
        );
      })}
    </ul>
  );
}

type RowProps = {
  readonly circuit: CircuitSiteView;
  readonly report: CircuitView;
  readonly trouble: string | undefined;
};

function CircuitRow({ circuit, report, trouble }: RowProps) {
  const base = BASE_LOAD[report.baseLoadFrom];
  const authors = [...new Set(PHASES.map((phase) => report.phases[phase].limitAuthor))];
  const limits = [...new Set(PHASES.map((phase) => ampsInWords(report.phases[phase].limitAmps)))];
  const isCommissioned = authors.length === 1 && authors[0] === 'the fuse';
  return (
    <div class="circuit">
      <p class="circuit-head">
        <strong>{circuit.name}</strong>
        {isCommissioned ? (
          <span class="quiet">fuse {limits.join(' / ')}</span>
        ) : (
          <span class="warn">
            {limits.join(' / ')}, set by {authors.join(' and ')}
          </span>
        )}
        <span class={base.tone || 'quiet'}>{base.text}</span>
        {trouble !== undefined && <span class="warn">meter: {trouble}</span>}
        {report.power && (
          <span class={report.power.expectedWatts > report.power.limitWatts ? 'bad' : 'quiet'}>
            {kilowatts(report.power.expectedWatts, report.power.unit)} of{' '}
            {kilowatts(report.power.limitWatts, report.power.unit)} ({report.power.limitAuthor})
          </span>
        )}
      </p>
      <table class="phases">
        <caption class="hidden">{circuit.name}, amperes per phase</caption>
        <thead>
          <tr>
            <th scope="col">
              <span class="hidden">Phase</span>
            </th>
            <td aria-hidden="true" />
            <th scope="col">Base</th>
            <th scope="col">
              <abbr title="The most that the chargers below may be drawing now">Reserved</abbr>
            </th>
            <th scope="col">
              <abbr title="What the chargers below are given">Allocated</abbr>
            </th>
            <th scope="col">
              <abbr title="Limit less margin, base load and reserved">Headroom</abbr>
            </th>
            <th scope="col">Limit</th>
          </tr>
        </thead>
        <tbody>
          {PHASES.map((phase) => {
            const one = report.phases[phase];
            return (
              <tr key={phase} data-phase={phase}>
                <th scope="row">{phase}</th>
                <td class="bar-cell" aria-hidden="true">
                  <PhaseBar report={one} ratingAmps={circuit.ratingAmps[phase]} />
                </td>
                <td>{amps(one.baseLoadAmps)}</td>
                <td>{amps(one.exposureAmps)}</td>
                <td>{amps(one.allocatedAmps)}</td>
                <td class={one.headroomAmps < 0 ? 'bad strong' : 'strong'}>{amps(one.headroomAmps)}</td>
                <td>{amps(one.limitAmps)}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}
