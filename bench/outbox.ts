// Fills the outbox as a long outage of the operator's link does, weighs it on the disk, and drains it through the real upstream room over loopback.
//
//   npm run bench:outbox            one day, scaled to seven; writes docs/benchmarks.md
//   npm run bench:outbox -- --days 7 --no-write
import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { WebSocketServer } from 'ws';
import type { Surroundings } from '../src/engine/ports.ts';
import { DeliveryChecker } from '../src/simulator/checks/delivery.ts';
import { StateStore, type StateStoreOptions } from '../src/store/state-store.ts';
import { anchorClock, systemClock, systemRandom } from '../src/system/clock.ts';
import { silentLog } from '../src/system/log.ts';
import { Upstream } from '../src/upstream/upstream.ts';
import { dial } from '../test/support/dial.ts';
import { buildSite, evse } from '../test/support/site-builder.ts';
import { writeBetween } from './measure.ts';

const { values: options } = parseArgs({
  options: {
    days: { type: 'string', default: '1' },
    stations: { type: 'string', default: '200' },
    write: { type: 'boolean', default: true },
  },
  allowNegative: true,
});
const [days, stationCount] = [Number(options.days), Number(options.stations)];
if (!(days > 0 && days <= 7)) throw new Error(`--days is "${options.days}"; expected more than 0 and at most 7`);
if (!Number.isInteger(stationCount) || stationCount < 1 || stationCount > 2_000)
  throw new Error(`--stations is "${options.stations}"; expected a whole number from 1 to 2000`);

/** Each station charges two cars a day for four hours each and says every minute what it measures. */
const SESSIONS_PER_DAY = 2;
const SAMPLES_PER_SESSION = 240;
const MOST_BYTES = 2e9;
const LEAST_PER_SECOND = 500;
/** The file's bound in the third part; the product's is 432,000. */
const SMALL_FILE_PAGES = 4_000;

const surroundings: Surroundings = { clock: systemClock(anchorClock()), random: systemRandom, log: silentLog };
const stations = Array.from({ length: stationCount }, (_, at) => `CP${String(at + 1).padStart(4, '0')}`);
const site = buildSite({ evses: stations.map((station) => evse({ station })) });
const checker = new DeliveryChecker();
let violations = 0;

type Waiting = {
  readonly store: StateStore;
  readonly upstream: Upstream;
  readonly path: string;
  readonly close: () => void;
};

function openUpstream(url: string, rest: Partial<StateStoreOptions> = {}): Waiting {
  const directory = mkdtempSync(join(tmpdir(), 'busbar-bench-'));
  const path = join(directory, 'state.db');
  const store = new StateStore({ path, ...rest }, surroundings);
  const stationCalls = {
    isConnected: () => true,
    call: async () => ({ kind: 'unsent', why: 'the bench has no stations' }) as const,
  };
  const upstream = new Upstream(surroundings, site, { url }, { store, stations: () => stationCalls, dial });
  const close = () => {
    store.stop();
    rmSync(directory, { recursive: true });
  };
  return { store, upstream, path, close };
}

const stampOf = (second: number) => new Date(Date.UTC(2026, 2, 2) + second * 1_000).toISOString();

/** As large as a three-phase station writes it: about 1,000 bytes. */
function sampleOf(transactionId: number, second: number) {
  const each = (measurand: string, unit: string, value: number) =>
    ['L1', 'L2', 'L3'].map((phase) => ({
      value: value.toFixed(2),
      context: 'Sample.Periodic',
      measurand,
      phase,
      unit,
    }));
  const energy = {
    value: String(second * 3),
    context: 'Sample.Periodic',
    measurand: 'Energy.Active.Import.Register',
    unit: 'Wh',
  };
  const sampledValue = [
    energy,
    ...each('Current.Import', 'A', 15.9),
    ...each('Voltage', 'V', 231.2),
    ...each('Power.Active.Import', 'W', 3_680),
  ];
  return {
    connectorId: 1,
    transactionId,
    meterValue: [{ timestamp: stampOf(second), sampledValue: sampledValue.slice(0, 9) }],
  };
}

let messages = 0;

/** One station's outage, each message said when the one before was answered, as stations do. */
async function charge(
  { store, upstream }: Waiting,
  station: string,
  sessions: number,
  isChecked: boolean,
): Promise<void> {
  const say = async (action: string, payload: Record<string, unknown>, localId: number) => {
    messages += 1;
    const rawPayload = JSON.stringify(payload);
    await upstream.deliver(station, { messageId: crypto.randomUUID(), action, payload, rawPayload }, localId, 0);
    if (!isChecked) return;
    checker.sent(station, action, payload, 0);
    checker.acknowledged(station, action, payload, 0, action === 'StartTransaction' ? localId : undefined);
  };
  for (let session = 0; session < sessions; session++) {
    const second = session * 43_200;
    const begin = { connectorId: 1, idTag: 'CARD', meterStart: second, timestamp: stampOf(second) };
    const { record } = await store.startTransaction({
      station,
      connector: 1,
      startedAtWall: Date.parse(begin.timestamp),
      meterStartWh: begin.meterStart,
      idTokenHash: 'x'.repeat(64),
      startKey: `${station}/${session}`,
    });
    await say('StartTransaction', begin, record.localId);
    for (let sample = 1; sample <= SAMPLES_PER_SESSION; sample++)
      await say('MeterValues', sampleOf(record.localId, second + sample * 60), record.localId);
    const end = {
      transactionId: record.localId,
      idTag: 'CARD',
      meterStop: second + 30_000,
      timestamp: stampOf(second + 14_460),
      reason: 'EVDisconnected',
    };
    await say('StopTransaction', end, record.localId);
  }
}

