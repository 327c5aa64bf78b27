// A meter and a Modbus bus as the site file has them, field by field, and what becomes of them.

import * as z from 'zod';
import type { ModbusConnection, ModbusMeter, SiteBus } from '../core/model/site-meters.ts';
import { assembleMeterPlace, judgedFields, meterFields } from './meter-place-form.ts';
import {
  above0,
  host,
  milliseconds,
  name,
  pattern,
  phaseList,
  plainId,
  port,
  strict,
  wholeWithin,
  within,
} from './shape.ts';

const MODBUS_PORT = 502;

const framing = z.enum(['tcp', 'rtu-over-tcp', 'udp'], { error: '"tcp", "rtu-over-tcp" or "udp"' });
const baud = wholeWithin(300, 921_600, 'a baud rate from 300 to 921600, such as 9600');
const unitId = wholeWithin(0, 255, 'a Modbus unit id from 0 to 255').default(1);

export const busForm = strict(
  {
    id: plainId,
    name,
    serial: pattern(/^\/[A-Za-z0-9_./:-]{1,199}$/, 'the path of a serial device, such as "/dev/ttyUSB0"').optional(),
    parity: z.enum(['none', 'even', 'odd'], { error: '"none", "even" or "odd"' }).optional(),
    stopBits: z.union([z.literal(1), z.literal(2)], { error: '1 or 2' }).optional(),
    host: host.optional(),
    port: port.optional(),
    framing: framing.optional(),
    baud: baud.optional(),
  },
  'a bus: "serial" with baud, or "host" of a gateway with port and framing',
).superRefine((form, context) => {
  const add = (path: string, message: string) => context.addIssue({ code: 'custom', path: [path], message });
  if ((form.serial === undefined) === (form.host === undefined)) {
    add('serial', 'either "serial", a device of this machine, or "host", a gateway; not both, not neither');
    return;
  }
  if (form.serial !== undefined) {
    if (form.baud === undefined)
      add('baud', 'the baud rate of the line, such as 9600: all devices on it have the same');
    for (const field of ['port', 'framing'] as const)
      if (form[field] !== undefined) add(field, `no ${field} for a serial line`);
  } else {
    for (const field of ['parity', 'stopBits'] as const)
      if (form[field] !== undefined) add(field, `no ${field} here: it is set in the gateway`);
  }
});

/** The fields of a Modbus device's place: a host of its own, or a bus of the file; `checkPlace` goes with them. */
export const placeFields = {
  host: host.optional(),
  port: port.optional(),
  framing: framing.optional(),
  bus: plainId.optional(),
  unitId,
};

export type PlaceForm = z.output<z.ZodObject<typeof placeFields>>;

export function checkPlace(form: PlaceForm, context: z.RefinementCtx): void {
  const add = (path: string, message: string) => context.addIssue({ code: 'custom', path: [path], message });
  if ((form.host === undefined) === (form.bus === undefined))
    add('host', 'either "host", its own address, or "bus", the id of a bus of this file; not both, not neither');
  else if (form.bus !== undefined) {
    for (const field of ['port', 'framing'] as const)
      if (form[field] !== undefined) add(field, `no ${field} here: the bus has it`);
  }
}

export const meterForm = strict(
  {
    ...meterFields,
    profile: plainId,
    ...placeFields,
    pollMs: milliseconds(100, 60_000).default(1_000),
    factor: within(-100_000, 100_000, 'a number other than 0, negative where the transformers sit the wrong way round')
      .refine((factor) => factor !== 0, { error: 'a number other than 0' })
      .default(1),
    voltageFactor: above0(10_000, 'a voltage transformer ratio above 0 and at most 10000').optional(),
    phases: phaseList(
      'the grid phases behind its own L1, L2, L3, each once, such as "L2 L3 L1", or "L3" for a single-phase meter',
    ).optional(),
    invertPhases: phaseList(
      'the grid phases whose transformer sits the wrong way round, each once, such as "L2"',
    ).optional(),
    group: wholeWithin(1, 1_000, 'the number of a group of inputs, such as 2').optional(),
    ...judgedFields,
  },
  'a meter',
).superRefine(checkPlace);

export type BusForm = z.output<typeof busForm>;
export type MeterForm = z.output<typeof meterForm>;

export function assembleBus(form: BusForm): SiteBus {
  const common = { id: form.id, name: form.name ?? form.id };
  if (form.serial === undefined) {
    const endpoint = { transport: form.framing ?? 'tcp', host: form.host!, port: form.port ?? MODBUS_PORT } as const;
    return { ...common, endpoint, ...(form.baud === undefined ? {} : { wireBaud: form.baud }) };
  }
  const { serial: path, parity = 'none', stopBits = 1 } = form;
  return { ...common, endpoint: { transport: 'rtu', path, baud: form.baud!, parity, stopBits } };
}

/** `bounds`: what is plausible at its place. */
export function assembleMeter(
  form: MeterForm,
  buses: readonly SiteBus[],
  bounds: Pick<ModbusMeter, 'plausibleAmps' | 'mayExport'>,
): ModbusMeter {
  return {
    from: 'modbus',
    ...assembleMeterPlace(form),
    profile: form.profile,
    connection: assemblePlace(form, buses),
    pollMs: form.pollMs,
    factor: form.factor,
    ...(form.voltageFactor === undefined ? {} : { voltageFactor: form.voltageFactor }),
    ...(form.invertPhases === undefined ? {} : { invertPhases: form.invertPhases }),
    ...(form.group === undefined ? {} : { group: form.group }),
    ...bounds,
  };
}

/** `form` MUST have passed `checkPlace`, and its bus be one of `buses`. */
export function assemblePlace(form: PlaceForm, buses: readonly SiteBus[]): ModbusConnection {
  const bus = buses.find(({ id }) => id === form.bus);
  if (bus !== undefined) {
    const { endpoint, wireBaud } = bus;
    return { endpoint, unitId: form.unitId, bus: bus.id, ...(wireBaud === undefined ? {} : { wireBaud }) };
  }
  const endpoint = { transport: form.framing ?? 'tcp', host: form.host!, port: form.port ?? MODBUS_PORT } as const;
  return { endpoint, unitId: form.unitId };
}
