// Turns an allocation into commands: decreases at once, increases when exposure, dwell and ramp allow, leases renewed, floors installed.

import type { CapacityRow } from '../allocate/capacity.ts';
import { type Load, take } from '../allocate/rows.ts';
import type { Situation } from '../allocate/situation.ts';
import type { Command, StopCommand } from '../model/decision.ts';
import type { EvseMemory, LeaseEntry } from '../model/memory.ts';
import type { Policy, Site } from '../model/site.ts';
import { floorToStep, type Instant, type WallTime } from '../model/units.ts';
import { buildProfile } from './charging-profile.ts';
import { MAX_LEASES, newLease, offeredLease } from './exposure.ts';
import { stopsOf } from './stops.ts';

/** First wait after a refusal or silence; doubled each time up to the longest. */
const RETRY_FIRST_MS = 5_000;
const RETRY_LONGEST_MS = 300_000;
/** A floor command of which nothing is heard for this long was lost with the gateway. */
const LOST_COMMAND_MS = 60_000;
const EPSILON_AMPS = 1e-6;

export type Waiting = 'decreases' | 'dwell' | 'meter' | 'answer' | 'write-budget';

export type CommandPlan = {
  readonly commands: readonly Command[];
  readonly stops: readonly StopCommand[];
  /** By index into `site.evses`. */
  readonly memories: readonly EvseMemory[];
  /** Why a share that may rise has not, by index into `site.evses`. */
  readonly waiting: ReadonlyMap<number, Waiting>;
  readonly nextCommandNumber: number;
};

export type CommandInput = {
  readonly site: Site;
  readonly situations: readonly Situation[];
  /** Target amperes by index into `site.evses`. */
  readonly targets: readonly number[];
  readonly rows: readonly CapacityRow[];
  readonly loads: readonly (readonly Load[])[];
  /** False where a meter above the EVSE is not fresh: nothing is raised there. By index into `site.evses`. */
  readonly mayRise: readonly boolean[];
  readonly now: Instant;
  readonly wallNow: WallTime;
  readonly author: string;
  readonly nextCommandNumber: number;
};

type Draft = {
  readonly situation: Situation;
  readonly role: 'floor' | 'lease';
  readonly change: Command['change'];
  readonly limitAmps: number;
};

/** The commands of one cycle in the order in which they must leave, and the memory after them. */
export function planCommands(input: CommandInput): CommandPlan {
  const { site, situations, now } = input;
  const memories = situations.map((situation) => situation.memory);
  const drafts: Draft[] = [];
  const increases: Situation[] = [];
  const waiting = new Map<number, Waiting>();

  for (const situation of situations) {
    if (situation.station?.link.state !== 'connected') continue;
    const floor = floorDraft(situation, now);
    if (floor) drafts.push(floor);
    const lease = leaseDraft(situation, input);
    if (lease === 'increase') increases.push(situation);
    else if (lease) drafts.push(lease);
    memories[situation.at] = trackWish(memories[situation.at]!, lease === 'increase', now);
  }

  const room = input.rows.map((row) => row.room);
  // What a car may draw counts where it loads a row; where it makes room, only what it is seen to draw.
  for (const { at, exposureAmps, assuredAmps } of situations) {
    take(room, input.loads[at]!, exposureAmps, Math.min(exposureAmps, assuredAmps));
  }
  increases.sort(
    (a, b) => priorityOf(b) - priorityOf(a) || level(a, now) - level(b, now) || (a.evse.id < b.evse.id ? -1 : 1),
  );
  for (const situation of increases) {
    const grant = increaseDraft(situation, input, memories[situation.at]!, room);
    if (typeof grant === 'string') {
      waiting.set(situation.at, grant);
      const renewal = renewalDraft(situation, now);
      if (renewal) drafts.push(renewal);
      continue;
    }
    const more = Math.max(0, grant.limitAmps - situation.exposureAmps);
    take(room, input.loads[situation.at]!, more, 0);
    drafts.push(grant);
  }

  const rank = { decrease: 0, renewal: 1, increase: 2 } as const;
  drafts.sort((a, b) => rank[a.change] - rank[b.change] || (a.role === b.role ? 0 : a.role === 'floor' ? -1 : 1));
  let number = input.nextCommandNumber;
  const commands = drafts.map((draft): Command => {
    const id = `${input.author}-${number++}`;
    const { at, evse, profile, state } = draft.situation;
    memories[at] = remember(memories[at]!, draft, id, now);
    const transactionId = state?.transaction?.id;
    // A charger may put all its watts on one phase, for this car or for the next: for AC they are counted for one.
    const leastPhases = evse.supply === 'dc' ? evse.phases.length : 1;
    return {
      kind: 'install-profile',
      id,
      station: evse.station,
      evse: evse.id,
      role: draft.role,
      change: draft.change,
      limitAmps: draft.limitAmps,
      profile: buildProfile({
        role: draft.role,
        evse,
        profile,
        limitAmps: draft.limitAmps,
        phases: leastPhases,
        nominalVolts: site.nominalVolts,
        wallNow: input.wallNow,
        ...(transactionId === undefined ? {} : { transactionId }),
      }),
    };
  });
  const stops = stopsOf(situations, site.policy, now).map(({ at, ...stop }): StopCommand => {
    memories[at] = { ...memories[at]!, stopAsked: { transaction: stop.transactionId, at: now } };
    return { ...stop, id: `${input.author}-${number++}` };
  });
  return { commands, stops, memories, waiting, nextCommandNumber: number };
}

