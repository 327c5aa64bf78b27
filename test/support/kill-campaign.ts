// Kills a real controller with no warning, again and again, while stations transact through it to a strict central system of somebody else's
// making; the delivery checker says whether anything that was acknowledged is missing, out of order, doubled or invented.
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { DeliveryChecker } from '../../src/simulator/checks/delivery.ts';
import { seededRandom } from '../../src/simulator/seeded-random.ts';
import type { Violation } from '../../src/simulator/truth.ts';
import { DatabaseFile } from '../../src/store/database.ts';
import { STATE_MIGRATIONS } from '../../src/store/state-schema.ts';
import { anchorClock, systemClock } from '../../src/system/clock.ts';
import { BusyStation } from './busy-station.ts';
import { freePort } from './controller-process.ts';
import { StrictCsms } from './strict-csms.ts';

const root = resolve(import.meta.dirname, '../..');
/** One kill in four comes while the controller is still starting. */
const PART_WHILE_STARTING = 0.25;
const STARTING_MS = 2_500;
const MOST_ACKNOWLEDGED_BETWEEN = 60;
/** Neither a start nor the last drain may take longer. */
const PATIENCE_MS = 60_000;
const LOOK_MS = 100;

export type KillOptions = {
  readonly kills: number;
  readonly seed: number;
  readonly stations: number;
  readonly onKill?: (kill: number) => void;
};

export type KillResult = {
  readonly kills: number;
  readonly whileStarting: number;
  readonly acknowledged: number;
  readonly arrived: number;
  readonly repeated: number;
  readonly lost: number;
  /** What the delivery checker found. */
  readonly violations: readonly string[];
  /** What the central system found wrong with the frames. */
  readonly schemaFaults: readonly string[];
  /** Rows that were left behind. */
  readonly leftInOutbox: number;
  readonly integrity: string;
};

/** MUST run on a system with process groups: the controller and the parent that watches it die in the same instant. */
export async function runKills({ kills, seed, stations, onKill }: KillOptions): Promise<KillResult> {
  const directory = mkdtempSync(join(tmpdir(), 'busbar-kills-'));
  const csms = await new StrictCsms().start();
  const clock = systemClock(anchorClock());
  const random = seededRandom(seed);
  const checker = new DeliveryChecker();
  const violations: Violation[] = [];
  const note = (found: readonly Violation[]) => void violations.push(...found);
  let acknowledged = 0;
  let onProgress = () => {};
  csms.onCall = (station, action, params, answer) => {
    const transactionId = action === 'StartTransaction' ? { transactionId: answer.transactionId } : {};
    note(checker.taken(station, action, params, clock.now(), { kind: 'result', ...transactionId }));
    onProgress();
  };
  const site = await writeSite(directory, csms.url, stations);
  const busy = site.keys.map(
    ({ id, key }, index) =>
      new BusyStation({
        id,
        key,
        url: site.url,
        clock,
        random: seededRandom(seed + 1 + index),
        checker,
        note,
        onAcknowledged: () => {
          acknowledged += 1;
          onProgress();
        },
      }),
  );
  let running = busy.length;
  for (const station of busy)
    void station.run().then(() => {
      running -= 1;
      onProgress();
    });
  let controller = new Controller(site.file, directory);

  /** Resolves when `isSo`, looked at after each message. */
  const until = (isSo: () => boolean, what: string): Promise<void> =>
    new Promise((done, fail) => {
      const settle = (finish: () => void) => {
        onProgress = () => {};
        cancel();
        finish();
      };
      const cancel = clock.timer('kills.patience', PATIENCE_MS, () =>
        settle(() =>
          fail(new Error(`not within ${PATIENCE_MS} ms: ${what}; the controller's last words:\n${controller.log}`)),
        ),
      );
      onProgress = () => void (isSo() && settle(done));
      onProgress();
    });

  let whileStarting = 0;
  try {
    for (let kill = 1; kill <= kills; kill++) {
      if (random.next('kills.when') < PART_WHILE_STARTING) {
        whileStarting += 1;
        await clock.sleep('kills.starting', random.next('kills.starting') * STARTING_MS);
      } else {
        const enough = acknowledged + 1 + Math.floor(random.next('kills.acknowledged') * MOST_ACKNOWLEDGED_BETWEEN);
        await until(() => acknowledged >= enough, `${enough} acknowledged, ${acknowledged} now`);
        await clock.sleep('kills.moment', random.next('kills.moment') * 30);
      }
      await controller.kill();
      checker.interrupted();
      onKill?.(kill);
      controller = new Controller(site.file, directory);
    }
    for (const station of busy) station.end();
    await until(() => running === 0, `every station has ended its transaction, ${running} have not`);
    const { messagesAcknowledged } = checker.figures();
    const isDrained = () => checker.figures().messagesArrived >= messagesAcknowledged;
    await until(isDrained, `all ${messagesAcknowledged} acknowledged messages have arrived`);
    // The last answers are still to be settled.
    for (let look = 0; look < PATIENCE_MS / LOOK_MS && rowsIn(join(directory, 'state.db')) > 0; look++)
      await clock.sleep('kills.settled', LOOK_MS);
  } finally {
    for (const station of busy) station.close();
    await controller.kill();
    await csms.stop();
  }
  note(checker.onEnd(clock.now()));
  const { messagesArrived, messagesRepeated, messagesLost, messagesAcknowledged } = checker.figures();
  const path = join(directory, 'state.db');
  const left = { integrity: integrityOf(path), leftInOutbox: rowsIn(path) };
  rmSync(directory, { recursive: true, force: true });
  return {
    kills,
    whileStarting,
    acknowledged: messagesAcknowledged,
    arrived: messagesArrived,
    repeated: messagesRepeated,
    lost: messagesLost,
    violations: violations.map(({ text }) => text),
    schemaFaults: csms.faults,
    ...left,
  };
}

