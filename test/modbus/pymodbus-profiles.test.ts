// Every profile against a Modbus server of another maker (pymodbus), through the real client over real sockets: TCP, RTU over TCP and UDP.
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { unfitness } from '../../src/core/model/meter-wiring.ts';
import type { ModbusEndpoint } from '../../src/core/model/site-meters.ts';
import { PHASES } from '../../src/core/model/units.ts';
import { readOnce } from '../../src/modbus/read-once.ts';
import { ModbusLink } from '../../src/modbus/register-reader.ts';
import { type Child, startChild } from '../support/children.ts';
import { blocksOf, profileIds, profileOf, toWords, type Vector, vectorsOf } from '../support/meter-vectors.ts';
import { realSurroundings } from '../support/modbus-world.ts';

const PYTHON = '/usr/bin/python3';
const SERVER = resolve(import.meta.dirname, '../support/pymodbus_meters.py');
/** Of the group of inputs that the vectors have. */
const GROUP = 3;
/** What it takes is no matter here: the machine may be busy. */
const PATIENT = { deadlineMs: 10_000, connectTimeoutMs: 10_000 };

type Meter = { readonly id: string; readonly unit: number; readonly vector: Vector };

/** Three cases of each profile, each a unit of its own. */
const meters: readonly Meter[] = profileIds.flatMap((id, at) =>
  vectorsOf(id)
    .slice(0, 3)
    .map((vector, number) => ({ id, unit: 1 + 3 * at + number, vector })),
);

function registersOf({ id, vector }: Meter): { readonly [address: number]: number } {
  const blocks = vector.memory
    ? [{ start: vector.memory.start, words: toWords(vector.memory.words) }]
    : blocksOf(profileOf(id), vector).map(({ start, words }) => ({ start: (vector.base ?? 0) + start, words }));
  return Object.fromEntries(blocks.flatMap(({ start, words }) => words.map((word, at) => [start + at, word])));
}

let child: Child | undefined;
let ports: { readonly tcp: number; readonly rtuOverTcp: number; readonly udp: number } | undefined;
let missing = '';
const folder = mkdtempSync(join(tmpdir(), 'busbar-pymodbus-'));

beforeAll(async () => {
  const file = join(folder, 'meters.json');
  const served = meters.map((meter) => ({
    unit: meter.unit,
    functionCode: profileOf(meter.id).functionCode,
    registers: registersOf(meter),
  }));
  writeFileSync(file, JSON.stringify(served));
  if (!existsSync(PYTHON)) missing = `there is no ${PYTHON}`;
  else
    child = await startChild(PYTHON, [SERVER, file]).catch((error: Error) => {
      // Without the Python packages there is no second opinion to be had on this machine.
      if (!/ModuleNotFoundError/.test(error.message)) throw error;
      missing = `${PYTHON} has no pymodbus`;
      return undefined;
    });
  if (child) ports = JSON.parse(child.firstLine);
  else console.warn(`skipped: ${missing}`);
}, 60_000);

afterAll(async () => {
  await child?.stop();
  rmSync(folder, { recursive: true, force: true });
});

describe.for([
  ['tcp', 'tcp', profileIds],
  ['rtu-over-tcp', 'rtuOverTcp', profileIds],
  ['udp', 'udp', profileIds.filter((id) => profileOf(id).transports.includes('udp'))],
] as const)('over %s', ([transport, port, ids]) => {
  // Side by side, because most of the time is the silence that the profiles ask for.
  test.concurrent.for(ids)('%s gives what the server holds', { timeout: 60_000 }, async (id, { skip }) => {
    if (!ports) return skip(missing);
    const profile = profileOf(id);
    const surroundings = realSurroundings();
    const endpoint: ModbusEndpoint = { transport, host: '127.0.0.1', port: ports[port] };
    const link = new ModbusLink(surroundings, endpoint, PATIENT);
    const place = { factor: 1, plausibleAmps: 100, mayExport: true, nominalVolts: 230, group: GROUP } as const;
    try {
      for (const { unit, vector } of meters.filter((meter) => meter.id === id)) {
        const shot = await readOnce(surroundings, link.unit(unit, profile.gapMs), profile, place);
        expect(Object.keys(shot.values).sort()).toEqual(Object.keys(vector.values).sort());
        for (const [name, expected] of Object.entries(vector.values))
          expect(shot.values[name as keyof typeof shot.values], `${vector.name}: ${name}`).toBeCloseTo(
            expected as number,
            6,
          );
        if (!vector.currentAmps) {
          expect(unfitness(profile)).toMatch(/no point i_l1/);
          continue;
        }
        const amps = PHASES.slice(0, profile.phases).map((phase) => shot.sample!.currentAmps[phase]);
        for (const [at, expected] of vector.currentAmps.entries()) expect(amps[at]).toBeCloseTo(expected, 6);
        expect(shot.doubt, vector.name).toBeUndefined();
      }
    } finally {
      await link.close();
    }
  });

  test('a register beside the blocks is refused by the server: nothing more than the profile names was read', async ({
    skip,
  }) => {
    if (!ports) return skip(missing);
    const link = new ModbusLink(realSurroundings(), { transport, host: '127.0.0.1', port: ports[port] }, PATIENT);
    const unit = meters.find(({ id }) => id === 'siemens-pac')!.unit;
    try {
      await expect(link.unit(unit, 0).read(3, 1, 31)).rejects.toMatchObject({ code: 'METER_EXCEPTION' });
      await expect(link.unit(unit, 0).read(4, 1, 30)).rejects.toMatchObject({ code: 'METER_EXCEPTION' });
    } finally {
      await link.close();
    }
  });
});