/** What the charger was told last: the newest lease that may still rule, else the floor. */
export function offeredAmps(situation: Situation, now: Instant): number {
  const lease = offeredLease(situation.memory, now);
  if (lease) return lease.limitAmps;
  return situation.memory.floor.state === 'unproved' ? situation.evse.maxAmps : situation.memory.floor.amps;
}

const priorityOf = ({ role, evse }: Situation) => (role.kind === 'candidate' ? role.priority : evse.priority);

function level(situation: Situation, now: Instant): number {
  return offeredAmps(situation, now) / situation.evse.weight;
}

function retryDue(memory: EvseMemory, now: Instant): boolean {
  if (memory.failures === 0 || memory.failedAt === undefined) return true;
  return now >= memory.failedAt + Math.min(RETRY_LONGEST_MS, RETRY_FIRST_MS * 2 ** (memory.failures - 1));
}

function floorDraft(situation: Situation, now: Instant): Draft | undefined {
  const { evse, memory } = situation;
  const { floor } = memory;
  const outdated = floor.state === 'proved' && floor.amps !== evse.floorAmps;
  const lost = floor.state === 'sent' && now - floor.sentAt > LOST_COMMAND_MS;
  if (!(floor.state === 'unproved' || outdated || lost) || !retryDue(memory, now)) return undefined;
  return { situation, role: 'floor', change: 'decrease', limitAmps: evse.floorAmps };
}

/** A decrease or a renewal that goes out now, `increase` where more is wanted, or nothing. */
function leaseDraft(situation: Situation, { targets, now }: CommandInput): Draft | 'increase' | undefined {
  const { evse, profile, memory, role, state, at } = situation;
  if (profile.lease.purpose === 'TxProfile' && state?.transaction === undefined) return undefined;
  const newest = memory.leases.at(-1);
  const isCandidate = role.kind === 'candidate';
  if (!isCandidate && !newest) return undefined;
  const wanted = isCandidate ? targets[at]! : Math.min(evse.floorAmps, newest!.limitAmps);
  const target = profile.quirks.includes('zero-amps-breaks-next-limit') ? Math.max(wanted, evse.minAmps) : wanted;
  const told = newest?.limitAmps ?? offeredAmps(situation, now);
  if (target < told - EPSILON_AMPS) {
    return retryDue(memory, now) || !newest
      ? { situation, role: 'lease', change: 'decrease', limitAmps: target }
      : undefined;
  }
  if (!isCandidate) return undefined;
  return target > told + EPSILON_AMPS ? 'increase' : renewalDraft(situation, now);
}

/** The same limit again: a third of its life is over, or nothing was heard of it and the next try is due. */
function renewalDraft(situation: Situation, now: Instant): Draft | undefined {
  const { memory } = situation;
  const newest = memory.leases.at(-1);
  if (!newest) return undefined;
  const isSilent =
    newest.acknowledgedAt === undefined && (memory.failedAt ?? Number.NEGATIVE_INFINITY) >= newest.sentAt;
  const isDue = isRenewalDue(situation, now) || (isSilent && retryDue(memory, now));
  return isDue ? { situation, role: 'lease', change: 'renewal', limitAmps: newest.limitAmps } : undefined;
}

