// Turns checked forms of a site file into the runtime words: defaults filled in, percentages and kilowatts made amperes.

import { dirname, resolve } from 'node:path';
import type { Circuit, EvGroup, Evse, Listen, Policy, Site, Station, StationsTls } from '../core/model/site.ts';
import { ceilToStep, type EvseId, mapPhases, onEachPhase, PHASES, type PhaseAmps } from '../core/model/units.ts';
import type { ChargerModel } from './charger-profile.ts';
import { defaultPolicy } from './default-policy.ts';
import type { GroupForm } from './group-form.ts';
import { versionsOfStation } from './ocpp-versions.ts';
import { type EvsePart, evseNumber } from './site-draft.ts';
import type { CircuitForm, EvseForm, SiteForm, StationForm, TlsForm } from './site-schema.ts';

/** Kept free beneath a rating where the file states no margin. */
export const DEFAULT_MARGIN_PERCENT = 5;
/** EN 50160: the supply keeps within ±10 % of nominal. */
export const LOWEST_VOLTAGE_FACTOR = 0.9;
export const HIGHEST_VOLTAGE_FACTOR = 1.1;
/** IEC 61851-1: the least current that a control pilot can offer. */
const LEAST_AC_AMPS = 6;

const LISTEN_STATIONS: Listen = { host: '127.0.0.1', port: 9_220 };
const LISTEN_HTTP: Listen = { host: '127.0.0.1', port: 8_220 };

/**
 * Grid-side amperes per phase of a DC EVSE's kilowatts at its output, spread evenly over `phaseCount` phases:
 * kW × 1000 ÷ efficiency ÷ phases ÷ (nominal volts × 0.9), rounded up to the charger's step. The lowest credible voltage
 * makes the most amperes of a power, so the fuse is safe at any voltage that EN 50160 allows.
 */
export function gridAmpsOfKilowatts(
  kilowatts: number,
  supply: {
    readonly efficiency: number;
    readonly phaseCount: number;
    readonly nominalVolts: number;
    readonly stepAmps: number;
  },
): number {
  const volts = supply.nominalVolts * LOWEST_VOLTAGE_FACTOR;
  const amps = (kilowatts * 1_000) / supply.efficiency / supply.phaseCount / volts;
  return ceilToStep(amps, supply.stepAmps);
}

export function assembleCircuit(form: CircuitForm): Circuit {
  const { ratingAmps, baseLoad } = form;
  return {
    id: form.id,
    name: form.name ?? form.id,
    ...(form.parent === undefined ? {} : { parent: form.parent }),
    ratingAmps,
    marginAmps: form.marginAmps ?? percentOf(ratingAmps, form.marginPercent ?? DEFAULT_MARGIN_PERCENT),
    ...(form.limitKilowatts === undefined ? {} : { limitWatts: tidy(form.limitKilowatts * 1_000) }),
    ...(form.limitKilovoltAmperes === undefined ? {} : { limitVoltAmperes: tidy(form.limitKilovoltAmperes * 1_000) }),
    ...(form.unbalanceAmps === undefined ? {} : { unbalanceAmps: form.unbalanceAmps }),
    ...(baseLoad.usesGeneration === true ? { usesGeneration: true } : {}),
    // Without an allowance the loads are taken at their worst: removing a number never loosens anything.
    allowanceAmps: baseLoad.allowanceAmps ?? baseLoad.worstAmps,
    worstBaseLoadAmps: baseLoad.worstAmps,
    ...(form.meter === undefined ? {} : { meter: form.meter }),
    ...(baseLoad.sum === undefined ? {} : { sum: baseLoad.sum }),
  };
}

export function assembleEvse(part: EvsePart & { readonly model: ChargerModel }, nominalVolts: number): Evse {
  const { form, model, station } = part;
  const number = evseNumber(part);
  return {
    id: `${station.form.id}/${number}`,
    station: station.form.id,
    number,
    name:
      form.name ?? (station.form.evses.length === 1 ? station.form.name : undefined) ?? `${station.form.id}/${number}`,
    circuit: form.circuit,
    supply: form.dc === undefined ? 'ac' : 'dc',
    phases: form.phases ?? PHASES,
    ...currents(form, model, nominalVolts),
    stepAmps: model.profile.stepAmps,
    priority: form.priority,
    weight: form.weight,
  };
}

