// Reads real charging sessions from the data set beside the repository and picks a window of days; it never invents one.
import { existsSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { BAYS } from './car-park.ts';

/** Relative to the repository root; the data set itself stays outside it. */
export const DATA_SET = '../shared/data/acn_jpl_2019-05_2019-08.csv.gz';
const DAY_MS = 86_400_000;
/** Midnight at the site on the first day, Pacific daylight time. */
const FIRST_DAY_MS = Date.parse('2019-06-03T00:00:00-07:00');
const DAYS = 12;

/** Times in milliseconds from the window's first midnight. */
export type Session = {
  readonly id: string;
  /** 0 to 51: the stations in the order in which the window first uses them. */
  readonly bay: number;
  readonly arrivesMs: number;
  readonly departsMs: number;
  readonly energyWh: number;
};

export type Sessions = { readonly horizonMs: number; readonly list: readonly Session[] };

/** The sessions that begin in the window, by arrival; `undefined` when the data set is not there. What lies beyond the window is cut off. */
export function readSessions(): Sessions | undefined {
  const file = new URL(`../../${DATA_SET}`, import.meta.url);
  if (!existsSync(file)) return undefined;
  const [head, ...lines] = gunzipSync(readFileSync(file)).toString('utf8').trimEnd().split(/\r?\n/);
  const columns = head!.split(',');
  const column = (name: string): number => {
    const at = columns.indexOf(name);
    if (at < 0) throw new Error(`${DATA_SET} has the columns ${columns.join(', ')}; expected one named "${name}"`);
    return at;
  };
  const [arrival, departure, energy, station, id] = [
    column('arrival'),
    column('departure'),
    column('delivered_energy (kWh)'),
    column('station_id'),
    column('session_id'),
  ];
  const horizonMs = DAYS * DAY_MS;
  const rows = lines
    .map((line) => {
      const cells = line.split(',');
      return {
        id: cells[id!]!,
        station: cells[station!]!,
        arrivesMs: instantOf(cells[arrival!]!),
        departsMs: Math.min(instantOf(cells[departure!]!), horizonMs),
        energyWh: Number(cells[energy!]) * 1_000,
      };
    })
    .filter((row) => row.arrivesMs >= 0 && row.arrivesMs < horizonMs)
    .sort((a, b) => a.arrivesMs - b.arrivesMs || (a.id < b.id ? -1 : 1));
  const stations = [...new Set(rows.map((row) => row.station))];
  const list = rows.map(({ station: label, ...row }): Session => ({ ...row, bay: stations.indexOf(label) }));
  for (const session of list) {
    const { bay, arrivesMs, departsMs, energyWh } = session;
    if (!(bay < BAYS && departsMs > arrivesMs && energyWh > 0))
      throw new Error(
        `${DATA_SET}: session ${session.id} reads as ${JSON.stringify(session)}; expected a stay and energy`,
      );
  }
  return { horizonMs, list };
}

function instantOf(text: string): number {
  return Date.parse(text.replace(' ', 'T')) - FIRST_DAY_MS;
}
