// The meter of a simulated site on a real socket, which errs as a test says: Modbus TCP, registers of an Eastron SDM630.
import { onEachPhase, type PhaseAmps } from '../../src/core/model/units.ts';
import type { Clock, Random } from '../../src/engine/ports.ts';
import { MeterServer } from '../../src/simulator/meter-server.ts';
import { seededRandom } from '../../src/simulator/seeded-random.ts';

/** The blocks of one poll follow each other faster than this, the next poll does not. */
const BETWEEN_BLOCKS_MS = 200;

export class SpoiltMeter {
  /** What the registers make of the truth. */
  spoil: (amps: PhaseAmps) => PhaseAmps = (amps) => amps;
  /** Watt-hours of the import counter. */
  importWh = 1_000_000;
  readonly #clock: Clock;
  readonly #truth: () => PhaseAmps;
  readonly #random = seededRandom(3);
  #server: MeterServer;
  #held: { readonly amps: PhaseAmps; readonly draw: number } | undefined;
  #once: ((amps: PhaseAmps) => PhaseAmps) | undefined;
  #current = { at: Number.NEGATIVE_INFINITY, spoil: this.spoil };
  #port = 0;

  constructor(clock: Clock, truth: () => PhaseAmps) {
    this.#clock = clock;
    this.#truth = truth;
    this.#server = this.#make();
  }

  async start(port: number): Promise<void> {
    this.#port = await this.#server.start(port);
  }

  stop(): Promise<void> {
    return this.#server.stop();
  }

  /** Answers again, on the same port. */
  async restart(): Promise<void> {
    this.#server = this.#make();
    await this.#server.start(this.#port);
  }

  /** From now on the same registers, to the last bit; undone by `thaw`. */
  freeze(): void {
    this.#held = { amps: this.#truth(), draw: 0.25 };
  }

  thaw(): void {
    this.#held = undefined;
  }

  /** For the next whole poll alone. */
  spoilOnce(spoil: (amps: PhaseAmps) => PhaseAmps): void {
    this.#once = spoil;
  }

  #make(): MeterServer {
    const random: Random = { ...this.#random, next: (name: string) => this.#held?.draw ?? this.#random.next(name) };
    return new MeterServer(() => this.#read(), random);
  }

  #read() {
    const now = this.#clock.now();
    const isNextPoll = now - this.#current.at > BETWEEN_BLOCKS_MS;
    const spoil = isNextPoll ? (this.#once ?? this.spoil) : this.#current.spoil;
    if (isNextPoll) this.#once = undefined;
    this.#current = { at: now, spoil };
    return { amps: this.#held?.amps ?? spoil(this.#truth()), volts: 230, importWh: this.importWh };
  }
}

export const NOTHING = onEachPhase(0);
