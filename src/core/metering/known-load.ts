// What a load is that a person switches for a commissioning: how many watts, on which phases; it reads words and measures nothing.

import { PHASES, type Phase } from '../model/units.ts';

/** A load whose size and phases are known for certain; its watts are shared evenly by its phases. */
export type KnownLoad = {
  /** As the person said it. */
  readonly text: string;
  readonly watts: number;
  /** Of the grid, each once. */
  readonly phases: readonly Phase[];
};

export type KnownLoadResult =
  | { readonly kind: 'load'; readonly load: KnownLoad }
  | { readonly kind: 'refused'; readonly expected: string };

/** Less is lost in what a building does anyway; more is no load that a person switches by hand. */
export const LOAD_WATTS = { from: 200, to: 400_000 };

const EXAMPLE =
  'a load such as "3 kW on L2", "2000 W on L1", "13 A on L3" or, for a charger of the site, "CP01/1 11 kW"';

/**
 * `3 kW on L2`, `11 kW on L1 L2 L3` (all phases together), `13 A on L3` (each phase), or an EVSE's id with what its car draws: it is on
 * the EVSE's `phases`, on the first so many with `on 1 phase`. `evses`: those of the site; amperes count at `nominalVolts`.
 */
export function parseKnownLoad(
  text: string,
  evses: readonly { readonly id: string; readonly phases: readonly Phase[] }[],
  nominalVolts: number,
): KnownLoadResult {
  const refuse = (expected: string): KnownLoadResult => ({ kind: 'refused', expected });
  const words = text.trim().replaceAll(',', ' ').split(/\s+/);
  const evse = evses.find((one) => one.id === words[0]);
  const said = (evse ? words.slice(1) : words).join(' ');
  const match = /^(\d+(?:\.\d+)?) ?(kw|w|a)(?: (?:on )?(.+))?$/i.exec(said);
  if (!match) return refuse(EXAMPLE);
  const [, number, unit = '', place] = match;
  const phases = evse ? phasesOfEvse(evse.phases, place) : phasesNamed(place);
  if (typeof phases === 'string') return refuse(phases);
  const perUnit = { kw: 1_000, w: 1, a: nominalVolts * phases.length }[unit.toLowerCase() as 'kw'];
  const watts = Number(number) * perUnit;
  if (watts < LOAD_WATTS.from || watts > LOAD_WATTS.to)
    return refuse(`a load from ${LOAD_WATTS.from} W to ${LOAD_WATTS.to / 1_000} kW: a heater or a kettle is good`);
  return { kind: 'load', load: { text: text.trim(), watts, phases } };
}

function phasesNamed(place: string | undefined): readonly Phase[] | string {
  const named = (place ?? '').toUpperCase().split(/[\s+]+/);
  const phases = PHASES.filter((phase) => named.includes(phase));
  return phases.length > 0 && phases.length === named.length ? phases : `the phases it is on, as in ${EXAMPLE}`;
}

function phasesOfEvse(wired: readonly Phase[], place: string | undefined): readonly Phase[] | string {
  if (place === undefined) return wired;
  const count = Number(/^([123]) phases?$/i.exec(place)?.[1]);
  return count >= 1 && count <= wired.length
    ? wired.slice(0, count)
    : `nothing after its power, or "on 1 phase" to "on ${wired.length} phases" for a car that takes fewer than the charger has`;
}
