// The forms that a meter may have in the site file, told apart by the field that says whence its values come.

import type * as z from 'zod';
import type { Circuit } from '../core/model/site.ts';
import type { SiteBus, SiteMeter } from '../core/model/site-meters.ts';
import { assembleCombinedMeter, type CombinedMeterForm, combinedMeterForm } from './combined-meter-form.ts';
import { assembleMeter, type MeterForm, meterForm } from './meter-form.ts';
import { assembleBounds } from './meter-place-form.ts';
import { assembleMqttMeter, type MqttMeterForm, mqttMeterForm } from './mqtt-meter-form.ts';
import {
  assemblePushedMeter,
  assembleStationMeter,
  type PushedMeterForm,
  pushedMeterForm,
  type StationMeterForm,
  stationMeterForm,
} from './told-meter-forms.ts';

export type AnyMeterForm = MeterForm | CombinedMeterForm | PushedMeterForm | MqttMeterForm | StationMeterForm;

/** The form to read `value` by; one that says nothing of whence it comes is taken for a Modbus meter, and told what that needs. */
export function meterFormFor(value: unknown): z.ZodType<AnyMeterForm> {
  const has = (field: string) => typeof value === 'object' && value !== null && Object.hasOwn(value, field);
  if (has('combine')) return combinedMeterForm;
  if (has('push')) return pushedMeterForm;
  if (has('mqtt')) return mqttMeterForm;
  if (has('station')) return stationMeterForm;
  return meterForm;
}

/** What the meters of the site file `file` become; each bus and each member MUST be in it. */
export function assembleMeters(
  forms: readonly AnyMeterForm[],
  buses: readonly SiteBus[],
  circuits: readonly Circuit[],
  generates: boolean,
  file: string,
): readonly SiteMeter[] {
  const isSource = forms.some((form) => form.of === 'pv' || form.of === 'storage');
  return forms.map((form): SiteMeter => {
    if ('combine' in form) return assembleCombinedMeter(form);
    const combined = forms.find((one) => 'combine' in one && one.combine.includes(form.id));
    const whole = combined?.of === undefined ? form : { ...form, of: combined.of };
    const bounds = assembleBounds(whole, circuits, generates || isSource, combined?.id);
    if ('push' in form) return assemblePushedMeter(form, bounds);
    if ('mqtt' in form) return assembleMqttMeter(form, bounds, file);
    if ('station' in form) return assembleStationMeter(form, bounds);
    return assembleMeter(form, buses, bounds);
  });
}
