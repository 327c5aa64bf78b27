// Every meter: what it measures, what it shows, how old that is, and why it is not believed when it is not.

import type { MeterSiteView, MeterView, SiteView } from '../../core/model/state-view.ts';
import { PHASES } from '../../core/model/units.ts';
import { amps, duration, kilowatts } from '../format.ts';
import { Shape, type ShapeName } from './shape.tsx';

const SUBJECTS = { load: 'load', pv: 'PV', storage: 'storage' } as const;
const SOURCES: { readonly [F in MeterSiteView['from']]: string } = {
  modbus: 'Modbus',
  combined: 'combined',
  push: 'pushed',
  mqtt: 'MQTT',
  station: "a station's own",
};
const STATES: { readonly [S in MeterView['state']]: readonly [ShapeName, string, string] } = {
  fresh: ['disc', 'good', 'Fresh'],
  ageing: ['triangle', 'warn', 'Late'],
  lost: ['square', 'bad', 'Lost'],
};

type Props = { readonly site: SiteView; readonly meters: readonly MeterView[] };

export function Meters({ site, meters }: Props) {
  if (meters.length === 0) return null;
  const known = new Map(site.meters.map((meter) => [meter.id, meter]));
  return (
    <section class="panel" aria-labelledby="meters-title">
      <div class="panel-head">
        <h2 id="meters-title">Meters</h2>
      </div>
      <div class="sideways">
        <table class="meters">
          <caption class="hidden">Meters, amperes per phase, import positive</caption>
          <thead>
            <tr>
              <th scope="col">Meter</th>
              <th scope="col">State</th>
              {PHASES.map((phase) => (
                <th key={phase} scope="col">
                  {phase}
                </th>
              ))}
              <th scope="col">Power</th>
              <th scope="col">Age</th>
            </tr>
          </thead>
          <tbody>
            {meters.map((meter) => (
              <Row key={meter.id} meter={meter} known={known.get(meter.id)} site={site} />
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

type RowProps = { readonly meter: MeterView; readonly known: MeterSiteView | undefined; readonly site: SiteView };

function Row({ meter, known, site }: RowProps) {
  const [shape, tone, word] = STATES[meter.state];
  const circuit = site.circuits.find((one) => one.meter === meter.id)?.name;
  const measures = known?.of === undefined ? circuit : SUBJECTS[known.of];
  return (
    <tr data-meter={meter.id}>
      <th scope="row">
        <span class="name">{known?.name ?? meter.id}</span>
        <span class="quiet sub">{[measures, known && SOURCES[known.from]].filter(Boolean).join(' · ')}</span>
        {meter.trouble !== undefined && <span class="warn sub">{meter.trouble}</span>}
      </th>
      <td class="meter-state">
        <Shape name={shape} tone={tone} />
        {word}
      </td>
      {PHASES.map((phase) => (
        <td key={phase}>{known?.phases?.includes(phase) === false ? '–' : amps(meter.currentAmps?.[phase])}</td>
      ))}
      <td>{meter.powerWatts === undefined ? '–' : kilowatts(meter.powerWatts).replace('-', '−')}</td>
      <td>{meter.ageMs === undefined ? '–' : duration(meter.ageMs)}</td>
    </tr>
  );
}
