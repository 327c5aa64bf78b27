// The meters and contacts of a simulated site at the end of a Modbus line: the real polling, decoding and judging read them, and nothing of the world but
// the line is replaced.

import type { MeterProfile } from '../../core/model/meter-profile.ts';
import { describeEndpoint } from '../../core/model/modbus-endpoint.ts';
import type { SiteInput } from '../../core/model/site.ts';
import type { ModbusEndpoint, ModbusMeter } from '../../core/model/site-meters.ts';
import { mapPhases, PHASES, type PhaseAmps } from '../../core/model/units.ts';
import { AppError } from '../../engine/app-error.ts';
import type { Clock, Random } from '../../engine/ports.ts';
import type { CoilWrite, ModbusRequest } from '../../modbus/reply-frame.ts';
import type { OpenSession, RegisterSession } from '../../modbus/session.ts';
import { type Connection, registersOf } from '../../simulator/meter-registers.ts';
import type { MeterFault } from '../../simulator/script.ts';

/** A sound meter answers within this. */
const ANSWER_MS = { least: 5, most: 40 };
/** Volts and hertz wander by this part, so that no two readings are the same, as on a living grid. */
const RIPPLE = 0.0004;

export type MeterSource = () => { readonly amps: PhaseAmps; readonly importWh: number };

type Device = {
  readonly meter: ModbusMeter;
  readonly profile: MeterProfile;
  readonly read: MeterSource;
  fault: MeterFault | undefined;
  /** The registers at the moment at which it got stuck. */
  held: ReadonlyMap<number, number> | undefined;
  /** Its values at the moment at which the fault began. */
  heldValues: Connection | undefined;
  /** Reads are of one instant: several blocks of one poll see the same connection. */
  last: { readonly at: number; readonly words: ReadonlyMap<number, number> } | undefined;
};

export class MeterLine {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #nominalVolts: number;
  readonly #devices = new Map<string, Device>();
  readonly #modules = new Map<string, { readonly place: string; readonly closed: Set<string> }>();

  /** `clock` is the world's: a meter lives on while the controller is dead. */
  constructor(clock: Clock, random: Random, nominalVolts: number) {
    this.#clock = clock;
    this.#random = random;
    this.#nominalVolts = nominalVolts;
  }

  add(meter: ModbusMeter, profile: MeterProfile, read: MeterSource): void {
    const { endpoint, unitId } = meter.connection;
    const device = { meter, profile, read, fault: undefined, held: undefined, heldValues: undefined, last: undefined };
    this.#devices.set(deviceKey(endpoint, unitId), device);
  }

  /** Contacts that are sound and released for as long as the world lasts. */
  addInput(input: SiteInput): void {
    const { endpoint, unitId } = input.connection;
    const key = deviceKey(endpoint, unitId);
    const module = this.#modules.get(key) ?? { place: describeEndpoint(endpoint), closed: new Set<string>() };
    const { kind, address } = input.contact;
    if (input.activeWhen === 'open') module.closed.add(`${kind === 'coil' ? 1 : 2} ${address}`);
    this.#modules.set(key, module);
  }

  /** From now on the meter errs so; undefined: it is sound again. */
  setFault(id: string, fault: MeterFault | undefined): void {
    for (const device of this.#devices.values()) {
      if (device.meter.id !== id) continue;
      device.held = fault === 'stuck' ? this.#registers(device) : undefined;
      device.heldValues = fault === 'stuck-phase' || fault === 'wrap' ? this.#values(device) : undefined;
      device.fault = fault;
      device.last = undefined;
    }
  }