function isRenewalDue(situation: Situation, now: Instant): boolean {
  const newest = situation.memory.leases.at(-1);
  return newest !== undefined && now - newest.sentAt >= renewAfterMs(situation);
}

/** A third of the lease's life, less up to a tenth of it by the EVSE's name, so that renewals of a site do not bunch. */
function renewAfterMs({ evse, profile }: Situation): number {
  let hash = 0;
  for (const letter of evse.id) hash = (hash * 31 + letter.charCodeAt(0)) % 997;
  return profile.leaseMs / 3 - (profile.leaseMs / 30) * (hash / 997);
}

function trackWish(memory: EvseMemory, wantsMore: boolean, now: Instant): EvseMemory {
  const { wantsMoreSince, ...rest } = memory;
  return wantsMore ? { ...rest, wantsMoreSince: wantsMoreSince ?? now } : rest;
}

function increaseDraft(
  situation: Situation,
  input: CommandInput,
  memory: EvseMemory,
  room: readonly number[],
): Draft | Waiting {
  const { evse, profile, role, exposureAmps, at } = situation;
  const { now, targets, loads } = input;
  const policy: Policy = input.site.policy;
  if (role.kind !== 'candidate') return 'answer';
  const newest = memory.leases.at(-1);
  if (newest && newest.acknowledgedAt === undefined) return 'answer';
  if (!retryDue(memory, now) || memory.leases.length >= MAX_LEASES) return 'answer';
  if (!input.mayRise[at]) return 'meter';
  const told = newest?.limitAmps ?? offeredAmps(situation, now);
  const sinceChangeMs = now - (memory.changedAt ?? Number.NEGATIVE_INFINITY);
  const dwellMs = Math.max(policy.increase.dwellMs, profile.minIntervalMs);
  if (now - (memory.wantsMoreSince ?? now) < policy.increase.dwellMs || sinceChangeMs < dwellMs) return 'dwell';
  const starts = told < role.lower - EPSILON_AMPS;
  const ramped = Math.max(told, role.lower) + (starts ? 0 : (policy.increase.rampAmpsPerSecond * sinceChangeMs) / 1000);
  const free = Math.min(
    Number.POSITIVE_INFINITY,
    ...loads[at]!.flatMap(({ row, coefficient }) => (coefficient > 0 ? [room[row]! / coefficient] : [])),
  );
  const most = Math.min(targets[at]!, ramped, exposureAmps + Math.max(0, free));
  const grant = floorToStep(most, evse.stepAmps);
  if (grant < role.lower - EPSILON_AMPS) return 'decreases';
  // A renewal leaves anyway: it takes a small rise along at no cost.
  const isWorthIt =
    grant - told >= policy.increase.deadbandAmps - EPSILON_AMPS ||
    (grant > told + EPSILON_AMPS && (starts || isRenewalDue(situation, now)));
  if (!isWorthIt) return targets[at]! - told >= policy.increase.deadbandAmps ? 'decreases' : 'dwell';
  return { situation, role: 'lease', change: 'increase', limitAmps: grant };
}

function remember(memory: EvseMemory, draft: Draft, commandId: string, now: Instant): EvseMemory {
  if (draft.role === 'floor') {
    return { ...memory, floor: { state: 'sent', commandId, amps: draft.limitAmps, sentAt: now } };
  }
  const lease = newLease(commandId, draft.limitAmps, now, draft.situation.profile);
  const changed = draft.change === 'renewal' ? {} : { changedAt: now };
  return { ...memory, ...changed, leases: [...bounded(memory.leases), lease] };
}

/** Room for one more: the two oldest become one that is as high and as long as either. */
function bounded(leases: readonly LeaseEntry[]): readonly LeaseEntry[] {
  if (leases.length < MAX_LEASES) return leases;
  const [first, second, ...rest] = leases as readonly [LeaseEntry, LeaseEntry, ...LeaseEntry[]];
  const { acknowledgedAt: _a, settledAt: _s, ...merged } = second;
  return [
    {
      ...merged,
      limitAmps: Math.max(first.limitAmps, second.limitAmps),
      endsBy: Math.max(first.endsBy, second.endsBy),
    },
    ...rest,
  ];
}
