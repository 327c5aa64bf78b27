// What each meter of a simulated site measures: a circuit as a whole, or its share of the loads that a sum counts.

import type { Circuit, Site } from '../../core/model/site.ts';
import type { SiteMeter } from '../../core/model/site-meters.ts';
import {
  type MeterId,
  mapPhases,
  onEachPhase,
  PHASES,
  type Phase,
  type PhaseAmps,
  type StationId,
} from '../../core/model/units.ts';
import type { Random } from '../../engine/ports.ts';
import type { PushedReading } from '../../engine/requests.ts';
import type { Physics } from './physics.ts';

const NOTHING = onEachPhase(0);
/** A station tells so often while a reading of it is fresh. */
const TELLS_TIMES_PER_AGE = 3;
/** Volts wander by this part. */
const RIPPLE = 0.0004;

/** Currents through the meter now; a meter that measures nothing of the site shows none. */
export function sourceOf(meter: SiteMeter, site: Site, physics: Physics): () => PhaseAmps {
  const whole = site.circuits.findIndex((one) => one.meter !== undefined && measures(one.meter, meter.id, site));
  if (whole >= 0) return () => physics.through(whole);
  const at = site.circuits.findIndex(({ sum }) => sum?.meters.some((id) => measures(id, meter.id, site)));
  if (at < 0 || meter.of === 'pv') return () => NOTHING;
  const share = mapPhases((phase) => shareOf(meter, site.circuits[at]!, site, phase));
  return () => {
    const own = physics.ownLoad(at);
    return mapPhases((phase) => own[phase] * share[phase]);
  };
}

/** The main meter of a station, where it is a meter of the site. */
export function mainsOf(
  id: StationId,
  site: Site,
  physics: Physics,
): { readonly mains?: { readonly amps: () => readonly number[]; readonly everyMs: number } } {
  const meter = site.meters.find((one) => one.from === 'station' && one.station === id);
  if (meter?.from !== 'station') return {};
  const { phases = PHASES, maxAgeMs } = meter;
  const read = sourceOf(meter, site, physics);
  const amps = () => {
    const now = read();
    return phases.map((phase) => now[phase]);
  };
  return { mains: { amps, everyMs: Math.floor(maxAgeMs / TELLS_TIMES_PER_AGE) } };
}

/** What other programs hand in now: of every pushed meter what it measures. */
export function pushedReadings(site: Site, physics: Physics, random: Random): readonly PushedReading[] {
  // No two readings are the same, as on a living grid.
  const volts = onEachPhase(site.nominalVolts * (1 + (random.next('simulator.push') - 0.5) * RIPPLE));
  return site.meters.flatMap((meter) =>
    meter.from === 'push'
      ? [{ meter: meter.id, sample: { currentAmps: sourceOf(meter, site, physics)(), volts } }]
      : [],
  );
}

/** A meter over MQTT as one that is pushed: no broker is simulated, and behind the payload both are the same. */
export function withoutBrokers(meters: readonly SiteMeter[]): readonly SiteMeter[] {
  return meters.map((meter) => {
    if (meter.from !== 'mqtt') return meter;
    const { broker: _broker, topic: _topic, payload: _payload, ...rest } = meter;
    return { ...rest, from: 'push' };
  });
}

const measures = (named: MeterId, meter: MeterId, { meters }: Site): boolean =>
  named === meter || meters.some((one) => one.id === named && one.from === 'combined' && one.members.includes(meter));

/** The loads of a circuit are shared out by what they can draw at worst, those that nobody measures among them. */
function shareOf(meter: SiteMeter, { sum }: Circuit, { meters }: Site, phase: Phase): number {
  const worst = (id: MeterId) => {
    const one = meters.find((other) => other.id === id);
    const isMeasured = (one?.phases ?? PHASES).includes(phase) && one?.of !== 'pv';
    return isMeasured ? (one?.worstAmps?.[phase] ?? 1) : 0;
  };
  const named = sum!.meters.find((id) => measures(id, meter.id, { meters } as Site))!;
  const all = sum!.meters.reduce((total, id) => total + worst(id), sum!.otherAmps[phase]);
  return all === 0 ? 0 : worst(named) / all;
}
