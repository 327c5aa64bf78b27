// A charger profile by itself: fields that contradict each other, above all a lease that wears out the flash it is written to.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseChargerProfile } from '../../src/config/charger-profile.ts';
import { parseChargingTemplate } from '../../src/config/charging-template.ts';
import { describeFault } from '../../src/config/fault.ts';
import { packagedProfilesDir } from '../../src/config/package-root.ts';

const read = (path: string) => JSON.parse(readFileSync(join(packagedProfilesDir(), path), 'utf8'));
const templates = new Map(
  ['floor-6a', 'floor-0a', 'lease'].map((id) => {
    const parsed = parseChargingTemplate(read(`charging/${id}.json`), `${id}.json`);
    if (!parsed.ok) throw new Error(parsed.faults.map(describeFault).join('\n'));
    return [id, parsed.template] as const;
  }),
);

function parse(change: object) {
  return parseChargerProfile({ ...read('chargers/generic-ac.json'), ...change }, 'x.json', templates);
}

function lines(change: object): string[] {
  const parsed = parse(change);
  return parsed.ok ? [] : parsed.faults.map(describeFault);
}

describe('writes per day', () => {
  // One lease is renewed three times in its life, and four fifths of the writes may go to renewals.
  test.each([
    // lease s, writes a day, faults
    [60, 5_400, 0], // 4,320 renewals = 80 % of 5,400
    [60, 5_399, 1],
    [324, 1_000, 0],
    [323, 1_000, 1],
    [900, 360, 0],
    [900, 359, 1],
    [15, 1_000_000, 0],
  ])('a lease of %i s with %i writes a day has %i faults', (durationSeconds, writesPerDay, count) => {
    const faults = lines({ writesPerDay, lease: { template: 'lease', durationSeconds } });
    expect(faults.map((line) => line.split(': got')[0])).toEqual(Array(count).fill('x.json: lease.durationSeconds'));
  });

  test('the message says how long a lease must be, and why', () => {
    expect(lines({ writesPerDay: 1_000 })).toEqual([
      'x.json: lease.durationSeconds: got 60, expected at least 324 s; renewals alone take 4320 of 1000 writes a day, and a fifth is for changes',
    ]);
  });

  test('where no lease is long enough, the message says how many writes would be', () => {
    expect(lines({ writesPerDay: 100 })).toEqual([
      'x.json: lease.durationSeconds: got 60, expected more than any lease can last (900 s): state at least 360 writesPerDay, or none; renewals alone take 4320 of 100 writes a day, and a fifth is for changes',
    ]);
  });

  test.each([99, 1_000_001, 500.5, '1000', null])('%s is no number of writes a day', (writesPerDay) => {
    expect(lines({ writesPerDay })).toEqual([
      `x.json: writesPerDay: got ${JSON.stringify(writesPerDay)}, expected a whole number of profiles a day from 100 to 1000000`,
    ]);
  });

  test('reach the runtime profile; without them there is no bound', () => {
    const bounded = parse({ writesPerDay: 10_000 });
    if (!bounded.ok) throw new Error('a fault');
    expect(bounded.model.profile.writesPerDay).toBe(10_000);
    const unbounded = parse({});
    if (!unbounded.ok) throw new Error('a fault');
    expect(unbounded.model.profile).not.toHaveProperty('writesPerDay');
  });
});

test.each([
  [
    'a lease at the level of its floor',
    { lease: { template: 'lease', stackLevel: 0 } },
    "lease.stackLevel: got 0, expected a level above the floor's 0, or the purpose TxProfile",
  ],
  [
    'a template that is not there',
    { floor: { template: 'flor-6a' } },
    'floor.template: got "flor-6a", expected a floor template of profiles/charging (did you mean floor-6a?): floor-6a, floor-0a',
  ],
  [
    'a forgetful model that holds its floor',
    { quirks: [{ flag: 'forgets-profiles-on-reconnect', why: 'it does', source: 'seen' }] },
    'holdsFloor: got true, expected false: a model that forgets its profiles does not hold a floor',
  ],
])('%s is one fault', (_what, change, line) => {
  expect(lines(change)).toEqual([`x.json: ${line}`]);
});
