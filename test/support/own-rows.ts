// Every limit of a site once more, by its own arithmetic from the site file's numbers: the second opinion of the laws. It shares no code with
// the core's rows and none with its check.
import type { Limits } from '../../src/core/allocate/capacity.ts';
import type { Situation } from '../../src/core/allocate/situation.ts';
import type { Cap } from '../../src/core/model/limit.ts';
import type { Site } from '../../src/core/model/site.ts';
import { PHASES, type PhaseAmps } from '../../src/core/model/units.ts';

/** One limit: Σ over EVSEs of `factor` × amperes ≤ `room`. Below 0 a factor makes room, by what is certain only. */
export type OwnRow = {
  readonly name: string;
  readonly room: number;
  /** By index into `site.evses`. */
  readonly factors: readonly number[];
};

/** What the rows are made of; `phases` are the grid phases each EVSE is counted on, `balances` whether it is seen to draw. */
export type OwnView = {
  readonly site: Site;
  readonly caps: readonly Cap[];
  readonly now: number;
  readonly baseLoads: readonly PhaseAmps[];
  readonly surplusWatts: number;
  readonly stations: Limits['stations'];
  readonly evses: readonly Pick<Situation, 'phases' | 'balances'>[];
};

export function ownRows(view: OwnView): readonly OwnRow[] {
  return [...circuitRows(view), ...groupAndStationRows(view), ...balanceRows(view)];
}

const inForce = ({ caps, now }: OwnView) =>
  caps.filter(({ from, until }) => (from === undefined || from <= now) && (until === undefined || until > now));

/** Whether `circuit` is on the way from the EVSE to the grid. */
function isAbove(site: Site, circuit: string, evse: number): boolean {
  let at: string | undefined = site.evses[evse]!.circuit;
  while (at !== undefined) {
    if (at === circuit) return true;
    const here: string = at;
    at = site.circuits.find((one) => one.id === here)!.parent;
  }
  return false;
}

function circuitRows(view: OwnView): OwnRow[] {
  const { site, evses, baseLoads } = view;
  return site.circuits.flatMap((circuit, at) => {
    const mine = inForce(view).filter(({ scope }) => scope.kind === 'circuit' && scope.circuit === circuit.id);
    const base = baseLoads[at]!;
    const rows = PHASES.map((phase): OwnRow => {
      const limits = [
        circuit.ratingAmps[phase],
        ...mine.flatMap(({ limitAmps }) => (limitAmps ? [limitAmps[phase]] : [])),
      ];
      return {
        name: `${circuit.id} ${phase}`,
        room: Math.max(0, Math.min(...limits)) - circuit.marginAmps[phase] - base[phase],
        factors: evses.map(({ phases }, evse) => (isAbove(site, circuit.id, evse) && phases.includes(phase) ? 1 : 0)),
      };
    });
    // Watts and volt-amperes alike are volts × amperes.
    const powers = [circuit, ...mine].flatMap(({ limitWatts, limitVoltAmperes }) =>
      [limitWatts, limitVoltAmperes].filter((limit) => limit !== undefined),
    );
    const power: OwnRow = {
      name: `${circuit.id} power`,
      room: Math.max(0, Math.min(...powers)) - site.nominalVolts * (base.L1 + base.L2 + base.L3),
      factors: evses.map(({ phases }, evse) =>
        isAbove(site, circuit.id, evse) ? site.nominalVolts * phases.length : 0,
      ),
    };
    return powers.length > 0 ? [...rows, power] : rows;
  });
}

function groupAndStationRows(view: OwnView): OwnRow[] {
  const { site, evses, stations, surplusWatts } = view;
  const ofGroups = site.groups.flatMap((group) => {
    const mine = inForce(view).filter(({ scope }) => scope.kind === 'group' && scope.group === group.id);
    const isMember = (evse: number) => group.evses.includes(site.evses[evse]!.id);
    return [group, ...mine].flatMap(({ limitAmps, limitWatts, netOfSurplus }, at): OwnRow[] => [
      ...(limitAmps
        ? PHASES.map((phase) => ({
            name: `${group.id} ${phase} by ${at}`,
            room: Math.max(0, limitAmps[phase]),
            factors: evses.map(({ phases }, evse) => (isMember(evse) && phases.includes(phase) ? 1 : 0)),
          }))
        : []),
      ...(limitWatts === undefined
        ? []
        : [
            {
              name: `${group.id} power by ${at}`,
              room: Math.max(0, limitWatts) + (netOfSurplus ? surplusWatts : 0),
              factors: evses.map(({ phases }, evse) => (isMember(evse) ? site.nominalVolts * phases.length : 0)),
            },
          ]),
    ]);
  });
  const ofStations = stations.map(
    ({ station, amps }): OwnRow => ({
      name: `station ${station}`,
      room: amps,
      factors: site.evses.map((evse) => (evse.station === station ? 1 : 0)),
    }),
  );
  return [...ofGroups, ...ofStations];
}

function balanceRows({ site, evses }: OwnView): OwnRow[] {
  return site.circuits.flatMap(({ id, unbalanceAmps }) => {
    if (unbalanceAmps === undefined) return [];
    return PHASES.flatMap((phase) =>
      PHASES.filter((other) => other !== phase).map(
        (other): OwnRow => ({
          name: `${id} ${phase} above ${other}`,
          room: unbalanceAmps,
          factors: evses.map(({ phases, balances }, evse) => {
            if (!isAbove(site, id, evse)) return 0;
            if (phases.includes(phase)) return phases.includes(other) ? 0 : 1;
            return phases.includes(other) && balances ? -1 : 0;
          }),
        }),
      ),
    );
  });
}

/** What `amps` take of a row; where an EVSE makes room it does so by `certain` alone, by index. */
export function loadOf(row: OwnRow, amps: readonly number[], certain: readonly number[] = amps): number {
  return row.factors.reduce((sum, factor, evse) => sum + factor * (factor > 0 ? amps[evse]! : certain[evse]!), 0);
}

/** What one more ampere would have to be smaller than to fit: what is free in the tightest row that the EVSE loads. */
export function freeAmps(rows: readonly OwnRow[], evse: number, amps: readonly number[], certain = amps): number {
  let free = Number.POSITIVE_INFINITY;
  for (const row of rows) {
    const factor = row.factors[evse]!;
    if (factor > 0) free = Math.min(free, (row.room - loadOf(row, amps, certain)) / factor);
  }
  return free;
}
