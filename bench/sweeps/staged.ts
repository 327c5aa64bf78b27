// The worst that chance seldom brings about: on the site `three` the building rises in the moment in which nobody is there to see it, or in which
// everybody charges with all there is. What then decides is the lease, and the cycle.
import type { Happening } from '../../src/simulator/script.ts';
import type { Job } from '../simulation/run-job.ts';

const SECOND_MS = 1_000;
/** Everybody has what is theirs by then. */
const AT_MS = 240 * SECOND_MS;
/** Longer than any lease. */
const FOR_MS = 720 * SECOND_MS;

const cars = ['S0', 'S1', 'S2'].map(
  (station): Happening => ({
    kind: 'car-comes',
    atMs: 30 * SECOND_MS,
    evse: `${station}/1`,
    car: { phases: 3, maxAmps: 32, minAmps: 6, batteryWh: 300_000 },
    storedWh: 0,
    idTag: `SIM-${station}`,
    forMs: 3_600 * SECOND_MS,
  }),
);
const buildingRises: Happening = {
  kind: 'building-steps',
  atMs: AT_MS + SECOND_MS,
  amps: { L1: 10, L2: 10, L3: 10 },
  forMs: FOR_MS,
};
const controllerDies: Happening = { kind: 'controller-dies', how: 'crash', atMs: AT_MS, forMs: FOR_MS };

const job = (happenings: readonly Happening[]): Job => ({
  site: 'three',
  seed: 1,
  hours: 0.3,
  faults: 'none',
  script: { baseLoad: { kind: 'flat', part: 0.5 }, happenings },
});

/** Nobody is there to lower anything: the lease must end. */
export const SILENCE: Job = job([...cars, controllerDies, buildingRises]);
/** The controller is there, and must find it. */
export const STEP: Job = job([...cars, buildingRises]);
