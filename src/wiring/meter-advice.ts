// What a person can do about a meter that does not answer as it should; it knows codes and exceptions, never a vendor.

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
  10: 'the gateway has no way to this unit: check --unit and the ports configured in the gateway',
  11: 'nobody answers behind the gateway: check --unit, the baud rate, and the wires A and B',
};

/** One sentence about what went wrong and one about what to do next. */
export function adviseOn(error: AppError, unitId: number, profile: string): string {
  const next = nextStep(error, unitId);
  return `${error.message}.\n  ${next.replaceAll('{profile}', profile)}`;
}

function nextStep(error: AppError, unitId: number): string {
  switch (error.code) {
    case 'METER_CONNECT':
      return 'Check the host and the port (mostly 502), that Modbus TCP is switched on in the meter, and that no other master holds its only connection.';
    case 'METER_TIMEOUT':
      return `Unit ${unitId} is silent: check --unit (many meters leave the factory as 1, some as 2 or 247), and behind a gateway the baud rate and the wiring.`;
    case 'METER_FRAME':
      return 'The answer is not the Modbus TCP reply asked for: check --unit, and that the gateway translates to Modbus TCP instead of passing RTU frames through.';
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
