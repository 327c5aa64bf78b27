// A device that answers fewer registers than its manual says: found out by a table of polls, and read all the same.
import { describe, expect, test } from 'vitest';
import { AppError } from '../../src/engine/app-error.ts';
import type { Log } from '../../src/engine/ports.ts';
import { Meter } from '../../src/modbus/meter.ts';
import { FULL_LENGTH, isShort, nextLength, outcomeOf, type PollOutcome } from '../../src/modbus/read-length.ts';
import { VirtualClock } from '../../src/simulator/virtual-clock.ts';
import { silentLog } from '../../src/system/log.ts';
import { profileOf } from '../support/meter-vectors.ts';
import { meterAt, sdm630Words } from '../support/modbus-world.ts';

const OUTCOMES: { readonly [letter: string]: PollOutcome } = { g: 'good', r: 'refused', o: 'other', u: 'unasked' };

// Below each outcome: whether the next poll is made of short reads (S) or full ones (F).
// biome-ignore format: a table
test.each([
  ['always good',                              'gggg',       'FFFF'],
  ['one refusal is a lost reply',              'rgrg',       'FFFF'],
  ['two refusals: short is tried',             'rr',         'FS'],
  ['short is good: full is checked once more', 'rrg',        'FSF'],
  ['full is refused again: short stays',       'rrgrggg',    'FSFSSSS'],
  ['full is good again: it was an outage',     'rrgg',       'FSFF'],
  ['short is refused, too: it was an outage',  'rrrr',       'FSFF'],
  ['a rest says nothing',                      'rururugu',   'FFSSFFFF'],
  ['short stays through two lost replies',     'rrgroog',    'FSFSSSS'],
  ['three lost replies: another device?',      'rrgrooo',    'FSFSSSF'],
  ['trouble of another kind is no refusal',    'oooo',       'FFFF'],
])('%s: %s', (_name, outcomes, expected) => {
  let length = FULL_LENGTH;
  const next = [...outcomes].map((letter) => {
    length = nextLength(length, OUTCOMES[letter]!);
    return isShort(length) ? 'S' : 'F';
  });
  expect(next.join('')).toBe(expected);
});

test.each([
  [new AppError('METER_EXCEPTION', '', { exception: 2 }), 18, 'refused'],
  [new AppError('METER_EXCEPTION', '', { exception: 3 }), 11, 'refused'],
  [new AppError('METER_EXCEPTION', '', { exception: 3 }), 10, 'other'],
  [new AppError('METER_EXCEPTION', '', { exception: 6 }), 18, 'other'],
  [new AppError('METER_TIMEOUT', ''), 18, 'refused'],
  [new AppError('METER_TIMEOUT', '', { isResting: true }), 18, 'unasked'],
  [new AppError('METER_CONNECT', ''), 18, 'other'],
  [new Error('ours'), 18, 'other'],
])('%o of a read of %i registers: %s', (error, longest, expected) => {
  expect(outcomeOf(error, longest)).toBe(expected);
});

describe.each([
  ['is silent', () => new AppError('METER_TIMEOUT', 'no whole answer')],
  ['refuses with exception 3', () => new AppError('METER_EXCEPTION', 'exception 3', { exception: 3 })],
])('a meter that %s beyond ten registers', (_name, trouble) => {
  test('is read in shorter blocks after four polls, said once, and stays so', async () => {
    const clock = new VirtualClock();
    const warned: unknown[] = [];
    const log: Log = {
      ...silentLog,
      warn: (event, fields) => {
        if (event === 'meter.reads-shortened') warned.push(fields);
      },
    };
    const asked: number[] = [];
    const reader = {
      read: async (_functionCode: 3 | 4, address: number, count: number) => {
        asked.push(count);
        await clock.sleep('test.read', 10);
        if (count > 10) throw trouble();
        return sdm630Words([10, 11, 12], 230 + (clock.now() % 7) / 10).slice(address, address + count);
      },
    };
    const meter = new Meter(
      { clock, log },
      {
        meter: meterAt(502, { pollMs: 1_000 }),
        profile: profileOf('eastron-sdm630'),
        reader,
        nominalVolts: 230,
        onReading: () => {},
      },
    );
    const stopping = new AbortController();
    const running = meter.run(stopping.signal);
    await clock.advance(60_500);
    expect(meter.state()).toMatchObject({ reading: { currentAmps: { L1: 10, L2: 11, L3: 12 }, frequencyHz: 50 } });
    expect(meter.state().suspicion).toBeUndefined();
    expect(clock.now() - meter.state().reading!.measuredAt).toBeLessThanOrEqual(1_000);
    expect(warned).toEqual([{ meter: 'grid', from: 60, to: 10 }]);
    expect(asked.filter((count) => count > 10)).toHaveLength(3);
    stopping.abort();
    await clock.advance(100);
    await running;
  });
});
