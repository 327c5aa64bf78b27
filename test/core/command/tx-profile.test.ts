// Leases by TxProfile: they go with their transaction, and the floor that is left is never more than the ledger has counted.
import { describe, expect, test } from 'vitest';
import type { ChargerProfile } from '../../../src/core/model/charger.ts';
import { onEachPhase } from '../../../src/core/model/units.ts';
import { buildSite, circuit, genericAc } from '../../support/site-builder.ts';
import { World } from '../../support/world.ts';

const byTransaction: ChargerProfile = { ...genericAc, lease: { purpose: 'TxProfile', stackLevel: 0 } };
/** Three floors of 6 A fit beside the worst base load, and no more than that is sure. */
const siteOf = (profile: ChargerProfile) =>
  buildSite({ profile, circuits: [circuit({ id: 'main', meter: 'main', ratingAmps: onEachPhase(40) })] });

/** Three cars charge for a minute. */
function charging(profile: ChargerProfile) {
  const world = new World(siteOf(profile));
  world.step(20);
  for (const id of ['A/1', 'B/1', 'C/1']) world.plugIn(id);
  world.step(60);
  return world;
}

describe('a lease by TxProfile', () => {
  test('names the transaction that runs, and none is sent before there is one', () => {
    const world = charging(byTransaction);
    const leases = world.decisions.flatMap(({ commands }) => commands).filter(({ role }) => role === 'lease');
    expect(leases.length).toBeGreaterThan(2);
    expect(new Set(leases.map(({ profile }) => profile.transactionId))).toEqual(new Set(['1', '2', '3']));
    expect(leases.every(({ profile }) => profile.purpose === 'TxProfile')).toBe(true);
  });

  test('the next driver begins under the floor, is believed, and gets a lease of its own', () => {
    const world = charging(byTransaction);
    world.unplug('B/1');
    world.plugIn('B/1');
    expect(world.limitInForce('B/1')).toBe(6);
    world.step();
    expect(world.memory.evses['B/1']!.leases.every(({ transaction }) => transaction === '4')).toBe(true);
    world.step(60);
    expect(world.memory.evses['B/1']!.disobeyedAt).toBeUndefined();
    expect(world.charger('B/1').lease).toBeDefined();
    expect(world.limitInForce('B/1')).toBeGreaterThan(6);
  });

  test('a paused one leaves its floor reserved, so that nobody rises into what its next driver may draw', () => {
    const world = charging(byTransaction);
    world.caps = [
      {
        id: 'pause',
        scope: { kind: 'evse', evse: 'B/1' },
        limitAmps: onEachPhase(0),
        source: { kind: 'facility-manager' },
      },
    ];
    world.step(90);
    expect(world.limitInForce('B/1')).toBe(0);
    const told = world.step();
    expect(told.shares.find(({ evse }) => evse === 'B/1')!.exposureAmps).toBe(6);
    world.unplug('B/1');
    world.plugIn('B/1');
    for (let second = 0; second < 30; second++) {
      world.step();
      expect(world.currents().L1).toBeLessThanOrEqual(40 + 1e-6);
    }
  });
});
