// Small sites of every sort for the campaign: one fuse or a tree, chargers of every model, meters where there are some, upstream or none.
import { loadChargerProfiles, loadMeterProfiles } from '../../src/config/load-profiles.ts';
import { checkSite } from '../../src/config/load-site.ts';
import { packagedProfilesDir } from '../../src/config/package-root.ts';
import type { Site } from '../../src/core/model/site.ts';
import { seededStreams } from '../../src/simulator/seeded-random.ts';

/** A generator that finds no sound site so often in a row has a fault of its own. */
const MAX_TRIES = 200;
const ROTATIONS = ['L1 L2 L3', 'L2 L3 L1', 'L3 L1 L2', 'L1', 'L2', 'L3', 'L1 L2 L3'];
const MODELS = ['generic-ac', 'generic-ac', 'abb-terra-ac', 'go-e', 'wallbox-pulsar', 'generic-dc'];
const RATINGS = [25, 32, 35, 40, 50, 63, 80, 100, 125, 160];

const profiles = loadChargerProfiles(packagedProfilesDir());
if (!profiles.ok) throw new Error('the charger profiles of this package cannot be read');
const known = { file: 'random', models: profiles.models, meterProfiles: loadMeterProfiles(packagedProfilesDir()) };

/** `file` is what stands in the site's file, for `busbar simulate --site`. */
export type RandomSite = { readonly site: Site; readonly file: unknown };

/** The site of a seed: sound by the product's own check, floor proof included. */
export function randomSite(seed: number): RandomSite {
  const random = seededStreams(seed).stream('random-site');
  const draw = (below: number) => Math.floor(random.next('') * below);
  const one = <T>(list: readonly T[]): T => list[draw(list.length)]!;
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const worst = 8 + draw(30);
    const hasBoard = draw(2) === 0;
    const isMetered = hasBoard && draw(2) === 0;
    const boardPart = 0.4 + 0.4 * random.next('');
    const unbalance = draw(4) === 0 ? { unbalanceAmps: 20 } : {};
    const profile = one(['eastron-sdm630', 'block-19000', 'sunspec-201-204']);
    const stations = Array.from({ length: 2 + draw(3) }, (_, at) =>
      station(at, hasBoard && draw(2) === 0, { one, draw }),
    );
    const upstream = draw(2) === 0 ? { upstream: { url: 'ws://csms.example:9000/ocpp' } } : {};
    const isTight = draw(3) > 0;
    const sound = RATINGS.flatMap((rating) => {
      const file = {
        id: `random-${seed}`,
        timezone: 'Europe/Berlin',
        circuits: [
          {
            id: 'main',
            ratingAmps: rating,
            baseLoad: { worstAmps: worst, allowanceAmps: Math.round(worst / 2) },
            meter: 'main',
            ...unbalance,
          },
          ...(hasBoard
            ? [
                {
                  id: 'board',
                  parent: 'main',
                  ratingAmps: Math.max(16, Math.round(rating * boardPart)),
                  baseLoad: { worstAmps: Math.round(worst / 5), allowanceAmps: Math.round(worst / 5) },
                  ...(isMetered ? { meter: 'board' } : {}),
                },
              ]
            : []),
        ],
        meters: [
          { id: 'main', profile, host: '192.0.2.10' },
          ...(isMetered ? [{ id: 'board', profile: 'eastron-sdm630', host: '192.0.2.11' }] : []),
        ],
        stations,
        ...upstream,
      };
      const checked = checkSite(file, known);
      return checked.ok ? [{ site: checked.site, file }] : [];
    });
    // The least rating that the floors allow, or the next: that is where everybody is in need.
    const chosen = sound[isTight ? 0 : 1] ?? sound[0];
    if (chosen) return chosen;
  }
  throw new Error(`seed ${seed}: no sound site in ${MAX_TRIES} tries`);
}

type Draws = { readonly one: <T>(list: readonly T[]) => T; readonly draw: (below: number) => number };

function station(at: number, isOnBoard: boolean, { one, draw }: Draws) {
  const model = one(MODELS);
  const circuit = isOnBoard ? 'board' : 'main';
  const evse =
    model === 'generic-dc'
      ? { circuit, phases: 'L1 L2 L3', dc: { maxKilowatts: one([11, 20]), minKilowatts: 4, floorKilowatts: 0 } }
      : { circuit, phases: one(ROTATIONS), maxAmps: one([16, 32]) };
  return { id: `S${at}`, model, evses: draw(4) === 0 && model === 'generic-ac' ? [evse, evse] : [evse] };
}
