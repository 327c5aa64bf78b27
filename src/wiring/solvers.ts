// Makes ready the solvers that a site needs before its first cycle; a site is run without one that cannot be had, never kept from running.

import { loadHighs } from '../core/allocate/highs.ts';
import type { Solvers } from '../core/allocate/proposers.ts';
import type { Site } from '../core/model/site.ts';
import type { Log } from '../engine/ports.ts';

/**
 * HiGHS for a site with unbalance limits, whose rows are signed; nothing for any other, because filling is exact there. Where it cannot be loaded,
 * large signed programs are shared out without counting on balance, which is safe and gives away less.
 */
export async function loadSolvers(
  site: Site,
  log: Pick<Log, 'info' | 'warn'>,
  load: typeof loadHighs = loadHighs,
): Promise<Solvers> {
  const signed = site.circuits.filter((circuit) => circuit.unbalanceAmps !== undefined).map((circuit) => circuit.id);
  if (signed.length === 0) return {};
  try {
    const highs = await load();
    log.info('solvers.highs-loaded', { unbalanceLimitedCircuits: signed });
    return { highs };
  } catch (error) {
    // Safe: the proposers that remain answer every program; the answers are only less generous.
    log.warn('solvers.highs-missing', { because: error instanceof Error ? error.message : String(error) });
    return {};
  }
}
