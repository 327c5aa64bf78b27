// How long a link to upstream waits before it tries again; pure (OCPP 2.0.1 Part 4 §5.3, used for 1.6 as well).

export const BACK_OFF_LEAST_MS = 2_000;
export const BACK_OFF_MOST_MS = 60_000;
/** A site of fifty must not come back within one second. */
export const BACK_OFF_RANDOM_MS = 10_000;
/** Upstream does not know the station or its password: a person has to act, so trying often only fills logs. */
export const REFUSED_BACK_OFF_MS = 300_000;
export const REFUSED_BACK_OFF_RANDOM_MS = 60_000;

/** Wait before the next try: `failures` in a row so far (at least 1), `chance` in [0, 1). */
export function backOffMs(failures: number, isRefused: boolean, chance: number): number {
  if (isRefused) return REFUSED_BACK_OFF_MS + chance * REFUSED_BACK_OFF_RANDOM_MS;
  const doubled = BACK_OFF_LEAST_MS * 2 ** Math.min(failures - 1, 16);
  return Math.min(doubled, BACK_OFF_MOST_MS) + chance * BACK_OFF_RANDOM_MS;
}
