// Payloads of MQTT: which numbers are found where, and what makes a payload no reading; and packets that are too long.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { PayloadMap } from '../../src/core/model/site-meters.ts';
import { PHASES, type Phase } from '../../src/core/model/units.ts';
import { MAX_PACKET_BYTES, PacketGuard } from '../../src/meters/packet-guard.ts';
import { readPayload } from '../../src/meters/payload.ts';
import { runs } from '../support/property-runs.ts';

const at = (pointer: string, factor = 1) => ({ pointer, factor });
const map: PayloadMap = {
  currentAmps: { L1: at('/i/0'), L2: at('/i/1'), L3: at('/i/2') },
  volts: { L1: at('/u'), L2: at('/u'), L3: at('/u') },
  totalPowerWatts: at('/p', 1_000),
  energyImportWh: at('/e', 1_000),
};
const read = (text: string | Uint8Array, with1: PayloadMap = map, phases: readonly Phase[] = PHASES) =>
  readPayload(typeof text === 'string' ? new TextEncoder().encode(text) : text, with1, phases);

describe('a payload', () => {
  test('gives what its places say, multiplied', () => {
    expect(read('{"i": [1, 2.5, "3e0"], "u": "230.5", "p": -1.5, "e": 12}')).toEqual({
      kind: 'sample',
      sample: {
        currentAmps: { L1: 1, L2: 2.5, L3: 3 },
        volts: { L1: 230.5, L2: 230.5, L3: 230.5 },
        totalPowerWatts: -1_500,
        energyImportWh: 12_000,
      },
    });
  });

  test('leaves out what is not there', () => {
    expect(read('{"i": [1, 2, 3], "u": null, "p": "?"}')).toEqual({
      kind: 'sample',
      sample: { currentAmps: { L1: 1, L2: 2, L3: 3 } },
    });
  });

  test('may be the number itself, of one phase', () => {
    expect(read('-4.2', { currentAmps: { L2: at('', -1) } }, ['L2'])).toEqual({
      kind: 'sample',
      sample: { currentAmps: { L1: 0, L2: 4.2, L3: 0 } },
    });
  });

  test('keys with slashes and tildes are escaped, and inherited ones are none', () => {
    const odd: PayloadMap = { currentAmps: { L1: at('/a~1b/~0c') } };
    expect(read('{"a/b": {"~c": 7}}', odd, ['L1'])).toMatchObject({ sample: { currentAmps: { L1: 7 } } });
    expect(read('{"a": []}', { currentAmps: { L1: at('/a/length') } }, ['L1'])).toMatchObject({ kind: 'sample' });
    expect(read('{}', { currentAmps: { L1: at('/__proto__') } }, ['L1'])).toMatchObject({ kind: 'unreadable' });
  });

  test.each([
    ['no JSON', 'i=3', 'the payload is not JSON'],
    ['no UTF-8', new Uint8Array([0xff, 0x31]), 'the payload is not JSON'],
    ['nothing', '', 'the payload is not JSON'],
    ['a current missing', '{"i": [1, 2]}', 'the payload has no current of L3 at "/i/2"'],
    ['a current that is null', '{"i": [1, null, 3]}', 'the payload has no current of L2 at "/i/1"'],
    ['a current that is true', '{"i": [true, 2, 3]}', 'the payload has no current of L1 at "/i/0"'],
    ['a current that is words', '{"i": ["1 A", 2, 3]}', 'the payload has no current of L1 at "/i/0"'],
    ['a current beyond every number', '{"i": [1e999, 2, 3]}', 'the payload has no current of L1 at "/i/0"'],
  ])('%s is no reading', (_story, text, detail) => {
    expect(read(text)).toEqual({ kind: 'unreadable', detail });
  });

  test.each([
    ['"2026-03-02T05:30:00.250Z"', Date.UTC(2026, 2, 2, 5, 30, 0, 250)],
    ['"2026-03-02T05:30:00+01:00"', Date.UTC(2026, 2, 2, 4, 30)],
    ['1772429400', 1_772_429_400_000],
    ['1772429400.5', 1_772_429_400_500],
    ['1772429400500', 1_772_429_400_500],
    ['"2026-03-02T05:30:00"', undefined],
    ['"yesterday"', undefined],
    ['null', undefined],
  ])('its time %s', (time, expected) => {
    const found = read(`{"i": [1, 2, 3], "t": ${time}}`, { ...map, measuredAt: '/t' });
    expect(found).toMatchObject(
      expected === undefined
        ? { kind: 'unreadable', detail: 'the payload has no date-time with its zone at "/t"' }
        : { kind: 'sample', measuredAtWall: expected },
    );
  });

  test('whatever comes, it is a sample of finite numbers or told why not', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.json(),
          fc.string(),
          fc.json().map((text) => `{"i": [1, 2, ${text}]}`),
        ),
        (text) => {
          const found = read(text);
          if (found.kind === 'unreadable') expect(found.detail).not.toBe('');
          else for (const phase of PHASES) expect(found.sample.currentAmps[phase]).toSatisfy(Number.isFinite);
        },
      ),
      runs(500),
    );
  });
});

describe('the guard of an MQTT connection', () => {
  /** A packet's fixed header (MQTT 3.1.1 §2.2) and so many bytes. */
  const packet = (length: number, sent = length) => {
    const header = [0x30];
    for (let rest = length; ; rest = Math.floor(rest / 128)) {
      header.push(rest >= 128 ? (rest % 128) | 0x80 : rest);
      if (rest < 128) break;
    }
    return [...header, ...new Array<number>(sent).fill(0xff)];
  };

  test.each([
    ['the longest', packet(MAX_PACKET_BYTES), true],
    ['one byte longer, before its body is there', packet(MAX_PACKET_BYTES + 1, 0), false],
    ['many short ones', [...packet(0), ...packet(127), ...packet(128), ...packet(2)], true],
    ['a length of five bytes', [0x30, 0x80, 0x80, 0x80, 0x80, 0x01], false],
    ['the longest of all', [0x30, 0xff, 0xff, 0xff, 0x7f], false],
  ])('%s', (_story, bytes, isAccepted) => {
    expect(new PacketGuard().accepts(Uint8Array.from(bytes))).toBe(isAccepted);
  });

  test('however the bytes are cut', () => {
    const lengths = fc.array(fc.integer({ min: 0, max: MAX_PACKET_BYTES + 300 }), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(lengths, fc.integer({ min: 1, max: 4_000 }), (all, cut) => {
        const bytes = Uint8Array.from(all.flatMap((length) => packet(length)));
        const guard = new PacketGuard();
        let isAccepted = true;
        for (let from = 0; from < bytes.length && isAccepted; from += cut)
          isAccepted = guard.accepts(bytes.subarray(from, from + cut));
        expect(isAccepted).toBe(all.every((length) => length <= MAX_PACKET_BYTES));
      }),
      runs(100),
    );
  });
});
