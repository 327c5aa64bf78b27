// Pass 3, physics: numbers that cannot be together, and the floor proof; run on whatever part of the file the passes before left.

import type { Circuit, EvGroup, Evse } from '../core/model/site.ts';
import { floorToStep, PHASES } from '../core/model/units.ts';
import { assembleCircuit, assembleEvse, assembleGroup } from './assemble-site.ts';
import type { ChargerModel } from './charger-profile.ts';
import { describePath, type Fault, valueAt } from './fault.ts';
import { addCircuitBreaches, addGroupBreaches } from './floor-breaches.ts';
import { isProved, proveFloors } from './floor-proof.ts';
import type { EvsePart, Part, SiteDraft } from './site-draft.ts';
import type { References } from './site-references.ts';
import type { CircuitForm } from './site-schema.ts';
import { checkSums } from './sum-physics.ts';

export type Physics = {
  readonly faults: readonly Fault[];
  readonly circuits: readonly Circuit[];
  readonly evses: readonly Evse[];
  readonly groups: readonly EvGroup[];
};

type Add = (path: readonly PropertyKey[], expected: string, value?: unknown) => void;

/** Voltage taken for the checks while the file's own is unreadable. */
const FALLBACK_VOLTS = 230;

export function checkPhysics(draft: SiteDraft, references: References): Physics {
  const faults: Fault[] = [];
  const add: Add = (path, expected, value = valueAt(draft.raw, path)) =>
    faults.push({ file: draft.file, path: describePath(path), value, expected });
  const nominalVolts = draft.settings.nominalVolts ?? FALLBACK_VOLTS;
  // Circuits outside the tree have been told of; their own numbers are checked all the same.
  const circuits = new Map(draft.circuits.map((part) => [part, assembleCircuit(part.form)]));
  const soundCircuits = new Set(
    draft.circuits.filter((part) => isSound(() => checkCircuit(part, circuits.get(part)!, add), faults)),
  );
  const evses = new Map(references.evses.map((part) => [part, assembleEvse(part, nominalVolts)]));
  const soundEvses = references.evses.filter((part) => isSound(() => checkEvse(part, evses.get(part)!, add), faults));
  const tree = references.tree.map((part) => ({ part, circuit: circuits.get(part)! }));
  checkBaseLoads(tree, add);
  checkSums(draft, tree, add);
  const groups = references.groups.map((group) => ({ ...group, group: assembleGroup(group.part.form, group.evses) }));
  const rows = proveFloors({
    circuits: tree.map(({ circuit }) => circuit),
    evses: soundEvses.map((part) => evses.get(part)!),
    stations: references.evses.map((part) => ({ id: part.station.form.id, profile: provedProfile(part) })),
    groups: groups.map(({ group }) => group),
    nominalVolts,
  });
  const breaches = rows.filter((row) => !isProved(row));
  for (const { part } of tree) if (soundCircuits.has(part)) addCircuitBreaches(part, breaches, add);
  for (const { part } of groups) addGroupBreaches(part, breaches, add);
  return {
    faults,
    circuits: tree.map(({ circuit }) => circuit),
    evses: references.evses.map((part) => evses.get(part)!),
    groups: groups.map(({ group }) => group),
  };
}

/** True when `check` added no fault: what has one of its own would only make the floor proof fail as well. */
function isSound(check: () => void, faults: readonly Fault[]): boolean {
  const before = faults.length;
  check();
  return faults.length === before;
}

function provedProfile(part: EvsePart & { readonly model: ChargerModel }) {
  const { profile } = part.model;
  return part.station.form.floorProvedOn === undefined ? profile : { ...profile, holdsFloor: true };
}

