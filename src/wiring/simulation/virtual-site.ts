// A whole site on the virtual clock: stations, cars, building, meters, network, disk, upstream, and the real controller among them, which lives
// and dies as the script says. It knows the truth, and tells it to the checkers at every step.

import type { Solvers } from '../../core/allocate/proposers.ts';
import type { CycleRecord } from '../../core/model/decision.ts';
import type { MeterProfile } from '../../core/model/meter-profile.ts';
import type { Site, Station } from '../../core/model/site.ts';
import type { EvseId, StationId } from '../../core/model/units.ts';
import type { Log, Random, Surroundings } from '../../engine/ports.ts';
import type { CheckRun } from '../../simulator/checks/all.ts';
import type { CentralAnswer, DeliveryChecker } from '../../simulator/checks/delivery.ts';
import { SimulatedCsms } from '../../simulator/csms.ts';
import type { MessageWatch } from '../../simulator/offline-queue.ts';
import type { Happening, Script } from '../../simulator/script.ts';
import { labelledRandom, type SeededStreams, seededStreams } from '../../simulator/seeded-random.ts';
import type { SimulatedEvse } from '../../simulator/simulated-evse.ts';
import { SimulatedStation } from '../../simulator/station.ts';
import type { Truth } from '../../simulator/truth.ts';
import { VirtualClock } from '../../simulator/virtual-clock.ts';
import { VirtualNetwork } from '../../simulator/virtual-network.ts';
import { RUN_STARTS_AT } from '../../simulator/write-script.ts';
import { allSettled, turnOfTheLoop } from '../../system/clock.ts';
import { modbusMeters } from '../meters.ts';
import { SimulatedDisk } from './disk.ts';
import { MeterLine } from './meter-line.ts';
import { mainsOf, pushedReadings, sourceOf } from './meter-sources.ts';
import { Physics } from './physics.ts';
import type { Trace } from './trace.ts';
import { type Ending, VirtualController } from './virtual-controller.ts';

/** Currents are computed, and checked, this often. */
export const STEP_MS = 1_000;
const HOUR_MS = 3_600_000;
/** Sizes of queues are looked at this often. */
const QUEUES_EVERY_MS = 60_000;
/** Virtual time after which signals are heard. */
const TURN_EVERY_MS = 60_000;
/** A utility that got no answer asks again after this long. */
const ASK_AGAIN_MS = 5_000;
/** A controller that could not begin, because its disk is in trouble, is started again after this long. */
const START_AGAIN_MS = 2_000;
/** A slow disk takes so much longer for each commit. */
const SLOW_DISK_MS = 500;
/** Stations get their power within this time of the start. */
const POWER_WITHIN_MS = 10_000;

export type VirtualSiteOptions = {
  readonly site: Site;
  readonly script: Script;
  /** AuthorizationKey by station. */
  readonly keys: ReadonlyMap<StationId, Buffer>;
  readonly meterProfiles: { readonly [profile: string]: MeterProfile };
  readonly solvers: Solvers;
  readonly checks: CheckRun;
  /** Fed where the site has an upstream; MUST be among the checks. */
  readonly delivery: DeliveryChecker;
  readonly trace: Trace;
  readonly log: Log;
};

export class VirtualSite {
  readonly clock = new VirtualClock(RUN_STARTS_AT, allSettled);
  readonly #options: VirtualSiteOptions;
  readonly #random: Random;
  readonly #streams: SeededStreams;
  readonly #network: VirtualNetwork;
  readonly #physics: Physics;
  readonly #meters: MeterLine;
  readonly #disk = new SimulatedDisk();
  readonly #stations: ReadonlyMap<StationId, SimulatedStation>;
  readonly #evses: readonly SimulatedEvse[];
  readonly #stationOf: readonly SimulatedStation[];
  readonly #csms: SimulatedCsms | undefined;
  readonly #importWh: Float64Array;
  readonly #hasPushed: boolean;
  #controller: VirtualController | undefined;
  #wallOffsetMs = 0;
  /** Reasons for which there is no controller, and for which the whole site is dark: they may overlap. */
  #deaths = 0;
  #outages = 0;
  #counts = { cycles: 0, commands: 0, controllerLives: 0 };

