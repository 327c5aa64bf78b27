// The digital inputs: what each contact says, since when, and whether it can be read at all.

import type { ContactView, SiteView } from '../../core/model/state-view.ts';
import { dayAndTime } from '../format.ts';
import { Shape, type ShapeName } from './shape.tsx';

const STATES: {
  readonly [S in ContactView['state']]: { readonly shape: ShapeName; readonly tone: string; readonly word: string };
} = {
  active: { shape: 'disc', tone: 'warn', word: 'Active' },
  released: { shape: 'ring', tone: 'quiet', word: 'Released' },
  unknown: { shape: 'cross', tone: 'bad', word: 'Not read, counts as active' },
};

export function Contacts({ site, contacts }: { readonly site: SiteView; readonly contacts: readonly ContactView[] }) {
  if (contacts.length === 0) return null;
  return (
    <section class="panel" aria-labelledby="contacts-title">
      <div class="panel-head">
        <h2 id="contacts-title">Contacts</h2>
      </div>
      <ul class="contacts">
        {contacts.map(({ id, name, state, sinceWallMs, isEmergencyStop, trouble }) => {
          const { shape, tone, word } = STATES[state];
          return (
            <li key={id} data-contact={id}>
              <Shape name={shape} tone={tone} />
              <span class="name">
                {name}
                {isEmergencyStop && <span class="quiet"> (emergency stop)</span>}
              </span>
              <span class={tone}>
                {word} since {dayAndTime(sinceWallMs, site.timezone)}
                {trouble === undefined ? '' : `: ${trouble}`}
              </span>
            </li>
          );
        })}
      </ul>
    </section>
  );
}
