// What a person can do about a meter that does not answer as it should; it knows codes and exceptions, never a vendor.

import type { ModbusEndpoint } from '../core/model/site-meters.ts';
import type { AppError } from '../engine/app-error.ts';

/** Modbus application protocol 1.1b3 §7. */
const EXCEPTIONS: { readonly [code: number]: string } = {
  1: 'it does not know this kind of read: the profile is for another meter',
  2: 'it has no such registers: the profile is for another meter, or for another variant of it',
  3: 'it does not serve so many registers at once: the profile is for another variant of the meter',
  4: 'it has a fault of its own: look at its display',
  5: 'it asks for patience: another master may keep it busy',
  6: 'it is busy: another master may be reading it; try again',
  8: 'its memory is damaged: look at its display',
  10: 'the gateway has no way to this unit: check the unit id and the ports configured in the gateway',
  11: 'nobody answers behind the gateway: check the unit id, the baud rate, and the wires A and B',
};

/** Where the trouble was met. */
export type AskedPlace = {
  readonly endpoint: ModbusEndpoint;
  readonly unitId: number;
  readonly profile: { readonly id: string };
};

/** One sentence about what went wrong and one about what to do next. */
export function adviseOn(error: AppError, { endpoint, unitId, profile }: AskedPlace): string {
  const next = nextStep(error, endpoint.transport, unitId);
  return `${error.message}.\n  ${next.replaceAll('{profile}', profile.id)}`;
}

type Transport = ModbusEndpoint['transport'];

function nextStep(error: AppError, transport: Transport, unitId: number): string {
  switch (error.code) {
    case 'METER_CONNECT':
      return CONNECT[transport];
    case 'METER_TIMEOUT':
      return `Unit ${unitId} is silent: check the unit id (many meters leave the factory as 1, some as 2 or 247)${WIRE[transport]}. \`busbar meter --scan\` looks for units.`;
    case 'METER_FRAME':
      return FRAME[transport];
    case 'METER_CLOSED':
      return 'The meter ended the connection: another master may hold the only one it serves, or an access list keeps us out.';
    case 'METER_EXCEPTION': {
      const code = Number(error.fields.exception);
      return `Exception ${code}: ${EXCEPTIONS[code] ?? 'see the manual of the meter'} (profile {profile}).`;
    }
    case 'METER_SUNSPEC':
      return 'Choose the profile of a model that the device has, or switch SunSpec on in it (profile {profile} reads SunSpec).';
    default:
      return 'See docs/meters.md.';
  }
}

const ON_SOCKET =
  'Check the host and the port (mostly 502), that Modbus TCP is switched on in the meter, and that no other master holds its only connection.';

const CONNECT: { readonly [T in Transport]: string } = {
  tcp: ON_SOCKET,
  'rtu-over-tcp': 'Check the host and the port of the gateway, and that no other master holds its only connection.',
  udp: 'Check the host and the port of the meter.',
  rtu: 'Check that the device is there (ls -l /dev/serial/by-id), that this user may open it (group dialout), and that nothing else holds it.',
};

const WIRE: { readonly [T in Transport]: string } = {
  tcp: ', and behind a gateway the baud rate and the wiring',
  'rtu-over-tcp': ', the baud rate and parity in the gateway, and the wires A and B',
  udp: ', and that nothing between drops datagrams',
  rtu: ', the baud rate, the parity, and the wires A and B: swapped they do no harm',
};

const FRAME: { readonly [T in Transport]: string } = {
  tcp: 'The answer is not the Modbus TCP reply asked for: check the unit id, and that the gateway translates to Modbus TCP instead of passing RTU frames through (then rtu-over-tcp://).',
  'rtu-over-tcp':
    'The answer is not the RTU frame asked for: check that the gateway passes serial frames through instead of translating to Modbus TCP (then tcp://), and that there is no second master.',
  udp: 'The answer is not the reply asked for: check the unit id.',
  rtu: 'The bytes are not the frame asked for: check baud rate and parity, and that there is no second master on the line.',
};
