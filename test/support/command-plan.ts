// Plans the commands of one cycle for a few wallboxes on one row of room, from no more than the test is about.

import type { CapacityRow } from '../../src/core/allocate/capacity.ts';
import type { Situation } from '../../src/core/allocate/situation.ts';
import { type CommandPlan, planCommands } from '../../src/core/command/command.ts';
import type { ChargerProfile } from '../../src/core/model/charger.ts';
import type { Evse } from '../../src/core/model/site.ts';
import { candidateRole } from './candidates.ts';
import { buildSite, evse, genericAc } from './site-builder.ts';
import { situationsOf } from './situation.ts';

export const NOW = 1_000_000;
/** A candidate that may have 6 A to 32 A. */
export const candidate = candidateRole({ isOn: true });

export type Box = Partial<Omit<Situation, 'evse' | 'profile'>> & {
  readonly target?: number;
  readonly mayRise?: boolean;
  readonly evse?: Partial<Evse>;
  readonly profile?: Partial<ChargerProfile>;
};

/**
 * Wallboxes A, B, C … connected, with a proved floor of 6 A, on one row of `room`, of which an ampere takes `coefficient`; the first command
 * is number 41 of `box/1`.
 */
export function plan(boxes: readonly Box[], room = 1_000, coefficient = 1): CommandPlan {
  const evses = boxes.map((box, at) => evse({ station: 'ABCDEFGH'[at]!, ...box.evse }));
  const site = buildSite({ evses });
  const situations = situationsOf(site).map((situation, at): Situation => {
    const { target: _t, mayRise: _m, evse: _e, profile, ...part } = boxes[at]!;
    const link = { state: 'connected', since: 0, connection: 1 } as const;
    return {
      ...situation,
      station: { station: evses[at]!.station, link, evses: [], upstreamProfiles: [], upstreamLink: 'none' },
      ...part,
      profile: { ...genericAc, ...profile },
    };
  });
  const row: CapacityRow = {
    tag: {
      kind: 'phase',
      circuit: 'main',
      phase: 'L1',
      source: { kind: 'fuse' },
      limitAmps: 63,
    },
    room,
    coefficient: () => coefficient,
    members: evses.map((_one, at) => at),
  };
  return planCommands({
    site,
    situations,
    targets: boxes.map((box) => box.target ?? 6),
    rows: [row],
    loads: boxes.map(() => [{ row: 0, coefficient }]),
    mayRise: boxes.map((box) => box.mayRise ?? true),
    now: NOW,
    author: 'box/1',
    nextCommandNumber: 41,
  });
}

/** What was told to whom, in order: `lease A decrease 10`. */
export function told({ commands }: CommandPlan): string[] {
  return commands.map(({ role, station, change, limitAmps }) => `${role} ${station} ${change} ${limitAmps}`);
}
