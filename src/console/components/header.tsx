// The first look: which site, is it well, how much is left.

import type { SiteView, StateView } from '../../core/model/state-view.ts';
import { PHASES } from '../../core/model/units.ts';
import { amps, clockTime } from '../format.ts';
import { isStale, site, state } from '../live.ts';
import { EmergencyStopButton } from './emergency-stop.tsx';
import { Shape, type ShapeName } from './shape.tsx';

const MODES: {
  readonly [M in StateView['mode']]: {
    readonly shape: ShapeName;
    readonly tone: string;
    readonly word: string;
    readonly more: string;
  };
} = {
  normal: { shape: 'disc', tone: 'good', word: 'Normal', more: 'measuring and sharing' },
  cautious: { shape: 'triangle', tone: 'warn', word: 'Cautious', more: 'something is not certain: nothing is raised' },
  failsafe: { shape: 'square', tone: 'bad', word: 'Failsafe', more: 'chargers go to their safe floor' },
};

export function Header() {
  const view = state.value;
  const known = site.value;
  return (
    <header class="top" data-stale={isStale.value ? 'yes' : 'no'}>
      <div class="title">
        <h1>{known?.name ?? 'Busbar'}</h1>
        <p class="quiet">
          Busbar{view && known ? ` · ${clockTime(view.wallNowMs, known.timezone)} · cycle ${view.cycle}` : ''}
        </p>
      </div>
      {view && <Mode view={view} />}
      {view && <Facts view={view} known={known} />}
      {view && !view.emergencyStop?.isLatched && <EmergencyStopButton />}
    </header>
  );
}

const STOPPED = {
  shape: 'square',
  tone: 'bad',
  word: 'Stopped',
  more: 'emergency stop: every charger is told 0 A',
} as const;

/** A mode that is not fresh is not a mode: it says what it was. */
function Mode({ view }: { readonly view: StateView }) {
  const known = view.emergencyStop ? STOPPED : MODES[view.mode];
  const mode = isStale.value
    ? ({ shape: 'ring', tone: 'quiet', word: 'Unknown', more: `last known: ${known.word}` } as const)
    : known;
  return (
    <div class={`mode ${mode.tone}`} role="status" aria-label={`Overall state: ${mode.word}`}>
      <Shape name={mode.shape} tone={mode.tone} />
      <div>
        <strong>{mode.word}</strong>
        <span>{mode.more}</span>
      </div>
    </div>
  );
}

function Facts({ view, known }: { readonly view: StateView; readonly known: SiteView | undefined }) {
  const rows = view.circuits.flatMap((circuit) =>
    PHASES.map((phase) => ({ circuit: circuit.id, phase, ...circuit.phases[phase] })),
  );
  const [first] = rows;
  if (!first) return null;
  const least = rows.reduce((a, b) => (b.headroomAmps < a.headroomAmps ? b : a));
  const root = rows.slice(0, PHASES.length).reduce((a, b) => (b.limitAmps < a.limitAmps ? b : a));
  const charging = view.evses.filter((evse) => evse.activity === 'charging').length;
  const nameOf = (id: string) => known?.circuits.find((circuit) => circuit.id === id)?.name ?? id;
  return (
    <dl class="facts">
      <div class={least.headroomAmps < 0 ? 'bad' : ''}>
        <dt>
          Least headroom, {nameOf(least.circuit)} {least.phase}
        </dt>
        <dd>
          {amps(least.headroomAmps)} <small>A</small>
        </dd>
      </div>
      <div>
        <dt>Site limit, {root.limitAuthor}</dt>
        <dd>
          {amps(root.limitAmps)} <small>A</small>
        </dd>
      </div>
      <div>
        <dt>Charging</dt>
        <dd>
          {charging} <small>of {view.evses.length}</small>
        </dd>
      </div>
    </dl>
  );
}
