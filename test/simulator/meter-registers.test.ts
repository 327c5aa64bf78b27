// The simulated meter against the real reader: whatever a profile says, what is written into its registers is what comes out of them.
import { readdirSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { loadMeterProfile } from '../../src/config/meter-profile.ts';
import { coveredPhases, type MeterWiring, unfitness } from '../../src/core/model/meter-wiring.ts';
import { PHASES } from '../../src/core/model/units.ts';
import { decodePoints } from '../../src/modbus/decode.ts';
import { locate, readBlock } from '../../src/modbus/profile-read.ts';
import type { RegisterReader } from '../../src/modbus/register-reader.ts';
import { toSample } from '../../src/modbus/sample.ts';
import { registersOf } from '../../src/simulator/meter-registers.ts';
import { meterProfilesDir } from '../../src/wiring/meters.ts';

const ids = readdirSync(meterProfilesDir()).map((name) => name.replace(/\.json$/, ''));
const amps = fc.double({ min: -300, max: 300, noNaN: true });

describe.each(ids)('%s', (id) => {
  const loaded = loadMeterProfile(id, meterProfilesDir());
  if (loaded.kind !== 'profile') throw new Error(`profile ${id} cannot be read`);
  const { profile } = loaded;

  test.each([1, 40, -1])(
    'currents, volts, powers and energy come out as they went in, at a ratio of %d',
    async (ratio) => {
      await fc.assert(
        fc.asyncProperty(amps, amps, amps, async (L1, L2, L3) => {
          const connection = {
            amps: { L1, L2, L3 },
            volts: { L1: 229.1, L2: 231.4, L3: 230 },
            hertz: 50.01,
            importWh: 1_234_500,
          };
          const wiring: MeterWiring = profile.phases === 1 ? { factor: ratio, phases: ['L2'] } : { factor: ratio };
          const words = registersOf(profile, wiring, connection);
          const reader: RegisterReader = {
            read: async (_code, address, count) =>
              Array.from({ length: count }, (_, at) => words.get(address + at) ?? 0),
          };
          const { base } = await locate(reader, profile);
          const ranges = [...profile.read.fast, ...profile.read.slow];
          const blocks = await Promise.all(ranges.map((range) => readBlock(reader, profile, base, range)));
          const values = decodePoints(profile, blocks);
          const result = toSample(values, profile, wiring, 230);
          if (result.kind !== 'sample') {
            // A meter of totals: one power, to the watt.
            const total = PHASES.reduce(
              (sum, phase) => sum + 0.99 * connection.amps[phase] * connection.volts[phase],
              0,
            );
            expect(unfitness(profile)).toBeDefined();
            expect(values.p_total as number).toBeCloseTo(total / ratio, -0.5);
            return;
          }
          const { currentAmps, volts, powerWatts, energyImportWh } = result.sample;
          // A register holds hundredths or tenths of what the transformers leave of a current.
          const stepAmps = 0.06 * Math.abs(ratio);
          for (const phase of coveredPhases(wiring)) {
            const isClear = Math.abs(connection.amps[phase]) > 2 * stepAmps;
            const seen =
              profile.points.p_l1 || profile.points.p_l1_pos || profile.currentSign === 'signed'
                ? currentAmps[phase]
                : Math.abs(currentAmps[phase]);
            if (isClear) expect(Math.abs(seen - connection.amps[phase])).toBeLessThanOrEqual(stepAmps);
            if (volts) expect(volts[phase]).toBeCloseTo(connection.volts[phase], 0);
            if (powerWatts && isClear) expect(Math.sign(powerWatts[phase])).toBe(Math.sign(connection.amps[phase]));
          }
          if (energyImportWh !== undefined)
            expect(Math.abs(energyImportWh - 1_234_500)).toBeLessThanOrEqual(1_000 * Math.abs(ratio));
        }),
        { numRuns: 50 },
      );
    },
  );
});
