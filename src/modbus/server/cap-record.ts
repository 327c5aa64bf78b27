// What the register map tells of the external cap, and which of its registers are writable.

import type { ExternalCapTerms } from '../../core/model/modbus-server.ts';
import { CAP_STATES, CAP_UNITS, codeOf } from './codes.ts';
import { type CapLedger, type CapStanding, valueInForce } from './external-cap.ts';
import type { Field } from './words.ts';

export type CapSubject = {
  readonly terms?: ExternalCapTerms;
  readonly standing?: CapStanding;
  readonly ledger: CapLedger;
  /** Of the circuit, in the map. */
  readonly circuitIndex?: number;
};

export const CAP_FIELDS: readonly Field<CapSubject>[] = [
  {
    at: 0,
    name: 'cap',
    type: 'f32',
    unit: 'A per phase, or W',
    meaning: '**writable**: the cap; reads as the last one while it is live',
    of: (cap) => liveValue(cap),
  },
  {
    at: 2,
    name: 'heartbeat',
    type: 'u16',
    meaning: '**writable**: any number, the same as before or another; reads as the last one',
    of: ({ ledger }) => ledger.beat,
  },
  {
    at: 3,
    name: 'cap, coarse',
    type: 'u16',
    unit: '0.1 A, or 0.1 kW',
    meaning: '**writable**: the cap for masters that write one register at a time',
    of: ({ terms, ...cap }) => coarseOf(terms, liveValue(cap)),
  },
  {
    at: 4,
    name: 'state',
    type: 'u16',
    meaning: 'where the cap stands',
    of: ({ terms, standing }) => codeOf(CAP_STATES, terms === undefined ? 'none' : standing?.state),
  },
  { at: 5, name: 'unit', type: 'u16', meaning: 'of all caps here', of: ({ terms }) => codeOf(CAP_UNITS, terms?.unit) },
  {
    at: 6,
    name: 'circuit',
    type: 'u16',
    meaning: 'index of the circuit that it caps',
    of: ({ circuitIndex }) => circuitIndex,
  },
  {
    at: 8,
    name: 'in force',
    type: 'f32',
    unit: 'A per phase, or W',
    meaning: 'what holds now, the failsafe included',
    of: ({ terms, standing }) => terms && standing && valueInForce(terms, standing),
  },
  {
    at: 10,
    name: 'failsafe',
    type: 'f32',
    unit: 'A per phase, or W',
    meaning: 'of the site file',
    of: ({ terms }) => terms?.failsafe,
  },
  {
    at: 12,
    name: 'most',
    type: 'f32',
    unit: 'A per phase, or W',
    meaning: 'a larger cap is refused',
    of: ({ terms }) => terms?.most,
  },
  {
    at: 14,
    name: 'time left',
    type: 'u32',
    unit: 'ms',
    meaning: 'until the failsafe holds if nothing is written',
    of: ({ standing }) => (standing?.state === 'live' ? standing.leftMs : undefined),
  },
];

function liveValue({ standing }: Pick<CapSubject, 'standing'>): number | undefined {
  return standing?.state === 'live' ? standing.value : undefined;
}

/** Tenths of an ampere, or of a kilowatt. */
function coarseOf(terms: ExternalCapTerms | undefined, value: number | undefined): number | undefined {
  if (terms === undefined || value === undefined) return undefined;
  return Math.floor(value / COARSE_STEP[terms.unit] + 1e-9);
}

/** What one step of the coarse cap is worth, in amperes or watts. */
export const COARSE_STEP = { A: 0.1, W: 100 } as const;
