// What `busbar meter` says of a profile after a reading.
import { expect, test } from 'vitest';
import { profileNotes } from '../../src/wiring/profile-notes.ts';
import { profileIds, profileOf } from '../support/meter-vectors.ts';

test('a profile that nobody has compared with a meter says so first, then its traps', () => {
  const profile = profileOf('eastron-sdm630');
  expect(profileNotes(profile)).toEqual([
    'this profile is not yet verified on a real meter (confidence A): compare every value with the display',
    ...profile.traps,
  ]);
});

test('one that was compared says by whom, when and on which firmware', () => {
  const verified = [
    { by: 'A. Meier', on: '2026-03-31', firmware: '1.44' },
    { by: 'B. Roth', on: '2026-04-02', firmware: '1.50' },
  ];
  expect(profileNotes({ ...profileOf('eastron-sdm630'), verified }).slice(0, 2)).toEqual([
    'verified on a real meter by A. Meier on 2026-03-31, firmware 1.44',
    'verified on a real meter by B. Roth on 2026-04-02, firmware 1.50',
  ]);
});

test('what cannot protect a circuit, or only one phase, is told', () => {
  expect(profileNotes(profileOf('sma-homemanager2'))).toContainEqual(
    expect.stringMatching(/^not for the protection of a circuit: it has no point i_l1/),
  );
  expect(profileNotes(profileOf('eastron-sdm120'))).toContainEqual(
    expect.stringMatching(/^one phase: say in "phases"/),
  );
  const others = profileIds.filter((id) =>
    profileNotes(profileOf(id)).some((note) => /^not for|^one phase/.test(note)),
  );
  expect(others).toEqual(['eastron-sdm120', 'eastron-sdm72d-m-v1', 'schneider-powertag', 'sma-homemanager2']);
});
