// Passes 2 and 3 for Busbar as a Modbus device, what becomes of its form, and what a person should know of it; it opens nothing.

import type { ExternalCapTerms, SiteModbusServer } from '../core/model/modbus-server.ts';
import type { Circuit, Site } from '../core/model/site.ts';
import { type CircuitId, PHASES } from '../core/model/units.ts';
import { HIGHEST_VOLTAGE_FACTOR } from './assemble-site.ts';
import { describePath, type Fault, valueAt } from './fault.ts';
import { isLoopback } from './loopback.ts';
import type { ExternalCapForm, ModbusServerForm } from './modbus-server-form.ts';
import type { Note } from './note.ts';
import { listed } from './shape.ts';
import type { SiteDraft } from './site-draft.ts';

/** Voltage taken for the checks while the file's own is unreadable. */
const FALLBACK_VOLTS = 230;

/** `circuits`: those whose numbers are known; a circuit with faults of its own is no second fault here. */
export function checkModbusServer(draft: SiteDraft, circuits: readonly Circuit[]): readonly Fault[] {
  const form = draft.modbusServer?.form.externalCap;
  if (form === undefined) return [];
  const fault = (field: string, expected: string): Fault => {
    const path = ['modbusServer', 'externalCap', field];
    return { file: draft.file, path: describePath(path), value: valueAt(draft.raw, path), expected };
  };
  const { circuits: known } = draft.ids;
  if (!known.has(form.circuit)) {
    return [fault('circuit', `the id of a circuit of this file${listed(form.circuit, [...known])}`)];
  }
  const circuit = circuits.find(({ id }) => id === form.circuit);
  if (circuit === undefined) return [];
  const { unit, failsafe, most } = assembleCap(form, circuit, draft.settings.nominalVolts ?? FALLBACK_VOLTS);
  if (failsafe <= most) return [];
  return unit === 'A'
    ? [fault('failsafeAmps', `at most the rating of "${circuit.id}", ${most} A`)]
    : [fault('failsafeKilowatts', `at most what "${circuit.id}" can carry, ${Number((most / 1_000).toFixed(3))} kW`)];
}

/** `order`: the circuits as the file lists them. Its circuit MUST be one of `circuits`. */
export function assembleModbusServer(
  { externalCap, ...form }: ModbusServerForm,
  circuits: readonly Circuit[],
  order: readonly CircuitId[],
  nominalVolts: number,
): SiteModbusServer {
  const circuit = externalCap && circuits.find(({ id }) => id === externalCap.circuit);
  const cap = externalCap && circuit ? { externalCap: assembleCap(externalCap, circuit, nominalVolts) } : {};
  return { ...form, circuits: order, ...cap };
}

/** What a person should know of it though it is in order. */
export function modbusServerNotes({ modbusServer }: Pick<Site, 'modbusServer'>): readonly Note[] {
  if (modbusServer === undefined || isLoopback(modbusServer.host)) return [];
  const { host: at, port: number, allow } = modbusServer;
  const who = allow.length <= 4 ? allow.join(', ') : `${allow.slice(0, 4).join(', ')} and ${allow.length - 4} more`;
  const text = `${at}:${number} answers ${who} and asks for no password: Modbus has none. Keep it in the building's technical network, behind its firewall.`;
  return [{ about: 'modbusServer', text }];
}

/** The terms of the cap on its circuit. */
function assembleCap(form: ExternalCapForm, circuit: Circuit, nominalVolts: number): ExternalCapTerms {
  const { failsafeAmps, failsafeKilowatts, maxAgeMs, note, heartbeatMs, author } = form;
  const amps = PHASES.map((phase) => circuit.ratingAmps[phase]);
  // At the highest voltage, so that a cap in watts can also say "no limit".
  const watts = amps.reduce((total, one) => total + one * nominalVolts * HIGHEST_VOLTAGE_FACTOR, 0);
  const limit =
    failsafeAmps === undefined
      ? ({
          unit: 'W',
          failsafe: tidy((failsafeKilowatts ?? 0) * 1_000),
          most: tidy(circuit.limitWatts ?? watts),
        } as const)
      : ({ unit: 'A', failsafe: failsafeAmps, most: Math.max(...amps) } as const);
  return {
    circuit: circuit.id,
    author,
    ...limit,
    heartbeatMs,
    ...(maxAgeMs === undefined ? {} : { maxAgeMs }),
    ...(note === undefined ? {} : { note }),
  };
}

function tidy(value: number): number {
  return Number(value.toFixed(6));
}
