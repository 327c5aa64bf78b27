// Remarks on the contacts of a site in order: stops that a broken wire would not set off, and limits that floors alone exceed.

import type { Site, SiteInput } from '../core/model/site.ts';
import { PHASES } from '../core/model/units.ts';
import { HIGHEST_VOLTAGE_FACTOR } from './assemble-site.ts';
import { evsesBelow } from './floor-proof.ts';
import type { Note } from './note.ts';

/** Notes in the file's order. */
export function inputNotes(site: Site): readonly Note[] {
  return site.inputs.flatMap((input): Note[] => {
    const about = `input ${input.id}`;
    const texts = [...wireNotes(input), ...floorNotes(input, site)];
    return texts.map((text) => ({ about, text }));
  });
}

function wireNotes({ emergencyStop, activeWhen }: SiteInput): string[] {
  if (!emergencyStop || activeWhen === 'open') return [];
  return ['a broken wire would not stop anything: use a normally closed contact and activeWhen "open".'];
}

/** With no controller the floors remain, whatever a contact says. */
function floorNotes({ cap }: SiteInput, site: Site): string[] {
  const { scope, limitAmps, limitWatts } = cap;
  const members =
    scope.kind === 'circuit'
      ? (evsesBelow(site.circuits, site.evses, (evse) => evse.circuit).get(scope.circuit) ?? [])
      : scope.kind === 'group'
        ? site.evses.filter(({ id }) => site.groups.find((group) => group.id === scope.group)?.evses.includes(id))
        : site.evses;
  const amps = (phase: 'L1' | 'L2' | 'L3') =>
    members.reduce((sum, { phases, floorAmps }) => sum + (phases.includes(phase) ? floorAmps : 0), 0);
  const tight = limitAmps && PHASES.find((phase) => amps(phase) > limitAmps[phase]);
  const while_ = 'while the controller is down';
  if (limitAmps && tight)
    return [
      `${while_} the floors may draw ${round(amps(tight))} A on ${tight}, above its ${round(limitAmps[tight])} A; lower the floors if that must not be.`,
    ];
  const volts = site.nominalVolts * HIGHEST_VOLTAGE_FACTOR;
  const watts = members.reduce((sum, { phases, floorAmps }) => sum + floorAmps * phases.length * volts, 0);
  if (limitWatts === undefined || watts <= limitWatts) return [];
  return [
    `${while_} the floors may draw ${round(watts / 1_000)} kW, above its ${round(limitWatts / 1_000)} kW; lower the floors if that must not be.`,
  ];
}

const round = (value: number) => Number(value.toFixed(1));
