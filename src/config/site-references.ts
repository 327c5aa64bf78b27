// Pass 2, references: every name leads somewhere, the circuits are one tree, and nothing is counted twice.

import type { ChargerModel } from './charger-profile.ts';
import { describePath, type Fault, valueAt } from './fault.ts';
import type { MeterProfiles } from './load-profiles.ts';
import { checkMeters } from './meter-references.ts';
import { versionsOfModel } from './ocpp-versions.ts';
import { listed } from './shape.ts';
import { type EvsePart, evseNumber, type Part, type SiteDraft } from './site-draft.ts';
import { checkGroups, type ReferencedGroup } from './site-groups.ts';
import { checkInputs, checkOutputs } from './site-inputs.ts';
import type { CircuitForm } from './site-schema.ts';

/** What the file may name from outside. */
export type KnownProfiles = {
  readonly models: ReadonlyMap<string, ChargerModel>;
  readonly meterProfiles: MeterProfiles;
};

export type References = {
  readonly faults: readonly Fault[];
  /** Circuits that hang together up to a root, each after its parent, once each: what sums can be made over. */
  readonly tree: readonly Part<CircuitForm>[];
  /** EVSEs whose circuit and model are known, once each. */
  readonly evses: readonly (EvsePart & { readonly model: ChargerModel })[];
  /** Groups with those of their EVSEs that are among `evses`. */
  readonly groups: readonly ReferencedGroup[];
};

export function checkReferences(draft: SiteDraft, known: KnownProfiles): References {
  const faults: Fault[] = [];
  const add = (path: readonly PropertyKey[], expected: string) =>
    faults.push({ file: draft.file, path: describePath(path), value: valueAt(draft.raw, path), expected });
  const circuits = checkUnique(draft.circuits, 'circuit', add);
  checkUnique(draft.buses, 'bus', add);
  faults.push(...checkMeters(draft, checkUnique(draft.meters, 'meter', add), circuits, known.meterProfiles, add));
  const tree = checkTree(draft, circuits, add);
  const evses = checkStations(draft, known, add);
  const groups = checkGroups(draft, checkUnique(draft.groups, 'group', add), evses, tree, add);
  checkInputs(draft, checkUnique(draft.inputs, 'input', add), tree, add);
  checkOutputs(draft, checkUnique(draft.outputs, 'output', add), add);
  return { faults, tree, evses, groups };
}

export type Add = (path: readonly PropertyKey[], expected: string) => void;

/** The first part of each id; every later one is a fault at its id. */
function checkUnique<T extends { readonly id: string }>(parts: readonly Part<T>[], noun: string, add: Add): Part<T>[] {
  const first = new Map<string, Part<T>>();
  for (const part of parts) {
    const before = first.get(part.form.id);
    if (before === undefined) first.set(part.form.id, part);
    else
      add([...part.path, 'id'], `an id of its own: ${describePath(before.path)} is ${noun} "${part.form.id}" already`);
  }
  return [...first.values()];
}

/** Depth first from the roots, in the file's order: parents stand before their children. */
function checkTree(draft: SiteDraft, circuits: readonly Part<CircuitForm>[], add: Add): Part<CircuitForm>[] {
  const byId = new Map(circuits.map((circuit) => [circuit.form.id, circuit]));
  const children = new Map<string, Part<CircuitForm>[]>();
  const roots: Part<CircuitForm>[] = [];
  for (const circuit of circuits) {
    const { parent } = circuit.form;
    if (parent === undefined) roots.push(circuit);
    else if (draft.ids.circuits.has(parent)) children.set(parent, [...(children.get(parent) ?? []), circuit]);
    else
      add([...circuit.path, 'parent'], `the id of the circuit that feeds it${listed(parent, [...draft.ids.circuits])}`);
  }
  for (const extra of roots.slice(1)) {
    add(
      [...extra.path, 'parent'],
      `the id of the circuit that feeds it: "${roots[0]!.form.id}" is the connection to the grid`,
    );
  }
  for (const ring of findRings(circuits, byId)) {
    const trail = [...ring, ring[0]!].map((circuit) => circuit.form.id).join(' → ');
    add([...ring[0]!.path, 'parent'], `a circuit nearer to the grid; these feed each other: ${trail}`);
  }
  const tree: Part<CircuitForm>[] = [];
  // The list grows while it is walked; what a ring holds is never reached from a root, so this ends.
  const waiting = roots.slice(0, 1);
  while (waiting.length > 0) {
    const circuit = waiting.shift()!;
    tree.push(circuit);
    waiting.unshift(...(children.get(circuit.form.id) ?? []));
  }
  return tree;
}

