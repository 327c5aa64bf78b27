// The control room: collects, decides, dispatches and records, cycle after cycle; it waits for nobody and nothing can stall it.

import type { Solvers } from '../core/allocate/proposers.ts';
import { recoverMemory } from '../core/command/recover.ts';
import { decide } from '../core/decide.ts';
import type { CycleRecord, Decision, Notice } from '../core/model/decision.ts';
import type { Memory } from '../core/model/memory.ts';
import type { Site } from '../core/model/site.ts';
import type { Snapshot } from '../core/model/snapshot.ts';
import { type MeterId, PHASES } from '../core/model/units.ts';
import { breachBeforeDispatch } from './dispatch-guard.ts';
import { floorsDecision } from './floors.ts';
import { LimitBook } from './limit-book.ts';
import { nextMeterLostAt, overloadedCircuits } from './meter-watch.ts';
import type {
  AudiencePort,
  ControlStore,
  JournalPort,
  MetersPort,
  SignalsPort,
  StationsPort,
  Surroundings,
} from './ports.ts';
import { RequestDesk } from './request-desk.ts';
import type { ControlAnswer, ControlRequest } from './requests.ts';
import { SignalDesk } from './signal-desk.ts';
import { WishBook } from './wish-book.ts';

/** Urgent cycles keep at least this distance, so that a flapping link cannot turn the loop into a storm. */
export const MIN_CYCLE_GAP_MS = 200;
/** Without a finished cycle for this long the controller reports itself as not alive. */
export const STALLED_AFTER_MS = 10_000;

/** Cycles that only renew limits are written to the disk this often. */
const KEEP_RENEWALS_MS = 60_000;

export type ControllerPorts = {
  readonly meters: MetersPort;
  readonly stations: StationsPort;
  readonly store: ControlStore;
  readonly journal: JournalPort;
  readonly audience: AudiencePort;
  /** Limits of contacts and other systems, beside those that people set. */
  readonly signals?: readonly SignalsPort[];
};

export type ControllerOptions = {
  /** Called after each cycle that came to its end with a decision of its own that passed the check before dispatch: what a watchdog lives on. */
  readonly onProgress?: () => void;
  /** Called when a contact has latched the emergency stop: who that was, in words. */
  readonly onLatched?: (by: string) => void;
  /** Instead of `decide`. */
  readonly decide?: typeof decide;
};

export class Controller {
  readonly #surroundings: Surroundings;
  readonly #site: Site;
  readonly #ports: ControllerPorts;
  readonly #id: string;
  readonly #solvers: Solvers;
  readonly #decide: typeof decide;
  readonly #onProgress: () => void;
  readonly #desk: SignalDesk;
  #epoch = 0;
  #memory: Memory | undefined;
  readonly #limits: LimitBook;
  readonly #wishes: WishBook;
  readonly #signals: readonly SignalsPort[];
  readonly #requests: RequestDesk;
  #cycle = 0;
  /** When the memory last went to the disk. */
  #keptAt = Number.NEGATIVE_INFINITY;
  #last: CycleRecord | undefined;
  #lastFinishedAt: number | undefined;
  #wake: (() => void) | undefined;
  #urgent = false;
  #stopping = new AbortController();
  #loop: Promise<void> | undefined;

