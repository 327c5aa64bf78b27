// A small site and `busbar allocate` on it, for the tests of situations.
import type { Site } from '../../src/core/model/site.ts';
import { onEachPhase } from '../../src/core/model/units.ts';
import { allocateText } from '../../src/wiring/allocate-verb.ts';
import { rememberingIo } from '../config/support.ts';
import { buildSite, circuit, evse } from '../support/site-builder.ts';

/** A metered root of 63 A, three EVSEs of 32 A with floors of 6 A, two on one station, a group of two. */
export const site: Site = buildSite({
  circuits: [
    circuit({ id: 'main', name: 'main board', meter: 'main', worstBaseLoadAmps: onEachPhase(40) }),
    circuit({ id: 'sub', name: 'sub-board', parent: 'main', ratingAmps: onEachPhase(40) }),
  ],
  evses: [
    evse({ station: 'A' }),
    evse({ station: 'B', id: 'B/1', circuit: 'sub' }),
    evse({ station: 'B', id: 'B/2', number: 2, circuit: 'sub', phases: ['L2'], floorAmps: 0 }),
  ],
  groups: [{ id: 'tenant', name: 'tenant', evses: ['A/1', 'B/1'] }],
});

/** What the verb answers, and with which exit code. */
export function allocateOn(on: Site, situation: unknown, json = true) {
  const io = rememberingIo();
  const text = typeof situation === 'string' ? situation : JSON.stringify(situation);
  const code = allocateText(on, text, json, io);
  return { code, out: io.outLines.join('\n'), err: io.errLines };
}
