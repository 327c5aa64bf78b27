// Busbar as a Modbus device in the site file, field by field: who may connect, and the one cap that may be set from outside; closed by default (law 9).

import { isIP } from 'node:net';
import * as z from 'zod';
import { isLoopback } from './loopback.ts';
import {
  ampsFrom0,
  host,
  MAX_KILOWATTS,
  milliseconds,
  plainId,
  port,
  strict,
  wholeWithin,
  within,
  words,
} from './shape.ts';

export const DEFAULT_MODBUS_HOST = '127.0.0.1';
export const DEFAULT_MODBUS_PORT = 1_502;
/** Addresses and ranges that may be listed. */
export const MAX_ALLOWED = 64;
export const DEFAULT_HEARTBEAT_MS = 60_000;
const LEAST_HEARTBEAT_MS = 1_000;
const MOST_HEARTBEAT_MS = 3_600_000;
const MOST_AGE_MS = 7 * 24 * 3_600_000;

const addressText =
  'an IP address such as "192.0.2.7", or a range such as "192.0.2.0/28" that holds fewer than all addresses';
const allowedAddress = z.string({ error: addressText }).refine(isAllowed, { error: addressText });

export const externalCapForm = strict(
  {
    circuit: plainId,
    failsafeAmps: ampsFrom0.optional(),
    failsafeKilowatts: within(0, MAX_KILOWATTS, `a number of kilowatts from 0 to ${MAX_KILOWATTS}`).optional(),
    heartbeatMs: milliseconds(LEAST_HEARTBEAT_MS, MOST_HEARTBEAT_MS).default(DEFAULT_HEARTBEAT_MS),
    maxAgeMs: milliseconds(LEAST_HEARTBEAT_MS, MOST_AGE_MS).optional(),
    author: z
      .enum(['facility-manager', 'utility'], { error: '"facility-manager" or "utility"' })
      .default('facility-manager'),
    note: words('a reason of 1 to 200 characters').optional(),
  },
  'the cap that may be set from outside: circuit, failsafeAmps or failsafeKilowatts, heartbeatMs',
).superRefine((form, context) => {
  if ((form.failsafeAmps === undefined) === (form.failsafeKilowatts === undefined)) {
    const message = 'either failsafeAmps or failsafeKilowatts, the unit in which the cap is set; not both, not neither';
    context.addIssue({ code: 'custom', path: ['failsafeAmps'], message });
  }
});

export const modbusServerForm = strict(
  {
    host: host.default(DEFAULT_MODBUS_HOST),
    port: port.default(DEFAULT_MODBUS_PORT),
    unitId: wholeWithin(1, 247, 'a Modbus unit id from 1 to 247').default(1),
    allow: z
      .array(allowedAddress, { error: 'a list of IP addresses and ranges' })
      .max(MAX_ALLOWED, { error: `at most ${MAX_ALLOWED} addresses and ranges` })
      .default([]),
    externalCap: externalCapForm.optional(),
  },
  'Busbar as a Modbus device: host, port, unitId, allow, externalCap',
).superRefine((form, context) => {
  if (isLoopback(form.host) || form.allow.length > 0) return;
  const message = `who may connect, as IP addresses or ranges, because ${form.host} can be reached from other machines and Modbus asks for no password`;
  context.addIssue({ code: 'custom', path: ['allow'], message });
});

export type ModbusServerForm = z.output<typeof modbusServerForm>;
export type ExternalCapForm = z.output<typeof externalCapForm>;

function isAllowed(text: string): boolean {
  const parts = /^([0-9A-Fa-f:.]{2,45})(?:\/(\d{1,3}))?$/.exec(text);
  if (parts === null) return false;
  const [, address = '', bits] = parts;
  const family = isIP(address);
  // IPv4 in IPv6 clothes is written as IPv4 here: a range of such has a length that people get wrong.
  if (family === 0 || /^::ffff:\d/i.test(address)) return false;
  return bits === undefined || (Number(bits) >= 1 && Number(bits) <= (family === 4 ? 32 : 128));
}
