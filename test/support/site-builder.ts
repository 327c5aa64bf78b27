// Builds small sites for tests: say only what the test is about, the rest is an ordinary office car park.
import { defaultPolicy } from '../../src/config/default-policy.ts';
import type { ChargerProfile } from '../../src/core/model/charger.ts';
import type { Circuit, Evse, Policy, Site, Station } from '../../src/core/model/site.ts';
import { onEachPhase, PHASES, type Phase } from '../../src/core/model/units.ts';

export const genericAc: ChargerProfile = {
  id: 'generic-ac',
  title: 'Generic AC charger',
  unit: 'A',
  stepAmps: 0.1,
  floor: { purpose: 'TxDefaultProfile', stackLevel: 0 },
  lease: { purpose: 'TxDefaultProfile', stackLevel: 1 },
  settleMs: 5_000,
  callTimeoutMs: 10_000,
  minIntervalMs: 5_000,
  leaseMs: 60_000,
  holdsFloor: true,
  quirks: [],
};

/** Every wiring an EVSE of a European site may have: three phases in each rotation, and one phase alone. */
export const rotations: readonly (readonly Phase[])[] = [
  ['L1', 'L2', 'L3'],
  ['L2', 'L3', 'L1'],
  ['L3', 'L1', 'L2'],
  ['L1'],
  ['L2'],
  ['L3'],
];

export function circuit(part: Partial<Circuit> & Pick<Circuit, 'id'>): Circuit {
  return {
    name: part.id,
    ratingAmps: onEachPhase(63),
    marginAmps: onEachPhase(0),
    allowanceAmps: onEachPhase(0),
    worstBaseLoadAmps: onEachPhase(20),
    ...part,
  };
}

/** One station with one EVSE, named `<id>/1`. */
export function evse(part: Partial<Evse> & { readonly station: string }): Evse {
  return {
    id: `${part.station}/1`,
    number: 1,
    name: part.station,
    circuit: 'main',
    supply: 'ac',
    phases: PHASES as readonly Phase[],
    minAmps: 6,
    maxAmps: 32,
    stepAmps: 0.1,
    floorAmps: 6,
    priority: 0,
    weight: 1,
    ...part,
  };
}

/** A site with one meter `main` on circuit `main`, three EVSEs A, B, C; every part can be replaced. */
export function buildSite(
  part: Partial<Omit<Site, 'policy'>> & { readonly policy?: Partial<Policy>; readonly profile?: ChargerProfile } = {},
): Site {
  const { policy, profile, ...rest } = part;
  const evses = part.evses ?? ['A', 'B', 'C'].map((station) => evse({ station }));
  const stations: Station[] = [...new Set(evses.map((one) => one.station))].map((id) => ({
    id,
    name: id,
    profile: profile ?? genericAc,
    evses: evses.filter((one) => one.station === id).map((one) => one.id),
  }));
  return {
    id: 'test-site',
    name: 'Test site',
    timezone: 'Europe/Berlin',
    nominalVolts: 230,
    circuits: [circuit({ id: 'main', meter: 'main' })],
    buses: [],
    meters: [
      {
        from: 'modbus',
        id: 'main',
        name: 'Main meter',
        profile: 'eastron-sdm630',
        connection: { endpoint: { transport: 'tcp', host: '127.0.0.1', port: 5020 }, unitId: 1 },
        pollMs: 1_000,
        factor: 1,
        plausibleAmps: 400,
      },
    ],
    inputs: [],
    outputs: [],
    stations,
    evses,
    groups: [],
    policy: { ...defaultPolicy, ...policy },
    listen: { stations: { host: '127.0.0.1', port: 9220 }, http: { host: '127.0.0.1', port: 8220 } },
    ...rest,
  };
}
