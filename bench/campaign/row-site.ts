// Car parks for the rows of the fault table: by the product's own check the tightest connection that its chargers may have.
import { loadChargerProfiles, loadMeterProfiles } from '../../src/config/load-profiles.ts';
import { checkSite } from '../../src/config/load-site.ts';
import { packagedProfilesDir } from '../../src/config/package-root.ts';
import type { Site } from '../../src/core/model/site.ts';
import { seededStreams } from '../../src/simulator/seeded-random.ts';

export type CarParkWish = {
  readonly stations: number;
  /** Drawn for each station; absent: `generic-ac`. */
  readonly models?: readonly string[];
  /** The most that the building draws, as a part of the connection's rating; absent: 0.5. */
  readonly worstPart?: number;
  /** A sub-board for every 20 stations; absent: all hang on the main board. */
  readonly hasBoards?: boolean;
  readonly hasUpstream?: boolean;
};

const METER_PROFILES = ['eastron-sdm630', 'block-19000', 'sunspec-201-204'];
const ROTATIONS = ['L1 L2 L3', 'L2 L3 L1', 'L3 L1 L2'];
const STATIONS_A_BOARD = 20;
const MARGIN_PERCENT = 5;
/** Ratings are tried in steps of this part, from too small on. */
const RATING_STEP = 1.04;
const MAX_TRIES = 200;

const profiles = loadChargerProfiles(packagedProfilesDir());
if (!profiles.ok) throw new Error('the charger profiles of this package cannot be read');
const known = { file: 'car-park', models: profiles.models, meterProfiles: loadMeterProfiles(packagedProfilesDir()) };

/** Three-phase chargers of 32 A on one connection with a meter; which models, rotations and meter is drawn from the seed. */
export function carPark(seed: number, wish: CarParkWish): Site {
  const { stations: count, models = ['generic-ac'], worstPart = 0.5 } = wish;
  const random = seededStreams(seed).stream('car-park');
  const one = <T>(list: readonly T[]): T => list[Math.floor(random.next('') * list.length)]!;
  const profile = one(METER_PROFILES);
  const boards = wish.hasBoards === true ? Math.ceil(count / STATIONS_A_BOARD) : 0;
  const stations = Array.from({ length: count }, (_, at) => {
    const circuit = boards === 0 ? 'main' : `board-${Math.floor(at / STATIONS_A_BOARD)}`;
    return station(`S${at}`, one(models), circuit, one(ROTATIONS));
  });
  for (let tries = 0, rating = 6 * count; tries < MAX_TRIES; tries++, rating *= RATING_STEP) {
    const ratingAmps = Math.ceil(rating);
    const worstAmps = Math.floor(ratingAmps * worstPart);
    const file = {
      id: `car-park-${seed}`,
      timezone: 'Europe/Berlin',
      circuits: [
        {
          id: 'main',
          ratingAmps,
          marginPercent: MARGIN_PERCENT,
          baseLoad: { worstAmps, allowanceAmps: worstAmps },
          meter: 'main',
        },
        ...Array.from({ length: boards }, (_, at) => ({
          id: `board-${at}`,
          parent: 'main',
          ratingAmps: Math.max(16, Math.ceil((ratingAmps * 1.2) / boards)),
          marginPercent: MARGIN_PERCENT,
          baseLoad: { worstAmps: 0, allowanceAmps: 0 },
        })),
      ],
      meters: [{ id: 'main', profile, host: '192.0.2.10' }],
      stations,
      ...(wish.hasUpstream === true ? { upstream: { url: 'ws://csms.example:9000/ocpp' } } : {}),
    };
    const checked = checkSite(file, known);
    if (checked.ok) return checked.site;
  }
  throw new Error(`seed ${seed}: no sound rating for ${count} stations`);
}

function station(id: string, model: string, circuit: string, phases: string) {
  const isDc = model === 'generic-dc';
  const dc = { circuit, phases: 'L1 L2 L3', dc: { maxKilowatts: 20, minKilowatts: 4, floorKilowatts: 0 } };
  return { id, model, evses: [isDc ? dc : { circuit, phases, maxAmps: 32 }] };
}

/** L: what the connection may carry on each phase. */
export const ratingOf = (site: Site): number => site.circuits[0]!.ratingAmps.L1;
