// A decision as a person reads it in a terminal: who gets how much and why, every circuit by phase, and what to look after.

import type { Decision } from '../core/model/decision.ts';
import type { Site } from '../core/model/site.ts';
import { type Instant, PHASES } from '../core/model/units.ts';
import { describeReason, describeRemedy } from '../core/report/explain.ts';
import { describeCircuit, describeNumber, describeSource, describeWatts } from '../core/report/wording.ts';
import { table } from './table.ts';

const amps = (value: number) => value.toFixed(1);

/** The lines of a decision. `now` is its cycle's. */
export function decisionLines(site: Site, decision: Decision, now: Instant): readonly string[] {
  const { mode, solver, notices } = decision;
  return [
    shareTable(site, decision, now),
    '',
    circuitTable(decision),
    ...powerLines(site, decision),
    ...notices.map(({ severity, text }) => `${severity}: ${text}`),
    `mode ${mode}, answered by ${solver.answeredBy} (${solver.variables} variables, ${solver.rows} rows)`,
  ];
}

/** What would have to change stands in a line of its own beneath the reason. */
function shareTable(site: Site, { shares, commands, stops }: Decision, now: Instant): string {
  return table(
    ['EVSE', 'offered A', 'target A', 'send now', 'phases', 'why, and what would have to change'],
    shares.flatMap(({ evse, offeredAmps, targetAmps, phases, reason }) => {
      const command = commands.find((one) => one.evse === evse && one.role === 'lease');
      const stop = stops.some((one) => one.evse === evse);
      const send = command ? `${command.change} ${amps(command.limitAmps)} A` : stop ? 'stop the transaction' : '—';
      const why = describeReason(reason, site, now);
      const remedy = describeRemedy(reason, site, now);
      return [
        [evse, amps(offeredAmps), amps(targetAmps), send, phases.join(' '), why],
        ...(remedy === undefined ? [] : [['', '', '', '', '', `→ ${remedy}`]]),
      ];
    }),
    ['left', 'right', 'right', 'left', 'left', 'left'],
  );
}

function powerLines(site: Site, { circuits }: Decision): readonly string[] {
  return circuits.flatMap(({ circuit, power }) => {
    if (!power) return [];
    const { limitWatts, unit, source, expectedWatts } = power;
    const limit = describeNumber(unit === 'W' ? { limitWatts } : { limitVoltAmperes: limitWatts });
    const name = describeCircuit({ circuit }, site);
    return [`${name}: ${describeWatts(expectedWatts)} expected of ${limit} by ${describeSource(source)}`];
  });
}

function circuitTable({ circuits }: Decision): string {
  return table(
    ['circuit', 'phase', 'limit A', 'base A', 'target A', 'exposure A', 'headroom A'],
    circuits.flatMap(({ circuit, phases }) =>
      PHASES.map((phase) => {
        const { limitAmps, baseLoadAmps, allocatedAmps, exposureAmps, headroomAmps } = phases[phase];
        return [circuit, phase, ...[limitAmps, baseLoadAmps, allocatedAmps, exposureAmps, headroomAmps].map(amps)];
      }),
    ),
    ['left', 'left', 'right', 'right', 'right', 'right', 'right'],
  );
}
