// What a person should know about the limits of a circuit: which never bind, which keep somebody from charging, which rely on an electrician.

import type { Circuit, Evse, Site } from '../core/model/site.ts';
import { PHASES } from '../core/model/units.ts';
import { evsesBelow } from './floor-proof.ts';
import { unbalanceOfFloors } from './floor-unbalance.ts';

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
  const ratedWatts = PHASES.reduce((total, phase) => total + ratingAmps[phase] * nominalVolts, 0);
  const limits = [
    { limit: limitWatts, unit: 'kW', field: 'limitKilowatts' },
    { limit: limitVoltAmperes, unit: 'kVA', field: 'limitKilovoltAmperes' },
  ] as const;
  for (const { limit, unit, field } of limits) {
    if (limit === undefined || limit <= ratedWatts) continue;
    const rated = Number((ratedWatts / 1_000).toFixed(1));
    notes.push(
      `its ${field} of ${limit / 1_000} ${unit} never binds: its rating carries ${rated} ${unit}; check the number.`,
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
