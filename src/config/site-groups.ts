// Pass 2, groups: everybody whom a group names exists and comes in once, and the surplus is used once.

import type { EvseId } from '../core/model/units.ts';
import { describePath } from './fault.ts';
import { evsesBelow } from './floor-proof.ts';
import type { GroupForm } from './group-form.ts';
import { listed } from './shape.ts';
import { type EvsePart, evseNumber, type Part, type SiteDraft } from './site-draft.ts';
import type { CircuitForm } from './site-schema.ts';

/** Each group of an EVSE is a row of every cycle's program for it. */
export const MAX_GROUPS_PER_EVSE = 8;

/** A group with all its EVSEs, in the order in which it names them. */
export type ReferencedGroup = { readonly part: Part<GroupForm>; readonly evses: readonly EvseId[] };

type Add = (path: readonly PropertyKey[], expected: string) => void;

/** `groups` and `evses` MUST hold each id once; `tree` stands parents first. Names of badly shaped parts are no second fault. */
export function checkGroups(
  draft: SiteDraft,
  groups: readonly Part<GroupForm>[],
  evses: readonly EvsePart[],
  tree: readonly Part<CircuitForm>[],
  add: Add,
): readonly ReferencedGroup[] {
  const findMembers = memberFinder(draft, evses, tree, add);
  const timesIn = new Map<EvseId, number>();
  const referenced = groups.map((part): ReferencedGroup => {
    const members = gather(part, findMembers, add);
    const crowded = members.find((id) => timesIn.get(id) === MAX_GROUPS_PER_EVSE);
    if (crowded !== undefined) {
      add(
        [...part.path, 'id'],
        `a group without ${crowded}, which is in ${MAX_GROUPS_PER_EVSE} groups already, the most`,
      );
      return { part, evses: [] };
    }
    for (const id of members) timesIn.set(id, (timesIn.get(id) ?? 0) + 1);
    return { part, evses: members };
  });
  checkSurplus(groups, tree[0], add);
  return referenced;
}

type Entry = {
  readonly list: 'evses' | 'stations' | 'circuits';
  readonly name: string;
  readonly path: readonly PropertyKey[];
};

/** The members of one group; an EVSE that two entries bring in is a fault at the second. */
function gather(part: Part<GroupForm>, find: (entry: Entry) => readonly EvseId[], add: Add): EvseId[] {
  const broughtBy = new Map<EvseId, Entry>();
  for (const list of ['evses', 'stations', 'circuits'] as const) {
    for (const [at, name] of (part.form[list] ?? []).entries()) {
      const entry: Entry = { list, name, path: [...part.path, list, at] };
      const found = find(entry);
      const twice = found.find((id) => broughtBy.has(id));
      if (twice !== undefined) {
        const before = describePath(broughtBy.get(twice)!.path);
        add(entry.path, `each EVSE once in a group: ${before} brings ${twice} in already`);
      }
      for (const id of found) if (!broughtBy.has(id)) broughtBy.set(id, entry);
    }
  }
  return [...broughtBy.keys()];
}

/** Finds the EVSEs of an entry; a name that leads nowhere is a fault and finds none. */
function memberFinder(
  draft: SiteDraft,
  evses: readonly EvsePart[],
  tree: readonly Part<CircuitForm>[],
  add: Add,
): (entry: Entry) => readonly EvseId[] {
  const idOf = (evse: EvsePart): EvseId => `${evse.station.form.id}/${evseNumber(evse)}`;
  const knownIds = evses.map(idOf);
  const known = new Set(knownIds);
  const ofStation = Map.groupBy(evses, (evse) => evse.station.form.id);
  const whole = new Set(
    draft.stations
      .filter(({ form }) => ofStation.get(form.id)?.length === form.evses.length)
      .map(({ form }) => form.id),
  );
  const circuits = tree.map(({ form: { id, parent } }) => ({ id, ...(parent === undefined ? {} : { parent }) }));
  const below = evsesBelow(circuits, evses, (evse) => evse.form.circuit);
  const findEvse = ({ name, path }: Entry): readonly EvseId[] => {
    if (known.has(name)) return [name];
    const station = name.slice(0, name.lastIndexOf('/'));
    if (!draft.ids.stations.has(station)) add(path, `the id of an EVSE of this file${listed(name, knownIds)}`);
    else if (whole.has(station)) {
      add(path, `the id of an EVSE of this file: "${station}" has ${ofStation.get(station)!.map(idOf).join(', ')}`);
    }
    return [];
  };
  return (entry) => {
    if (entry.list === 'evses') return findEvse(entry);
    const ids = entry.list === 'stations' ? draft.ids.stations : draft.ids.circuits;
    if (!ids.has(entry.name)) {
      const what = entry.list === 'stations' ? 'station' : 'circuit';
      add(entry.path, `the id of a ${what} of this file${listed(entry.name, [...ids])}`);
    }
    return ((entry.list === 'stations' ? ofStation : below).get(entry.name) ?? []).map(idOf);
  };
}

/** Surplus is what the meter of the connection shows, and two groups that each took all of it would take it twice. */
function checkSurplus(groups: readonly Part<GroupForm>[], root: Part<CircuitForm> | undefined, add: Add): void {
  const [first, ...more] = groups.filter(({ form }) => form.netOfSurplus);
  if (first === undefined) return;
  if (root !== undefined && root.form.meter === undefined) {
    add(
      [...first.path, 'netOfSurplus'],
      `a meter on "${root.form.id}", which alone can show the surplus; or no netOfSurplus`,
    );
  }
  for (const { path } of more) {
    add([...path, 'netOfSurplus'], `one group alone that uses the surplus: "${first.form.id}" has it already`);
  }
}
