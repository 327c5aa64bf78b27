// What tests of the Modbus room share: a meter of a site, surroundings on the system clock, and registers that look like a living grid.
import type { ModbusMeter } from '../../src/core/model/site-meters.ts';
import type { Surroundings } from '../../src/engine/ports.ts';
import { seededRandom } from '../../src/simulator/seeded-random.ts';
import { anchorClock, systemClock } from '../../src/system/clock.ts';
import { silentLog } from '../../src/system/log.ts';

/** Real time for real sockets; chance from a seed. */
export const realSurroundings = (seed = 1): Surroundings => ({
  clock: systemClock(anchorClock()),
  random: seededRandom(seed),
  log: silentLog,
});

export const tcpAt = (port: number) => ({ transport: 'tcp', host: '127.0.0.1', port }) as const;

export const rtuOverTcpAt = (port: number) => ({ transport: 'rtu-over-tcp', host: '127.0.0.1', port }) as const;

export function meterAt(port: number, parts: Partial<ModbusMeter> & { readonly unitId?: number } = {}): ModbusMeter {
  const { unitId = 1, ...rest } = parts;
  return {
    id: 'grid',
    name: 'Grid connection',
    profile: 'eastron-sdm630',
    from: 'modbus',
    connection: { endpoint: tcpAt(port), unitId },
    pollMs: 20,
    factor: 1,
    plausibleAmps: 400,
    ...rest,
  };
}

/** A big-endian float as two registers. */
export function floatWords(value: number): [number, number] {
  const view = new DataView(new ArrayBuffer(4));
  view.setFloat32(0, value);
  return [view.getUint16(0), view.getUint16(2)];
}

/** The 76 input registers of an SDM630 from 0 on, with these amperes at power factor 1. */
export function sdm630Words(amps: readonly [number, number, number], volts = 230): number[] {
  const words: number[] = new Array(76).fill(0);
  const put = (address: number, value: number) => words.splice(address, 2, ...floatWords(value));
  amps.forEach((amp, phase) => {
    put(2 * phase, volts);
    put(6 + 2 * phase, Math.abs(amp));
    put(12 + 2 * phase, volts * amp);
  });
  put(52, volts * amps.reduce((sum, amp) => sum + amp, 0));
  put(70, 50);
  put(72, 1_000);
  return words;
}
