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
  checkSurplus(groups, tree[0], add);
  if (groups.length === 0) return [];
  const ids = evses.map((evse): EvseId => `${evse.station.form.id}/${evseNumber(evse)}`);
  const find = memberFinder(draft, evses, ids, tree, add);
  // By place in `evses`: a site of 320,000 EVSEs in many groups is still read within seconds.
  const timesIn = new Uint16Array(evses.length);
  return groups.map((part): ReferencedGroup => {
    const members = gather(part, find, ids, add);
    const crowded = members.find((at) => timesIn[at] === MAX_GROUPS_PER_EVSE);
    if (crowded !== undefined) {
      const most = `which is in ${MAX_GROUPS_PER_EVSE} groups already, the most`;
      add([...part.path, 'id'], `a group without ${ids[crowded]}, ${most}`);
      return { part, evses: [] };
    }
    for (const at of members) timesIn[at]!++;
    return { part, evses: members.map((at) => ids[at]!) };
  });
}

type Entry = {
  readonly list: 'evses' | 'stations' | 'circuits';
  readonly name: string;
  readonly path: readonly PropertyKey[];
};
/** The EVSEs that an entry brings in, by their places. */
type Find = (entry: Entry) => readonly number[];

/** The members of one group by their places; an EVSE that two entries bring in is a fault at the second. */
function gather(part: Part<GroupForm>, find: Find, ids: readonly EvseId[], add: Add): readonly number[] {
  const members: number[] = [];
  const entries: Entry[] = [];
  // For each EVSE the entry that brought it in, counted from 1.
  const broughtBy = new Uint16Array(ids.length);
  for (const list of ['evses', 'stations', 'circuits'] as const) {
    for (const [at, name] of (part.form[list] ?? []).entries()) {
      const entry: Entry = { list, name, path: [...part.path, list, at] };
      entries.push(entry);
      const found = find(entry);
      const twice = found.find((place) => broughtBy[place] !== 0);
      if (twice !== undefined) {
        const before = describePath(entries[broughtBy[twice]! - 1]!.path);
        add(entry.path, `each EVSE once in a group: ${before} brings ${ids[twice]} in already`);
      }
      for (const place of found) {
        if (broughtBy[place] !== 0) continue;
        broughtBy[place] = entries.length;
        members.push(place);
      }
    }
  }
  return members;
}

/** A name that leads nowhere is a fault and finds none. */
function memberFinder(
  draft: SiteDraft,
  evses: readonly EvsePart[],
  ids: readonly EvseId[],
  tree: readonly Part<CircuitForm>[],
  add: Add,
): Find {
  const places = evses.map((_evse, at) => at);
  const placeOf = new Map(ids.map((id, at) => [id, at]));
  const ofStation = Map.groupBy(places, (at) => evses[at]!.station.form.id);
  // A station with a slip in one of its EVSEs has been told of; what it would have beside the others is not known.
  const whole = new Set(
    draft.stations
      .filter(({ form }) => ofStation.get(form.id)?.length === form.evses.length)
      .map(({ form }) => form.id),
  );
  const circuits = tree.map(({ form: { id, parent } }) => ({ id, ...(parent === undefined ? {} : { parent }) }));
  const below = evsesBelow(circuits, places, (at) => evses[at]!.form.circuit);
  const findEvse = ({ name, path }: Entry): readonly number[] => {
    const place = placeOf.get(name);
    if (place !== undefined) return [place];
    const station = name.slice(0, name.lastIndexOf('/'));
    if (!draft.ids.stations.has(station)) add(path, `the id of an EVSE of this file${listed(name, ids)}`);
    else if (whole.has(station)) {
      const own = ofStation.get(station)!.map((at) => ids[at]);
      add(path, `the id of an EVSE of this file: "${station}" has ${own.join(', ')}`);
    }
    return [];
  };
  return (entry) => {
    if (entry.list === 'evses') return findEvse(entry);
    const known = entry.list === 'stations' ? draft.ids.stations : draft.ids.circuits;
    if (!known.has(entry.name)) {
      const what = entry.list === 'stations' ? 'station' : 'circuit';
      add(entry.path, `the id of a ${what} of this file${listed(entry.name, [...known])}`);
    }
    return (entry.list === 'stations' ? ofStation : below).get(entry.name) ?? [];
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
