// Pass 2, inputs and outputs: what they name exists, a contact's limit tightens what it limits, and no coil is switched twice.

import { PHASES } from '../core/model/units.ts';
import type { GroupForm } from './group-form.ts';
import type { InputForm } from './input-form.ts';
import type { OutputForm } from './output-form.ts';
import { listed } from './shape.ts';
import type { Part, SiteDraft } from './site-draft.ts';
import type { CircuitForm } from './site-schema.ts';

type Add = (path: readonly PropertyKey[], expected: string) => void;

/** `inputs` MUST hold each id once; `tree` stands parents first. Names of badly shaped parts are no second fault. */
export function checkInputs(
  draft: SiteDraft,
  inputs: readonly Part<InputForm>[],
  tree: readonly Part<CircuitForm>[],
  add: Add,
): void {
  for (const { path, form } of inputs) {
    checkBus(path, form.bus, draft, add);
    checkLimit([...path, 'limit'], form.limit, draft, tree, add);
  }
}

/** `outputs` MUST hold each id once. */
export function checkOutputs(draft: SiteDraft, outputs: readonly Part<OutputForm>[], add: Add): void {
  const taken = new Map<string, string>();
  for (const { path, form } of outputs) {
    checkBus(path, form.bus, draft, add);
    const place = JSON.stringify([form.host, form.port, form.framing, form.bus, form.unitId, form.coil]);
    const before = taken.get(place);
    if (before !== undefined) add([...path, 'coil'], `a coil of its own: output "${before}" switches this one`);
    taken.set(place, form.id);
  }
}

function checkBus(path: readonly PropertyKey[], bus: string | undefined, draft: SiteDraft, add: Add): void {
  if (bus !== undefined && !draft.ids.buses.has(bus))
    add([...path, 'bus'], `the id of a bus of this file${listed(bus, [...draft.ids.buses])}`);
}

function checkLimit(
  path: readonly PropertyKey[],
  limit: InputForm['limit'],
  draft: SiteDraft,
  tree: readonly Part<CircuitForm>[],
  add: Add,
): void {
  if (limit === undefined) return;
  const { circuit, group } = limit;
  if (circuit !== undefined) {
    const found = draft.circuits.find(({ form }) => form.id === circuit)?.form;
    if (!draft.ids.circuits.has(circuit))
      add([...path, 'circuit'], `the id of a circuit of this file${listed(circuit, [...draft.ids.circuits])}`);
    if (found) checkTightens(path, limit, `the rating of "${circuit}"`, { ...found, limitAmps: found.ratingAmps }, add);
  }
  if (group !== undefined) {
    const found = draft.groups.find(({ form }) => form.id === group)?.form;
    if (!draft.ids.groups.has(group))
      add([...path, 'group'], `the id of a group of this file${listed(group, [...draft.ids.groups])}`);
    if (found) checkTightens(path, limit, `the limit of group "${group}"`, found, add);
  }
  const root = tree[0]?.form;
  if (limit.netOfSurplus === true && root !== undefined && root.meter === undefined)
    add([...path, 'netOfSurplus'], `a meter on "${root.id}", which alone can show the surplus; or no netOfSurplus`);
}

/** A number that never binds is a slip of the pen: whoever closes the contact counts on it. */
function checkTightens(
  path: readonly PropertyKey[],
  limit: NonNullable<InputForm['limit']>,
  what: string,
  most: Pick<GroupForm, 'limitAmps' | 'limitKilowatts'>,
  add: Add,
): void {
  const { limitAmps, limitKilowatts } = limit;
  const above = limitAmps && most.limitAmps && PHASES.find((phase) => limitAmps[phase] > most.limitAmps![phase]);
  if (above !== undefined && most.limitAmps)
    add([...path, 'limitAmps'], `at most ${most.limitAmps[above]} A, ${what}: a contact can only tighten`);
  if (limitKilowatts !== undefined && most.limitKilowatts !== undefined && limitKilowatts > most.limitKilowatts)
    add([...path, 'limitKilowatts'], `at most ${most.limitKilowatts} kW, ${what}: a contact can only tighten`);
}