/** `busbar run`, in a process group of its own. */
class Controller {
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;
  log = '';

  constructor(siteFile: string, dataDir: string) {
    const args = [join(root, 'src/cli.ts'), 'run', siteFile, '--data', dataDir, '--log-level', 'warn'];
    this.#child = spawn(process.execPath, args, { cwd: root, detached: true, stdio: ['ignore', 'ignore', 'pipe'] });
    this.#child.stderr!.on('data', (chunk) => {
      this.log = (this.log + chunk).slice(-5_000);
    });
    // Only when the pipe is closed too has the last of the group let go of it.
    this.#ended = once(this.#child, 'close');
  }

  async kill(): Promise<void> {
    try {
      process.kill(-this.#child.pid!, 'SIGKILL');
    } catch (error) {
      // It has ended by itself, with the reason in its log.
      if ((error as { code?: string }).code !== 'ESRCH') throw error;
    }
    await this.#ended;
  }
}

async function writeSite(directory: string, csmsUrl: string, count: number) {
  const [stationsPort, httpPort, meterPort] = [await freePort(), await freePort(), await freePort()];
  const keys = Array.from({ length: count }, (_, at) => {
    const id = `CP${at + 1}`;
    return { id, key: createHash('sha1').update(`key of ${id}`).digest() };
  });
  const file = join(directory, 'site.json');
  writeFileSync(
    file,
    JSON.stringify({
      id: 'kills',
      timezone: 'Europe/Berlin',
      circuits: [{ id: 'main', ratingAmps: 100, marginAmps: 1, baseLoad: { worstAmps: 10 }, meter: 'main' }],
      // Nobody answers there: what stations are told of their limits is not what is tried here.
      meters: [{ id: 'main', profile: 'eastron-sdm630', host: '127.0.0.1', port: meterPort, unitId: 1, pollMs: 1_000 }],
      stations: keys.map(({ id, key }) => ({
        id,
        model: 'generic-ac',
        keySha256: createHash('sha256').update(`${id}:`).update(key).digest('hex'),
        evses: [{ circuit: 'main', phases: 'L1 L2 L3', maxAmps: 16, floorAmps: 6 }],
      })),
      upstream: { url: `${csmsUrl}/ocpp` },
      listen: { stations: { port: stationsPort }, http: { port: httpPort } },
    }),
  );
  return { file, keys, url: `ws://127.0.0.1:${stationsPort}/ocpp` };
}

function rowsIn(path: string): number {
  const database = new DatabaseFile({ path, migrations: STATE_MIGRATIONS, readOnly: true });
  const { n } = database.prepare<{ n: number }>('SELECT count(*) AS n FROM outbox').get()!;
  database.close();
  return n;
}

function integrityOf(path: string): string {
  const database = new DatabaseFile({ path, migrations: STATE_MIGRATIONS });
  const answer = database.prepare<{ integrity_check: string }>('SELECT * FROM pragma_integrity_check').get()!;
  database.close();
  return answer.integrity_check;
}
