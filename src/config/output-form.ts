// An output of the site file: a coil that Busbar switches so that others can see how it stands.

import * as z from 'zod';
import type { SiteOutput } from '../core/model/site.ts';
import type { SiteBus } from '../core/model/site-meters.ts';
import { assemblePlace, checkPlace, placeFields } from './meter-form.ts';
import { name, plainId, strict, wholeWithin } from './shape.ts';

export const outputForm = strict(
  {
    id: plainId,
    name,
    ...placeFields,
    coil: wholeWithin(0, 65_535, 'a zero-based coil address from 0 to 65535, as on the wire'),
    shows: z.enum(['alive', 'limited', 'emergency-stop'], { error: '"alive", "limited" or "emergency-stop"' }),
  },
  'an output: a coil and what it shows',
).superRefine(checkPlace);

export type OutputForm = z.output<typeof outputForm>;

/** The bus that `form` names MUST be among `buses`. */
export function assembleOutput(form: OutputForm, buses: readonly SiteBus[]): SiteOutput {
  const { id, coil, shows } = form;
  return { id, name: form.name ?? id, connection: assemblePlace(form, buses), coil, shows };
}
