// Written scripts: plain data that fits its site, in order, without two of a kind at once, and with everything that a level promises.
import { join, resolve } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { loadSite } from '../../src/config/load-site.ts';
import type { Site } from '../../src/core/model/site.ts';
import { onEachPhase } from '../../src/core/model/units.ts';
import type { FaultLevel, Happening, Script } from '../../src/simulator/script.ts';
import { SHORTEST_PAUSE_MS } from '../../src/simulator/script-cars.ts';
import { erringStations } from '../../src/simulator/script-faults.ts';
import { MAX_SCRIPT_HOURS, misfitsOf } from '../../src/simulator/script-form.ts';
import { endMsOf, subjectOf } from '../../src/simulator/script-subject.ts';
import { seededStreams } from '../../src/simulator/seeded-random.ts';
import { RUN_STARTS_AT, writeScript } from '../../src/simulator/write-script.ts';
import { randomSite } from '../support/random-site.ts';
import { buildSite, circuit, evse } from '../support/site-builder.ts';

const HOUR_MS = 3_600_000;
const upstream = { url: 'ws://127.0.0.1:9300/ocpp' };
const small: Site = buildSite({ upstream });
const ofStations = (many: number, evsesEach = 1): Site =>
  buildSite({
    upstream,
    evses: Array.from({ length: many * evsesEach }, (_none, at) => {
      const station = `S${String(Math.floor(at / evsesEach)).padStart(3, '0')}`;
      const number = (at % evsesEach) + 1;
      return evse({ station, number, id: `${station}/${number}` });
    }),
  });
function fileSite(name: string): Site {
  const loaded = loadSite(join(resolve(import.meta.dirname, '../..'), 'site-config', `${name}.json`));
  if (!loaded.ok) throw new Error(`${name}: ${JSON.stringify(loaded.faults)}`);
  return loaded.site;
}

const of = <K extends Happening['kind']>(script: Script, kind: K) =>
  script.happenings.filter((one) => one.kind === kind) as Extract<Happening, { kind: K }>[];
const harshDay = (seed: number, site = small) => writeScript({ site, seed, hours: 24, faults: 'harsh' });

const levels: readonly FaultLevel[] = ['none', 'field', 'harsh'];
const anyWish = fc.record({
  site: fc.oneof(randomSite(), fc.constantFrom(small, ofStations(12, 2), fileSite('depot'), fileSite('garage'))),
  seed: fc.integer({ min: 0, max: 2 ** 40 }),
  hours: fc.constantFrom(0.01, 1, 2.5, 24, 72),
  faults: fc.constantFrom(...levels),
});
const laws = { numRuns: 100 };

describe('every script', () => {
  test('is in order, begins within its hours, and all but parked cars is over by the end', () => {
    fc.assert(
      fc.property(anyWish, (wish) => {
        const { happenings } = writeScript(wish);
        let before = 0;
        for (const happening of happenings) {
          expect(happening.atMs).toBeGreaterThanOrEqual(before);
          before = happening.atMs;
          expect(before).toBeLessThan(wish.hours * HOUR_MS);
          if (happening.kind !== 'car-comes') expect(endMsOf(happening)).toBeLessThanOrEqual(wish.hours * HOUR_MS);
          for (const value of Object.values(happening))
            if (typeof value === 'number') expect(Number.isInteger(value)).toBe(true);
          if ('forMs' in happening) expect(happening.forMs).toBeGreaterThan(0);
        }
      }),
      laws,
    );
  });

  test('names only what the site has', () => {
    fc.assert(
      fc.property(anyWish, (wish) => {
        const { site } = wish;
        const script = writeScript(wish);
        expect(misfitsOf(script, site)).toEqual([]);
        if (!site.upstream) expect(of(script, 'upstream-errs')).toEqual([]);
        if (site.meters.length === 0) expect(of(script, 'meter-errs')).toEqual([]);
      }),
      laws,
    );
  });

  test('has no two of a kind on one subject at once, and no two cars on one EVSE', () => {
    fc.assert(
      fc.property(anyWish, (wish) => {
        const free = new Map<string, number>();
        for (const happening of writeScript(wish).happenings) {
          const key = `${happening.kind} ${subjectOf(happening)}`;
          const pauseMs = happening.kind === 'car-comes' ? SHORTEST_PAUSE_MS : 0;
          expect(happening.atMs).toBeGreaterThanOrEqual((free.get(key) ?? 0) + pauseMs * (free.has(key) ? 1 : 0));
          free.set(key, endMsOf(happening));
        }
      }),
      laws,
    );
  });

  test('brings cars that fit their EVSE', () => {
    fc.assert(
      fc.property(anyWish, (wish) => {
        const { site } = wish;
        for (const { evse: id, car, storedWh, idTag } of of(writeScript(wish), 'car-comes')) {
          const place = site.evses.find((one) => one.id === id)!;
          expect(car.phases).toBeLessThanOrEqual(place.phases.length);
          expect(storedWh).toBeLessThan(car.batteryWh);
          expect(storedWh).toBeGreaterThan(0);
          expect(idTag).toMatch(/^SIM-\d+-\d+$/);
          expect(idTag.length).toBeLessThanOrEqual(20);
        }
      }),
      laws,
    );
  });

  test('is the same for the same wish, plain data, and another for another seed', () => {
    fc.assert(
      fc.property(anyWish, (wish) => {
        const script = writeScript(wish);
        expect(writeScript(wish)).toEqual(script);
        expect(JSON.parse(JSON.stringify(script))).toEqual(script);
        const other = writeScript({ ...wish, seed: wish.seed + 1 });
        if (script.happenings.length > 3) expect(other.happenings).not.toEqual(script.happenings);
      }),
      laws,
    );
  });

  test('keeps what it says of each subject when the site has one station more', () => {
    const [few, more] = [harshDay(4, ofStations(10)), harshDay(4, ofStations(11))];
    for (const kind of ['car-comes', 'link-lost', 'network-slow'] as const)
      expect(of(more, kind).filter((one) => !subjectOf(one).includes(' S010'))).toEqual(of(few, kind));
    expect(of(more, 'controller-dies')).toEqual(of(few, 'controller-dies'));
  });
});

