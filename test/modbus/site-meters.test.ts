// From a site to its meters: the profiles it names are found, and a wrong one is told before anything starts.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { AppError } from '../../src/engine/app-error.ts';
import { seededRandom } from '../../src/simulator/seeded-random.ts';
import { VirtualClock } from '../../src/simulator/virtual-clock.ts';
import { silentLog } from '../../src/system/log.ts';
import { siteMeters } from '../../src/wiring/meters.ts';
import { profileOf } from '../support/meter-vectors.ts';
import { meterAt } from '../support/modbus-world.ts';

const surroundings = { clock: new VirtualClock(), random: seededRandom(1), log: silentLog };

function faultOf(work: () => unknown): AppError {
  try {
    work();
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

test('a site gets a port with every meter in it, none of them read yet', () => {
  const meters = [meterAt(502, { id: 'grid' }), meterAt(502, { id: 'hall', profile: 'sunspec-201-204' })];
  const port = siteMeters({ meters, nominalVolts: 230 })(surroundings);
  expect(port.states()).toEqual({ grid: {}, hall: {} });
});

test('an unknown profile is told with the meter, the name and the known ones', () => {
  const error = faultOf(() => siteMeters({ meters: [meterAt(502, { profile: 'sdm-630' })], nominalVolts: 230 }));
  expect(error.code).toBe('METER_PROFILE');
  expect(error.message).toMatch(/^meter grid: .*"sdm-630", expected one of: abb-eq, .*, wattnode-mb$/);
});

test('every fault of a bad profile is told at its place, and a profile without currents cannot protect', () => {
  const dir = mkdtempSync(join(tmpdir(), 'busbar-profiles-'));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  const good = profileOf('eastron-sdm630');
  const { i_l2: _, ...withoutL2 } = good.points;
  writeFileSync(join(dir, 'bad.json'), JSON.stringify({ ...good, id: 'bad', maxRegisters: 10, gapMs: -1 }));
  writeFileSync(join(dir, 'blind.json'), JSON.stringify({ ...good, id: 'blind', points: withoutL2 }));
  const site = (profile: string) => ({ meters: [meterAt(502, { profile })], nominalVolts: 230 });

  const bad = faultOf(() => siteMeters(site('bad'), dir));
  expect(bad.message).toMatch(/meter grid: .*bad\.json: gapMs: -1, expected/);
  const blind = faultOf(() => siteMeters(site('blind'), dir)(surroundings));
  expect(blind).toMatchObject({ code: 'METER_PROFILE' });
  expect(blind.message).toContain('i_l2');
});
