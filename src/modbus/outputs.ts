// Coils that Busbar switches so that others can see how it stands; nothing depends on them, and a write that fails never disturbs control.

import { capsInForce } from '../core/limits/caps.ts';
import { stopsInForce } from '../core/limits/emergency-stop.ts';
import type { CycleRecord } from '../core/model/decision.ts';
import type { SiteOutput } from '../core/model/site.ts';
import type { ModbusConnection } from '../core/model/site-meters.ts';
import type { Instant } from '../core/model/units.ts';
import { AppError } from '../engine/app-error.ts';
import type { Adapter, Surroundings } from '../engine/ports.ts';

/** All that the outputs know of Modbus. Throws AppError as every request does. */
export interface CoilWriter {
  writeCoil(address: number, isOn: boolean): Promise<void>;
}

/** Each output is looked at this often; `alive` changes sides each time. */
export const OUTPUT_EVERY_MS = 1_000;
/** What has not changed is written again after this long: the module may have restarted. */
export const OUTPUT_REFRESH_MS = 10_000;
/** With no cycle for this long nothing is known to be alive. */
export const OUTPUT_SILENCE_MS = 5_000;

type Output = {
  readonly output: SiteOutput;
  readonly writer: CoilWriter;
  isOn: boolean | undefined;
  writtenAt: Instant;
  isFailing: boolean;
};

export class Outputs implements Adapter {
  readonly #surroundings: Surroundings;
  readonly #outputs: readonly Output[];
  readonly #stopping = new AbortController();
  #latest: { readonly record: CycleRecord; readonly at: Instant } | undefined;
  #loops: readonly Promise<void>[] | undefined;

  /** `writerAt` gives the unit behind a connection; its link is closed by whoever owns it. */
  constructor(
    surroundings: Surroundings,
    outputs: readonly SiteOutput[],
    writerAt: (connection: ModbusConnection) => CoilWriter,
  ) {
    this.#surroundings = surroundings;
    this.#outputs = outputs.map((output) => ({
      output,
      writer: writerAt(output.connection),
      isOn: undefined,
      writtenAt: Number.NEGATIVE_INFINITY,
      isFailing: false,
    }));
  }

  /** Takes the newest cycle; what it changes is written within a second. */
  show(record: CycleRecord): void {
    this.#latest = { record, at: this.#surroundings.clock.now() };
  }

  async start(signal: AbortSignal): Promise<void> {
    if (this.#loops) throw new Error('outputs: started twice');
    signal.addEventListener('abort', () => this.#stopping.abort(), { once: true });
    if (signal.aborted) this.#stopping.abort();
    this.#loops = this.#outputs.map((output) => this.#run(output));
  }

  /** Ends the writing; coils stay as they are, and `alive` stands still. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.all(this.#loops ?? []);
  }

  async #run(output: Output): Promise<void> {
    const { clock } = this.#surroundings;
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      await this.#write(output);
      await clock.sleep('modbus.output', OUTPUT_EVERY_MS, signal);
    }
  }

  async #write(one: Output): Promise<void> {
    const { clock, log } = this.#surroundings;
    const { output, writer } = one;
    const latest = this.#latest;
    // Without cycles nothing new is known, and an `alive` that stands still is what tells so.
    if (!latest || clock.now() - latest.at > OUTPUT_SILENCE_MS) return;
    const isOn = output.shows === 'alive' ? one.isOn !== true : isShown(output.shows, latest.record);
    if (isOn === one.isOn && clock.now() - one.writtenAt < OUTPUT_REFRESH_MS) return;
    try {
      await writer.writeCoil(output.coil, isOn);
      if (one.isFailing) log.info('output.recovered', { output: output.id });
      Object.assign(one, { isOn, writtenAt: clock.now(), isFailing: false });
    } catch (error) {
      if (this.#stopping.signal.aborted) return;
      const code = error instanceof AppError ? error.code : undefined;
      const detail = error instanceof Error ? error.message : String(error);
      // Told once and tried again each second: no limit hangs on it.
      if (!one.isFailing) log.warn('output.failed', { output: output.id, code, detail });
      Object.assign(one, { isOn: undefined, isFailing: true });
    }
  }
}

/** Whether a coil is on after this cycle. */
function isShown(shows: Exclude<SiteOutput['shows'], 'alive'>, { snapshot }: CycleRecord): boolean {
  const { caps, now } = snapshot;
  switch (shows) {
    case 'limited':
      return capsInForce(caps, now).some(({ id, source }) => source.kind === 'utility' || id.startsWith('contact:'));
    case 'emergency-stop':
      return stopsInForce(caps, now).length > 0;
  }
}
