// What the site file says of a meter by whatever way its values come: what it measures, on which phases, and what may be behind it.

import * as z from 'zod';
import type { Circuit } from '../core/model/site.ts';
import type { MeterPlace } from '../core/model/site-meters.ts';
import { PHASES } from '../core/model/units.ts';
import { ampsAbove0, ampsFrom0, name, perPhase, phaseList, plainId } from './shape.ts';

/** A reading above so many times the rating is absurd: a fuse that carries it is gone within seconds. */
const PLAUSIBLE_TIMES_RATING = 5;
/** Taken for the rating where a meter measures no circuit. */
const ANY_RATING_AMPS = 1_000;

const phasesText = 'the grid phases that it measures, each once, such as "L1" or "L2 L3"';

/** Fields of every meter. */
export const meterFields = {
  id: plainId,
  name,
  of: z.enum(['load', 'pv', 'storage'], { error: '"load", "pv" or "storage"' }).optional(),
  phases: phaseList(phasesText).optional(),
  worstAmps: perPhase(ampsFrom0).optional(),
};

/** Fields of a meter whose own values are judged. */
export const judgedFields = {
  plausibleAmps: ampsAbove0.optional(),
  mayExport: z.boolean({ error: 'true or false' }).optional(),
};

type PlaceForm = z.output<z.ZodObject<typeof meterFields>>;
type JudgedForm = z.output<z.ZodObject<typeof judgedFields>>;

export function assembleMeterPlace(form: PlaceForm): MeterPlace {
  return {
    id: form.id,
    name: form.name ?? form.id,
    ...(form.of === undefined ? {} : { of: form.of }),
    ...(form.phases === undefined ? {} : { phases: form.phases }),
    ...(form.worstAmps === undefined ? {} : { worstAmps: form.worstAmps }),
  };
}

/**
 * What is plausible for a meter at its place. `generates`: something on this site is known to; a meter that is not told otherwise may then show
 * export, and one of a generator or a storage may anyhow. `combinedOf`: the combined meter of which it is a part.
 */
export function assembleBounds(
  form: PlaceForm & JudgedForm,
  circuits: readonly Circuit[],
  generates: boolean,
  combinedOf?: string,
): { readonly plausibleAmps: number; readonly mayExport?: true } {
  const ids = [form.id, ...(combinedOf === undefined ? [] : [combinedOf])];
  const at = circuits.find(({ meter, sum }) => ids.some((id) => meter === id || sum?.meters.includes(id)));
  const largest = at === undefined ? ANY_RATING_AMPS : Math.max(...PHASES.map((phase) => at.ratingAmps[phase]));
  const mayExport = form.mayExport ?? (form.of === undefined ? generates : form.of !== 'load');
  return {
    plausibleAmps: form.plausibleAmps ?? PLAUSIBLE_TIMES_RATING * largest,
    ...(mayExport ? { mayExport: true } : {}),
  };
}
