// The figures that the same mapping gave elsewhere, in per cent of the energy: reproducing them is how the mapping is known to be right.

export type ReferenceColumn = 'FCFS' | 'equal' | 'EDF' | 'LLF' | 'optimum';

/** By root limit in amperes per phase; 15-minute steps, continuous currents, known departures. */
export const reference: { readonly [rootAmps: number]: { readonly [column in ReferenceColumn]: number } } = {
  63: { FCFS: 56.5, equal: 57.1, EDF: 58.1, LLF: 57.2, optimum: 59.9 },
  80: { FCFS: 68.2, equal: 68.6, EDF: 70.5, LLF: 69.3, optimum: 73.2 },
  100: { FCFS: 79.1, equal: 80.4, EDF: 83.5, LLF: 82.0, optimum: 86.5 },
  125: { FCFS: 89.8, equal: 91.1, EDF: 94.8, LLF: 94.8, optimum: 96.9 },
  150: { FCFS: 95.4, equal: 96.8, EDF: 99.3, LLF: 99.8, optimum: 99.9 },
  180: { FCFS: 98.4, equal: 99.2, EDF: 99.8, LLF: 100, optimum: 100 },
};
/** A point apart is rounding and the order of ties; more is another mapping. */
export const REFERENCE_POINTS = 1;
