// The emergency stop: a banner that cannot be overlooked with who and since when, the way to clear it, and a quiet button to press it.

import { useSignal } from '@preact/signals';
import { useLayoutEffect, useRef } from 'preact/hooks';
import type { EmergencyStopView, SiteView } from '../../core/model/state-view.ts';
import { dayAndTime } from '../format.ts';
import type { Fault } from '../limit-request.ts';
import { clearStop, pressStop, type StopReason } from '../stop-request.ts';
import { Field } from './field.tsx';
import { Shape } from './shape.tsx';

/** Above everything else on the page; nothing where chargers may charge. */
export function EmergencyStopBanner({
  site,
  stop,
}: {
  readonly site: SiteView;
  readonly stop: EmergencyStopView | undefined;
}) {
  const isAsking = useSignal(false);
  if (!stop) return null;
  const since = stop.sinceWallMs === undefined ? '' : ` since ${dayAndTime(stop.sinceWallMs, site.timezone)}`;
  const isHeld = stop.heldBy.length > 0;
  return (
    <section class="stop-banner" aria-label="Emergency stop" role="alert">
      <Shape name="square" tone="on-bad" />
      <p>
        <strong>Emergency stop</strong> by {stop.author}
        {since}
        {stop.note === undefined ? '' : `: ${stop.note}`}. Every charger is told 0 A. {whatNow(stop)}
      </p>
      {stop.isLatched && (
        <button
          type="button"
          disabled={isHeld}
          onClick={() => {
            isAsking.value = true;
          }}
        >
          Clear emergency stop
        </button>
      )}
      {isAsking.value && (
        <StopDialog
          title="Clear the emergency stop?"
          text="Chargers begin to charge again by themselves. Make sure on site that they may."
          action="Clear emergency stop"
          isReasonNeeded
          send={clearStop}
          onClose={() => {
            isAsking.value = false;
          }}
        />
      )}
    </section>
  );
}

function whatNow({ isLatched, heldBy }: EmergencyStopView): string {
  const held = heldBy.join('; ');
  if (!isLatched) return `It ends when the contact is read as released: ${held}.`;
  return heldBy.length > 0 ? `It cannot be cleared yet: ${held}.` : 'It stays until it is cleared here.';
}

/** Stops all charging, after one question. */
export function EmergencyStopButton() {
  const isAsking = useSignal(false);
  return (
    <>
      <button
        type="button"
        class="stop-button"
        onClick={() => {
          isAsking.value = true;
        }}
      >
        Emergency stop
      </button>
      {isAsking.value && (
        <StopDialog
          title="Stop all charging?"
          text="Every charger is told 0 A until somebody clears the stop. It does not cut the power."
          action="Stop all charging"
          isReasonNeeded={false}
          send={pressStop}
          onClose={() => {
            isAsking.value = false;
          }}
        />
      )}
    </>
  );
}

type DialogProps = {
  readonly title: string;
  readonly text: string;
  readonly action: string;
  readonly isReasonNeeded: boolean;
  readonly send: (reason: StopReason) => Promise<Fault | undefined>;
  readonly onClose: () => void;
};

function StopDialog({ title, text, action, isReasonNeeded, send, onClose }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const texts = { who: useSignal(''), note: useSignal('') };
  const fault = useSignal<Fault | undefined>(undefined);
  const isBusy = useSignal(false);
  useLayoutEffect(() => {
    const element = dialog.current;
    element?.showModal();
    return () => element?.close();
  }, []);
  const submit = async (event: Event) => {
    event.preventDefault();
    if (isBusy.value) return;
    const reason = { who: texts.who.value.trim(), note: texts.note.value.trim() };
    const missing = isReasonNeeded ? (['who', 'note'] as const).find((field) => reason[field] === '') : undefined;
    if (missing !== undefined) {
      fault.value = { field: missing, text: missing === 'who' ? 'Give your name.' : 'Say why it may go on.' };
      return;
    }
    isBusy.value = true;
    fault.value = await send(reason);
    isBusy.value = false;
    if (!fault.value) onClose();
  };
  const faultOf = (field: string) => (fault.value?.field === field ? fault.value.text : undefined);
  const isElsewhere = fault.value && !['who', 'note'].includes(fault.value.field ?? '');
  const hint = isReasonNeeded ? {} : { hint: 'optional' };
  return (
    <dialog
      ref={dialog}
      aria-labelledby="stop-title"
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
    >
      <h2 id="stop-title">{title}</h2>
      <p>{text}</p>
      <form class="stop-form" noValidate onSubmit={submit}>
        <Field name="stopWho" label="Your name" {...hint} text={texts.who} fault={faultOf('who')} mode="text" />
        <Field name="stopNote" label="Reason" {...hint} text={texts.note} fault={faultOf('note')} mode="text" />
        {isElsewhere && (
          <p class="fault" role="alert">
            {fault.value?.text}
          </p>
        )}
        <div class="buttons">
          <button type="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" class="primary" disabled={isBusy.value}>
            {action}
          </button>
        </div>
      </form>
    </dialog>
  );
}
