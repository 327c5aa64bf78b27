// What a person reads when a disobedient charger's session is ended, at every stage of it, and when it does not end.
import { describe, expect, test } from 'vitest';
import type { Situation } from '../../../src/core/allocate/situation.ts';
import type { CommandProgress } from '../../../src/core/model/snapshot.ts';
import { STOP_TAKES_MS, stopNotice } from '../../../src/core/report/stop-notice.ts';
import { evse } from '../../support/site-builder.ts';

const NOW = 1_000_000;

function notice(
  askedAgoMs: number | undefined,
  progress?: Partial<CommandProgress>,
  part: { readonly transaction?: string | undefined; readonly disobedientForMs?: number | undefined } = {},
) {
  const { transaction, disobedientForMs } = { transaction: '7', disobedientForMs: 500_000, ...part };
  const situation = {
    evse: evse({ station: 'A', name: 'Bay 3' }),
    state: {
      ...(transaction === undefined ? {} : { transaction: { id: transaction, startedAt: 0 } }),
      ...(progress ? { stop: { commandId: 's-1', at: NOW, ...progress } } : {}),
    },
    memory: {
      ...(disobedientForMs === undefined ? {} : { disobedientSince: NOW - disobedientForMs }),
      ...(askedAgoMs === undefined ? {} : { stopAsked: { transaction: '7', commandId: 's-1', at: NOW - askedAgoMs } }),
    },
  } as unknown as Situation;
  const found = stopNotice(situation, NOW);
  return found && { ...found, text: found.text.split('. ')[0] };
}

const asking = {
  severity: 'warning',
  code: 'STATION_STOPPED',
  text: 'Bay 3 was asked to end its charging session, because the charger goes on drawing more than it was told.',
};
const ended = {
  severity: 'warning',
  code: 'STATION_STOPPED',
  text: 'The charging session at Bay 3 was ended, because the charger went on drawing more than it was told',
};
const not = (why: string) => ({
  severity: 'alarm',
  code: 'STATION_NOT_STOPPED',
  text: `Bay 3 draws more than it was told and does not end its charging session: ${why}`,
});

describe('a person reads', () => {
  test.each<[string, ReturnType<typeof notice>, object | undefined]>([
    ['nothing before a stop', notice(undefined), undefined],
    ['that it was asked', notice(0), asking],
    ['that it was asked, while the question waits', notice(1_000, { state: 'queued' }), asking],
    ['that it was asked, while it is on its way', notice(STOP_TAKES_MS, { state: 'sent' }), asking],
    ['that it was asked, while it ends', notice(STOP_TAKES_MS, { state: 'accepted' }), asking],
    ['that it ended', notice(2_000, { state: 'accepted' }, { transaction: undefined }), ended],
    ['that it ended, whatever it answered', notice(2_000, { state: 'refused' }, { transaction: '8' }), ended],
    [
      'that it refused, in its own words',
      notice(1, { state: 'refused', detail: 'Rejected' }),
      not('it refused (Rejected)'),
    ],
    ['that it refused without a word', notice(1, { state: 'refused' }), not('it refused (without a reason)')],
    ['that it was silent', notice(1, { state: 'unanswered' }), not('it did not answer')],
    [
      'that it could not be asked',
      notice(1, { state: 'dropped', detail: 'the station is not connected' }),
      not('it could not be asked (the station is not connected)'),
    ],
    [
      'that it could not be asked, nobody knows why',
      notice(1, { state: 'dropped' }),
      not('it could not be asked (no reason known)'),
    ],
    [
      'that it agreed and goes on',
      notice(STOP_TAKES_MS + 1, { state: 'accepted' }),
      not('it agreed, and goes on all the same'),
    ],
    ['that nothing was heard', notice(STOP_TAKES_MS + 1, { state: 'sent' }), not('nothing was heard of it')],
    ['that nothing was heard, not even of the question', notice(STOP_TAKES_MS + 1), not('nothing was heard of it')],
    ["nothing of another stop's answer", notice(1, { state: 'refused', commandId: 's-0' }), asking],
    ['nothing once it obeys again', notice(1, { state: 'refused' }, { disobedientForMs: undefined }), undefined],
    [
      'nothing of a stop in earlier trouble',
      notice(90_000, { state: 'accepted' }, { disobedientForMs: 89_999 }),
      undefined,
    ],
  ])('%s', (_story, found, expected) => {
    expect(found).toEqual(expected);
  });

  test('what to do: in full sentences', () => {
    expect(notice(1, { state: 'refused' })?.severity).toBe('alarm');
  });
});
