// The laws of an emergency stop over random sites and cycles: nobody is raised, everybody who can be told is told the least that its model takes,
// and the building's limits go on to hold.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decide } from '../../../src/core/decide.ts';
import { emergencyStop } from '../../../src/core/limits/emergency-stop.ts';
import type { Decision } from '../../../src/core/model/decision.ts';
import { breachBeforeDispatch } from '../../../src/engine/dispatch-guard.ts';
import { floorsDecision } from '../../../src/engine/floors.ts';
import { lawRuns } from '../../support/law-runs.ts';
import { type Cycle, randomCycle } from '../../support/random-cycle.ts';

/** The same cycle with everybody stopped. */
function stopped({ site, snapshot, memory }: Cycle): Cycle {
  return { site, snapshot: { ...snapshot, caps: [...snapshot.caps, emergencyStop('contact Door', 0)] }, memory };
}

/** 0 A, or for a model that must never be told that, its minimum. */
function leastOf({ site }: Cycle, id: string): number {
  const evse = site.evses.find((one) => one.id === id)!;
  const { profile } = site.stations.find((one) => one.id === evse.station)!;
  return profile.quirks.includes('zero-amps-breaks-next-limit') ? evse.minAmps : 0;
}

/** EVSEs that hear us, may have a lease, and are not waited for after a refusal. */
function reachable({ site, snapshot, memory }: Cycle): readonly string[] {
  return site.evses.flatMap((evse) => {
    const { profile } = site.stations.find((one) => one.id === evse.station)!;
    const station = snapshot.stations[evse.station];
    const runs = station?.evses.find((one) => one.evse === evse.id)?.transaction !== undefined;
    const canLease = profile.lease.purpose === 'TxDefaultProfile' || runs;
    const hears = station?.link.state === 'connected' && (memory.evses[evse.id]?.failures ?? 0) === 0;
    return hears && canLease ? [evse.id] : [];
  });
}

function toldLittle(cycle: Cycle, decision: Decision): void {
  for (const { role, change, evse, limitAmps } of decision.commands) {
    if (role !== 'lease') continue;
    expect(change).not.toBe('increase');
    // On the charger's step.
    if (change === 'decrease') expect(limitAmps, evse).toBeLessThan(leastOf(cycle, evse) + 1);
  }
}

test('nobody is raised, and the last look before dispatch agrees', () => {
  fc.assert(
    fc.property(randomCycle(), (random) => {
      const cycle = stopped(random);
      const decision = decide(cycle.site, cycle.snapshot, cycle.memory);
      toldLittle(cycle, decision);
      expect(breachBeforeDispatch(cycle.site, cycle.snapshot, decision)).toBeUndefined();
      expect(decision.notices.map(({ code }) => code)).toContain('EMERGENCY_STOP');
      for (const { targetAmps, reason, evse } of decision.shares)
        if (reason.kind === 'paused') expect([evse, targetAmps]).toEqual([evse, 0]);
    }),
    lawRuns(600),
  );
});

test('whoever hears us is told the least in this very cycle, car or no car, whatever its state', () => {
  fc.assert(
    fc.property(randomCycle(), (random) => {
      const cycle = stopped(random);
      const { memory } = decide(cycle.site, cycle.snapshot, cycle.memory);
      for (const id of reachable(cycle)) {
        const { leases, failures, floor } = memory.evses[id]!;
        if (failures > 0) continue;
        const floorAmps = floor.state === 'unproved' ? Number.POSITIVE_INFINITY : floor.amps;
        const toldAmps = leases.at(-1)?.limitAmps ?? floorAmps;
        expect(toldAmps, id).toBeLessThan(leastOf(cycle, id) + 1);
      }
    }),
    lawRuns(600),
  );
});

test('what is sent in place of a failed decision tells no more', () => {
  fc.assert(
    fc.property(randomCycle(), (random) => {
      const cycle = stopped(random);
      const notice = { severity: 'alarm', code: 'DECISION_FAILED', text: '' } as const;
      const decision = floorsDecision({ ...cycle, last: undefined, notice, fellBackBecause: 'a test' });
      toldLittle(cycle, decision);
      for (const { role, evse, limitAmps } of decision.commands)
        if (role === 'lease') expect(limitAmps, evse).toBeLessThan(leastOf(cycle, evse) + 1);
    }),
    lawRuns(400),
  );
});
