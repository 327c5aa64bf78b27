// Whether a meter of the site file fits its profile and its circuit: phases, groups, links and currents; it knows no register.

import type { MeterProfile } from '../core/model/meter-profile.ts';
import { coveredPhases, unfitness } from '../core/model/meter-wiring.ts';
import type { ModbusEndpoint } from '../core/model/site-meters.ts';
import type { Fault } from './fault.ts';
import type { MeterProfiles } from './load-profiles.ts';
import type { MeterForm } from './meter-form.ts';
import { listed } from './shape.ts';
import type { Part } from './site-draft.ts';

type Add = (path: readonly PropertyKey[], expected: string) => void;

/** Tells by `add` what does not fit; returns the faults of the profile's own file. */
export function checkMeterProfile(
  { path, form }: Part<MeterForm>,
  profiles: MeterProfiles,
  add: Add,
): readonly Fault[] {
  const result = profiles.get(form.profile);
  if (result === undefined) {
    const known = [...profiles.keys()];
    add([...path, 'profile'], `a meter profile of profiles/meters${listed(form.profile, known)}`);
    return [];
  }
  if (result.kind === 'faults') {
    add([...path, 'profile'], 'a meter profile without faults; those of this one are told with it');
    return result.faults;
  }
  const { profile } = result;
  const why = unfitness(profile, Math.min(profile.phases, form.phases?.length ?? profile.phases));
  if (why !== undefined) add([...path, 'profile'], `a meter that can protect a circuit; of ${profile.id}: ${why}`);
  const lacking = firstOf([phasesFault(form, profile), groupFault(form, profile), linkFault(form, profile)]);
  for (const { field, expected } of lacking) add([...path, field], expected);
  const turned = form.invertPhases?.find((phase) => !coveredPhases(withPhases(form)).includes(phase));
  if (turned !== undefined)
    add([...path, 'invertPhases'], `phases that the meter measures: ${turned} is not among them`);
  return [];
}

type FieldFault = { readonly field: string; readonly expected: string };

const firstOf = (faults: readonly (FieldFault | undefined)[]) => faults.filter((fault) => fault !== undefined);
const withPhases = ({ phases }: MeterForm) => (phases === undefined ? {} : { phases });

function phasesFault({ phases }: MeterForm, profile: MeterProfile): FieldFault | undefined {
  if (profile.phases === 1 && phases?.length !== 1)
    return { field: 'phases', expected: `the one phase of the grid that ${profile.id} measures, such as "L1"` };
  return undefined;
}

function groupFault({ group }: MeterForm, { id, base, read }: MeterProfile): FieldFault | undefined {
  if (base?.kind !== 'group')
    return group === undefined ? undefined : { field: 'group', expected: `no group: ${id} has no groups of inputs` };
  const length = Math.max(...[...read.fast, ...read.slow].map(([start, count]) => start + count));
  const last = base.first + Math.floor((LAST_ADDRESS + 1 - length - base.address) / base.step);
  if (group !== undefined && base.first <= group && group <= last) return undefined;
  return { field: 'group', expected: `the group of inputs at the circuit, from ${base.first} to ${last}` };
}

const LAST_ADDRESS = 0xffff;

/** A gateway makes Modbus TCP of a serial meter; nothing makes datagrams of it, or a serial line of a network meter. */
function linkFault(form: MeterForm, { id, transports }: MeterProfile): FieldFault | undefined {
  if (form.host === undefined) return undefined;
  const framing: ModbusEndpoint['transport'] = form.framing ?? 'tcp';
  if (transports.every((link) => link === 'udp') && framing !== 'udp')
    return { field: 'framing', expected: `"udp": ${id} answers in datagrams only` };
  return undefined;
}
