// Tells a person that a limit is a stored default because whoever sets it is not heard; it never decides anything.

import type { Notice } from '../model/decision.ts';
import type { Cap, Failsafe } from '../model/limit.ts';
import type { Site } from '../model/site.ts';
import { PHASES } from '../model/units.ts';
import { describeCircuit, describeGroup, describeNumber, describeSource } from './wording.ts';

/** One warning for each cap that is its source's stored default. */
export function failsafeNotices(caps: readonly Cap[], site: Site): readonly Notice[] {
  return caps.flatMap((cap): Notice[] => {
    if (cap.failsafe === undefined) return [];
    const text = `${sentence(describeSource(cap.source))} ${BECAUSE[cap.failsafe.because]}: ${numberOf(cap)} holds on ${placeOf(cap, site)}. Check that it runs and reaches this machine.`;
    return [{ severity: 'warning', code: 'LIMIT_FAILSAFE', text }];
  });
}

const BECAUSE: Readonly<Record<Failsafe['because'], string>> = {
  'never-heard': 'has not been heard since the start',
  silent: 'is no longer heard',
  'too-old': 'has not renewed its limit in time',
};

function numberOf({ limitAmps, limitWatts, limitVoltAmperes }: Cap): string {
  const amps = limitAmps && Math.min(...PHASES.map((phase) => limitAmps[phase]));
  const number = {
    ...(amps === undefined ? {} : { limitAmps: amps }),
    ...(limitWatts === undefined ? {} : { limitWatts }),
    ...(limitVoltAmperes === undefined ? {} : { limitVoltAmperes }),
  };
  return describeNumber(number) ?? 'its stored default';
}

function placeOf({ scope }: Cap, site: Site): string {
  switch (scope.kind) {
    case 'circuit':
      return describeCircuit(scope, site);
    case 'group':
      return describeGroup(scope, site);
    case 'evse':
      return scope.evse;
    case 'every-evse':
      return 'every charger';
  }
}

function sentence(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
