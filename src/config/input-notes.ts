// Remarks on the contacts of a site in order: stops that a broken wire would not set off, limits that floors alone exceed, lines that they fill.

import { TURNAROUND_MS } from '../core/metering/bus-budget.ts';
import { frameGapMs, lineOf, wireMs } from '../core/metering/line-time.ts';
import { describeEndpoint } from '../core/model/modbus-endpoint.ts';
import type { Site, SiteInput } from '../core/model/site.ts';
import { PHASES } from '../core/model/units.ts';
import { HIGHEST_VOLTAGE_FACTOR } from './assemble-site.ts';
import { evsesBelow } from './floor-proof.ts';
import type { Note } from './note.ts';

/** Contacts that take more than this of a serial line are told of: its meters come on top. */
const TOLD_SHARE = 0.1;
/** A reply with up to eight bits: unit id, function code, byte count, bits. */
const REPLY_BYTES = 4;

/** Notes in the file's order, then those on lines. */
export function inputNotes(site: Site): readonly Note[] {
  const own = site.inputs.flatMap((input): Note[] => {
    const about = `input ${input.id}`;
    const texts = [...wireNotes(input), ...floorNotes(input, site)];
    return texts.map((text) => ({ about, text }));
  });
  return [...own, ...lineNotes(site.inputs)];
}

/** Contacts of one kind on one unit are read in one request, at the pace of the fastest. */
function lineNotes(inputs: readonly SiteInput[]): readonly Note[] {
  const lines = Map.groupBy(inputs, ({ connection }) => describeEndpoint(connection.endpoint));
  return [...lines].flatMap(([place, here]): Note[] => {
    const { endpoint, wireBaud } = here[0]!.connection;
    const line = lineOf(endpoint, wireBaud);
    if (line === undefined) return [];
    const requestMs = wireMs(REPLY_BYTES, line) + frameGapMs(endpoint) + TURNAROUND_MS;
    const requests = Map.groupBy(here, ({ connection, contact }) => `${contact.kind} ${connection.unitId}`);
    const share = [...requests.values()]
      .map((members) => requestMs / Math.min(...members.map(({ pollMs }) => pollMs)))
      .reduce((sum, one) => sum + one, 0);
    if (share <= TOLD_SHARE) return [];
    const text = `its contacts need ${Math.ceil(share * 100)} % of the line's time, and its meters come on top: raise their pollMs, or give them a line of their own.`;
    return [{ about: `line ${place}`, text }];
  });
}

function wireNotes({ emergencyStop, activeWhen }: SiteInput): string[] {
  if (!emergencyStop || activeWhen === 'open') return [];
  return ['a broken wire would not stop anything: use a normally closed contact and activeWhen "open".'];
}

/** With no controller the floors remain, whatever a contact says. */
function floorNotes({ cap }: SiteInput, site: Site): string[] {
  const { scope, limitAmps, limitWatts } = cap;
  const members =
    scope.kind === 'circuit'
      ? (evsesBelow(site.circuits, site.evses, (evse) => evse.circuit).get(scope.circuit) ?? [])
      : scope.kind === 'group'
        ? site.evses.filter(({ id }) => site.groups.find((group) => group.id === scope.group)?.evses.includes(id))
        : site.evses;
  const amps = (phase: 'L1' | 'L2' | 'L3') =>
    members.reduce((sum, { phases, floorAmps }) => sum + (phases.includes(phase) ? floorAmps : 0), 0);
  const tight = limitAmps && PHASES.find((phase) => amps(phase) > limitAmps[phase]);
  const while_ = 'while the controller is down';
  if (limitAmps && tight)
    return [
      `${while_} the floors may draw ${round(amps(tight))} A on ${tight}, above its ${round(limitAmps[tight])} A; lower the floors if that must not be.`,
    ];
  const volts = site.nominalVolts * HIGHEST_VOLTAGE_FACTOR;
  const watts = members.reduce((sum, { phases, floorAmps }) => sum + floorAmps * phases.length * volts, 0);
  if (limitWatts === undefined || watts <= limitWatts) return [];
  return [
    `${while_} the floors may draw ${round(watts / 1_000)} kW, above its ${round(limitWatts / 1_000)} kW; lower the floors if that must not be.`,
  ];
}

const round = (value: number) => Number(value.toFixed(1));
