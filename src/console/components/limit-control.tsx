// Sets and clears the site's limit: nothing is sent before a person has seen the old and the new value side by side.

import { type Signal, useSignal } from '@preact/signals';
import type { CapView, CircuitSiteView, SiteView, StateView } from '../../core/model/state-view.ts';
import { PHASES } from '../../core/model/units.ts';
import { ampsInWords, dayAndTime, kilowatts } from '../format.ts';
import { clearLimit, type Fault, type LimitChange, setLimit } from '../limit-request.ts';
import { ConfirmDialog } from './confirm-dialog.tsx';
import { Field } from './field.tsx';

type Wish = { readonly kind: 'set'; readonly change: LimitChange } | { readonly kind: 'clear' };

export function LimitControl({ site, state }: { readonly site: SiteView; readonly state: StateView }) {
  const root = site.circuits[0];
  const texts = { limit: useSignal(''), minutes: useSignal(''), note: useSignal('') };
  const fault = useSignal<Fault | undefined>(undefined);
  const done = useSignal('');
  const wish = useSignal<Wish | undefined>(undefined);
  const isSending = useSignal(false);
  if (!root) return null;
  const ratingAmps = Math.max(...PHASES.map((phase) => root.ratingAmps[phase]));
  const caps = state.caps.filter((cap) => cap.circuit === root.id && cap.authorKind === 'facility-manager');

  const propose = (proposed: Wish) => {
    done.value = '';
    fault.value = undefined;
    wish.value = proposed;
  };
  const review = () => {
    done.value = '';
    const read = readChange(texts.limit.value, texts.minutes.value, texts.note.value, ratingAmps);
    if (read.change) propose({ kind: 'set', change: read.change });
    fault.value = read.fault;
  };
  const send = async () => {
    const asked = wish.value;
    if (!asked || isSending.value) return;
    isSending.value = true;
    fault.value = asked.kind === 'set' ? await setLimit(root.id, asked.change) : await clearLimit(root.id);
    isSending.value = false;
    wish.value = undefined;
    if (fault.value) return;
    const said = asked.kind === 'set' ? `Limit ${ampsInWords(asked.change.limitAmps)} accepted` : 'Limit cleared';
    done.value = `${said}: it takes effect with the next cycle.`;
    if (asked.kind === 'set') for (const text of Object.values(texts)) text.value = '';
  };
  const faultOf = (field: string) => (fault.value?.field === field ? fault.value.text : undefined);
  const isElsewhere = fault.value && !['limitAmps', 'untilMinutes', 'note'].includes(fault.value.field ?? '');

  return (
    <section class="panel" aria-labelledby="limit-title">
      <div class="panel-head">
        <h2 id="limit-title">Site limit</h2>
        <p class="quiet">
          {root.name}, now {limitInForce(root, state)}
        </p>
      </div>
      <CapsInForce caps={caps} timezone={site.timezone} onClear={() => propose({ kind: 'clear' })} />
      <LimitForm texts={texts} faultOf={faultOf} onReview={review} />
      {isElsewhere && (
        <p class="fault" role="alert">
          {fault.value?.text}
        </p>
      )}
      <p class="done" role="status">
        {done.value}
      </p>
      {wish.value && (
        <ConfirmDialog
          {...wordsOf(wish.value, root, state)}
          isBusy={isSending.value}
          onConfirm={send}
          onCancel={() => {
            wish.value = undefined;
          }}
        />
      )}
    </section>
  );
}

type CapsProps = { readonly caps: readonly CapView[]; readonly timezone: string; readonly onClear: () => void };

function CapsInForce({ caps, timezone, onClear }: CapsProps) {
  return (
    <>
      {caps.map((cap) => (
        <p key={cap.id} class="cap">
          <span>{describeCap(cap, timezone)}</span>
          <button type="button" onClick={onClear}>
            Clear limit
          </button>
        </p>
      ))}
    </>
  );
}

