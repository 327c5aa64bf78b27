// Slips in the groups of a site file, and the bounds of groups.
import { describe, expect, test } from 'vitest';
import { MAX_GROUP_ENTRIES } from '../../src/config/group-form.ts';
import { listed, MAX_COMPARED } from '../../src/config/shape.ts';
import { MAX_GROUPS_PER_EVSE } from '../../src/config/site-groups.ts';
import { MAX_GROUPS } from '../../src/config/site-schema.ts';
import { faultLines, goodSite, groupedSite, type RawSite, rawSite, type Slip, testSlips } from './support.ts';

const group = (change: object) => (raw: RawSite) => Object.assign(raw.groups[0], change);

const shape: readonly Slip[] = [
  [
    'nobody in it',
    (raw) => delete raw.groups[0].stations,
    'groups[0].evses: got nothing, expected whom it holds: evses, stations or circuits',
  ],
  [
    'an empty list',
    group({ stations: [] }),
    'groups[0].stations: got [], expected at least one of the stations; or leave the list out',
  ],
  [
    'no limit',
    (raw) => delete raw.groups[0].limitAmps,
    'groups[0].limitAmps: got nothing, expected a limit for all of it together: limitAmps, limitKilowatts or both',
  ],
  [
    'a limit of 0 A',
    group({ limitAmps: { L1: 30, L2: 30, L3: 0 } }),
    'groups[0].limitAmps.L3: got 0, expected a number of amperes above 0 and at most 10000',
  ],
  [
    'a limit of 0 kW without surplus',
    group({ limitKilowatts: 0 }),
    'groups[0].limitKilowatts: got 0, expected more than 0 kW, or netOfSurplus to charge from surplus alone',
  ],
  [
    'surplus on top of amperes',
    group({ netOfSurplus: true }),
    'groups[0].netOfSurplus: got true, expected limitKilowatts beside it, on top of which the surplus may be used',
  ],
  [
    'a field of a circuit',
    group({ ratingAmps: 30 }),
    'groups[0].ratingAmps: got 30, expected no field of this name; the fields here are id, name, evses, stations, circuits, limitAmps, limitKilowatts, netOfSurplus',
  ],
  [
    'an EVSE without its number',
    group({ evses: ['A'], stations: undefined }),
    'groups[0].evses[0]: got "A", expected an EVSE of this file, by its station and number, such as "CP01/1"',
  ],
];

const references: readonly Slip[] = [
  [
    'an EVSE of a station that is not there',
    group({ evses: ['a/1'], stations: undefined }),
    'groups[0].evses[0]: got "a/1", expected the id of an EVSE of this file (did you mean A/1?): A/1, B/1, C/1',
  ],
  [
    'a number that its station does not have',
    group({ evses: ['A/2'], stations: undefined }),
    'groups[0].evses[0]: got "A/2", expected the id of an EVSE of this file: "A" has A/1',
  ],
  [
    'a station that is not there',
    group({ stations: ['A', 'X'] }),
    'groups[0].stations[1]: got "X", expected the id of a station of this file (did you mean A?): A, B, C',
  ],
  [
    'a circuit that is not there',
    group({ stations: ['A'], circuits: ['sup'] }),
    'groups[0].circuits[0]: got "sup", expected the id of a circuit of this file (did you mean sub?): main, sub',
  ],
  [
    'one EVSE twice',
    group({ evses: ['A/1', 'A/1'], stations: undefined }),
    'groups[0].evses[1]: got "A/1", expected each EVSE once in a group: groups[0].evses[0] brings A/1 in already',
  ],
  [
    'a station and its EVSE',
    group({ evses: ['B/1'] }),
    'groups[0].stations[1]: got "B", expected each EVSE once in a group: groups[0].evses[0] brings B/1 in already',
  ],
  [
    'a circuit and a circuit below it',
    group({ stations: undefined, circuits: ['main', 'sub'] }),
    'groups[0].circuits[1]: got "sub", expected each EVSE once in a group: groups[0].circuits[0] brings B/1 in already',
  ],
  [
    'two groups of one id',
    (raw) => raw.groups.push({ ...raw.groups[0] }),
    'groups[1].id: got "tenant", expected an id of its own: groups[0] is group "tenant" already',
  ],
  [
    'surplus that no meter shows',
    (raw) => {
      delete raw.circuits[0].meter;
      raw.circuits[0].baseLoad.allowanceAmps = 20;
      group({ limitKilowatts: 22, netOfSurplus: true })(raw);
    },
    'groups[0].netOfSurplus: got true, expected a meter on "main", which alone can show the surplus; or no netOfSurplus',
  ],
  [
    'the surplus used twice',
    (raw) => {
      group({ limitKilowatts: 22, netOfSurplus: true, stations: ['A'] })(raw);
      raw.groups.push({ id: 'other', stations: ['B'], limitKilowatts: 22, netOfSurplus: true });
    },
    'groups[1].netOfSurplus: got true, expected one group alone that uses the surplus: "tenant" has it already',
  ],
];