describe('cars', () => {
  const days = Array.from({ length: 20 }, (_none, seed) =>
    writeScript({ site: ofStations(20), seed, hours: 24, faults: 'none', startsAtWall: Date.UTC(2026, 2, 2) }),
  ).flatMap((script) => of(script, 'car-comes'));
  const between = (from: number, to: number) =>
    days.filter(({ atMs }) => atMs >= from * HOUR_MS && atMs < to * HOUR_MS).length / (to - from);

  test('come by day more than by night', () => {
    expect(between(8, 18)).toBeGreaterThan(1.5 * between(1, 5));
  });

  test('each EVSE has some in a day, and they stay for minutes to half a day', () => {
    const perEvse = days.length / 400;
    expect(perEvse).toBeGreaterThan(2);
    expect(perEvse).toBeLessThan(10);
    expect(Math.min(...days.map(({ forMs }) => forMs))).toBeGreaterThan(0.2 * HOUR_MS);
    expect(Math.max(...days.map(({ forMs }) => forMs))).toBeLessThan(14 * HOUR_MS);
  });

  test('on DC stay shorter than on AC', () => {
    const dc = buildSite({
      evses: Array.from({ length: 20 }, (_none, at) => evse({ station: `D${at}`, supply: 'dc' })),
    });
    const onDc = of(writeScript({ site: dc, seed: 1, hours: 24, faults: 'none' }), 'car-comes');
    const mean = (cars: readonly { readonly forMs: number }[]) =>
      cars.reduce((sum, { forMs }) => sum + forMs, 0) / cars.length;
    expect(mean(onDc)).toBeLessThan(0.7 * mean(days));
  });

  test('two EVSEs of a station are independent', () => {
    const script = writeScript({ site: ofStations(1, 2), seed: 1, hours: 24, faults: 'none' });
    const [left, right] = ['S000/1', 'S000/2'].map((id) => of(script, 'car-comes').filter((one) => one.evse === id));
    expect(left!.map(({ atMs }) => atMs)).not.toEqual(right!.map(({ atMs }) => atMs));
  });
});

