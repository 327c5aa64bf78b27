// Every charging point in one table: what it does, the three different amperes, what is reserved for it, and why.

import type { EvseActivity, EvseSiteView, EvseView, SiteView } from '../../core/model/state-view.ts';
import { PHASES, type Phase } from '../../core/model/units.ts';
import { ACTIVITY_WORDS, amps } from '../format.ts';
import { type WishWords, wishWords } from '../wish-words.ts';
import { Shape, type ShapeName } from './shape.tsx';

const ACTIVITY_SHAPES: { readonly [A in EvseActivity]: readonly [ShapeName, string] } = {
  'never-connected': ['cross', 'quiet'],
  offline: ['cross', 'bad'],
  faulted: ['triangle', 'bad'],
  unavailable: ['cross', 'quiet'],
  charging: ['disc', 'good'],
  'paused-by-charger': ['bars', 'warn'],
  'paused-by-car': ['bars', 'quiet'],
  'car-connected': ['disc', 'quiet'],
  reserved: ['square', 'quiet'],
  free: ['ring', 'quiet'],
  unknown: ['ring', 'warn'],
};

const WARNING_REASONS = new Set(['paused', 'unreachable', 'floor-not-proved', 'out-of-service']);
const BAD_REASONS = new Set(['disobedient', 'failsafe']);

type Props = { readonly site: SiteView; readonly evses: readonly EvseView[]; readonly wallNowMs: number };

export function EvseTable({ site, evses, wallNowMs }: Props) {
  const facts = new Map(site.evses.map((evse) => [evse.id, evse]));
  const circuits = new Map(site.circuits.map((circuit) => [circuit.id, circuit.name]));
  return (
    <section class="panel" aria-labelledby="evses-title">
      <div class="panel-head">
        <h2 id="evses-title">Chargers</h2>
        <p class="quiet">Amperes per phase</p>
      </div>
      <table class="evses" aria-labelledby="evses-title">
        <thead>
          <tr>
            <th scope="col">Charger</th>
            <th scope="col">State</th>
            <th scope="col" class="number">
              Offered
            </th>
            <th scope="col" class="number">
              <abbr title="Accepted by the charger">Acknowledged</abbr>
            </th>
            {PHASES.map((phase) => (
              <th key={phase} scope="col" class="number">
                Drawn {phase}
              </th>
            ))}
            <th scope="col" class="number">
              <abbr title="The most it may be drawing now">Reserved</abbr>
            </th>
            <th scope="col">Why</th>
          </tr>
        </thead>
        <tbody>
          {evses.map((evse) => {
            const known = facts.get(evse.id);
            const wish =
              evse.wish &&
              known &&
              wishWords(evse.wish, { ...known, targetAmps: evse.targetAmps }, wallNowMs, site.timezone);
            return (
              <Row key={evse.id} evse={evse} known={known} circuit={circuits.get(known?.circuit ?? '')} wish={wish} />
            );
          })}
        </tbody>
      </table>
    </section>
  );
}

type RowProps = {
  readonly evse: EvseView;
  readonly known: EvseSiteView | undefined;
  readonly circuit: string | undefined;
  readonly wish: WishWords | undefined;
};

function Row({ evse, known, circuit, wish }: RowProps) {
  const [shape, tone] = ACTIVITY_SHAPES[evse.activity];
  const reasonTone = BAD_REASONS.has(evse.reason.kind) ? 'bad' : WARNING_REASONS.has(evse.reason.kind) ? 'warn' : '';
  // What has all that it can take needs no second line.
  const remedy = evse.reason.kind === 'own-maximum' ? undefined : evse.reason.remedy;
  return (
    <tr data-evse={evse.id}>
      <th scope="row">
        <span class="name">{known?.name ?? evse.id}</span>
        <span class="quiet sub">{[circuit, evse.model].filter(Boolean).join(' · ')}</span>
      </th>
      <td class="state">
        <Shape name={shape} tone={tone} />
        {ACTIVITY_WORDS[evse.activity]}
      </td>
      <Amps label="Offered" value={evse.offeredAmps} />
      <Amps label="Acknowl." value={evse.acknowledgedAmps} isDifferent={isPending(evse)} />
      {PHASES.map((phase) => (
        <Amps key={phase} label={`Drawn ${phase}`} value={drawnOn(evse, phase)} />
      ))}
      <Amps label="Reserved" value={evse.exposureAmps} isStrong />
      <td class={`why ${reasonTone}`}>
        {evse.reason.text}
        {remedy !== undefined && <span class="quiet sub remedy">{remedy}</span>}
        {wish && <span class={`wish ${wish.isShort ? 'warn' : 'quiet'}`}>{wish.text}</span>}
      </td>
    </tr>
  );
}

/** The charger has accepted something, but not the newest. */
function isPending({ acknowledgedAmps, offeredAmps }: EvseView): boolean {
  return acknowledgedAmps !== undefined && acknowledgedAmps !== offeredAmps;
}

/** A phase that the EVSE is not wired to draws nothing that could be shown. */
function drawnOn(evse: EvseView, phase: Phase): number | undefined {
  return evse.phases.includes(phase) ? evse.drawnAmps?.[phase] : undefined;
}

type AmpsProps = {
  readonly label: string;
  readonly value: number | undefined;
  readonly isStrong?: boolean;
  readonly isDifferent?: boolean;
};

function Amps({ label, value, isStrong, isDifferent }: AmpsProps) {
  return (
    <td class={`number${isStrong ? ' strong' : ''}${isDifferent ? ' warn' : ''}`} data-label={label}>
      <span>{amps(value)}</span>
    </td>
  );
}
