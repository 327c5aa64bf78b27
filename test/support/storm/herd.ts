// The herd: all stations of a storm in a process of their own, so that their work and the controller's are told apart. Obeys its parent.
import { createSecureContext } from 'node:tls';
import { seededRandom } from '../../../src/simulator/seeded-random.ts';
import { emptyTally, LightStation, type Tally } from './light-station.ts';
import type { StormSite } from './storm-site.ts';

export type HerdConfig = Pick<StormSite, 'stationsUrl' | 'members' | 'ca' | 'clientKey'> & {
  /** Stations share one address, as behind a router, or have one each. */
  readonly addresses: 'one' | 'many';
  readonly isResuming: boolean;
  readonly seed: number;
};

export type HerdOrder =
  | { readonly do: 'boot' }
  /** So many of a hundred stations begin a transaction, and send MeterValues from then on. */
  | { readonly do: 'start'; readonly percent: number }
  /** All links end at once, and all stations come back at once: `closed` tells the controller, `silent` does not. */
  | { readonly do: 'storm'; readonly links: 'closed' | 'silent' }
  /** So many of a hundred stations answer nothing any more. */
  | { readonly do: 'mute'; readonly percent: number }
  | { readonly do: 'leave' };

export type HerdReport = Tally & {
  readonly stations: number;
  /** Sorted; from the order to the last answer, per station. */
  readonly servedMs: readonly number[];
};

const METER_VALUES_MS = 10_000;
const BOOT = { chargePointVendor: 'Storm', chargePointModel: 'Light', firmwareVersion: '1.0' };

let herd: LightStation[] = [];
let meterTimers: NodeJS.Timeout[] = [];
let energyWh = 0;

const now = () => new Date().toISOString();
const status = (connectorId: number, text: string) => ({
  action: 'StatusNotification',
  payload: { connectorId, errorCode: 'NoError', status: text, timestamp: now() },
});

/** What a station of 1.6 says after a power cut: five CALLs, and the end of its transaction among them. */
function afterPowerCut(station: LightStation) {
  return [
    { action: 'BootNotification', payload: BOOT },
    status(0, 'Available'),
    status(1, station.transactionId === undefined ? 'Available' : 'Finishing'),
    ...(station.transactionId === undefined
      ? []
      : [
          {
            action: 'StopTransaction',
            payload: {
              transactionId: station.transactionId,
              meterStop: 1_000,
              timestamp: now(),
              reason: 'PowerLoss',
            },
          },
        ]),
    status(1, 'Available'),
    { action: 'Heartbeat', payload: {} },
  ];
}

function beginning(station: LightStation) {
  return [
    status(1, 'Preparing'),
    {
      action: 'StartTransaction',
      payload: { connectorId: 1, idTag: `TAG-${station.id}`, meterStart: 0, timestamp: now() },
    },
    status(1, 'Charging'),
  ];
}

function meterValues(station: LightStation) {
  const sampledValue = [
    { value: '6.0', measurand: 'Current.Import', unit: 'A', phase: 'L1' },
    { value: String(++energyWh), measurand: 'Energy.Active.Import.Register', unit: 'Wh' },
  ];
  const { transactionId } = station;
  return [
    {
      action: 'MeterValues',
      payload: { connectorId: 1, transactionId, meterValue: [{ timestamp: now(), sampledValue }] },
    },
  ];
}

/** All stations of `some` at once; resolves when each has said all and was answered. */
async function together(
  some: readonly LightStation[],
  list: (station: LightStation) => { action: string; payload: object }[],
): Promise<HerdReport> {
  for (const station of some) station.tally = emptyTally();
  const begunAt = performance.now();
  const servedMs = await Promise.all(
    some.map(async (station) => {
      await station.sayAll(() => list(station));
      return performance.now() - begunAt;
    }),
  );
  return { ...sum(some.map(({ tally }) => tally)), stations: some.length, servedMs: servedMs.sort((a, b) => a - b) };
}

function sum(tallies: readonly Tally[]): Tally {
  const total = emptyTally();
  const add = (to: Record<string, number>, from: Record<string, number>) => {
    for (const [what, times] of Object.entries(from)) to[what] = (to[what] ?? 0) + times;
  };
  for (const tally of tallies) {
    for (const field of ['dials', 'calls', 'answers', 'asked'] as const) total[field] += tally[field];
    add(total.refusals, tally.refusals);
    add(total.faults, tally.faults);
    for (const ms of tally.answerMs) total.answerMs.push(ms);
  }
  total.answerMs.sort((a, b) => a - b);
  return total;
}

const percentOf = (percent: number) => herd.filter((_, at) => at % 100 < percent);

function settleMeters(some: readonly LightStation[]): void {
  for (const timer of meterTimers) clearInterval(timer);
  meterTimers = some.map((station, at) => {
    let isSaying = false;
    const say = async () => {
      if (isSaying || station.transactionId === undefined) return;
      isSaying = true;
      await station.sayAll(() => (station.transactionId === undefined ? [] : meterValues(station)));
      isSaying = false;
    };
    // Spread over the period, as cars do not arrive together.
    return setTimeout(
      () => {
        meterTimers[at] = setInterval(() => void say(), METER_VALUES_MS);
      },
      (METER_VALUES_MS * at) / some.length,
    );
  });
}

async function obey(order: HerdOrder): Promise<HerdReport | undefined> {
  switch (order.do) {
    case 'boot':
      return together(herd, afterPowerCut);
    case 'start': {
      const some = percentOf(order.percent);
      const report = await together(some, beginning);
      settleMeters(some);
      return report;
    }
    case 'storm': {
      settleMeters([]);
      for (const station of herd) {
        if (order.links === 'closed') station.cut();
        else station.vanish();
      }
      const report = await together(herd, afterPowerCut);
      for (const station of herd) station.forget();
      return report;
    }
    case 'mute':
      for (const station of percentOf(order.percent)) station.isMute = true;
      return undefined;
    case 'leave':
      settleMeters([]);
      for (const station of herd) station.leave();
      return undefined;
  }
}

process.on('message', (message: { readonly config: HerdConfig } | { readonly order: HerdOrder }) => {
  if ('order' in message) {
    void obey(message.order).then((report) => process.send!({ done: message.order.do, report }));
    return;
  }
  const { members, stationsUrl, ca, clientKey, addresses, isResuming, seed } = message.config;
  const random = seededRandom(seed);
  const shared = ca === undefined ? undefined : createSecureContext({ ca });
  herd = members.map(({ id, key, certificate }, at) => {
    const own =
      certificate === undefined ? shared : createSecureContext({ ca: ca!, cert: certificate, key: clientKey! });
    return new LightStation({
      id,
      url: stationsUrl,
      ...(key === undefined ? {} : { key }),
      ...(own === undefined ? {} : { secureContext: own }),
      ...(addresses === 'many' ? { localAddress: `127.1.${at >> 8}.${at & 255}` } : {}),
      isResuming,
      chance: () => random.next('storm.retry'),
    });
  });
  process.send!({ done: 'config' });
});
process.on('disconnect', () => process.exit(0));
