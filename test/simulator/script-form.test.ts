// A script as text: what is written is read again, field by field, and bad input is told by field, value and what was expected.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MAX_FORM_FAULTS } from '../../src/simulator/form.ts';
import type { BaseLoadKind, Happening, Script } from '../../src/simulator/script.ts';
import {
  MAX_HAPPENINGS,
  MAX_SCRIPT_HOURS,
  MAX_SCRIPT_TEXT,
  misfitsOf,
  readScript,
  writeScriptText,
} from '../../src/simulator/script-form.ts';
import { writeScript } from '../../src/simulator/write-script.ts';
import { buildSite, evse } from '../support/site-builder.ts';

const site = buildSite({ upstream: { url: 'ws://127.0.0.1:9300/ocpp' } });
const loads: readonly BaseLoadKind[] = [
  { kind: 'flat', part: 0.25 },
  { kind: 'walk' },
  { kind: 'office' },
  { kind: 'series', name: 'b25_kWh', stepMs: 3_600_000, parts: [0, 0.5, 1] },
];
const car: Happening = {
  kind: 'car-comes',
  atMs: 60_000,
  evse: 'A/1',
  car: { phases: 3, maxAmps: 16, minAmps: 6, batteryWh: 50_000 },
  storedWh: 10_000,
  idTag: 'SIM-1-1',
  forMs: 3_600_000,
};
const lost: Happening = { kind: 'link-lost', atMs: 90_000, station: 'A', how: 'closed', forMs: 60_000 };
const script: Script = {
  site: 'test-site',
  seed: 1,
  hours: 2,
  faults: 'field',
  baseLoad: { kind: 'office' },
  happenings: [car, lost],
};

describe('what is written is read again', () => {
  test('for any script that is written, whatever its level, load and hours', () => {
    const wish = fc.record({
      seed: fc.integer({ min: 0, max: 2 ** 40 }),
      hours: fc.constantFrom(0.05, 1, 24, 48),
      faults: fc.constantFrom('none' as const, 'field' as const, 'harsh' as const),
      baseLoad: fc.constantFrom(...loads),
    });
    fc.assert(
      fc.property(wish, (drawn) => {
        const written = writeScript({ site, ...drawn });
        expect(readScript(writeScriptText(written))).toEqual({ ok: true, script: written });
      }),
      { numRuns: 60 },
    );
  });

  test('with every optional field of a car', () => {
    const odd = { ...car, car: { ...car.car, reactionMs: 3_000, wakesAtAmps: 10, taperFrom: 0.9 } };
    const whole = { ...script, happenings: [odd] };
    expect(readScript(writeScriptText(whole))).toEqual({ ok: true, script: whole });
  });

  test('to the same text, in whatever order the fields came', () => {
    const text = writeScriptText(script);
    const turned = {
      ...script,
      happenings: script.happenings.map((one) => Object.fromEntries(Object.entries(one).reverse())),
    };
    expect(writeScriptText(turned as unknown as Script)).toBe(text);
    const read = readScript(JSON.stringify(turned));
    expect(read.ok && writeScriptText(read.script)).toBe(text);
  });

  test('with one happening on each line', () => {
    expect(writeScriptText(script).split('\n')).toEqual([
      '{',
      '  "site": "test-site",',
      '  "seed": 1,',
      '  "hours": 2,',
      '  "faults": "field",',
      '  "baseLoad": {"kind":"office"},',
      '  "happenings": [',
      '    {"atMs":60000,"kind":"car-comes","evse":"A/1","car":{"phases":3,"maxAmps":16,"minAmps":6,"batteryWh":50000},"storedWh":10000,"idTag":"SIM-1-1","forMs":3600000},',
      '    {"atMs":90000,"kind":"link-lost","station":"A","how":"closed","forMs":60000}',
      '  ]',
      '}',
      '',
    ]);
    expect(JSON.parse(writeScriptText({ ...script, happenings: [] })).happenings).toEqual([]);
  });
});

const read = (part: object) => readScript(JSON.stringify({ ...script, ...part }));
const withOne = (part: object, of: Happening = car) => read({ happenings: [{ ...of, ...part }] });

