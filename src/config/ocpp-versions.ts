// The versions of OCPP that a charger model may speak and that are spoken with a station; never one that its model is known to break on.

import * as z from 'zod';
import { OCPP_VERSIONS, type OcppVersion } from '../core/model/charger.ts';

const text = `a list of ${OCPP_VERSIONS.map((version) => `"${version}"`).join(' and ')}, each once`;

/** As a file states them; the highest first, whatever the order there. */
export const ocppVersionsForm = z
  .array(z.enum(OCPP_VERSIONS, { error: text }), { error: text })
  .min(1, { error: text })
  .refine((list) => new Set(list).size === list.length, { error: text })
  .transform((list): readonly OcppVersion[] => OCPP_VERSIONS.filter((version) => list.includes(version)));

/** A model that says nothing speaks what all of them speak. */
const OF_A_MODEL_THAT_SAYS_NOTHING: readonly OcppVersion[] = ['1.6'];

export function versionsOfModel(model: { readonly ocpp?: readonly OcppVersion[] }): readonly OcppVersion[] {
  return model.ocpp ?? OF_A_MODEL_THAT_SAYS_NOTHING;
}

/**
 * What is spoken with a station, the highest first: what the site file says, else what its model speaks. Behind Busbar the operator's CSMS is
 * spoken to in 1.6 alone, so where there is one a station that can speak 1.6 does, unless the file says otherwise.
 */
export function versionsOfStation(
  stated: readonly OcppVersion[] | undefined,
  model: { readonly ocpp?: readonly OcppVersion[] },
  hasUpstream: boolean,
): readonly OcppVersion[] {
  const able = versionsOfModel(model);
  if (stated !== undefined) return stated;
  return hasUpstream && able.includes('1.6') ? ['1.6'] : able;
}
