// Pass 3, time and addresses: ages, polls, cycles and ports that cannot work together, although each alone is in order.

import { MOST_LAG_MS } from '../core/model/meter-wiring.ts';
import type { Policy } from '../core/model/site.ts';
import { assembleListen, assemblePolicy } from './assemble-site.ts';
import { describePath, type Fault } from './fault.ts';
import type { MeterProfiles } from './load-profiles.ts';
import type { SiteDraft } from './site-draft.ts';
import type { References } from './site-references.ts';

/** A lease is renewed after a third of its life; with four cycles in it, one renewal may fail and the next still comes in time. */
export const LEAST_CYCLES_PER_LEASE = 4;

type Add = (path: readonly PropertyKey[], value: unknown, expected: string) => void;

/** Faults told on the values that will be in force, defaults included; what has a bad shape is left out. */
export function checkTiming(draft: SiteDraft, references: References, profiles: MeterProfiles): readonly Fault[] {
  const faults: Fault[] = [];
  const add: Add = (path, value, expected) =>
    faults.push({ file: draft.file, path: describePath(path), value, expected });
  const { policy, listen } = draft.settings;
  if (policy !== undefined) checkAges(assemblePolicy(policy), { draft, references, profiles }, add);
  if (listen !== undefined) {
    const { stations, http } = assembleListen(listen, draft.file);
    if (stations.host === http.host && stations.port === http.port) {
      add(['listen', 'http', 'port'], http.port, 'a port of its own: listen.stations has this one');
    }
  }
  return faults;
}

type Checked = { readonly draft: SiteDraft; readonly references: References; readonly profiles: MeterProfiles };

function checkAges(policy: Policy, { draft, references, profiles }: Checked, add: Add): void {
  const { holdAfterMs, staleAfterMs } = policy.meter;
  if (staleAfterMs <= holdAfterMs) {
    add(
      ['policy', 'meter', 'staleAfterMs'],
      staleAfterMs,
      `more than holdAfterMs, ${holdAfterMs} ms: a reading is fresh, then held, then lost`,
    );
  }
  for (const { path, form } of draft.meters) {
    if (!('profile' in form)) continue;
    const result = profiles.get(form.profile);
    const lag = (result?.kind === 'profile' && result.profile.lagMs) || 0;
    // One that lags more is refused as a whole; no poll makes up for that.
    const lagMs = lag <= MOST_LAG_MS ? lag : 0;
    if (form.pollMs + lagMs < holdAfterMs) continue;
    const most = lagMs === 0 ? '' : ` less the ${lagMs} ms by which ${form.profile} lags`;
    add(
      [...path, 'pollMs'],
      form.pollMs,
      `less than policy.meter.holdAfterMs, ${holdAfterMs} ms${most}: otherwise no reading stays fresh until the next`,
    );
  }
  const shortestLeaseMs = Math.min(...new Set(references.evses.map((evse) => evse.model.profile.leaseMs)));
  if (policy.cycleMs * LEAST_CYCLES_PER_LEASE > shortestLeaseMs) {
    const most = shortestLeaseMs / LEAST_CYCLES_PER_LEASE;
    add(['policy', 'cycleMs'], policy.cycleMs, `at most ${most} ms, a quarter of the shortest lease of its chargers`);
  }
}
