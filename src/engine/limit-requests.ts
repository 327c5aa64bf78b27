// Judges what people ask of the limits: pure checks, and the caps as they would be afterwards; a refusal changes nothing.

import type { Cap } from '../core/model/limit.ts';
import type { Site } from '../core/model/site.ts';
import { type Instant, onEachPhase, PHASES } from '../core/model/units.ts';
import type { ControlAnswer, LimitRequest } from './requests.ts';

/** Caps kept at most; one per circuit and author is possible, so a sound site never comes near. */
export const MAX_CAPS = 1_000;

/**
 * The caps after the request. Only a cap below the commissioned rating is taken: nothing raises a fuse. One cap per circuit by people: a
 * new one replaces the old.
 */
export function changeCaps(site: Site, caps: readonly Cap[], request: LimitRequest, now: Instant): ControlAnswer {
  const circuit = site.circuits.find((one) => one.id === request.circuit);
  if (!circuit) {
    const known = site.circuits.map((one) => one.id).join(', ');
    return refuse('UNKNOWN_CIRCUIT', 'circuit', `There is no circuit "${request.circuit}"; the site has ${known}.`);
  }
  const id = `manager:${circuit.id}`;
  const others = caps.filter((cap) => cap.id !== id && (cap.until ?? Number.POSITIVE_INFINITY) > now);
  if (request.kind === 'clear-circuit-limit') return { ok: true, caps: others };

  const { limitAmps, limitWatts, untilMs } = request;
  if ((limitAmps === undefined) === (limitWatts === undefined)) {
    return refuse('LIMIT_AMBIGUOUS', 'limitAmps', 'Give either limitAmps or limitWatts, not both and not neither.');
  }
  const rating = Math.min(...PHASES.map((phase) => circuit.ratingAmps[phase]));
  if (limitAmps !== undefined && !(limitAmps >= 0 && limitAmps <= rating)) {
    return refuse(
      'LIMIT_OUT_OF_RANGE',
      'limitAmps',
      `limitAmps is ${limitAmps}; expected 0 to ${rating} A, the rating of ${circuit.name}.`,
    );
  }
  const ratingWatts = circuit.limitWatts ?? rating * 3 * site.nominalVolts;
  if (limitWatts !== undefined && !(limitWatts >= 0 && limitWatts <= ratingWatts)) {
    return refuse(
      'LIMIT_OUT_OF_RANGE',
      'limitWatts',
      `limitWatts is ${limitWatts}; expected 0 to ${ratingWatts} W, what ${circuit.name} can carry.`,
    );
  }
  if (untilMs !== undefined && !(untilMs > now)) {
    return refuse('LIMIT_ALREADY_OVER', 'untilMs', 'The limit would end before it begins; give an end in the future.');
  }
  if (others.length >= MAX_CAPS)
    return refuse('TOO_MANY_CAPS', 'circuit', `There are ${MAX_CAPS} limits already; clear some first.`);
  const cap: Cap = {
    id,
    source: { kind: 'facility-manager', id: request.who },
    scope: { kind: 'circuit', circuit: circuit.id },
    ...(limitAmps === undefined ? {} : { limitAmps: onEachPhase(limitAmps) }),
    ...(limitWatts === undefined ? {} : { limitWatts }),
    from: now,
    ...(untilMs === undefined ? {} : { until: untilMs }),
    ...(request.note === undefined ? {} : { note: request.note }),
  };
  return { ok: true, caps: [...others, cap] };
}

function refuse(code: string, field: string, text: string): ControlAnswer {
  return { ok: false, code, field, text };
}
