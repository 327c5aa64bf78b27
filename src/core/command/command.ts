// Turns an allocation into commands: decreases at once, increases when exposure, dwell and ramp allow, leases renewed, floors installed.

import type { CapacityRow } from '../allocate/capacity.ts';
import { type Load, take } from '../allocate/rows.ts';
import { byId, type Situation } from '../allocate/situation.ts';
import type { Command, StopCommand } from '../model/decision.ts';
import type { EvseMemory, LeaseEntry } from '../model/memory.ts';
import type { Site } from '../model/site.ts';
import { type Instant, stationTime } from '../model/units.ts';
import { afterWrite, withBudget } from './budget.ts';
import { buildProfile } from './charging-profile.ts';
import { type Draft, floorDraft, leaseDraft, offeredAmps, renewalDraft } from './draft.ts';
import { MAX_LEASES, newLease } from './exposure.ts';
import { increaseDraft, takeIncrease, type Waiting } from './increase.ts';
import { stopsOf } from './stops.ts';

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
  /** True where an EVSE on one of its circuits may have a limit that nobody knows of. By index into `site.evses`. */
  readonly mayHide?: readonly boolean[];
  readonly now: Instant;
  readonly author: string;
  readonly nextCommandNumber: number;
};

/** The commands of one cycle in the order in which they must leave, and the memory after them. */
export function planCommands(input: CommandInput): CommandPlan {
  const { site, situations, targets, now } = input;
  const memories = situations.map(({ memory, profile }) => withBudget(memory, profile, now));
  const drafts: Draft[] = [];
  const increases: Situation[] = [];
  const waiting = new Map<number, Waiting>();

  for (const situation of situations) {
    if (situation.station?.link.state !== 'connected') continue;
    const floor = floorDraft(situation, now);
    if (floor) drafts.push(floor);
    const lease = leaseDraft(site, situation, targets[situation.at]!, now);
    if (lease === 'increase') increases.push(situation);
    else if (lease) drafts.push(lease);
    memories[situation.at] = trackWish(memories[situation.at]!, lease === 'increase', now);
  }

  for (const { situation, answer } of askForMore(increases, drafts, memories, input)) {
    if (typeof answer !== 'string') {
      drafts.push(answer);
      continue;
    }
    waiting.set(situation.at, answer);
    const renewal = renewalDraft(site, situation, now);
    if (renewal) drafts.push(renewal);
  }

  let number = input.nextCommandNumber;
  const commands = inOrder(drafts).map((draft): Command => {
    const id = `${input.author}-${number++}`;
    const { at } = draft.situation;
    memories[at] = remember(memories[at]!, draft, id, now);
    return commandOf(draft, id, input);
  });
  const stops = stopsOf(situations, site.policy, now).map(({ at, ...stop }): StopCommand => {
    const id = `${input.author}-${number++}`;
    memories[at] = { ...memories[at]!, stopAsked: { transaction: stop.transactionId, commandId: id, at: now } };
    return { ...stop, id };
  });
  return { commands, stops, memories, waiting, nextCommandNumber: number };
}

/** What each of those who want more gets or waits for: by priority, then those who have least; each takes from what the ones before it left. */
function askForMore(
  wanting: readonly Situation[],
  drafts: readonly Draft[],
  memories: readonly EvseMemory[],
  { site, situations, targets, loads, rows, mayRise, mayHide, now }: CommandInput,
): readonly { readonly situation: Situation; readonly answer: Draft | Waiting }[] {
  if (wanting.length === 0) return [];
  const room = rows.map((row) => row.room);
  const lowered = new Map<number, number>();
  for (const { role, change, situation, limitAmps } of drafts)
    if (role === 'lease' && change === 'decrease') lowered.set(situation.at, limitAmps);
  // What a car may draw counts where it loads a row; where it makes room, only what it is seen to draw, and no more than it is told now.
  for (const { at, exposureAmps, assuredAmps } of situations) {
    take(room, loads[at]!, exposureAmps, Math.min(exposureAmps, assuredAmps, lowered.get(at) ?? assuredAmps));
  }
  const inTurn = wanting.toSorted(
    (a, b) => priorityOf(b) - priorityOf(a) || level(a, now) - level(b, now) || byId(a, b),
  );
  return inTurn.map((situation) => {
    const { at } = situation;
    const own = {
      site,
      situation,
      memory: memories[at]!,
      targetAmps: targets[at]!,
      mayRise: mayRise[at]!,
      mayHide: mayHide?.[at] === true,
    };
    const answer = increaseDraft({ ...own, loads: loads[at]!, room, now });
    if (typeof answer !== 'string') takeIncrease(room, loads[at]!, answer);
    return { situation, answer };
  });
}

/** Decreases before renewals before increases, and a floor before the leases of its rank. */
function inOrder(drafts: readonly Draft[]): readonly Draft[] {
  const rank = { decrease: 0, renewal: 1, increase: 2 } as const;
  return drafts.toSorted(
    (a, b) => rank[a.change] - rank[b.change] || (a.role === b.role ? 0 : a.role === 'floor' ? -1 : 1),
  );
}

function commandOf({ situation, role, change, limitAmps }: Draft, id: string, { site, now }: CommandInput): Command {
  const { evse, profile, state } = situation;
  const transactionId = state?.transaction?.id;
  // A charger may put all its watts on one phase, for this car or for the next: for AC they are counted for one.
  const phases = evse.supply === 'dc' ? evse.phases.length : 1;
  const told = {
    role,
    evse,
    profile,
    limitAmps,
    phases,
    nominalVolts: site.nominalVolts,
    stationNow: stationTime(now),
  };
  return {
    kind: 'install-profile',
    id,
    station: evse.station,
    evse: evse.id,
    role,
    change,
    limitAmps,
    profile: buildProfile({ ...told, ...(transactionId === undefined ? {} : { transactionId }) }),
  };
}

const priorityOf = ({ role, evse }: Situation) => (role.kind === 'candidate' ? role.priority : evse.priority);

function level(situation: Situation, now: Instant): number {
  return offeredAmps(situation, now) / situation.evse.weight;
}

function trackWish(memory: EvseMemory, wantsMore: boolean, now: Instant): EvseMemory {
  if ((memory.wantsMoreSince !== undefined) === wantsMore) return memory;
  const { wantsMoreSince: _since, ...rest } = memory;
  return wantsMore ? { ...rest, wantsMoreSince: now } : rest;
}

function remember(before: EvseMemory, draft: Draft, commandId: string, now: Instant): EvseMemory {
  const { profile, state } = draft.situation;
  const memory = afterWrite(before, profile, now);
  if (draft.role === 'floor') {
    if (draft.change === 'renewal' && memory.floor.state === 'proved')
      return { ...memory, floor: { ...memory.floor, since: now } };
    return { ...memory, floor: { state: 'sent', commandId, amps: draft.limitAmps, sentAt: now } };
  }
  const lease = newLease(commandId, draft.limitAmps, now, profile, state?.transaction?.id);
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