const floors: readonly Slip[] = [
  [
    'amperes below the floors',
    group({ limitAmps: { L1: 12, L2: 11.9, L3: 17.95 } }),
    'groups[0].limitAmps: got {"L1":12,"L2":11.9,"L3":17.95}, expected at least 12 A for "tenant" on L2, L3 (L2: floors of 2 EVSEs 12 A); lower floors, or raise the limit',
  ],
  [
    'kilowatts below the floors',
    group({ limitKilowatts: 10.6 }),
    'groups[0].limitKilowatts: got 10.6, expected at least 10.63 kW for "tenant" (floors of 3 EVSEs at the highest voltage); lower floors, or raise the limit',
  ],
  [
    'kilowatts below the floors, whatever the sun gives',
    group({ limitKilowatts: 10.6, netOfSurplus: true }),
    'groups[0].limitKilowatts: got 10.6, expected at least 10.63 kW for "tenant" (floors of 3 EVSEs at the highest voltage, with no surplus); lower floors, or raise the limit',
  ],
];

testSlips({ shape, references, floors }, groupedSite);

test.each<readonly [string, (raw: RawSite) => void, string]>([
  ['an EVSE', (raw) => (raw.stations[1].evses[0].maxAmps = '32A'), 'stations[1].evses[0].maxAmps'],
  ['a number', (raw) => (raw.stations[1].evses[0].number = 'one'), 'stations[1].evses[0].number'],
  ['a station', (raw) => (raw.stations[1].model = 7), 'stations[1].model'],
  ['a model', (raw) => (raw.stations[1].model = 'generic-bc'), 'stations[1].model'],
  ['a circuit', (raw) => (raw.circuits[1].ratingAmps = '40A'), 'circuits[1].ratingAmps'],
])('naming somebody with a slip in %s is no second fault', (_, slip, path) => {
  const raw = rawSite();
  raw.groups = [
    { id: 'by-evse', evses: ['B/1'], limitAmps: 30 },
    { id: 'by-station', stations: ['B'], limitAmps: 30 },
    { id: 'by-circuit', circuits: ['sub'], limitAmps: 30 },
  ];
  slip(raw);
  expect(faultLines(raw).map((line) => line.split(': got')[0])).toEqual([`site.json: ${path}`]);
});

test('of two groups only the one that is too small is told of', () => {
  const raw = groupedSite({ stations: ['A'] });
  raw.groups.push({ id: 'small', stations: ['B', 'C'], limitAmps: 6, limitKilowatts: 4 });
  expect(faultLines(raw).map((line) => line.split(': got')[0])).toEqual([
    'site.json: groups[1].limitAmps',
    'site.json: groups[1].limitKilowatts',
  ]);
});

describe('the bounds', () => {
  test('as many groups as allowed are groups, one more is a fault', () => {
    const raw = rawSite();
    const ids = (count: number) =>
      Array.from({ length: count }, (_, at) => ({ id: `g${at}`, circuits: ['none'], limitAmps: 10 }));
    raw.circuits.push({ id: 'none', parent: 'main', ratingAmps: 20, baseLoad: { worstAmps: 0, allowanceAmps: 0 } });
    raw.groups = ids(MAX_GROUPS);
    expect(goodSite(raw).site.groups).toHaveLength(MAX_GROUPS);
    raw.groups = ids(MAX_GROUPS + 1);
    expect(faultLines(raw).map((line) => line.replace(/got .*, expected/, 'expected'))).toEqual([
      `site.json: groups: expected at most ${MAX_GROUPS} groups`,
    ]);
  });

  test('an EVSE may be in so many groups and in no more', () => {
    const raw = rawSite();
    const groups = (count: number) =>
      Array.from({ length: count }, (_, at) => ({ id: `g${at}`, stations: ['A'], limitAmps: 10 }));
    raw.groups = groups(MAX_GROUPS_PER_EVSE);
    expect(goodSite(raw).site.groups.every(({ evses }) => evses[0] === 'A/1')).toBe(true);
    raw.groups = groups(MAX_GROUPS_PER_EVSE + 1);
    expect(faultLines(raw)).toEqual([
      `site.json: groups[8].id: got "g8", expected a group without A/1, which is in ${MAX_GROUPS_PER_EVSE} groups already, the most`,
    ]);
  });

  test('a list that is longer than its bound is one fault', () => {
    const raw = groupedSite({ stations: undefined, evses: Array(MAX_GROUP_ENTRIES + 1).fill('A/1') });
    expect(faultLines(raw).map((line) => line.replace(/got .*, expected/, 'expected'))).toEqual([
      `site.json: groups[0].evses: expected at most ${MAX_GROUP_ENTRIES} EVSEs; name their circuits instead`,
    ]);
  });

  test('a suggestion is looked for among the first names only', () => {
    const names = Array.from({ length: MAX_COMPARED + 1 }, (_, at) => `place-number-${at}`);
    expect(listed(`place-numbre-${MAX_COMPARED - 1}`, names)).toContain(
      `did you mean place-number-${MAX_COMPARED - 1}?`,
    );
    expect(listed('other-500', [...names.slice(0, MAX_COMPARED), 'other-50'])).not.toContain('did you mean');
  });

  test('thousands of names that lead nowhere are told of within the time of this test', () => {
    const names = Array.from({ length: MAX_GROUP_ENTRIES }, (_, at) => `nowhere-${at}/1`);
    expect(faultLines(groupedSite({ evses: names }))).toHaveLength(MAX_GROUP_ENTRIES);
  });
});
