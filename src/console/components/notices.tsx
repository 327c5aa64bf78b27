// What is wrong: the page's own connection first, then the controller's notices, worst first.

import type { StateView } from '../../core/model/state-view.ts';
import { clockTime, duration } from '../format.ts';
import { ageMs, isConnected, isStale, site, state } from '../live.ts';
import { Shape, type ShapeName } from './shape.tsx';

const SEVERITIES: {
  readonly [S in StateView['notices'][number]['severity']]: {
    readonly rank: number;
    readonly shape: ShapeName;
    readonly tone: string;
    readonly word: string;
  };
} = {
  alarm: { rank: 0, shape: 'square', tone: 'bad', word: 'Alarm' },
  warning: { rank: 1, shape: 'triangle', tone: 'warn', word: 'Warning' },
  info: { rank: 2, shape: 'ring', tone: 'quiet', word: 'Note' },
};

/** Says when what is shown is not what is. */
export function Connection() {
  const view = state.value;
  const timezone = site.value?.timezone ?? 'UTC';
  if (!view)
    return (
      <p class="banner" role="status">
        {isConnected.value ? 'Waiting for the first cycle of the controller…' : 'Connecting to Busbar…'}
      </p>
    );
  if (isConnected.value && !isStale.value) return null;
  const since = `The numbers below are from ${clockTime(view.wallNowMs, timezone)}`;
  return (
    <p class="banner bad" role="alert">
      <Shape name="cross" tone="bad" />
      <span>
        <strong>
          {isConnected.value ? 'The controller makes no cycles.' : 'Connection lost.'} {since},{' '}
        </strong>
        <span aria-live="off">{duration(ageMs.value)} ago.</span>{' '}
        {isConnected.value
          ? 'Chargers fall to their safe floor when their leases run out. Look at the controller and its log.'
          : 'This page keeps trying. Charging does not depend on it.'}
      </span>
    </p>
  );
}

export function Notices({ notices }: { readonly notices: StateView['notices'] }) {
  if (notices.length === 0) return null;
  const sorted = [...notices].sort((a, b) => SEVERITIES[a.severity].rank - SEVERITIES[b.severity].rank);
  return (
    <section aria-label="Notices">
      <ul class="notices">
        {sorted.map((notice) => {
          const { shape, tone, word } = SEVERITIES[notice.severity];
          return (
            <li key={`${notice.code} ${notice.text}`} class={tone}>
              <Shape name={shape} tone={tone} />
              <strong>{word}</strong>
              <span class="text">{notice.text}</span>
              <code>{notice.code}</code>
            </li>
          );
        })}
      </ul>
    </section>
  );
}
