// One storm from beginning to end: the real controller in a process of its own, a herd in another, a meter between, and what was measured of them.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import BetterSqlite from 'better-sqlite3';
import { onEachPhase } from '../../../src/core/model/units.ts';
import { MeterServer } from '../../../src/simulator/meter-server.ts';
import { seededRandom } from '../../../src/simulator/seeded-random.ts';
import { freePort } from '../controller-process.ts';
import type { HerdConfig, HerdOrder, HerdReport } from './herd.ts';
import { StormController } from './storm-controller.ts';
import { BASE_LOAD_AMPS, type Security, writeStormSite } from './storm-site.ts';

export type StormOptions = {
  readonly stations: number;
  readonly security: Security;
  readonly cycleMs: number;
  readonly addresses: HerdConfig['addresses'];
  readonly isResuming: boolean;
  readonly seed: number;
};

export class Storm {
  readonly controller: StormController;
  readonly #dataDir: string;
  readonly #dir: string;
  readonly #herd: ChildProcess;
  readonly #meter: MeterServer;
  readonly #stationsUrl: string;
  readonly #crowds: ChildProcess[] = [];

  private constructor(parts: {
    dir: string;
    dataDir: string;
    herd: ChildProcess;
    meter: MeterServer;
    controller: StormController;
    stationsUrl: string;
  }) {
    this.#dir = parts.dir;
    this.#dataDir = parts.dataDir;
    this.#herd = parts.herd;
    this.#meter = parts.meter;
    this.#stationsUrl = parts.stationsUrl;
    this.controller = parts.controller;
  }

  /** Resolves when stations can dial in; nobody does yet. */
  static async prepare(options: StormOptions): Promise<Storm> {
    const { stations, security, cycleMs, addresses, isResuming, seed } = options;
    const dir = mkdtempSync(join(tmpdir(), 'busbar-storm-'));
    const dataDir = join(dir, 'data');
    const random = seededRandom(seed);
    let importWh = 0;
    const meter = new MeterServer(
      () => ({ amps: onEachPhase(BASE_LOAD_AMPS + random.next('storm.load')), volts: 230, importWh: importWh++ }),
      random,
    );
    const meterPort = await meter.start(0);
    const ports = { stations: await freePort(), http: await freePort(), meter: meterPort };
    const site = writeStormSite({ dir, stations, security, cycleMs, ports });
    const herd = fork(join(import.meta.dirname, 'herd.ts'), { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    const config: HerdConfig = { ...site, addresses, isResuming, seed };
    herd.send({ config });
    await once(herd, 'message');
    const controller = await StormController.start(site.siteFile, dataDir, join(dir, 'log'));
    return new Storm({ dir, dataDir, herd, meter, controller, stationsUrl: site.stationsUrl });
  }

  /** Gives the herd an order, and resolves when it has carried it out. */
  async order(order: HerdOrder): Promise<HerdReport> {
    this.#herd.send({ order });
    const gone = new AbortController();
    try {
      const [answer] = (await Promise.race([
        once(this.#herd, 'message', { signal: gone.signal }),
        once(this.#herd, 'exit', { signal: gone.signal }).then(() => {
          throw new Error('the herd has ended');
        }),
        this.controller.ended.then(() => {
          throw new Error(`the controller has ended:\n${this.controller.tail()}`);
        }),
      ])) as [{ report: HerdReport }];
      return answer.report;
    } finally {
      gone.abort();
    }
  }

  /** So many silent callers at one address, for as long as the storm is there. */
  async addCrowd(count: number): Promise<void> {
    const port = new URL(this.#stationsUrl).port;
    const crowd = fork(join(import.meta.dirname, 'crowd.ts'), [port, String(count)], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    this.#crowds.push(crowd);
    await once(crowd, 'message');
  }

  /** What the controller has on its disk, read while it runs. */
  transactions(): { readonly open: number; readonly stopped: number } {
    const database = new BetterSqlite(join(this.#dataDir, 'state.db'), { readonly: true });
    try {
      const count = database.prepare('SELECT count(*) AS rows FROM transactions WHERE state = ?');
      const rows = (state: string) => (count.get(state) as { rows: number }).rows;
      return { open: rows('open'), stopped: rows('stopped') };
    } finally {
      database.close();
    }
  }

  async end(): Promise<void> {
    for (const crowd of this.#crowds) crowd.kill();
    this.#herd.kill();
    await this.controller.stop();
    await this.#meter.stop();
    rmSync(this.#dir, { recursive: true, force: true });
  }
}