describe('bad input is refused with field, value and what was expected', () => {
  test.each<[string, ReturnType<typeof readScript>, string, unknown, RegExp]>([
    ['no site', read({ site: undefined }), 'site', undefined, /a text of 1 to 200/],
    ['a broken seed', read({ seed: 1.5 }), 'seed', 1.5, /a whole number/],
    ['no hours', read({ hours: 0 }), 'hours', 0, /a number from 0.01 to 8784/],
    ['too many hours', read({ hours: MAX_SCRIPT_HOURS + 1 }), 'hours', 8_785, /to 8784/],
    ['hours as text', read({ hours: '24' }), 'hours', '24', /a number/],
    ['an unknown level', read({ faults: 'heavy' }), 'faults', 'heavy', /one of none, field, harsh/],
    ['an unknown field', read({ hour: 3 }), 'hour', 3, /no such field: site, seed, hours/],
    [
      'an unknown load',
      read({ baseLoad: { kind: 'sea' } }),
      'baseLoad.kind',
      'sea',
      /one of flat, walk, office, series/,
    ],
    ['a load that is none', read({ baseLoad: 'walk' }), 'baseLoad', 'walk', /an object whose kind is one of flat/],
    ['a part above 1', read({ baseLoad: { kind: 'flat', part: 1.1 } }), 'baseLoad.part', 1.1, /from 0 to 1/],
    ['an empty series', read({ baseLoad: { ...loads[3], parts: [] } }), 'baseLoad.parts', '0 of them', /1 to 35136/],
    ['a bad part', read({ baseLoad: { ...loads[3], parts: [0, -1] } }), 'baseLoad.parts[1]', -1, /from 0 to 1/],
    ['no list', read({ happenings: {} }), 'happenings', 'an object', /a list/],
    ['no happening', read({ happenings: [null] }), 'happenings[0]', null, /an object whose kind/],
    ['an unknown kind', withOne({ kind: 'storm' }), 'happenings[0].kind', 'storm', /one of car-comes, link-lost/],
    ['a kind of every object', withOne({ kind: 'toString' }), 'happenings[0].kind', 'toString', /one of car-comes/],
    ['a time before the start', withOne({ atMs: -1 }), 'happenings[0].atMs', -1, /from 0 to/],
    ['nothing of a stay', withOne({ forMs: 0 }), 'happenings[0].forMs', 0, /from 1 to/],
    ['a long idTag', withOne({ idTag: 'X'.repeat(21) }), 'happenings[0].idTag', 'X'.repeat(21), /1 to 20 characters/],
    ['four phases', withOne({ car: { ...car.car, phases: 4 } }), 'happenings[0].car.phases', 4, /one of 1, 2, 3/],
    [
      'a slow car',
      withOne({ car: { ...car.car, reactionMs: 5_001 } }),
      'happenings[0].car.reactionMs',
      5_001,
      /to 5000/,
    ],
    [
      'a car of two minds',
      withOne({ car: { ...car.car, minAmps: 17 } }),
      'happenings[0].car.minAmps',
      17,
      /maxAmps, 16/,
    ],
    ['an over-full car', withOne({ storedWh: 50_001 }), 'happenings[0].storedWh', 50_001, /holds, 50000/],
    ['a car that is none', withOne({ car: 3 }), 'happenings[0].car', 3, /an object with phases, maxAmps/],
    ['another kind of loss', withOne({ how: 'slowly' }, lost), 'happenings[0].how', 'slowly', /closed, half-open/],
    [
      'another field',
      withOne({ meter: 'main' }, lost),
      'happenings[0].meter',
      'main',
      /no such field: atMs, kind, station/,
    ],
  ])('%s', (_what, answer, path, value, expected) => {
    expect(answer).toMatchObject({ ok: false, faults: [{ path, ...(value === undefined ? {} : { value }) }] });
    expect(!answer.ok && answer.faults[0]!.expected).toMatch(expected);
    expect(!answer.ok && answer.faults).toHaveLength(1);
  });

  test('a text that is no JSON, with where', () => {
    expect(readScript('{"site": ')).toMatchObject({ ok: false, faults: [{ path: '', value: '{"site": ' }] });
    const answer = readScript('nonsense');
    expect(!answer.ok && answer.faults[0]!.expected).toMatch(/^a script in JSON \(.+\)$/);
  });

  test('happenings out of order', () => {
    const answer = read({ happenings: [lost, car] });
    expect(answer).toMatchObject({ ok: false, faults: [{ path: 'happenings[1].atMs', value: 60_000 }] });
    expect(!answer.ok && answer.faults[0]!.expected).toBe('at least 90000: they stand in the order of time');
  });

  test('two of a kind on one subject at once; one after the other, or on two, they may be', () => {
    const second = { ...lost, atMs: lost.atMs + 59_999 };
    const answer = read({ happenings: [lost, second] });
    expect(answer).toMatchObject({ ok: false, faults: [{ path: 'happenings[1].atMs', value: 149_999 }] });
    expect(!answer.ok && answer.faults[0]!.expected).toMatch(
      /at least 150000: until then lasts .*link-lost, station A/,
    );
    expect(read({ happenings: [lost, { ...second, atMs: 150_000 }] }).ok).toBe(true);
    expect(read({ happenings: [lost, { ...second, station: 'B' }] }).ok).toBe(true);
    expect(
      read({ happenings: [lost, { kind: 'network-slow', atMs: 90_000, station: 'A', delayMs: 1, forMs: 1 }] }).ok,
    ).toBe(true);
  });

  test('several faults at once, up to a bound', () => {
    const three = read({ seed: 'x', hours: -1, happenings: [{ ...lost, station: 7 }] });
    expect(!three.ok && three.faults.map(({ path }) => path)).toEqual(['seed', 'hours', 'happenings[0].station']);
    const many = read({ happenings: Array.from({ length: 100 }, () => ({ ...lost, forMs: -1 })) });
    expect(!many.ok && many.faults).toHaveLength(MAX_FORM_FAULTS);
  });

  test('a long text and a deep value are told shortly', () => {
    const long = read({ faults: 'x'.repeat(10_000) });
    expect(!long.ok && String(long.faults[0]!.value).length).toBeLessThan(100);
    expect(read({ hours: [[1], [2]] })).toMatchObject({ ok: false, faults: [{ path: 'hours', value: 'a list of 2' }] });
  });
});