  constructor(options: VirtualSiteOptions) {
    const { site, script, log } = options;
    this.#options = options;
    this.#random = labelledRandom(script.seed);
    this.#streams = seededStreams(script.seed);
    this.#network = new VirtualNetwork(this.clock, this.#random);
    this.#physics = new Physics(site, script.baseLoad, this.#streams, RUN_STARTS_AT);
    this.#meters = new MeterLine(this.clock, this.#random, site.nominalVolts);
    this.#importWh = new Float64Array(site.circuits.length);
    this.#hasPushed = site.meters.some((meter) => meter.from === 'push');
    this.#addMeters();
    const surroundings = { clock: this.clock, random: this.#random, log };
    this.#csms = site.upstream ? new SimulatedCsms(surroundings) : undefined;
    this.#stations = new Map(site.stations.map((station) => [station.id, this.#newStation(station, surroundings)]));
    const stations = [...this.#stations.values()];
    this.#stationOf = site.evses.map(({ station }) => this.#stations.get(station)!);
    const byId = new Map(stations.flatMap(({ evses }) => evses).map((evse) => [evse.evse.id, evse]));
    this.#evses = site.evses.map(({ id }) => byId.get(id)!);
  }

  get counts() {
    const deliveredWh = this.#evses.reduce((sum, { energyWh }) => sum + energyWh, 0);
    return { ...this.#counts, timers: this.clock.fired, deliveredWh: Math.round(deliveredWh) };
  }

  /** Runs the whole script. `onHours` hears of each hour; `signal` ends the run early, which is told by `false`. */
  async run(onHours: (hours: number) => void, signal?: AbortSignal): Promise<boolean> {
    const { script, checks } = this.#options;
    for (const happening of script.happenings) this.#schedule(happening);
    for (const station of this.#stations.values()) {
      const afterMs = Math.floor(this.#random.next(`station.power ${station.id}`) * POWER_WITHIN_MS);
      this.clock.timer('simulation.power', afterMs, () => station.start());
    }
    this.#openUpstream();
    this.#startController();
    this.#tick();
    this.clock.timer('simulation.queues', QUEUES_EVERY_MS, () => this.#lookAtQueues());
    const isEnded = () => signal?.aborted === true;
    try {
      for (let hours = 0; hours < script.hours && !isEnded(); ) {
        const next = Math.min(script.hours, hours + 1);
        const until = RUN_STARTS_AT + Math.round(next * HOUR_MS);
        while (this.clock.now() < until && !isEnded()) {
          await this.clock.advance(Math.min(TURN_EVERY_MS, until - this.clock.now()));
          await turnOfTheLoop();
        }
        hours = next;
        if (!isEnded()) onHours(hours);
      }
      this.#options.delivery.stillHeld(this.#disk.outboxRows());
      checks.onEnd(this.clock.now());
      return !isEnded();
    } finally {
      this.#controller?.die('closed');
      this.#disk.dispose();
    }
  }

  // ------------------------------------------------------------ what stands there

  #addMeters(): void {
    const { site, meterProfiles } = this.#options;
    for (const input of site.inputs) this.#meters.addInput(input);
    for (const meter of modbusMeters(site)) {
      const circuit = site.circuits.findIndex((one) => one.meter === meter.id);
      const amps = sourceOf(meter, site, this.#physics);
      this.#meters.add(meter, meterProfiles[meter.profile]!, () => ({
        amps: amps(),
        importWh: circuit < 0 ? 0 : this.#importWh[circuit]!,
      }));
    }
  }

  #newStation(station: Station, surroundings: Surroundings): SimulatedStation {
    const { site, keys, checks, delivery } = this.#options;
    const { host, port } = site.listen.stations;
    const onMessage: MessageWatch = (what, action, payload, answer) => {
      const now = this.clock.now();
      const transactionId = answer?.transactionId === undefined ? undefined : Number(answer.transactionId);
      if (what === 'sent') checks.take(delivery.sent(station.id, action, payload, now));
      else checks.take(delivery.acknowledged(station.id, action, payload, now, transactionId));
    };
    return new SimulatedStation({
      surroundings,
      site,
      station,
      url: `ws://${host}:${port}/ocpp`,
      dial: this.#network.line(station.id).dial,
      key: keys.get(station.id)!,
      ...mainsOf(station.id, site, this.#physics),
      ...(site.upstream ? { onMessage } : {}),
    });
  }

  #openUpstream(): void {
    const { site, checks, delivery } = this.#options;
    const csms = this.#csms;
    if (!csms || !site.upstream) return;
    this.#network.listen(new URL(site.upstream.url).host, (knock) => {
      const station = decodeURIComponent(knock.path.split('/').at(-1) ?? '');
      if (!csms.isUp) {
        knock.refuse(503);
        return;
      }
      const socket = knock.accept();
      csms.welcome(station, socket);
      socket.on('close', () => delivery.interrupted(station));
    });
    csms.onMessage(({ station, action, payload, answered, transactionId }) => {
      const now = this.clock.now();
      this.#options.trace.event(now, `upstream ${station} ${action} ${answered} ${JSON.stringify(payload)}`);
      const given = transactionId === undefined ? {} : { transactionId };
      const answer: CentralAnswer =
        answered === 'error' ? { kind: 'error' } : { kind: answered === 'result' ? 'result' : 'unsure', ...given };
      checks.take(delivery.taken(station, action, payload, now, answer));
    });
  }

  // ------------------------------------------------------------ steps

  #tick(): void {
    this.clock.timer('simulation.tick', STEP_MS, () => this.#tick());
    const { site, checks, trace } = this.#options;
    for (const station of this.#stations.values()) station.step(STEP_MS, 1);
    this.#physics.compute(
      this.clock.now() - RUN_STARTS_AT,
      this.#evses.map((evse) => evse.drawn()),
      this.#outages > 0,
    );
    for (let circuit = 0; circuit < site.circuits.length; circuit++) {
      const { L1, L2, L3 } = this.#physics.through(circuit);
      this.#importWh[circuit]! += ((L1 + L2 + L3) * site.nominalVolts * STEP_MS) / HOUR_MS;
    }
    const truth = this.#look();
    trace.truth(truth);
    checks.onTruth(truth);
    if (this.#hasPushed)
      for (const reading of pushedReadings(site, this.#physics, this.#random)) this.#controller?.push(reading);
  }

  #look(): Truth {
    return {
      at: this.clock.now(),
      elapsedMs: STEP_MS,
      circuits: this.#physics.truth(),
      evses: this.#evses.map((evse, at) => this.#stationOf[at]!.truth(evse)),
      isControlled: this.#controller !== undefined,
    };
  }

  #onCycle(record: CycleRecord): void {
    const { checks, trace } = this.#options;
    this.#counts.cycles += 1;
    this.#counts.commands += record.decision.commands.length;
    trace.cycle(record);
    // Stations may have taken something in since the last step; currents have not moved.
    checks.onCycle(record, this.#look());
  }

  #lookAtQueues(): void {
    this.clock.timer('simulation.queues', QUEUES_EVERY_MS, () => this.#lookAtQueues());
    const stations = [...this.#stations.values()].flatMap((station) => station.queues());
    const queues = [...this.#network.queues(), ...this.#disk.queues(), ...stations];
    this.#options.checks.onQueues(queues, this.clock.now());
  }

  // ------------------------------------------------------------ the controller's lives

  #startController(): void {
    if (this.#controller || this.#deaths > 0 || this.#outages > 0) return;
    this.#counts.controllerLives += 1;
    const { site, meterProfiles, solvers, log } = this.#options;
    const controller = new VirtualController({
      site,
      clock: this.clock,
      random: this.#random,
      log,
      network: this.#network,
      meters: this.#meters,
      meterProfiles,
      solvers,
      openStore: (surroundings) => this.#disk.open(surroundings),
      wallOffsetMs: () => this.#wallOffsetMs,
      onCycle: (record) => this.#onCycle(record),
    });
    this.#controller = controller;
    controller.start().catch((error: unknown) => {
      log.error('simulation.controller-not-started', { error: String(error) });
      if (this.#controller !== controller) return;
      this.#kill('closed', 'crash');
      this.clock.timer('simulation.start', START_AGAIN_MS, () => this.#startController());
    });
  }

  #kill(how: Ending, disk: 'crash' | 'power-cut'): void {
    if (!this.#controller) return;
    this.#controller.die(how);
    this.#controller = undefined;
    this.#options.delivery.interrupted();
    if (disk === 'crash') this.#disk.crash();
    else this.#disk.powerCut(this.#streams.stream(`disk ${this.#counts.controllerLives}`));
  }

  /** No controller until the returned function is called, and until every other reason is over. */
  #withoutController(how: Ending, disk: 'crash' | 'power-cut'): () => void {
    this.#deaths += 1;
    this.#kill(how, disk);
    return () => {
      this.#deaths -= 1;
      this.#startController();
    };
  }

  // ------------------------------------------------------------ the script

  #schedule(happening: Happening): void {
    this.clock.timer('simulation.script', happening.atMs, () => {
      this.#options.trace.event(this.clock.now(), JSON.stringify(happening));
      const end = this.#begin(happening);
      if (end && 'forMs' in happening) this.clock.timer('simulation.script', happening.forMs, end);
    });
  }

  /** Lets it happen; returns what ends it. */
  #begin(happening: Happening): (() => void) | undefined {
    switch (happening.kind) {
      case 'car-comes': {
        const { evse, car, storedWh, idTag } = happening;
        const station = this.#stationWith(evse);
        void station.plugIn(evse, car, storedWh, idTag);
        return () => station.unplug(evse);
      }
      case 'link-lost': {
        const line = this.#network.line(happening.station);
        return happening.how === 'closed' ? line.cut() : line.silence();
      }
      case 'network-slow':
        return this.#network.line(happening.station).slow(happening.delayMs);
      case 'station-errs':
        return this.#station(happening.station).errs(happening.manner);
      case 'station-reboots':
        this.#station(happening.station).reboot(happening.forgets);
        return undefined;
      case 'station-clock':
        this.#station(happening.station).stepClock(happening.byMs);
        return undefined;
      case 'meter-errs': {
        const { meter, fault } = happening;
        this.#meters.setFault(meter, fault);
        return () => this.#meters.setFault(meter, undefined);
      }
      case 'building-steps':
        return this.#physics.step(happening.amps);
      case 'controller-dies':
        return this.#withoutController(happening.how === 'crash' ? 'closed' : 'vanished', 'crash');
      case 'power-cut':
        return this.#withoutController('vanished', 'power-cut');
      case 'grid-outage':
        return this.#goDark();
      case 'gateway-dies':
        this.#options.delivery.interrupted();
        this.#controller?.killGateway();
        return undefined;
      case 'disk-errs':
        return this.#diskErrs(happening.fault);
      case 'upstream-errs':
        return this.#csms?.errs(happening.fault);
      case 'wall-clock':
        this.#wallOffsetMs += happening.byMs;
        return undefined;
      case 'limit-set':
        this.#limit(happening, this.clock.now() + happening.forMs);
        return undefined;
    }
  }

  /** The grid fails: no current, no station, no controller. */
  #goDark(): () => void {
    this.#outages += 1;
    this.#kill('vanished', 'power-cut');
    const backs = [...this.#stations.values()].map((station) => station.losePower());
    return () => {
      this.#outages -= 1;
      for (const back of backs) back();
      this.#startController();
    };
  }

  #diskErrs(fault: 'full' | 'slow' | 'read-only'): () => void {
    const disk = this.#disk;
    this.#options.delivery.interrupted();
    const set = (on: boolean) => {
      if (fault === 'slow') disk.slow(on ? SLOW_DISK_MS : 0);
      else if (fault === 'full') disk.full(on);
      else disk.readOnly(on);
    };
    set(true);
    return () => {
      this.#options.delivery.interrupted();
      set(false);
    };
  }

  /** A utility asks until it is answered, for as long as its limit lasts. */
  #limit({ circuit, limitAmps }: Extract<Happening, { kind: 'limit-set' }>, untilMs: number): void {
    let isTaken = false;
    const ask = () => {
      if (isTaken || this.clock.now() >= untilMs) return;
      this.clock.timer('simulation.utility', ASK_AGAIN_MS, ask);
      void this.#controller
        ?.request({ kind: 'set-circuit-limit', circuit, limitAmps, untilMs, who: 'utility' })
        .then((answer) => {
          isTaken ||= answer.ok;
        });
    };
    ask();
  }

  #station(id: StationId): SimulatedStation {
    const station = this.#stations.get(id);
    if (!station) throw new Error(`the script names a station that the site has not: ${id}`);
    return station;
  }

  #stationWith(id: EvseId): SimulatedStation {
    const at = this.#evses.findIndex(({ evse }) => evse.id === id);
    if (at < 0) throw new Error(`the script names an EVSE that the site has not: ${id}`);
    return this.#stationOf[at]!;
  }
}
