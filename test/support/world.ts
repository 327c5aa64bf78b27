// A small world round `decide`: chargers that obey by the rules, cars, a building and a meter, stepped second by second. It knows the true
// currents, so that laws are checked against what flows and not against what the core believes.
import { decide } from '../../src/core/decide.ts';
import type { Command, Decision } from '../../src/core/model/decision.ts';
import type { Cap } from '../../src/core/model/limit.ts';
import { emptyMemory, type Memory } from '../../src/core/model/memory.ts';
import type { Site } from '../../src/core/model/site.ts';
import type { CommandProgress, EvseState, Snapshot, StationState } from '../../src/core/model/snapshot.ts';
import { mapPhases, onEachPhase, type PhaseAmps } from '../../src/core/model/units.ts';
import type { Wish } from '../../src/core/model/wish.ts';

export type Car = {
  readonly phases: number;
  readonly maxAmps: number;
  /** Sleeps when it is paused, and begins again only when it is offered this much. */
  readonly wakesAtAmps?: number;
};

type Charger = {
  floor: number | undefined;
  lease: { limit: number; endsAt: number } | undefined;
  progress: { floor?: CommandProgress; lease?: CommandProgress };
  car: Car | undefined;
  drawn: number;
  asleep: boolean;
  /** Whether the station sends meter values. */
  isMetered: boolean;
  energyWh: number;
  sample: { amps: number[]; measuredAt: number } | undefined;
  statusSince: number;
  transactionId: string | undefined;
  connectedSince: number | undefined;
  connection: number;
  /** How commands fare: accepted and applied, refused, or lost without an answer. */
  manner: 'obeys' | 'refuses' | 'silent' | 'accepts-without-applying';
  /** It takes a limit as the next multiple of this, such as whole amperes. */
  roundsUpToAmps?: number;
};

export class World {
  now = 1_000_000;
  cycle = 0;
  memory: Memory;
  base: PhaseAmps = onEachPhase(0);
  caps: Cap[] = [];
  wishes: Record<string, Wish> = {};
  meterWorks = true;
  lastReading: Snapshot['meters'][string] = {};
  readonly chargers = new Map<string, Charger>();
  readonly decisions: Decision[] = [];
  readonly site: Site;
  readonly #upstream = new Map<string, StationState['upstreamProfiles']>();
  #transactions = 1;

  readonly #decide: typeof decide;

  /** `decideBy` is called in place of `decide`, such as to time it. */
  constructor(site: Site, decideBy: typeof decide = decide) {
    this.site = site;
    this.#decide = decideBy;
    this.memory = emptyMemory('test-1');
    for (const evse of site.evses) {
      this.chargers.set(evse.id, {
        floor: undefined,
        lease: undefined,
        progress: {},
        car: undefined,
        drawn: 0,
        asleep: false,
        isMetered: true,
        energyWh: 0,
        sample: undefined,
        statusSince: this.now,
        transactionId: undefined,
        connectedSince: this.now,
        connection: 1,
        manner: 'obeys',
      });
    }
  }

  charger(id: string): Charger {
    const charger = this.chargers.get(id);
    if (!charger) throw new Error(`no EVSE ${id}`);
    return charger;
  }

