// What a person should know about the limits of circuits and groups: which never bind, which keep somebody from charging, which rely on an electrician.

import type { Circuit, EvGroup, Evse, Site } from '../core/model/site.ts';
import { PHASES } from '../core/model/units.ts';
import { HIGHEST_VOLTAGE_FACTOR } from './assemble-site.ts';
import { evsesBelow } from './floor-proof.ts';
import { unbalanceOfFloors } from './floor-unbalance.ts';
import type { Note } from './note.ts';

/** Sentences for each circuit that has something to tell, by its id. */
export function limitNotes(site: Site): ReadonlyMap<string, readonly string[]> {
  const below = evsesBelow(site.circuits, site.evses, (evse) => evse.circuit);
  const unbalance = new Map(unbalanceOfFloors(site).map((row) => [row.circuit, row]));
  return new Map(
    site.circuits.map((circuit) => {
      const evses = below.get(circuit.id) ?? [];
      const uneven = unbalance.get(circuit.id);
      const notes = [
        ...generationNotes(circuit),
        ...powerNotes(circuit, site.nominalVolts),
        ...loneStartNotes(circuit, evses),
      ];
      if (uneven !== undefined && uneven.spareAmps < 0) {
        const floors = `with no controller ${uneven.phase} may carry ${uneven.floorsAmps} A more than ${uneven.against}`;
        notes.push(
          `${floors}, above its unbalanceAmps of ${uneven.limitAmps} A: lower floors, or spread the EVSEs that are wired to one or two phases.`,
        );
      }
      return [circuit.id, notes] as const;
    }),
  );
}

function generationNotes(circuit: Circuit): string[] {
  if (!circuit.usesGeneration) return [];
  return [
    'what is generated on it is used on top of its rating: the busbar behind the fuse must be rated for both sources together; without the word of an electrician take usesGeneration out.',
  ];
}

/** Amperes count as watts and as volt-amperes alike, so of two power limits only the smaller ever binds. */
function powerNotes({ limitWatts, limitVoltAmperes, ratingAmps }: Circuit, nominalVolts: number): string[] {
  const notes: string[] = [];
  if (limitWatts !== undefined && limitVoltAmperes !== undefined && limitVoltAmperes < limitWatts) {
    notes.push(`its ${limitWatts / 1_000} kW are never reached: its ${limitVoltAmperes / 1_000} kVA end before.`);
  }
  const highestVolts = nominalVolts * HIGHEST_VOLTAGE_FACTOR;
  const ratedWatts = PHASES.reduce((total, phase) => total + ratingAmps[phase] * highestVolts, 0);
  const limits = [
    { limit: limitWatts, unit: 'kW', field: 'limitKilowatts' },
    { limit: limitVoltAmperes, unit: 'kVA', field: 'limitKilovoltAmperes' },
  ] as const;
  for (const { limit, unit, field } of limits) {
    if (limit === undefined || limit <= ratedWatts) continue;
    const rated = Number((ratedWatts / 1_000).toFixed(1));
    notes.push(
      `its ${field} of ${limit / 1_000} ${unit} never binds: its rating carries ${rated} ${unit} at the highest voltage; check the number.`,
    );
  }
  return notes;
}

/** The first EVSE on one or two phases whose minimum alone is more than phases may differ by. */
function loneStartNotes({ unbalanceAmps }: Circuit, evses: readonly Evse[]): string[] {
  if (unbalanceAmps === undefined) return [];
  const kept = evses.filter((evse) => evse.phases.length < PHASES.length && evse.minAmps > unbalanceAmps);
  const [first] = kept;
  if (first === undefined) return [];
  const others = kept.length === 1 ? '' : ` and ${kept.length - 1} more`;
  return [
    `its unbalanceAmps of ${unbalanceAmps} A let EVSE ${first.id}${others} begin only while cars on the other phases draw: ${first.minAmps} A is its least.`,
  ];
}

/** Groups that hold nobody, and members that a group's limit never lets begin. */
export function groupNotes(site: Site): readonly Note[] {
  const byId = new Map(site.evses.map((evse) => [evse.id, evse]));
  return site.groups.flatMap((group): Note[] => {
    const about = `group ${group.id}`;
    const members = group.evses.flatMap((id) => byId.get(id) ?? []);
    if (members.length === 0) return [{ about, text: 'no EVSE is on the circuits that it names: it limits nobody.' }];
    const kept = members.flatMap((evse) => neverBegins(evse, group, site.nominalVolts) ?? []);
    const [first] = kept;
    if (first === undefined) return [];
    const others = kept.length === 1 ? '' : ` Nor can ${kept.length - 1} more.`;
    return [{ about, text: `${first}: raise the limit, or take it out of the group.${others}` }];
  });
}

function neverBegins(evse: Evse, { limitAmps, limitWatts, netOfSurplus }: EvGroup, nominalVolts: number) {
  const tight = limitAmps && evse.phases.find((phase) => limitAmps[phase] < evse.minAmps);
  if (limitAmps && tight !== undefined) {
    return `EVSE ${evse.id} can never begin, because its least is ${evse.minAmps} A and the group has ${limitAmps[tight]} A on ${tight}`;
  }
  // A car on one phase of three needs the least; surplus may give the rest.
  const leastWatts = evse.minAmps * nominalVolts * (evse.supply === 'dc' ? evse.phases.length : 1);
  if (limitWatts === undefined || netOfSurplus || limitWatts >= leastWatts) return undefined;
  return `EVSE ${evse.id} can never begin, because its least is ${leastWatts / 1_000} kW and the group has ${limitWatts / 1_000} kW`;
}
