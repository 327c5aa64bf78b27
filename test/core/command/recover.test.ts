// A controller that starts again trusts nothing of its last run but the permanent floors, and forgets nothing that may still rule.
import { describe, expect, test } from 'vitest';
import { blankEvseMemory } from '../../../src/core/command/absorb.ts';
import { recoverMemory } from '../../../src/core/command/recover.ts';
import type { EvseMemory, Memory } from '../../../src/core/model/memory.ts';
import { emptyMemory } from '../../../src/core/model/memory.ts';
import { onEachPhase } from '../../../src/core/model/units.ts';
import { evseMemory, leaseEntry, settledLease } from '../../support/ledger.ts';
import { buildSite, genericAc } from '../../support/site-builder.ts';

const NOW = 500;
/** The last run's time line was far ahead of this one's. */
const LAST_RUN = 9_000_000;
const site = buildSite();
const stored = (evses: Memory['evses']): Memory => ({
  author: 'box/3',
  nextCommandNumber: 77,
  evses,
  circuits: { main: { baseLoadAmps: onEachPhase(12), at: LAST_RUN } },
});
const recovered = (memory: EvseMemory, on = site) =>
  recoverMemory(on, stored({ 'A/1': memory }), 'box/4', NOW).evses['A/1'];

test('what the meters of a sum were believed to show goes on to be believed, as of now, and of no others', () => {
  const summed = buildSite({
    circuits: [{ ...site.circuits[0]!, sum: { meters: ['pump', 'shop'], otherAmps: onEachPhase(1) } }],
  });
  const belief = (amps: number) => ({ baseLoadAmps: onEachPhase(amps), at: LAST_RUN, readingAt: LAST_RUN });
  const memory = { ...stored({}), meters: { pump: belief(7), gone: belief(9) } };
  expect(recoverMemory(summed, memory, 'box/4', NOW).meters).toEqual({
    pump: { baseLoadAmps: onEachPhase(7), at: NOW },
  });
  expect(recoverMemory(site, memory, 'box/4', NOW)).not.toHaveProperty('meters');
});

describe('after a start', () => {
  /** A lease may have left of which no disk has heard, and then it rules for its whole life. */
  const unknownSince = NOW;
  const unknown = { ...blankEvseMemory, unknownSince };
  const allUnknown = { ...emptyMemory('box/4'), evses: { 'A/1': unknown, 'B/1': unknown, 'C/1': unknown } };

  test('a first start knows nothing, also not whether another controller told the chargers something a moment ago', () => {
    expect(recoverMemory(site, undefined, 'box/4', NOW)).toEqual(allUnknown);
  });

  test('commands are numbered anew under the new epoch, and the base load is believed on, as of now and of no reading', () => {
    const circuits = { main: { baseLoadAmps: onEachPhase(12), at: NOW } };
    expect(recoverMemory(site, stored({}), 'box/4', NOW)).toEqual({ ...allUnknown, circuits });
    const unmetered = { ...site, circuits: site.circuits.map(({ meter: _, ...circuit }) => circuit) };
    expect(recoverMemory(unmetered, stored({}), 'box/4', NOW).circuits).toEqual({});
  });

  test('of the budget of writes, of a stop that was asked, and of how long it was disobedient nothing is remembered', () => {
    const memory = evseMemory({
      writes: { left: 99, at: LAST_RUN },
      disobeyedAt: LAST_RUN,
      disobedientSince: LAST_RUN - 60_000,
      stopAsked: { transaction: '7', commandId: 'box/3-76', at: LAST_RUN },
    });
    const { floor: _floor, ...rest } = recovered(memory)!;
    expect(rest).toEqual({ leases: [], failures: 0, disobeyedSamples: 0, disobeyedAt: NOW, unknownSince });
  });

  test('every lease counts as sent now and as never confirmed: a whole life, both margins and the settling', () => {
    const leases = [settledLease(16, LAST_RUN - 20_000), leaseEntry(10, LAST_RUN)];
    expect(
      recovered(evseMemory({ leases, failures: 3, disobeyedSamples: 1, wantsMoreSince: 1, changedAt: 2 })),
    ).toEqual({
      floor: { state: 'proved', amps: 6, since: NOW, settledAt: NOW },
      leases: leases.map(({ commandId, limitAmps }) => ({
        commandId,
        limitAmps,
        sentAt: NOW - 60_000,
        holdsUntil: NOW,
        endsBy: NOW + 70_000,
      })),
      failures: 0,
      disobeyedSamples: 0,
      unknownSince,
    });
  });

  test.each([
    ['proved', { state: 'proved', amps: 7, since: LAST_RUN }, { state: 'proved', amps: 7, since: NOW, settledAt: NOW }],
    ['only sent', { state: 'sent', commandId: 'f', amps: 7, sentAt: LAST_RUN }, { state: 'unproved' }],
    ['unproved', { state: 'unproved' }, { state: 'unproved' }],
  ] as const)('a floor that was %s', (_state, floor, expected) => {
    expect(recovered(evseMemory({ floor }))!.floor).toEqual(expected);
  });

  test('a disobedient charger stays distrusted, counted from now; an obedient one is not accused', () => {
    expect(recovered(evseMemory({ disobeyedAt: LAST_RUN }))).toHaveProperty('disobeyedAt', NOW);
    expect(recovered(evseMemory())).not.toHaveProperty('disobeyedAt');
  });

  test('each EVSE is read with the profile of its own station', () => {
    const slow = { ...genericAc, leaseMs: 240_000, settleMs: 20_000 };
    const mixed = { ...site, stations: site.stations.map((one) => (one.id === 'B' ? { ...one, profile: slow } : one)) };
    const evses = {
      'A/1': evseMemory({ leases: [leaseEntry(9, 0)] }),
      'B/1': evseMemory({ leases: [leaseEntry(9, 0)] }),
    };
    const { evses: known } = recoverMemory(mixed, stored(evses), 'box/4', NOW);
    expect(known['A/1']!.leases[0]!.endsBy).toBe(NOW + 70_000);
    expect(known['B/1']!.leases[0]!.endsBy).toBe(NOW + 265_000);
  });

  test('an EVSE that the site no longer has, or whose station it has lost, is dropped', () => {
    const evses = { 'A/1': evseMemory(), 'gone/1': evseMemory() };
    expect(Object.keys(recoverMemory(site, stored(evses), 'box/4', NOW).evses)).toEqual(['A/1', 'B/1', 'C/1']);
    const withoutA = { ...site, stations: site.stations.filter((station) => station.id !== 'A') };
    expect(Object.keys(recoverMemory(withoutA, stored(evses), 'box/4', NOW).evses)).toEqual(['B/1', 'C/1']);
  });
});