  plugIn(id: string, car: Car = { phases: 3, maxAmps: 32 }): void {
    const transactionId = String(this.#transactions++);
    Object.assign(this.charger(id), { car, statusSince: this.now, transactionId, asleep: false, energyWh: 0 });
  }

  unplug(id: string): void {
    // A TxProfile goes with its transaction.
    const station = this.site.stations.find(({ evses }) => evses.includes(id));
    if (station?.profile.lease.purpose === 'TxProfile') this.charger(id).lease = undefined;
    Object.assign(this.charger(id), { car: undefined, drawn: 0, statusSince: this.now, transactionId: undefined });
  }

  disconnect(id: string): void {
    Object.assign(this.charger(id), { connectedSince: undefined, statusSince: this.now });
  }

  setUpstreamProfiles(station: string, profiles: StationState['upstreamProfiles']): void {
    this.#upstream.set(station, profiles);
  }

  limitInForce(id: string): number {
    const { lease, floor, roundsUpToAmps } = this.charger(id);
    const evse = this.site.evses.find((one) => one.id === id)!;
    const told = lease && lease.endsAt > this.now ? lease.limit : (floor ?? evse.maxAmps);
    const limit = roundsUpToAmps === undefined ? told : Math.ceil(told / roundsUpToAmps - 1e-9) * roundsUpToAmps;
    return Math.min(limit, evse.maxAmps);
  }

  /** True amperes per phase through a circuit. */
  currents(circuit = this.site.circuits[0]!.id): PhaseAmps {
    const below = new Set([circuit]);
    for (const one of this.site.circuits) if (one.parent !== undefined && below.has(one.parent)) below.add(one.id);
    const isRoot = circuit === this.site.circuits[0]!.id;
    return mapPhases((phase) =>
      this.site.evses
        .filter((evse) => below.has(evse.circuit))
        .reduce(
          (sum, evse) => {
            const { drawn, car } = this.charger(evse.id);
            const at = evse.phases.indexOf(phase);
            return at >= 0 && car && at < car.phases ? sum + drawn : sum;
          },
          isRoot ? this.base[phase] : 0,
        ),
    );
  }

  /** One second: cars follow, meters are read, a cycle decides, chargers answer. */
  step(seconds = 1): Decision {
    let decision: Decision | undefined;
    for (let second = 0; second < seconds; second++) {
      this.now += 1_000;
      this.cycle += 1;
      this.#moveCars();
      decision = this.#decide(this.site, this.snapshot(), this.memory);
      this.memory = decision.memory;
      this.decisions.push(decision);
      for (const command of decision.commands) this.#apply(command);
    }
    return decision!;
  }

  snapshot(): Snapshot {
    const circuit = this.site.circuits.find((one) => one.meter !== undefined);
    if (this.meterWorks && circuit) {
      this.lastReading = { reading: { currentAmps: this.currents(circuit.id), measuredAt: this.now } };
    }
    return {
      cycle: this.cycle,
      now: this.now,
      wallNow: this.now,
      meters: circuit ? { [circuit.meter!]: this.lastReading } : {},
      stations: Object.fromEntries(this.site.stations.map((station) => [station.id, this.#stationState(station.id)])),
      caps: this.caps,
      wishes: this.wishes,
    };
  }

  #stationState(id: string): StationState {
    const station = this.site.stations.find((one) => one.id === id)!;
    const first = this.charger(station.evses[0]!);
    return {
      station: id,
      link:
        first.connectedSince === undefined
          ? { state: 'disconnected', since: first.statusSince, connection: first.connection }
          : { state: 'connected', since: first.connectedSince, connection: first.connection },
      evses: station.evses.map((evse): EvseState => {
        const charger = this.charger(evse);
        return {
          evse,
          connectorStatus: charger.car ? 'Occupied' : 'Available',
          statusSince: charger.statusSince,
          ...(charger.car ? { chargingState: charger.drawn > 0 ? 'Charging' : 'SuspendedEVSE' } : {}),
          ...(charger.transactionId
            ? {
                transaction: {
                  id: charger.transactionId,
                  startedAt: charger.statusSince,
                  energyWh: charger.energyWh,
                },
              }
            : {}),
          ...(charger.sample ? { drawn: charger.sample } : {}),
          ...charger.progress,
        };
      }),
      upstreamProfiles: this.#upstream.get(id) ?? [],
      upstreamLink: 'none',
    };
  }

  #moveCars(): void {
    for (const evse of this.site.evses) {
      const charger = this.charger(evse.id);
      const { car } = charger;
      const limit = this.limitInForce(evse.id);
      if (car?.wakesAtAmps !== undefined) {
        if (limit < 6) charger.asleep = true;
        else if (limit >= car.wakesAtAmps) charger.asleep = false;
      }
      const wanted = !car || limit < 6 || charger.asleep ? 0 : Math.min(limit, car.maxAmps);
      // Down within the second, up by 8 A a second: a car follows a reduction faster than an increase.
      charger.drawn = wanted < charger.drawn ? wanted : Math.min(wanted, charger.drawn + 8);
      if (car) charger.energyWh += (charger.drawn * car.phases * this.site.nominalVolts) / 3_600;
      const isDue = !charger.sample || this.now - charger.sample.measuredAt >= 10_000;
      if (isDue && charger.isMetered && charger.connectedSince !== undefined) {
        charger.sample = {
          amps: evse.phases.map((_phase, at) => (car && at < car.phases ? charger.drawn : 0)),
          measuredAt: this.now,
        };
      }
    }
  }

  #apply(command: Command): void {
    const charger = this.charger(command.evse);
    const progress = (state: CommandProgress['state']): CommandProgress => ({
      commandId: command.id,
      state,
      at: this.now + 100,
      sentAt: this.now,
    });
    if (charger.connectedSince === undefined) return;
    if (charger.manner === 'refuses') charger.progress[command.role] = progress('refused');
    else if (charger.manner === 'silent') charger.progress[command.role] = progress('unanswered');
    else {
      charger.progress[command.role] = progress('accepted');
      if (charger.manner === 'accepts-without-applying') return;
      const { startSchedule, durationSeconds, periods } = command.profile.schedule;
      const limit = periods[0]!.limit;
      if (command.role === 'floor') charger.floor = limit;
      else charger.lease = { limit, endsAt: startSchedule! + durationSeconds! * 1000 };
    }
  }
}
