// What people are told of meters: of each trouble once, with what it means for charging and what to do.
import { expect, test } from 'vitest';
import { decide } from '../../../src/core/decide.ts';
import { emptyMemory } from '../../../src/core/model/memory.ts';
import type { MeterSubject, SiteMeter } from '../../../src/core/model/site-meters.ts';
import type { MeterState, Snapshot } from '../../../src/core/model/snapshot.ts';
import { onEachPhase } from '../../../src/core/model/units.ts';
import { buildSite, circuit } from '../../support/site-builder.ts';

const NOW = 1_000_000;
const [plain] = buildSite().meters as [SiteMeter];
const meter = (id: string, of?: MeterSubject): SiteMeter => ({
  ...plain,
  id,
  name: `Meter ${id}`,
  ...(of ? { of } : {}),
});
const site = buildSite({
  circuits: [
    circuit({ id: 'main', name: 'House', meter: 'both', worstBaseLoadAmps: onEachPhase(40) }),
    circuit({ id: 'deck', name: 'Deck', parent: 'main', sum: { meters: ['pump', 'roof'], otherAmps: onEachPhase(1) } }),
  ],
  meters: [
    { from: 'combined', id: 'both', name: 'Both', members: ['a', 'b'] },
    meter('a'),
    meter('b'),
    meter('pump', 'load'),
    meter('roof', 'pv'),
    meter('shop', 'load'),
  ],
  evses: [],
});
const read = (ageMs: number, suspicion?: MeterState['suspicion']): MeterState => ({
  reading: { currentAmps: onEachPhase(5), measuredAt: NOW - ageMs },
  ...(suspicion ? { suspicion } : {}),
});
const fresh = { both: read(0), a: read(0), b: read(0), pump: read(0), roof: read(0), shop: read(0) };

/** Severity, code and text of what is told of meters. */
function told(part: { readonly [id: string]: MeterState }) {
  const meters = { ...fresh, ...part };
  const snapshot: Snapshot = { cycle: 1, now: NOW, wallNow: NOW, meters, stations: {}, caps: [], wishes: {} };
  const { notices } = decide(site, snapshot, emptyMemory('t'));
  return notices
    .filter(({ code }) => code.startsWith('METER'))
    .map(({ severity, code, text }) => [severity, code, text]);
}

const CHECK = "Check the meter's supply and its network link.";

test.each<[string, { readonly [id: string]: MeterState }, readonly (readonly string[])[]]>([
  ['all is well', {}, []],
  ['a meter that nobody counts on is lost', { shop: {} }, []],
  [
    'a part of a combined one is lost',
    { b: read(9_000, { kind: 'unreachable', detail: 'no answer', since: NOW - 8_000 }) },
    [
      [
        'warning',
        'METER_PART_LOST',
        `Meter b is lost: its last good reading is 9 s old (unreachable: no answer). Both goes by its other meters. ${CHECK}`,
      ],
    ],
  ],
  ['a part is only late', { b: read(2_500) }, []],
  [
    'both parts, and so the whole, are lost: told once',
    { a: read(9_000), b: {}, both: read(9_000) },
    [
      [
        'alarm',
        'METER_LOST',
        `Both is lost: its last good reading is 9 s old. The worst base load is assumed on House. ${CHECK}`,
      ],
    ],
  ],
  [
    'the parts contradict each other',
    {
      both: read(0, {
        kind: 'disagrees',
        detail: 'Meter b shows 9 A less than the highest on L1; the highest counts',
        since: NOW,
      }),
    },
    [
      [
        'warning',
        'METER_DISAGREES',
        'The meters of Both contradict each other: Meter b shows 9 A less than the highest on L1; the highest counts. Compare both with a clamp meter, their transformers and their phases.',
      ],
    ],
  ],
  [
    'a load in a sum is lost, without a worst of its own',
    { pump: {} },
    [
      [
        'alarm',
        'METER_LOST',
        `Meter pump is lost: it has not been read yet. The worst base load is assumed on Deck. ${CHECK}`,
      ],
    ],
  ],
  [
    'a generator in a sum is lost',
    { roof: read(4_000) },
    [
      [
        'alarm',
        'METER_LOST',
        `Meter roof is lost: its last good reading is 4 s old. Its own worst counts on Deck. ${CHECK}`,
      ],
    ],
  ],
  [
    'a load in a sum is late',
    { pump: read(2_400) },
    [
      [
        'warning',
        'METER_LATE',
        'Meter pump is late: its last good reading is 2 s old. Nothing is raised on Deck until it answers.',
      ],
    ],
  ],
])('%s', (_story, part, expected) => {
  expect(told(part)).toEqual(expected);
});