type FormProps = {
  readonly texts: {
    readonly limit: Signal<string>;
    readonly minutes: Signal<string>;
    readonly note: Signal<string>;
  };
  readonly faultOf: (field: string) => string | undefined;
  readonly onReview: () => void;
};

function LimitForm({ texts, faultOf, onReview }: FormProps) {
  const review = (event: Event) => {
    event.preventDefault();
    onReview();
  };
  return (
    <form class="limit-form" noValidate onSubmit={review}>
      <Field
        name="limitAmps"
        label="Limit, A per phase"
        text={texts.limit}
        fault={faultOf('limitAmps')}
        mode="decimal"
      />
      <Field
        name="untilMinutes"
        label="For, minutes"
        hint="optional"
        text={texts.minutes}
        fault={faultOf('untilMinutes')}
        mode="numeric"
      />
      <Field name="note" label="Reason" hint="optional" text={texts.note} fault={faultOf('note')} mode="text" />
      <button type="submit" class="primary">
        Review
      </button>
    </form>
  );
}

function limitInForce(root: CircuitSiteView, state: StateView): string {
  const report = state.circuits.find((circuit) => circuit.id === root.id);
  if (!report) return 'unknown';
  const tightest = PHASES.map((phase) => report.phases[phase]).reduce((a, b) => (b.limitAmps < a.limitAmps ? b : a));
  return `${ampsInWords(tightest.limitAmps)} by ${tightest.limitAuthor}`;
}

function describeCap(cap: CapView, timezone: string): string {
  const amount = cap.limitAmps
    ? `${ampsInWords(Math.min(...PHASES.map((phase) => cap.limitAmps?.[phase] ?? 0)))} per phase`
    : kilowatts(cap.limitWatts ?? 0);
  const until = cap.untilWallMs === undefined ? 'until cleared' : `until ${dayAndTime(cap.untilWallMs, timezone)}`;
  return `${amount} ${until}, by ${cap.author}${cap.note === undefined ? '' : `: ${cap.note}`}`;
}

function wordsOf(wish: Wish, root: CircuitSiteView, state: StateView) {
  const now = limitInForce(root, state);
  if (wish.kind === 'clear')
    return {
      title: 'Clear the site limit?',
      rows: [
        ['Circuit', root.name],
        ['Now', now],
        ['New', 'no limit set here: fuse and other limits rule'],
      ] as const,
      action: 'Clear limit',
    };
  const { limitAmps, untilMinutes } = wish.change;
  return {
    title: 'Set the site limit?',
    rows: [
      ['Circuit', root.name],
      ['Now', now],
      ['New', `${ampsInWords(limitAmps)} per phase`],
      ['Holds', untilMinutes === undefined ? 'until cleared' : `for ${untilMinutes} minutes`],
    ] as const,
    action: `Set ${ampsInWords(limitAmps)}`,
  };
}

/** What was typed, as numbers; a decimal comma is a decimal point. */
function readChange(
  limit: string,
  minutes: string,
  note: string,
  ratingAmps: number,
): { readonly change?: LimitChange; readonly fault?: Fault } {
  const limitAmps = Number(limit.trim().replace(',', '.'));
  if (limit.trim() === '' || !Number.isFinite(limitAmps) || limitAmps < 0 || limitAmps > ratingAmps)
    return { fault: { field: 'limitAmps', text: `Give a number from 0 to ${ratingAmps}, the rating in amperes.` } };
  const untilMinutes = Number(minutes.trim());
  if (minutes.trim() !== '' && !(untilMinutes > 0))
    return { fault: { field: 'untilMinutes', text: 'Give a number of minutes above 0, or leave it empty.' } };
  return {
    change: {
      limitAmps,
      ...(minutes.trim() === '' ? {} : { untilMinutes }),
      ...(note.trim() === '' ? {} : { note: note.trim() }),
    },
  };
}
