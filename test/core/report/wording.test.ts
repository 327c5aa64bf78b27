// The words that sentences are made of; the tables are the specification.
import { expect, test } from 'vitest';
import type { Source } from '../../../src/core/model/limit.ts';
import {
  describeAmps,
  describeCircuit,
  describeGroup,
  describeMeter,
  describeNumber,
  describeSource,
  describeSpan,
} from '../../../src/core/report/wording.ts';
import { buildSite } from '../../support/site-builder.ts';

const authors: readonly (readonly [Source, string])[] = [
  [{ kind: 'fuse' }, 'the fuse'],
  [{ kind: 'meter', id: 'main' }, 'the meter, main'],
  [{ kind: 'facility-manager', id: 'anna' }, 'the facility manager, anna'],
  [{ kind: 'utility', id: 'evt-7' }, 'the utility, evt-7'],
  [{ kind: 'upstream' }, "the operator's back office"],
  [{ kind: 'charger' }, 'the charger'],
  [{ kind: 'cable' }, 'the cable'],
  [{ kind: 'car' }, 'the car'],
  [{ kind: 'user', id: 'Kim' }, 'the driver, Kim'],
  [{ kind: 'permit' }, 'the permit'],
  [{ kind: 'floor' }, 'the safe floor'],
  [{ kind: 'controller' }, 'Busbar'],
];
test.each(authors)('every limit has an author: %j', (source, words) => {
  expect(describeSource(source)).toBe(words);
});

test.each([
  [8, '8 A'],
  [6.25, '6.3 A'],
  [0, '0 A'],
  [-0.01, '0 A'],
  [-4.4, '-4.4 A'],
])('amperes %d read %s', (amps, text) => {
  expect(describeAmps(amps)).toBe(text);
});

test.each([
  [{ limitAmps: 63 }, '63 A'],
  [{ limitWatts: 43_210 }, '43.2 kW'],
  [{ limitVoltAmperes: 250_000 }, '250 kVA'],
  [{}, undefined],
])('the number of a limit %j reads %s', (number, text) => {
  expect(describeNumber(number)).toBe(text);
});

test.each([
  [-5, '0 s'],
  [0, '0 s'],
  [1, '1 s'],
  [89_000, '89 s'],
  [89_001, '2 min'],
  [720_000, '12 min'],
  [7_140_000, '119 min'],
  [7_140_001, '2 h'],
  [7_200_001, '3 h'],
])('%d ms are told as %s, never shorter', (ms, text) => {
  expect(describeSpan(ms)).toBe(text);
});

test('names are those of the site, and ids where the site does not know them', () => {
  const plain = buildSite();
  const site = { ...plain, groups: [{ id: 't', name: 'tenant', evses: [] }] };
  expect(describeCircuit({ circuit: 'main' }, site)).toBe('main');
  expect(describeCircuit({ circuit: 'gone', phase: 'L2' }, site)).toBe('gone, L2');
  expect(describeGroup({ group: 't', phase: 'L1' }, site)).toBe('tenant, L1');
  expect(describeGroup({ group: 'gone' }, site)).toBe('gone');
  expect(describeMeter('main', site)).toBe('Main meter');
  expect(describeMeter('gone', site)).toBe('the meter');
});