describe('bounds', () => {
  test('one happening more than a script may hold is refused', () => {
    const happenings = Array.from({ length: MAX_HAPPENINGS + 1 }, (_none, atMs) => ({ atMs, kind: 'gateway-dies' }));
    expect(read({ happenings })).toMatchObject({
      ok: false,
      faults: [{ path: 'happenings', value: '500001 of them', expected: '0 to 500000 of them' }],
    });
    expect(read({ happenings: happenings.slice(1) }).ok).toBe(true);
  });

  test('a text that is too long is not even parsed', () => {
    const answer = readScript(' '.repeat(MAX_SCRIPT_TEXT + 1));
    expect(!answer.ok && answer.faults[0]!.expected).toMatch(/at most 150000000 characters/);
  });

  test('no text makes it throw', () => {
    const json = fc.json({ maxDepth: 4 });
    const nearly = fc
      .tuple(fc.constantFrom(...Object.keys(script)), fc.jsonValue())
      .map(([field, value]) => JSON.stringify({ ...script, [field]: value }));
    fc.assert(fc.property(fc.oneof(json, nearly, fc.string()), (text) => typeof readScript(text).ok === 'boolean'));
  });
});

describe('a script of another site', () => {
  const fits = (part: Partial<Script>, on = site) => misfitsOf({ ...script, ...part }, on);

  test('fits where all that it names is there', () => {
    expect(fits({})).toEqual([]);
  });

  test.each<[string, Partial<Script>, string, unknown, RegExp]>([
    ['another site', { site: 'depot' }, 'site', 'depot', /test-site/],
    ['an EVSE', { happenings: [{ ...car, evse: 'X/1' }] }, 'happenings[0].evse', 'X/1', /such as A\/1/],
    ['a station', { happenings: [{ ...lost, station: 'X' }] }, 'happenings[0].station', 'X', /such as A/],
    [
      'a meter',
      { happenings: [{ kind: 'meter-errs', atMs: 0, meter: 'X', fault: 'dead', forMs: 1 }] },
      'happenings[0].meter',
      'X',
      /such as main/,
    ],
    [
      'a circuit',
      { happenings: [{ kind: 'limit-set', atMs: 0, circuit: 'X', limitAmps: 1, forMs: 1 }] },
      'happenings[0].circuit',
      'X',
      /such as main/,
    ],
  ])('%s that it does not have is told', (_what, part, path, value, expected) => {
    expect(fits(part)).toMatchObject([{ path, value }]);
    expect(fits(part)[0]!.expected).toMatch(expected);
  });

  test('an upstream that errs where there is none, a meter where none is, and more phases than are wired', () => {
    const { upstream: _upstream, ...rest } = site;
    const late: Happening = { kind: 'upstream-errs', atMs: 0, fault: 'late', forMs: 1 };
    expect(fits({ happenings: [late] }, rest)).toMatchObject([{ path: 'happenings[0].kind', value: 'upstream-errs' }]);
    const dead: Happening = { kind: 'meter-errs', atMs: 0, meter: 'main', fault: 'dead', forMs: 1 };
    expect(fits({ happenings: [dead] }, { ...site, meters: [] })[0]!.expected).toBe('no meter: the site has none');
    const thin = buildSite({ evses: [evse({ station: 'A', phases: ['L2'] })] });
    expect(fits({}, thin)).toMatchObject([{ path: 'happenings[0].car.phases', value: 3 }]);
  });

  test('is told up to a bound', () => {
    const happenings = Array.from({ length: 100 }, (_none, at) => ({ ...lost, station: `X${at}` }));
    expect(fits({ happenings })).toHaveLength(MAX_FORM_FAULTS);
  });
});
