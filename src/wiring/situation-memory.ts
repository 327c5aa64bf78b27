// What a situation says has happened before, as the memory that a decision reads. What it leaves out is long over: floors confirmed, offers
// followed, waits waited for; so the decision is the one that would be made once all has settled.

import { blankEvseMemory, DISOBEDIENT_AFTER_SAMPLES, SAMPLES_TO_LEARN_PHASES } from '../core/command/absorb.ts';
import { newLease } from '../core/command/exposure.ts';
import type { ChargerProfile } from '../core/model/charger.ts';
import { type EvseMemory, emptyMemory, type LeaseEntry, type Memory } from '../core/model/memory.ts';
import type { Evse, Site } from '../core/model/site.ts';
import type { EvseSituation, Situation } from './situation-schema.ts';
import { evseIn, NOW, transactionAt } from './situation-snapshot.ts';

const MINUTE_MS = 60_000;
const LONG_AGO = NOW - 24 * 60 * MINUTE_MS;
/** More than any site exports: what the meter shows is believed as it is. */
const ANY_SURPLUS_WATTS = Number.MAX_SAFE_INTEGER;

/** The memory. `situation` MUST be read by `readSituation` for this site. */
export function memoryOf(site: Site, situation: Situation): Memory {
  const profiles = new Map(site.stations.map((station) => [station.id, station.profile]));
  const { believedSurplusWatts, lastTurnMinutesAgo } = situation;
  return {
    ...emptyMemory('input'),
    evses: Object.fromEntries(
      site.evses.map((evse) => [evse.id, evseMemory(evse, profiles.get(evse.station)!, evseIn(situation, evse.id))]),
    ),
    circuits: Object.fromEntries(
      site.circuits.flatMap(({ id }) => {
        const believed = Object.hasOwn(situation.circuits, id)
          ? situation.circuits[id]!.believedBaseLoadAmps
          : undefined;
        return believed ? [[id, { baseLoadAmps: believed, at: NOW }]] : [];
      }),
    ),
    surplus: { watts: believedSurplusWatts ?? ANY_SURPLUS_WATTS, at: NOW },
    ...(lastTurnMinutesAgo === undefined ? {} : { rotatedAt: NOW - lastTurnMinutesAgo * MINUTE_MS }),
  };
}

function evseMemory(evse: Evse, profile: ChargerProfile, given: EvseSituation): EvseMemory {
  const { disobedientMinutes, failedCommands, offeredSecondsAgo } = given;
  const writesLeft = given.writesLeft ?? profile.writesPerDay;
  return {
    ...blankEvseMemory,
    floor: floorOf(evse, given),
    leases: leasesOf(evse, profile, given),
    connection: 1,
    wantsMoreSince: LONG_AGO,
    ...(writesLeft === undefined ? {} : { writes: { left: writesLeft, at: NOW } }),
    ...(offeredSecondsAgo === undefined ? {} : { changedAt: NOW - offeredSecondsAgo * 1_000 }),
    ...(failedCommands === 0 ? {} : { failures: failedCommands, failedAt: NOW }),
    ...(disobedientMinutes === undefined
      ? {}
      : {
          disobeyedSamples: DISOBEDIENT_AFTER_SAMPLES,
          disobeyedAt: NOW,
          disobedientSince: NOW - disobedientMinutes * MINUTE_MS,
        }),
    ...(given.car ? sessionMemory(evse, given) : {}),
  };
}

function floorOf({ floorAmps: amps }: Evse, { connected, floor }: EvseSituation): EvseMemory['floor'] {
  switch (floor ?? (connected === 'never' ? 'not-confirmed' : 'confirmed')) {
    case 'confirmed':
      return { state: 'proved', amps, since: LONG_AGO, settledAt: LONG_AGO };
    case 'sent':
      return { state: 'sent', commandId: 'input-floor', amps, sentAt: NOW };
    case 'not-confirmed':
      return { state: 'unproved' };
  }
}

/** The offer and, where the charger has not confirmed it, the one before. Sent so long ago that the model takes another, and no longer. */
function leasesOf(evse: Evse, profile: ChargerProfile, given: EvseSituation): readonly LeaseEntry[] {
  const { offeredAmps, acknowledgedAmps, offeredSecondsAgo } = given;
  if (offeredAmps === undefined) return [];
  const sentAt = NOW - profile.minIntervalMs;
  const newest = newLease(`input-${evse.id}`, offeredAmps, sentAt, profile);
  if (acknowledgedAmps !== undefined && acknowledgedAmps !== offeredAmps) {
    const before = newLease(`input-${evse.id}-before`, acknowledgedAmps, sentAt, profile);
    return [{ ...before, acknowledgedAt: LONG_AGO, settledAt: LONG_AGO }, newest];
  }
  const acknowledgedAt = offeredSecondsAgo === undefined ? LONG_AGO : NOW - offeredSecondsAgo * 1_000;
  const settledAt = acknowledgedAt + profile.settleMs;
  return [{ ...newest, acknowledgedAt, ...(settledAt <= NOW ? { settledAt } : {}) }];
}

/** What is remembered of the session that runs. */
function sessionMemory(evse: Evse, given: EvseSituation): Partial<EvseMemory> {
  const transaction = transactionAt(evse.id);
  const { phases, takesAmps, wakeAttempts, sessionMinutes } = given;
  const bits = phases?.reduce((seen, phase) => seen | (1 << evse.phases.indexOf(phase)), 0);
  const statusSince = NOW - (given.statusMinutes ?? sessionMinutes) * MINUTE_MS;
  return {
    service: serviceOf(evse, given),
    seenInTransaction: transaction,
    seenPhases: bits ?? 0,
    seenSamples: bits === undefined ? 0 : SAMPLES_TO_LEARN_PHASES,
    ...(takesAmps === undefined
      ? {}
      : {
          takes: {
            ceilingAmps: takesAmps,
            transaction,
            statusSince,
            // The sample in the situation is part of what was seen.
            judgedSampleAt: NOW - given.drawnSecondsAgo * 1_000,
          },
        }),
    ...(wakeAttempts === undefined ? {} : { wake: { attempts: wakeAttempts, at: NOW } }),
  };
}

function serviceOf(evse: Evse, given: EvseSituation): NonNullable<EvseMemory['service']> {
  const since = (minutes: number) => NOW - minutes * MINUTE_MS;
  if (given.onMinutes !== undefined) return { state: 'on', since: since(given.onMinutes) };
  if (given.pausedMinutes !== undefined) return { state: 'paused', since: since(given.pausedMinutes), rests: true };
  if (given.waitingMinutes !== undefined) return { state: 'waiting', since: since(given.waitingMinutes) };
  const isOn = (given.offeredAmps ?? evse.floorAmps) >= evse.minAmps;
  return { state: isOn ? 'on' : 'waiting', since: since(given.sessionMinutes) };
}
