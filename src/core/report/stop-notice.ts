// What a person is told of a transaction that was asked to end because its charger does not obey, and what is left to be done by hand.

import type { Situation } from '../allocate/situation.ts';
import type { Notice } from '../model/decision.ts';
import type { CommandProgress } from '../model/snapshot.ts';
import type { Instant } from '../model/units.ts';

/** A charger that has agreed to stop ends its transaction within this time, and one that was asked answers within it. */
export const STOP_TAKES_MS = 60_000;

/** The notice of the last stop, as long as the disobedience lasts for which it was asked; undefined when none was. */
export function stopNotice({ evse, state, memory }: Situation, now: Instant): Notice | undefined {
  const { stopAsked, disobedientSince } = memory;
  if (!stopAsked || disobedientSince === undefined || stopAsked.at < disobedientSince) return undefined;
  if (state?.transaction?.id !== stopAsked.transaction) {
    return {
      severity: 'warning',
      code: 'STATION_STOPPED',
      text: `The charging session at ${evse.name} was ended, because the charger went on drawing more than it was told. Have the charger checked before it is used again.`,
    };
  }
  const progress = state.stop?.commandId === stopAsked.commandId ? state.stop : undefined;
  const failure = failureOf(progress, now - stopAsked.at);
  if (failure === undefined) {
    return {
      severity: 'warning',
      code: 'STATION_STOPPED',
      text: `${evse.name} was asked to end its charging session, because the charger goes on drawing more than it was told.`,
    };
  }
  return {
    severity: 'alarm',
    code: 'STATION_NOT_STOPPED',
    text: `${evse.name} draws more than it was told and does not end its charging session: ${failure}. It is asked again every two minutes. Switch the charger off by hand if it stays so.`,
  };
}

function failureOf(progress: CommandProgress | undefined, askedAgoMs: number): string | undefined {
  switch (progress?.state) {
    case 'refused':
      return `it refused (${progress.detail ?? 'without a reason'})`;
    case 'unanswered':
      return 'it did not answer';
    case 'dropped':
      return `it could not be asked (${progress.detail ?? 'no reason known'})`;
    case 'accepted':
      return askedAgoMs > STOP_TAKES_MS ? 'it agreed, and goes on all the same' : undefined;
    case 'queued':
    case 'sent':
    case undefined:
      return askedAgoMs > STOP_TAKES_MS ? 'nothing was heard of it' : undefined;
  }
}