/** A floor that the file does not state is the model's; where that is below the minimum of a DC EVSE, it is a pause. */
function currents(form: EvseForm, model: ChargerModel, nominalVolts: number) {
  const { dc } = form;
  if (dc === undefined) {
    const minAmps = form.minAmps ?? LEAST_AC_AMPS;
    const defaultFloor = model.defaultFloorAmps === 0 ? 0 : Math.max(model.defaultFloorAmps, minAmps);
    return { minAmps, maxAmps: form.maxAmps!, floorAmps: form.floorAmps ?? defaultFloor };
  }
  const supply = {
    efficiency: dc.efficiency,
    phaseCount: form.phases?.length ?? PHASES.length,
    nominalVolts,
    stepAmps: model.profile.stepAmps,
  };
  const minAmps = gridAmpsOfKilowatts(dc.minKilowatts, supply);
  const maxAmps = gridAmpsOfKilowatts(dc.maxKilowatts, supply);
  const power = { minAmps, maxAmps, efficiency: dc.efficiency };
  if (dc.floorKilowatts !== undefined) return { ...power, floorAmps: gridAmpsOfKilowatts(dc.floorKilowatts, supply) };
  return { ...power, floorAmps: model.defaultFloorAmps === 0 ? 0 : Math.max(model.defaultFloorAmps, minAmps) };
}

/** A floor proved on site holds, whatever the model's profile says of others of its kind. */
export function assembleStation(
  form: StationForm,
  model: ChargerModel,
  evseIds: readonly EvseId[],
  hasUpstream: boolean,
): Station {
  return {
    id: form.id,
    name: form.name ?? form.id,
    profile: form.floorProvedOn === undefined ? model.profile : { ...model.profile, holdsFloor: true },
    ocpp: versionsOfStation(form.ocpp, model.profile, hasUpstream),
    ...(form.keySha256 === undefined ? {} : { keySha256: form.keySha256 }),
    evses: evseIds,
  };
}

export function assembleGroup(form: GroupForm, evses: readonly EvseId[]): EvGroup {
  return {
    id: form.id,
    name: form.name ?? form.id,
    evses,
    ...(form.limitAmps === undefined ? {} : { limitAmps: form.limitAmps }),
    ...(form.limitKilowatts === undefined ? {} : { limitWatts: tidy(form.limitKilowatts * 1_000) }),
    ...(form.netOfSurplus === true ? { netOfSurplus: true } : {}),
  };
}

export function assemblePolicy(form: NonNullable<SiteForm['policy']>): Policy {
  const { pause, rampDown, meter, increase, ...rest } = form;
  return {
    ...defaultPolicy,
    ...withoutAbsent(rest),
    pause: { ...defaultPolicy.pause, ...withoutAbsent(pause ?? {}) },
    rampDown: { ...defaultPolicy.rampDown, ...withoutAbsent(rampDown ?? {}) },
    meter: { ...defaultPolicy.meter, ...withoutAbsent(meter ?? {}) },
    increase: { ...defaultPolicy.increase, ...withoutAbsent(increase ?? {}) },
  };
}

/** `file` is the site file: paths in it are seen from where it lies. */
export function assembleListen(form: NonNullable<SiteForm['listen']>, file: string): Site['listen'] {
  const { tls, ...stations } = form.stations ?? {};
  return {
    stations: {
      ...LISTEN_STATIONS,
      ...withoutAbsent(stations),
      ...(tls === undefined ? {} : { tls: assembleTls(tls, file) }),
    },
    http: { ...LISTEN_HTTP, ...withoutAbsent(form.http ?? {}) },
  };
}

/** Absolute paths of the PEM files. */
export function assembleTls(form: TlsForm, file: string): StationsTls {
  const absolute = (path: string) => resolve(dirname(file), path);
  return {
    certificateFile: absolute(form.certificateFile),
    keyFile: absolute(form.keyFile),
    ...(form.clientCaFile === undefined ? {} : { clientCaFile: absolute(form.clientCaFile) }),
  };
}

export function percentOf(amps: PhaseAmps, percent: number): PhaseAmps {
  return mapPhases((phase) => tidy((amps[phase] * percent) / 100));
}

/** The same for all phases, for tables in which one number stands for three. */
export function isSameOnEachPhase(amps: PhaseAmps): boolean {
  const one = onEachPhase(amps.L1);
  return PHASES.every((phase) => amps[phase] === one[phase]);
}

function tidy(value: number): number {
  return Number(value.toFixed(6));
}

type Given<T> = { [K in keyof T]?: Exclude<T[K], undefined> };
function withoutAbsent<T extends object>(form: T): Given<T> {
  return Object.fromEntries(Object.entries(form).filter(([, value]) => value !== undefined)) as Given<T>;
}