/** Each ring once, beginning with its first circuit in the file. */
function findRings(
  circuits: readonly Part<CircuitForm>[],
  byId: ReadonlyMap<string, Part<CircuitForm>>,
): Part<CircuitForm>[][] {
  const settled = new Set<Part<CircuitForm>>();
  const rings: Part<CircuitForm>[][] = [];
  for (const start of circuits) {
    const trail: Part<CircuitForm>[] = [];
    let circuit: Part<CircuitForm> | undefined = start;
    while (circuit !== undefined && !settled.has(circuit)) {
      settled.add(circuit);
      trail.push(circuit);
      circuit = circuit.form.parent === undefined ? undefined : byId.get(circuit.form.parent);
    }
    const entry = circuit === undefined ? -1 : trail.indexOf(circuit);
    if (entry >= 0) {
      const ring = trail.slice(entry);
      const first = ring.reduce((a, b) => (circuits.indexOf(a) < circuits.indexOf(b) ? a : b));
      rings.push([...ring.slice(ring.indexOf(first)), ...ring.slice(0, ring.indexOf(first))]);
    }
  }
  return rings;
}

function checkModels(draft: SiteDraft, known: KnownProfiles, add: Add): void {
  const takesWatts = [...known.models.values()]
    .filter(({ profile }) => profile.unit === 'W')
    .map(({ profile }) => profile.id);
  const dcOf = Map.groupBy(
    draft.evses.filter((evse) => evse.form.dc !== undefined),
    (evse) => evse.station,
  );
  for (const station of draft.stations) {
    const { id, model, floorProvedOn, ocpp } = station.form;
    const found = known.models.get(model);
    if (found === undefined) {
      add(
        [...station.path, 'model'],
        `a charger profile of profiles/chargers${listed(model, [...known.models.keys()])}`,
      );
      continue;
    }
    if (floorProvedOn !== undefined && found.profile.quirks.includes('forgets-profiles-on-reconnect')) {
      add([...station.path, 'floorProvedOn'], `no proof of a floor: ${model} forgets its profiles when it reconnects`);
    }
    const able = versionsOfModel(found.profile);
    if (ocpp?.some((version) => !able.includes(version)) === true)
      add([...station.path, 'ocpp'], `what ${model} speaks: ${able.join(', ')}`);
    const dc = dcOf.get(station)?.[0];
    if (dc !== undefined && found.profile.unit === 'A') {
      const because = `because EVSE ${id}/${evseNumber(dc)} is DC and amperes may mean its output`;
      add([...station.path, 'model'], `a model that takes watts, ${because}: ${takesWatts.join(', ')}`);
    }
  }
}

function checkStations(draft: SiteDraft, known: KnownProfiles, add: Add): References['evses'] {
  checkUnique(draft.stations, 'station', add);
  checkModels(draft, known, add);
  const first = new Map<string, EvsePart>();
  return draft.evses.flatMap((evse) => {
    const id = `${evse.station.form.id}/${evseNumber(evse)}`;
    const before = first.get(id);
    if (before !== undefined) {
      addSecondEvse(evse, before, id, add);
      return [];
    }
    first.set(id, evse);
    if (!draft.ids.circuits.has(evse.form.circuit)) {
      add(
        [...evse.path, 'circuit'],
        `the id of a circuit of this file${listed(evse.form.circuit, [...draft.ids.circuits])}`,
      );
      return [];
    }
    const model = known.models.get(evse.station.form.model);
    return model === undefined ? [] : [{ ...evse, model }];
  });
}

/** An EVSE stands under one circuit, once; where the station itself stands twice, that fault has been told. */
function addSecondEvse(evse: EvsePart, before: EvsePart, id: string, add: Add): void {
  if (evse.station !== before.station && evse.form.circuit === before.form.circuit) return;
  const place = describePath(before.path);
  if (evse.form.circuit === before.form.circuit) {
    add([...evse.path, 'number'], `a number of its own: ${place} is EVSE ${id} already`);
  } else {
    add(
      [...evse.path, 'circuit'],
      `one circuit for one EVSE: ${place} has ${id} under "${before.form.circuit}" already`,
    );
  }
}
