// What the register map tells of one group of EVSEs: its limits, and what its members may be drawing.

import type { GroupLimit } from '../../core/limits/caps.ts';
import type { PhaseAmps } from '../../core/model/units.ts';
import { AUTHORS, codeOf } from './codes.ts';
import { type PhaseValues, phaseFields, phaseValues } from './phase-fields.ts';
import type { Field } from './words.ts';

export type GroupSubject = {
  readonly members: number;
  readonly limits?: readonly GroupLimit[];
  readonly exposureAmps?: PhaseAmps;
};

export const GROUP_FIELDS: readonly Field<GroupSubject>[] = [
  ...phaseFields<GroupSubject>(0, 'limit', 'in force', ({ limits }) => limits && tightestAmps(limits)),
  {
    at: 6,
    name: 'power limit',
    type: 'f32',
    unit: 'W',
    meaning: 'in force; without the surplus that may come on top',
    of: ({ limits }) => limits && tightestWatts(limits)?.watts,
  },
  ...phaseFields<GroupSubject>(
    8,
    'chargers',
    'the most that its members may be drawing',
    ({ exposureAmps }) => exposureAmps,
  ),
  { at: 14, name: 'members', type: 'u16', meaning: 'EVSEs in it', of: ({ members }) => members },
  {
    at: 15,
    name: 'power author',
    type: 'u16',
    meaning: 'who set the power limit',
    of: ({ limits }) => codeOf(AUTHORS, limits && tightestWatts(limits)?.source.kind),
  },
];

function tightestAmps(limits: readonly GroupLimit[]): PhaseValues {
  return phaseValues((phase) => {
    const amps = limits.flatMap((limit) => (limit.amps === undefined ? [] : [limit.amps[phase]]));
    return amps.length === 0 ? undefined : Math.min(...amps);
  });
}

function tightestWatts(limits: readonly GroupLimit[]): (GroupLimit & { readonly watts: number }) | undefined {
  return limits
    .flatMap((limit) => (limit.watts === undefined ? [] : [{ ...limit, watts: limit.watts }]))
    .reduce<(GroupLimit & { readonly watts: number }) | undefined>(
      (a, b) => (a === undefined || b.watts < a.watts ? b : a),
      undefined,
    );
}