function checkCircuit({ path, form }: Part<CircuitForm>, circuit: Circuit, add: Add): void {
  const { ratingAmps, marginAmps, worstBaseLoadAmps, allowanceAmps } = circuit;
  const tooWide = PHASES.find((phase) => marginAmps[phase] >= ratingAmps[phase]);
  if (tooWide !== undefined) {
    const field = form.marginAmps === undefined ? 'marginPercent' : 'marginAmps';
    add([...path, field], `a margin below the rating of ${ratingAmps[tooWide]} A on ${tooWide}`);
  }
  if (form.meter === undefined && form.baseLoad.allowanceAmps === undefined && circuit.sum === undefined) {
    add(
      [...path, 'baseLoad', 'allowanceAmps'],
      `amperes to allow for other loads, because no meter measures "${form.id}"; or give it a meter`,
    );
  }
  if (circuit.usesGeneration && form.meter === undefined && circuit.sum === undefined) {
    add(
      [...path, 'baseLoad', 'usesGeneration'],
      `a meter on "${form.id}", which alone can show what is generated; or no usesGeneration`,
    );
  }
  const above = PHASES.find((phase) => allowanceAmps[phase] > worstBaseLoadAmps[phase]);
  if (above !== undefined) {
    add(
      [...path, 'baseLoad', 'allowanceAmps'],
      `at most the worst base load, ${worstBaseLoadAmps[above]} A on ${above}`,
    );
  }
}

function checkEvse({ path, form, model }: EvsePart & { readonly model: ChargerModel }, evse: Evse, add: Add): void {
  const dc = form.dc !== undefined;
  const at = (amps: string, kilowatts: string) => (dc ? [...path, 'dc', kilowatts] : [...path, amps]);
  if (evse.minAmps > evse.maxAmps) {
    const most = dc ? `${form.dc!.maxKilowatts} kW` : `${evse.maxAmps} A`;
    const least = dc ? undefined : evse.minAmps;
    add(at('minAmps', 'minKilowatts'), `a minimum of at most the maximum, ${most}`, least ?? form.dc!.minKilowatts);
    return;
  }
  const floorPath = at('floorAmps', 'floorKilowatts');
  const floorGiven = dc ? form.dc!.floorKilowatts : evse.floorAmps;
  const unit = dc ? 'kW' : 'A';
  const [least, most] = dc ? [form.dc!.minKilowatts, form.dc!.maxKilowatts] : [evse.minAmps, evse.maxAmps];
  if (evse.floorAmps !== 0 && evse.floorAmps < evse.minAmps) {
    add(
      floorPath,
      `0, or at least the minimum of ${least} ${unit}: a charger treats anything between as a pause`,
      floorGiven,
    );
  } else if (evse.floorAmps > evse.maxAmps) {
    add(floorPath, `a floor of at most the maximum, ${most} ${unit}`, floorGiven);
  } else if (floorToStep(evse.floorAmps, evse.stepAmps) !== Number(evse.floorAmps.toFixed(6))) {
    add(floorPath, `a multiple of ${evse.stepAmps} A, the step of ${model.profile.id}`, floorGiven);
  } else if (evse.floorAmps === 0 && model.profile.quirks.includes('zero-amps-breaks-next-limit')) {
    add(floorPath, `a floor above 0: after 0 A a ${model.profile.id} ignores its next limit`, floorGiven);
  }
}

/** A circuit's base load is all load below it other than cars, so one child alone can never have more than its parent. */
function checkBaseLoads(
  tree: readonly { readonly part: Part<CircuitForm>; readonly circuit: Circuit }[],
  add: Add,
): void {
  const byId = new Map(tree.map(({ circuit }) => [circuit.id, circuit]));
  for (const { part, circuit } of tree) {
    const parent = circuit.parent === undefined ? undefined : byId.get(circuit.parent);
    if (parent === undefined) continue;
    const phase = PHASES.find((one) => circuit.worstBaseLoadAmps[one] > parent.worstBaseLoadAmps[one]);
    if (phase === undefined) continue;
    const known = `${parent.worstBaseLoadAmps[phase]} A on ${phase}`;
    add(
      [...part.path, 'baseLoad', 'worstAmps'],
      `at most that of "${parent.id}" (${known}), which includes it; raise one or lower the other`,
    );
  }
}
