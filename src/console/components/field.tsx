// One labelled input with its hint and its fault, tied together for those who hear the page.

import type { Signal } from '@preact/signals';

type Props = {
  readonly name: string;
  readonly label: string;
  readonly hint?: string;
  readonly text: Signal<string>;
  readonly fault: string | undefined;
  readonly mode: 'decimal' | 'numeric' | 'text';
};

export function Field({ name, label, hint, text, fault, mode }: Props) {
  return (
    <div class={`field ${name}`}>
      <label for={name}>
        {label}
        {hint && <span class="quiet"> ({hint})</span>}
      </label>
      <input
        id={name}
        name={name}
        type="text"
        inputMode={mode}
        autoComplete="off"
        maxLength={mode === 'text' ? 200 : 12}
        value={text.value}
        aria-invalid={fault ? 'true' : 'false'}
        aria-describedby={fault ? `${name}-fault` : undefined}
        onInput={(event) => {
          text.value = event.currentTarget.value;
        }}
      />
      {fault && (
        <p id={`${name}-fault`} class="fault" role="alert">
          {fault}
        </p>
      )}
    </div>
  );
}
