// Coils on the virtual clock: what is written after which cycle, how often, and that a module in trouble is only told of and tried again.
import { describe, expect, test } from 'vitest';
import { emergencyStop } from '../../src/core/limits/emergency-stop.ts';
import type { Cap } from '../../src/core/model/limit.ts';
import type { SiteOutput } from '../../src/core/model/site.ts';
import { AppError } from '../../src/engine/app-error.ts';
import { Outputs } from '../../src/modbus/outputs.ts';
import { VirtualClock } from '../../src/simulator/virtual-clock.ts';
import { silentLog } from '../../src/system/log.ts';
import { cycleRecord } from '../support/cycle-record.ts';
import { buildSite } from '../support/site-builder.ts';

const site = buildSite();
const utility: Cap = {
  id: 'event',
  source: { kind: 'utility' },
  scope: { kind: 'circuit', circuit: 'main' },
  limitWatts: 1,
};
const office: Cap = { ...utility, id: 'contact:key', source: { kind: 'facility-manager', id: 'contact Key' } };
const person: Cap = { ...utility, id: 'manager:main', source: { kind: 'facility-manager', id: 'anna' } };

/** One coil, a controller that finishes a cycle each second, and what was written when. */
async function room(shows: SiteOutput['shows']) {
  const clock = new VirtualClock(0);
  const written: [number, boolean][] = [];
  const told: string[] = [];
  let caps: readonly Cap[] = [];
  let isCycling = true;
  let isBroken = false;
  const output = {
    id: shows,
    name: shows,
    connection: { endpoint: { transport: 'tcp', host: 'x', port: 502 }, unitId: 1 },
    coil: 4,
    shows,
  } as const;
  const log = {
    ...silentLog,
    warn: (event: string) => void told.push(event),
    info: (event: string) => void told.push(event),
  };
  const outputs = new Outputs({ clock, random: { next: () => 0.5, uuid: () => 'id' }, log }, [output], () => ({
    writeCoil: async (address, isOn) => {
      expect(address).toBe(4);
      if (isBroken) throw new AppError('METER_TIMEOUT', 'no whole answer within 300 ms');
      written.push([clock.now(), isOn]);
    },
  }));
  const stop = new AbortController();
  const cycle = () => {
    if (isCycling) outputs.show(cycleRecord(site, { snapshot: { now: clock.now(), caps } }));
    if (!stop.signal.aborted) clock.timer('test.cycle', 1_000, cycle);
  };
  await outputs.start(stop.signal);
  clock.timer('test.cycle', 500, cycle);
  return {
    clock,
    written,
    told,
    setCaps: (...given: Cap[]) => {
      caps = given;
    },
    cycles: (is: boolean) => {
      isCycling = is;
    },
    breaks: (is: boolean) => {
      isBroken = is;
    },
    end: async () => {
      stop.abort();
      const stopped = outputs.stop();
      await clock.advance(2_000);
      await stopped;
    },
  };
}

describe('a coil', () => {
  test('that shows life changes sides each second, from the first cycle on, and stands still 5 s after the last', async () => {
    const { clock, written, cycles, end } = await room('alive');
    await clock.advance(4_000);
    expect(written).toEqual([
      [1_000, true],
      [2_000, false],
      [3_000, true],
      [4_000, false],
    ]);
    // The last cycle was at 3500.
    cycles(false);
    await clock.advance(20_000);
    expect(written.at(-1)).toEqual([8_000, false]);
    cycles(true);
    await clock.advance(2_000);
    expect(written.slice(-2)).toEqual([
      [25_000, true],
      [26_000, false],
    ]);
    await end();
  });

  test.each([
    ['a limit of the utility', utility, true],
    ['a limit of a contact', office, true],
    ['a limit of a person', person, false],
    ['a limit that begins later', { ...utility, from: 60_000_000 }, false],
    ['a limit that is over', { ...utility, until: 0 }, false],
  ] as const)('that shows limits, under %s', async (_, cap, isOn) => {
    const { clock, written, setCaps, end } = await room('limited');
    setCaps(cap);
    await clock.advance(1_500);
    expect(written).toEqual([[1_000, isOn]]);
    await end();
  });

  test('is written when what it shows changes, and otherwise again each 10 s', async () => {
    const { clock, written, setCaps, end } = await room('emergency-stop');
    await clock.advance(12_400);
    setCaps(emergencyStop('Ben', 0));
    await clock.advance(3_000);
    expect(written).toEqual([
      [1_000, false],
      [11_000, false],
      [13_000, true],
    ]);
    await end();
  });

  test('that cannot be written is told once and tried each second until it is', async () => {
    const { clock, written, told, breaks, end } = await room('emergency-stop');
    breaks(true);
    await clock.advance(30_500);
    expect([written, told]).toEqual([[], ['output.failed']]);
    breaks(false);
    await clock.advance(1_000);
    expect(written).toEqual([[31_000, false]]);
    expect(told).toEqual(['output.failed', 'output.recovered']);
    await end();
  });
});