  /**
   * `id` names this controller in leases and journal. `site` MUST be checked and frozen. `solvers` stay the same for as long as it runs: a replay
   * needs the same.
   */
  constructor(
    surroundings: Surroundings,
    site: Site,
    ports: ControllerPorts,
    id: string,
    solvers: Solvers = {},
    options: ControllerOptions = {},
  ) {
    this.#surroundings = surroundings;
    this.#site = site;
    this.#ports = ports;
    this.#id = id;
    this.#solvers = solvers;
    this.#decide = options.decide ?? decide;
    this.#onProgress = options.onProgress ?? (() => {});
    this.#signals = ports.signals ?? [];
    this.#limits = new LimitBook(site, ports.store, surroundings.log);
    this.#desk = new SignalDesk(this.#limits, this.#signals, surroundings.log, options.onLatched ?? (() => {}));
    this.#wishes = new WishBook(site, ports.store, surroundings.log);
    const books = { limits: this.#limits, signals: this.#desk, wishes: this.#wishes, stations: ports.stations };
    this.#requests = new RequestDesk(surroundings, books, (reason) => this.#askForCycle(reason));
  }

  /** Recovers, opens the ports and begins to cycle. Rejects when the store cannot be read: without it nothing is known to be safe. */
  async start(): Promise<void> {
    const { clock, log } = this.#surroundings;
    const { epoch, memory, caps, wishes } = await this.#ports.store.load();
    this.#epoch = epoch;
    this.#limits.recover(caps);
    this.#wishes.recover(wishes);
    this.#memory = recoverMemory(this.#site, memory, `${this.#id}-${epoch}`, clock.now());
    log.info('control.started', { epoch, recoveredEvses: Object.keys(this.#memory.evses).length, caps: caps.length });
    this.#ports.meters.onReading((meter) => this.#checkOverload(meter));
    this.#ports.stations.onUrgent((reason) => this.#askForCycle(reason));
    for (const signals of this.#signals) signals.onChange((reason) => this.#askForCycle(reason));
    for (const port of [this.#ports.meters, ...this.#signals, this.#ports.stations])
      await port.start(this.#stopping.signal);
    this.#loop = this.#run();
  }

  /** Stops cycling and closes the ports; chargers keep their leases, which run out onto the floor. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#wake?.();
    await this.#loop;
    // Contacts may share a line with the meters, which close it.
    await Promise.allSettled([...this.#signals, this.#ports.meters, this.#ports.stations].map((port) => port.stop()));
    if (this.#memory) this.#ports.store.saveMemory(this.#memory);
  }

  /** True while cycles finish: existence is not liveness. */
  isAlive(): boolean {
    return (
      this.#lastFinishedAt !== undefined && this.#surroundings.clock.now() - this.#lastFinishedAt < STALLED_AFTER_MS
    );
  }

  /** Carries out what a person asked for; it takes effect in the next cycle, which is asked for at once. */
  request(request: ControlRequest): Promise<ControlAnswer> {
    return this.#requests.carryOut(request);
  }

  async #run(): Promise<void> {
    const { clock } = this.#surroundings;
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      const startedAt = clock.now();
      this.#urgent = false;
      this.#oneCycle();
      await clock.sleep('control.gap', MIN_CYCLE_GAP_MS, signal);
      const lostAt = nextMeterLostAt(this.#ports.meters.states(), this.#site.policy, startedAt);
      const restMs = Math.max(0, Math.min(startedAt + this.#site.policy.cycleMs, lostAt) - clock.now());
      if (restMs > 0 && !this.#urgent && !signal.aborted) await this.#sleepUntilWoken(restMs);
    }
  }

  #sleepUntilWoken(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        this.#wake = undefined;
        cancel();
        resolve();
      };
      const cancel = this.#surroundings.clock.timer('control.cycle', delayMs, done);
      this.#wake = done;
    });
  }

  #askForCycle(reason: string): void {
    if (!this.#urgent) this.#surroundings.log.debug('control.urgent', { reason });
    this.#urgent = true;
    this.#wake?.();
  }

  /** An overload on a meter asks for a cycle at once (law 4). */
  #checkOverload(meter: MeterId): void {
    if (!this.#last) return;
    const reading = this.#ports.meters.states()[meter]?.reading;
    for (const circuit of overloadedCircuits(this.#site, this.#last, meter, reading))
      this.#askForCycle(`overload.${circuit}`);
  }

  /** A fault of our own outside the decision costs this cycle and no other; it is no progress, so that the watchdog sees it if it stays. */
  #oneCycle(): void {
    try {
      if (this.#collectDecideDispatch()) this.#onProgress();
    } catch (error) {
      this.#surroundings.log.error('control.cycle-failed', { code: 'CYCLE_FAILED', error: detailOf(error) });
    }
  }

  /** True when what left was a decision, not floors in its place. */
  #collectDecideDispatch(): boolean {
    const { clock, log } = this.#surroundings;
    const t0 = clock.now();
    const snapshot = this.#collect();
    const t1 = clock.now();
    const { decision, isSound } = this.#decideOrFloors(snapshot);
    const t2 = clock.now();
    // Remembered before it leaves: should the sending fail half-way, everything counts as sent.
    this.#memory = decision.memory;
    const { refused } = this.#ports.stations.send([...decision.commands, ...decision.stops]);
    for (const { station, evse, transactionId, because } of decision.stops)
      log.warn('control.stops-transaction', { station, evse, transaction: transactionId, because });
    if (refused.length > 0) log.warn('control.commands-not-taken', { count: refused.length });
    const t3 = clock.now();
    const record: CycleRecord = {
      site: this.#site.id,
      controller: { id: this.#id, epoch: this.#epoch },
      snapshot,
      decision,
      durationMs: { collect: t1 - t0, decide: t2 - t1, dispatch: t3 - t2 },
    };
    this.#last = record;
    this.#lastFinishedAt = t3;
    if (this.#isWorthKeeping(record)) this.#ports.store.saveMemory(decision.memory);
    this.#ports.journal.append(record);
    this.#ports.audience.publish(record);
    const headrooms = PHASES.map((phase) => decision.circuits[0]?.phases[phase].headroomAmps ?? Number.NaN);
    log.info('cycle', {
      cycle: snapshot.cycle,
      mode: decision.mode,
      commands: decision.commands.length,
      solver: decision.solver.answeredBy,
      decideMs: t2 - t1,
      // From before the collecting until everything was handed on: what the loop was held up for.
      tookMs: clock.now() - t0,
      headroomAmps: Math.round(Math.min(...headrooms) * 10) / 10,
    });
    return isSound;
  }

  /**
   * Whether the memory goes to the disk: when something changed that a restart has to know of. A renewal says again what was kept before, and a
   * restart takes every limit as sent in its own first moment; but base loads should not be older than a minute.
   */
  #isWorthKeeping({ snapshot, decision: { commands, stops } }: CycleRecord): boolean {
    const isNews = stops.length > 0 || commands.some(({ change }) => change !== 'renewal');
    if (!isNews && (commands.length === 0 || snapshot.now - this.#keptAt < KEEP_RENEWALS_MS)) return false;
    this.#keptAt = snapshot.now;
    return true;
  }

  #collect(): Snapshot {
    const { clock } = this.#surroundings;
    const moment = { now: clock.now(), wallNow: clock.wall() };
    const stations = this.#ports.stations.states();
    return {
      cycle: ++this.#cycle,
      ...moment,
      meters: this.#ports.meters.states(),
      stations,
      ...this.#desk.at(moment.wallNow),
      wishes: this.#wishes.at(stations, moment),
    };
  }

  /**
   * The decision when it passes the check before dispatch. When it does not, or there is none, floors go out in its place and the memory of
   * the last decision that left stays the ledger.
   */
  #decideOrFloors(snapshot: Snapshot): { readonly decision: Decision; readonly isSound: boolean } {
    const { log } = this.#surroundings;
    try {
      const decision = this.#decide(this.#site, snapshot, this.#memory!, this.#solvers);
      const breach = breachBeforeDispatch(this.#site, snapshot, decision);
      if (breach === undefined) return { decision, isSound: true };
      log.error('control.decision-refused', { code: 'DISPATCH_REFUSED', breach });
      const text = `Busbar's last check refused what this cycle would have sent: ${breach}. Chargers are lowered to their floors instead. Please report this with the journal.`;
      const notice = { severity: 'alarm', code: 'DISPATCH_REFUSED', text } as const;
      return { decision: this.#floors(snapshot, notice, breach), isSound: false };
    } catch (error) {
      log.error('control.decide-failed', { error: detailOf(error) });
      const text =
        'A fault inside Busbar stopped this cycle. Chargers are lowered to their floors. Please report this with the journal.';
      const notice = { severity: 'alarm', code: 'DECISION_FAILED', text } as const;
      return { decision: this.#floors(snapshot, notice, 'the decision failed'), isSound: false };
    }
  }

  #floors(snapshot: Snapshot, notice: Notice, fellBackBecause: string): Decision {
    const common = { site: this.#site, memory: this.#memory!, last: this.#last?.decision };
    return floorsDecision({ ...common, snapshot, notice, fellBackBecause });
  }
}

const detailOf = (error: unknown) => (error instanceof Error ? (error.stack ?? error.message) : String(error));
