// A boot storm on real sockets, small enough for every run: all stations of a site, behind one address, lose their links and come back at once.
// All are let in at the first try, all they say is answered, and no end of a transaction is lost. `npm run bench:storm` does it with 2,000.
import { afterEach, expect, test } from 'vitest';
import { Storm } from '../support/storm/storm.ts';
import type { Security } from '../support/storm/storm-site.ts';

const STATIONS = 150;
const CHARGING = 100;
/** Generous: on an idle machine it takes a second or two, and nobody here measures. */
const SERVED_WITHIN_MS = 30_000;

let storm: Storm;
afterEach(() => storm.end());

test.each<[Security, 'closed' | 'silent', string]>([
  ['plain', 'closed', 'in plain text, after a break of the network'],
  ['tls', 'silent', 'over TLS, after a power cut that left their old links open'],
  ['mutual', 'closed', 'with certificates of their own'],
])(
  '%s %s: all stations come back at once %s, and all are served',
  async (security, links) => {
    storm = await Storm.prepare({
      stations: STATIONS,
      security,
      cycleMs: 1_000,
      addresses: 'one',
      isResuming: false,
      seed: 1,
    });
    const first = await storm.order({ do: 'boot' });
    expect(first).toMatchObject({ stations: STATIONS, dials: STATIONS, refusals: {}, faults: {} });
    await storm.order({ do: 'start', percent: 50 });
    expect(storm.transactions()).toEqual({ open: CHARGING, stopped: 0 });

    const back = await storm.order({ do: 'storm', links });
    // Boot, three statuses and a heartbeat of each, and the stop of those that were charging: each answered once, and nothing else was.
    expect(back).toMatchObject({ stations: STATIONS, dials: STATIONS, refusals: {}, faults: {} });
    expect(back.calls).toBe(5 * STATIONS + CHARGING);
    expect(back.answers).toBe(back.calls);
    expect(Math.max(...back.servedMs)).toBeLessThan(SERVED_WITHIN_MS);
    expect(storm.transactions()).toEqual({ open: 0, stopped: CHARGING });
  },
  90_000,
);
