// Everything that the fault proxy can do to a Modbus link, as the campaign plays it: by framing, against deadlines of so many milliseconds.
import { withChecksum } from './raw-modbus-server.ts';

export type Framing = 'mbap' | 'rtu';
export type Fault = { readonly mode: string; readonly [option: string]: unknown };
/** `reads`: how many reads a lasting fault lasts; one that strikes once lasts for one. */
export type PlannedFault = { readonly name: string; readonly fault: Fault; readonly reads: number };

const once = (name: string, fault: Fault): PlannedFault => ({ name, fault, reads: 1 });
const lasting = (name: string, fault: Fault, reads: number): PlannedFault => ({ name, fault, reads });

export function plannedFaults(framing: Framing, deadlineMs: number): readonly PlannedFault[] {
  return [...ofBoth(deadlineMs), ...(framing === 'mbap' ? ofMbap : ofRtu(deadlineMs))];
}

const ofBoth = (deadlineMs: number): PlannedFault[] => [
  once('late', { mode: 'delayOnce', ms: deadlineMs + 50 }),
  once('nearly late', { mode: 'delayOnce', ms: deadlineMs - 5 }),
  once('lost reply', { mode: 'dropOnce' }),
  once('half frame, 3 bytes', { mode: 'half', keep: 3 }),
  once('half frame, 7 bytes', { mode: 'half', keep: 7 }),
  once('garbage first', { mode: 'garbage' }),
  once('wrong unit', { mode: 'badunit' }),
  once('duplicate', { mode: 'dup' }),
  once('twin 10 ms later', { mode: 'twin', ms: 10 }),
  once('twin 30 ms later', { mode: 'twin', ms: 30 }),
  once('exception 11', { mode: 'exception', code: 11 }),
  once('exception 6', { mode: 'exception', code: 6 }),
  once('reset', { mode: 'rst' }),
  once('hang-up', { mode: 'fin' }),
  lasting('slow, in time', { mode: 'delay', ms: deadlineMs - 50 }, 3),
  lasting('slow, too late', { mode: 'delay', ms: deadlineMs + 50 }, 3),
  lasting('byte by byte', { mode: 'split', ms: 0 }, 5),
  lasting('held back', { mode: 'merge', ms: 30 }, 5),
  lasting('silent', { mode: 'drop' }, 3),
  lasting('black hole', { mode: 'blackhole' }, 3),
  lasting('refused connections', { mode: 'refuse', drop: true }, 3),
];

const ofMbap: PlannedFault[] = [
  once('bad length 65535', { mode: 'badlen' }),
  once('bad length 5', { mode: 'badlen', len: 5 }),
  once('wrong transaction', { mode: 'badtid' }),
  once('transaction before', { mode: 'badtid', delta: -1 }),
  once('wrong protocol', { mode: 'badproto' }),
];

const ofRtu = (deadlineMs: number): PlannedFault[] => [
  once('bad checksum', { mode: 'badcrc' }),
  once('a whole stale frame first', {
    mode: 'garbage',
    hex: withChecksum(Uint8Array.from([1, 3, 4, 0x0b, 0xad, 0x0b, 0xad])).toString('hex'),
  }),
  ...[10, 120, 160, 180, 200, 220, 250].map((ms) =>
    once(`reply ${ms} ms after its deadline, to the next connection`, { mode: 'orphan', ms: deadlineMs + ms }),
  ),
];
