// Groups of a site file: who is in them, what they may hold when the controller is silent, and what a person is told of them.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { proveFloors, silentAmps } from '../../src/config/floor-proof.ts';
import { PHASES } from '../../src/core/model/units.ts';
import { buildSite, circuit, evse, genericAc } from '../support/site-builder.ts';
import { faultLines, goodSite, groupedSite, type RawSite, rawSite } from './support.ts';

describe('a group reaches the core', () => {
  test('with its EVSEs from all three lists, and its limits in amperes per phase and watts', () => {
    const raw = rawSite();
    raw.stations.push({ id: 'D', model: 'generic-ac', evses: [{ ...raw.stations[0].evses[0], number: 7 }] });
    raw.groups = [
      {
        id: 'one',
        name: 'The one',
        evses: ['D/7'],
        stations: ['A'],
        circuits: ['sub'],
        limitAmps: { L1: 30, L2: 31, L3: 32 },
      },
      { id: 'two', circuits: ['main'], limitKilowatts: 22, netOfSurplus: true },
    ];
    expect(goodSite(raw).site.groups).toEqual([
      { id: 'one', name: 'The one', evses: ['D/7', 'A/1', 'B/1', 'C/1'], limitAmps: { L1: 30, L2: 31, L3: 32 } },
      { id: 'two', name: 'two', evses: ['A/1', 'D/7', 'B/1', 'C/1'], limitWatts: 22_000, netOfSurplus: true },
    ]);
  });

  test('a circuit brings in what stands on all circuits below it', () => {
    const raw = groupedSite({ stations: undefined, circuits: ['main'], limitAmps: 40 });
    raw.circuits.push({ id: 'deep', parent: 'sub', ratingAmps: 20, baseLoad: { worstAmps: 0, allowanceAmps: 0 } });
    raw.stations[2].evses[0].circuit = 'deep';
    expect(goodSite(raw).site.groups[0]!.evses).toEqual(['A/1', 'B/1', 'C/1']);
  });

  test('a site without groups has none', () => {
    expect(goodSite(rawSite()).site.groups).toEqual([]);
  });

  test('the surplus alone may be what a group charges from, when its floors are pauses', () => {
    const raw = groupedSite({ limitAmps: undefined, limitKilowatts: 0, netOfSurplus: true });
    for (const station of raw.stations) station.evses[0].floorAmps = 0;
    expect(goodSite(raw).site.groups[0]).toMatchObject({ limitWatts: 0, netOfSurplus: true });
  });
});

describe('a person is told', () => {
  const notes = (raw: RawSite) =>
    goodSite(raw).notes.flatMap((note) => (note.about.startsWith('group') ? [`${note.about}: ${note.text}`] : []));

  test('nothing of a group in order', () => {
    expect(notes(groupedSite({ limitKilowatts: 11 }))).toEqual([]);
  });

  test('of a group without members', () => {
    const raw = groupedSite({ stations: undefined, circuits: ['none'] });
    raw.circuits.push({ id: 'none', parent: 'main', ratingAmps: 20, baseLoad: { worstAmps: 0, allowanceAmps: 0 } });
    expect(notes(raw)).toEqual(['group tenant: no EVSE is on the circuits that it names: it limits nobody.']);
  });

  test('of members that can never begin, in amperes or in watts, unless surplus may help', () => {
    const raw = groupedSite({ limitAmps: { L1: 5, L2: 30, L3: 30 } });
    for (const station of raw.stations) station.evses[0].floorAmps = 0;
    const advice = 'raise the limit, or take it out of the group.';
    expect(notes(raw)).toEqual([
      `group tenant: EVSE A/1 can never begin, because its least is 6 A and the group has 5 A on L1: ${advice} Nor can 1 more.`,
    ]);
    Object.assign(raw.groups[0], { limitAmps: undefined, limitKilowatts: 1.3 });
    expect(notes(raw)).toEqual([
      `group tenant: EVSE A/1 can never begin, because its least is 1.38 kW and the group has 1.3 kW: ${advice} Nor can 2 more.`,
    ]);
    raw.groups[0].netOfSurplus = true;
    expect(notes(raw)).toEqual([]);
  });
});

test('law 2 holds for groups: silent members never draw more than the limits of a group that loads', () => {
  const arbitrary = fc.record({
    evses: fc.array(
      fc.record({
        phases: fc.shuffledSubarray([...PHASES], { minLength: 1 }),
        floorAmps: fc.constantFrom(0, 6, 7.5, 16),
        holds: fc.boolean(),
        inGroup: fc.boolean(),
      }),
      { minLength: 1, maxLength: 12 },
    ),
    limitAmps: fc.integer({ min: 1, max: 120 }),
    limitKilowatts: fc.integer({ min: 1, max: 80 }),
  });
  let loadedCount = 0;
  fc.assert(
    fc.property(arbitrary, ({ evses, limitAmps, limitKilowatts }) => {
      const raw = rawSite();
      raw.circuits[0].ratingAmps = 1_000;
      raw.stations = evses.map((one, at) => ({
        id: `s${at}`,
        model: one.holds ? 'generic-ac' : 'abb-terra-ac',
        evses: [{ circuit: 'main', phases: one.phases.join(' '), maxAmps: 16, floorAmps: one.floorAmps }],
      }));
      const members = evses.flatMap((one, at) => (one.inGroup ? [{ ...one, station: `s${at}` }] : []));
      fc.pre(members.length > 0);
      raw.groups = [{ id: 'g', stations: members.map((one) => one.station), limitAmps, limitKilowatts }];
      const amps = PHASES.map((phase) =>
        members.reduce((sum, one) => sum + (one.phases.includes(phase) ? (one.holds ? one.floorAmps : 16) : 0), 0),
      );
      const watts = amps.reduce((sum, one) => sum + one * 253, 0);
      const paths = faultLines(raw).map((line) => line.split(': ')[1]);
      expect(paths).toEqual([
        ...(Math.max(...amps) > limitAmps ? ['groups[0].limitAmps'] : []),
        ...(watts > limitKilowatts * 1_000 ? ['groups[0].limitKilowatts'] : []),
      ]);
      if (paths.length === 0) loadedCount++;
    }),
    { numRuns: 200 },
  );
  expect(loadedCount).toBeGreaterThan(10);
});

test('a member that is not proved to hold its floor counts at its hardware maximum', () => {
  const [one, other] = [evse({ station: 'A' }), evse({ station: 'B' })];
  const site = buildSite({
    circuits: [circuit({ id: 'main' })],
    evses: [one, other],
    groups: [{ id: 'g', name: 'g', evses: ['A/1'], limitWatts: 30_000 }],
    profile: { ...genericAc, holdsFloor: false },
  });
  expect(proveFloors(site).filter((row) => row.kind === 'group-power')).toMatchObject([
    { group: 'g', evseCount: 1, floorsWatts: silentAmps(one, false) * 3 * 253, limitWatts: 30_000 },
  ]);
});