  /** The way in for one controller, with the controller's own clock: a dead one waits for ever. */
  readonly open: OpenSession = (clock, endpoint, timeoutMs) => {
    const place = describeEndpoint(endpoint);
    const isReachable =
      [...this.#modules.values()].some((module) => module.place === place) ||
      [...this.#devices.values()].some(
        ({ meter: { connection }, fault }) => describeEndpoint(connection.endpoint) === place && fault !== 'dead',
      );
    const { promise, resolve, reject } = Promise.withResolvers<RegisterSession>();
    if (isReachable) clock.timer('simulator.modbus', 1, () => resolve(new LineSession(this, clock, endpoint)));
    else {
      const give = () => reject(new AppError('METER_CONNECT', `no connection within ${timeoutMs} ms`, { ...endpoint }));
      clock.timer('simulator.modbus', timeoutMs, give);
    }
    return promise;
  };

  /** The answer to one request and how long it takes; absent: there is none. */
  answer(
    endpoint: ModbusEndpoint,
    request: ModbusRequest,
  ): { readonly words: readonly number[]; readonly afterMs: number } | undefined {
    // Nothing on this line is written to.
    if (request.functionCode === 5) return undefined;
    if (request.functionCode < 3) return this.#bits(endpoint, request);
    const device = this.#devices.get(deviceKey(endpoint, request.unitId));
    if (!device || device.fault === 'dead' || device.fault === 'late') return undefined;
    const words = device.held ?? this.#registers(device);
    const { least, most } = ANSWER_MS;
    return {
      words: Array.from({ length: request.count }, (_, at) => words.get(request.address + at) ?? 0),
      afterMs: least + Math.floor((most - least) * this.#random.next('modbus.answer')),
    };
  }

  #bits(endpoint: ModbusEndpoint, { functionCode, unitId, address, count }: Exclude<ModbusRequest, CoilWrite>) {
    const module = this.#modules.get(deviceKey(endpoint, unitId));
    if (!module) return undefined;
    const words = Array.from({ length: count }, (_, at) =>
      Number(module.closed.has(`${functionCode} ${address + at}`)),
    );
    return { words, afterMs: ANSWER_MS.least };
  }

  #values({ read }: Device): Connection {
    const { amps, importWh } = read();
    const ripple = () => 1 + (this.#random.next('modbus.ripple') - 0.5) * RIPPLE;
    return { amps, volts: mapPhases(() => this.#nominalVolts * ripple()), hertz: 50 * ripple(), importWh };
  }

  #registers(device: Device): ReadonlyMap<number, number> {
    const at = this.#clock.now();
    if (device.last?.at === at) return device.last.words;
    const { fault, heldValues } = device;
    const values = this.#values(device);
    const words = registersOf(device.profile, device.meter, fault ? spoilt(fault, values, heldValues) : values);
    if (fault === 'spike' || fault === 'dip') device.fault = undefined;
    device.last = { at, words };
    return words;
  }
}

const WRAPPED_WH = 40;
const JUMP_WH = 10_000_000;

/** What the registers show of the truth while the meter errs so. `before`: at the moment at which it began to. */
function spoilt(fault: MeterFault, values: Connection, before: Connection | undefined): Connection {
  const { amps, volts, importWh } = values;
  const times = (by: number): Connection => ({ ...values, amps: mapPhases((phase) => amps[phase] * by) });
  switch (fault) {
    case 'times-ten':
    case 'spike':
      return times(10);
    case 'tenth':
      return times(0.1);
    case 'flipped':
      return times(-1);
    case 'dip':
      return times(0);
    case 'flipped-phase':
      return { ...values, amps: { ...amps, L2: -amps.L2 } };
    case 'swapped':
      return { ...values, amps: { ...amps, L1: amps.L2, L2: amps.L1 } };
    case 'stuck-phase':
      return before
        ? { ...values, amps: { ...amps, L2: before.amps.L2 }, volts: { ...volts, L2: before.volts.L2 } }
        : values;
    case 'wrap':
      return { ...values, importWh: WRAPPED_WH + Math.max(0, importWh - (before?.importWh ?? 0)) };
    case 'jump':
      return { ...values, importWh: importWh + JUMP_WH };
    case 'stuck':
    case 'late':
    case 'dead':
      return values;
  }
}

const deviceKey = (endpoint: ModbusEndpoint, unitId: number) => `${describeEndpoint(endpoint)}, unit ${unitId}`;

/** One connection to the line; dead for good after a deadline that passed, as the real one is. */
class LineSession implements RegisterSession {
  readonly #line: MeterLine;
  readonly #clock: Clock;
  readonly #endpoint: ModbusEndpoint;
  #isOpen = true;

  constructor(line: MeterLine, clock: Clock, endpoint: ModbusEndpoint) {
    this.#line = line;
    this.#clock = clock;
    this.#endpoint = endpoint;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  request(request: ModbusRequest, deadlineMs: number): Promise<readonly number[]> {
    const { promise, resolve, reject } = Promise.withResolvers<readonly number[]>();
    const answer = this.#line.answer(this.#endpoint, request);
    if (answer && answer.afterMs <= deadlineMs) {
      this.#clock.timer('simulator.modbus', answer.afterMs, () => resolve(answer.words));
    } else {
      this.#clock.timer('simulator.modbus', deadlineMs, () => {
        this.#isOpen = false;
        reject(
          new AppError('METER_TIMEOUT', `no whole answer within ${deadlineMs} ms`, { ...this.#endpoint, ...request }),
        );
      });
    }
    return promise;
  }

  destroy(): void {
    this.#isOpen = false;
  }
}

/** The connection's apparent import by its truth, for meters that count energy. */
export function importedWh(amps: PhaseAmps, volts: number, elapsedMs: number): number {
  return (PHASES.reduce((sum, phase) => sum + Math.max(0, amps[phase]), 0) * volts * elapsedMs) / 3_600_000;
}