/** An operator who answers everything at once. */
async function startCsms() {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, handleProtocols: () => 'ocpp1.6' });
  await once(server, 'listening');
  let transactionId = 500_000;
  let taken = 0;
  server.on('connection', (socket, request) => {
    const station = decodeURIComponent(request.url!.split('/').at(-1)!);
    socket.on('message', (data) => {
      const [, id, action, payload] = JSON.parse(String(data)) as [number, string, string, Record<string, unknown>];
      const isStart = action === 'StartTransaction';
      if (isStart) transactionId += 1;
      if (isStart || action === 'StopTransaction' || action === 'MeterValues') taken += 1;
      violations += checker.taken(station, action, payload, 0, {
        kind: 'result',
        ...(isStart && { transactionId }),
      }).length;
      const answer = isStart ? { transactionId, idTagInfo: { status: 'Accepted' } } : {};
      socket.send(JSON.stringify([3, id, answer]));
    });
  });
  return { url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}/ocpp`, taken: () => taken, server };
}

const megabytes = (bytes: number) => (bytes / 1e6).toFixed(0);
const fileBytes = (path: string) => statSync(path).size + statSync(`${path}-wal`).size;
const say = (text: string) => process.stderr.write(`bench: ${text}\n`);

const csms = await startCsms();
const waiting = openUpstream(csms.url);
await waiting.upstream.start(new AbortController().signal);
say(`${stationCount} stations, ${days} days without upstream …`);
let begunAt = performance.now();
await Promise.all(
  stations.map((station) => charge(waiting, station, Math.max(1, Math.round(days * SESSIONS_PER_DAY)), true)),
);
const filledSeconds = (performance.now() - begunAt) / 1_000;
const filled = messages;
const bytes = fileBytes(waiting.path);

say(`${filled} messages wait, upstream is back …`);
begunAt = performance.now();
for (const station of stations) waiting.upstream.stationConnected(station);
while (csms.taken() < filled) {
  await surroundings.clock.sleep('bench.look', 100);
  if (performance.now() - begunAt > 30 * 60_000)
    throw new Error(`only ${csms.taken()} of ${filled} arrived within 30 min`);
}
const drainedSeconds = (performance.now() - begunAt) / 1_000;
await waiting.upstream.stop();
violations += checker.onEnd(0).length;
const { messagesLost, messagesRepeated } = checker.figures();
waiting.close();

say(`a file bounded at ${SMALL_FILE_PAGES} pages …`);
const bounded = openUpstream(csms.url, {
  groupCommitMs: 2,
  outboxBounds: { thinFromPages: SMALL_FILE_PAGES },
});
await bounded.upstream.start(new AbortController().signal);
messages = 0;
const few = stations.slice(0, 20);
await Promise.all(few.map((station) => charge(bounded, station, 14, false)));
let thinned = 0;
let ends = 0;
for (const station of few) {
  thinned += await bounded.store.thinnedRows(station);
  // Begins and ends are few: what is left after thinning fits into one page of reading, oldest first.
  ends += (await bounded.store.outbox(station, 1_000)).filter((row) => row.action !== 'MeterValues').length;
}
const boundedBytes = fileBytes(bounded.path);
await bounded.upstream.stop();
bounded.close();
csms.server.close();
for (const socket of csms.server.clients) socket.terminate();

const scaled = days === 7 ? 'measured' : `scaled from ${days} days`;
const report = [
  `Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model ?? 'unknown processor'}, ${stationCount} stations with ${SESSIONS_PER_DAY} transactions of ${SAMPLES_PER_SESSION} samples of about 1,000 bytes a day; store, upstream room and central system in one process.`,
  '',
  '| | measured | to reach |',
  '|---|---:|---:|',
  `| messages that wait after ${days} days | ${filled} | — |`,
  `| taken and durable, messages/s | ${(filled / filledSeconds).toFixed(0)} | — |`,
  `| state file and its log, MB | ${megabytes(bytes)} | — |`,
  `| the same after seven days (${scaled}), MB | ${megabytes((bytes * 7) / days)} | ${megabytes(MOST_BYTES)} |`,
  `| drained, messages/s | ${(filled / drainedSeconds).toFixed(0)} | ${LEAST_PER_SECOND} |`,
  `| lost / out of order, doubled or invented | ${messagesLost} / ${violations} | 0 / 0 |`,
  `| repeated | ${messagesRepeated} | — |`,
  '',
  `At the bound, tried with a file of ${SMALL_FILE_PAGES} pages (${megabytes(SMALL_FILE_PAGES * 4_096)} MB) instead of the product's 432,000, 20 stations and seven days: of ${messages} messages ${thinned} samples were thinned, ${ends} of ${few.length * 14 * 2} starts and stops were kept, and the file with its log ended at ${megabytes(boundedBytes)} MB.`,
].join('\n');
console.log(report);
if (options.write) writeBetween('outbox', report);
process.exitCode =
  violations > 0 || filled / drainedSeconds < LEAST_PER_SECOND || (bytes * 7) / days > MOST_BYTES ? 1 : 0;
