// The sites that runs are made on, by name, so that a process of its own can build the same one.
import { loadChargerProfiles, loadMeterProfiles } from '../../src/config/load-profiles.ts';
import { checkSite } from '../../src/config/load-site.ts';
import { packagedProfilesDir } from '../../src/config/package-root.ts';
import { LEAST_CYCLES_PER_LEASE } from '../../src/config/site-timing.ts';
import type { Site } from '../../src/core/model/site.ts';
import { randomSite } from '../campaign/random-site.ts';

const CHARGERS = 20;
const ROTATIONS = ['L1 L2 L3', 'L2 L3 L1', 'L3 L1 L2'];

const FILES = {
  /** Twenty chargers of 32 A behind one fuse, beside a building that may take 70 A of it; their floor is 0 A, for 6 A each would not fit. */
  twenty: {
    id: 'twenty',
    timezone: 'Europe/Berlin',
    circuits: [{ id: 'main', ratingAmps: 160, baseLoad: { worstAmps: 70 }, meter: 'main' }],
    meters: [{ id: 'main', profile: 'eastron-sdm630', host: '192.0.2.10' }],
    stations: Array.from({ length: CHARGERS }, (_, at) => ({
      id: `S${at}`,
      model: 'generic-ac',
      evses: [{ circuit: 'main', phases: ROTATIONS[at % 3], maxAmps: 32, floorAmps: 0 }],
    })),
  },
  /** Two chargers on a board without a meter and a third beside it: small enough to foresee every ampere. */
  three: {
    id: 'three',
    timezone: 'Europe/Berlin',
    circuits: [
      { id: 'main', ratingAmps: 40, baseLoad: { worstAmps: 20 }, meter: 'main' },
      { id: 'board', parent: 'main', ratingAmps: 25, baseLoad: { worstAmps: 1, allowanceAmps: 1 } },
    ],
    meters: [{ id: 'main', profile: 'eastron-sdm630', host: '192.0.2.10' }],
    stations: ['board', 'board', 'main'].map((circuit, at) => ({
      id: `S${at}`,
      model: 'generic-ac',
      evses: [{ circuit, phases: 'L1 L2 L3', maxAmps: 32 }],
    })),
  },
} as const;

/** `twenty`, `three`, or `random-<seed>`; with another cycle or lease where they are given. Throws where there is no such site. */
export function siteNamed(name: string, timing: { readonly cycleMs?: number; readonly leaseMs?: number } = {}): Site {
  const site = name === 'twenty' || name === 'three' ? soundSite(name) : randomSite(Number(name.slice(7))).site;
  const { cycleMs = site.policy.cycleMs, leaseMs } = timing;
  const stations = site.stations.map((station) =>
    leaseMs === undefined ? station : { ...station, profile: { ...station.profile, leaseMs } },
  );
  const shortestMs = Math.min(...stations.map(({ profile }) => profile.leaseMs));
  if (cycleMs * LEAST_CYCLES_PER_LEASE > shortestMs)
    throw new RangeError(`a cycle of ${cycleMs} ms is more than a quarter of the lease of ${shortestMs} ms`);
  return { ...site, stations, policy: { ...site.policy, cycleMs } };
}

function soundSite(name: keyof typeof FILES): Site {
  const profiles = loadChargerProfiles(packagedProfilesDir());
  if (!profiles.ok) throw new Error('the charger profiles of this package cannot be read');
  const meterProfiles = loadMeterProfiles(packagedProfilesDir());
  const checked = checkSite(FILES[name], { file: name, models: profiles.models, meterProfiles });
  if (!checked.ok) throw new Error(`the site ${name} is not sound: ${JSON.stringify(checked.faults)}`);
  return checked.site;
}