describe('levels', () => {
  test('none: cars and building alone', () => {
    const script = writeScript({ site: small, seed: 1, hours: 72, faults: 'none' });
    expect(new Set(script.happenings.map(({ kind }) => kind))).toEqual(new Set(['car-comes']));
    expect(script.baseLoad).toEqual({ kind: 'office' });
  });

  test('field: what a site sees in a week, and nothing of the laboratory', () => {
    const script = writeScript({ site: ofStations(20), seed: 1, hours: 7 * 24, faults: 'field' });
    expect(new Set(script.happenings.map(({ kind }) => kind))).toEqual(
      new Set([
        'car-comes',
        'link-lost',
        'network-slow',
        'station-errs',
        'station-reboots',
        'meter-errs',
        'upstream-errs',
      ]),
    );
    expect(of(script, 'station-reboots').some(({ forgets }) => forgets)).toBe(false);
    const linksADay = of(script, 'link-lost').length / 20 / 7;
    expect(linksADay).toBeGreaterThan(1);
    expect(linksADay).toBeLessThan(5);
  });

  const EVERY_KIND: Readonly<Record<Happening['kind'], true>> = {
    'car-comes': true,
    'link-lost': true,
    'network-slow': true,
    'station-errs': true,
    'station-reboots': true,
    'station-clock': true,
    'meter-errs': true,
    'building-steps': true,
    'controller-dies': true,
    'power-cut': true,
    'grid-outage': true,
    'gateway-dies': true,
    'disk-errs': true,
    'upstream-errs': true,
    'wall-clock': true,
    'limit-set': true,
  };

  test('harsh: every kind in every day, even of a site of three stations', () => {
    for (let seed = 0; seed < 100; seed++) {
      const kinds = new Set(harshDay(seed).happenings.map(({ kind }) => kind));
      expect(Object.keys(EVERY_KIND).filter((kind) => !kinds.has(kind as Happening['kind']))).toEqual([]);
    }
    expect(harshDay(1).baseLoad).toEqual({ kind: 'walk' });
  });

  test('harsh: every fault of meter, disk and upstream and every manner occurs within a few days', () => {
    const days = Array.from({ length: 5 }, (_none, seed) => harshDay(seed));
    const seen = (values: (script: Script) => readonly string[]) => new Set(days.flatMap(values)).size;
    expect(seen((day) => of(day, 'meter-errs').map(({ fault }) => fault))).toBe(6);
    expect(seen((day) => of(day, 'disk-errs').map(({ fault }) => fault))).toBe(3);
    expect(seen((day) => of(day, 'upstream-errs').map(({ fault }) => fault))).toBe(5);
    expect(seen((day) => of(day, 'station-errs').map(({ manner }) => manner))).toBe(6);
    expect(seen((day) => of(day, 'controller-dies').map(({ how }) => how))).toBe(2);
    expect(seen((day) => of(day, 'link-lost').map(({ how }) => how))).toBe(2);
    expect(days.some((day) => of(day, 'limit-set').some(({ limitAmps }) => limitAmps === 0))).toBe(true);
  });

  test('harsh: as often and as long as in the ablation', () => {
    const days = Array.from({ length: 50 }, (_none, seed) => harshDay(seed));
    const daily = (kind: Happening['kind']) =>
      days.reduce((sum, day) => sum + day.happenings.filter((one) => one.kind === kind).length, 0) / days.length;
    // A crash every 1 to 3 h of up to half an hour; three links, each every 0.5 to 3.5 h for at most 10 min.
    expect(daily('controller-dies')).toBeGreaterThan(9);
    expect(daily('controller-dies')).toBeLessThan(14);
    expect(daily('link-lost')).toBeGreaterThan(3 * 9);
    expect(daily('link-lost')).toBeLessThan(3 * 14);
    const stuck = days.flatMap((day) => of(day, 'meter-errs').filter(({ fault }) => fault === 'stuck'));
    expect(stuck.length / days.length).toBeGreaterThan(3);
    expect(Math.max(...stuck.map(({ forMs }) => forMs))).toBeLessThanOrEqual(16 * 60_000);
    const links = days.flatMap((day) => of(day, 'link-lost'));
    expect(Math.max(...links.map(({ forMs }) => forMs))).toBeLessThanOrEqual(600_000);
  });

  test('harsh: on average more than one and a half things are broken on three stations, and several on twenty', () => {
    const broken = (site: Site) => {
      const day = harshDay(2, site).happenings.filter(({ kind }) => kind !== 'car-comes');
      return day.reduce((sum, one) => sum + endMsOf(one) - one.atMs, 0) / (24 * HOUR_MS);
    };
    expect(broken(small)).toBeGreaterThan(1.5);
    expect(broken(ofStations(20))).toBeGreaterThan(4);
  });

  test('a tenth to a fifth of the stations err, and at least one; only those forget', () => {
    for (const many of [1, 3, 5, 9, 10, 20, 200]) {
      const site = ofStations(many);
      const erring = erringStations(site, seededStreams(3));
      expect(erring.size).toBeGreaterThanOrEqual(Math.max(1, many * 0.1));
      expect(erring.size).toBeLessThanOrEqual(Math.max(1, many * 0.2));
      const day = harshDay(3, site);
      expect(of(day, 'station-errs').filter(({ station }) => !erring.has(station))).toEqual([]);
      expect(of(day, 'station-reboots').filter(({ station, forgets }) => forgets && !erring.has(station))).toEqual([]);
    }
  });

  test('the building steps by a part of the commissioned worst, and not at all where it draws nothing', () => {
    for (const { amps } of of(harshDay(1), 'building-steps')) {
      expect(Math.max(amps.L1, amps.L2, amps.L3)).toBeGreaterThan(0);
      expect(Math.max(amps.L1, amps.L2, amps.L3)).toBeLessThanOrEqual(0.6 * 20);
    }
    const bare = buildSite({ circuits: [circuit({ id: 'main', worstBaseLoadAmps: onEachPhase(0) })] });
    expect(of(harshDay(1, bare), 'building-steps')).toEqual([]);
  });
});

test('a site without meters and upstream has neither break', () => {
  const bare = buildSite({ meters: [], circuits: [circuit({ id: 'main' })] });
  const kinds = new Set(harshDay(1, bare).happenings.map(({ kind }) => kind));
  expect([kinds.has('meter-errs'), kinds.has('upstream-errs')]).toEqual([false, false]);
});

test.each([0, -1, Number.NaN, MAX_SCRIPT_HOURS + 1])('%d hours are refused', (hours) => {
  expect(() => writeScript({ site: small, seed: 1, hours, faults: 'none' })).toThrow(/hours is .*above 0 and at most/);
});

test('more than a script may hold is refused with what to do', () => {
  const wish = { site: ofStations(400), seed: 1, hours: 60 * 24, faults: 'harsh' } as const;
  expect(() => writeScript(wish)).toThrow(/choose fewer hours/);
});

test('a run begins on a Monday at six', () => {
  expect(new Date(RUN_STARTS_AT).toUTCString()).toBe('Mon, 02 Mar 2026 06:00:00 GMT');
});
