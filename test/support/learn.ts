// Lets one EVSE's memory learn from a snapshot that says only what the test is about.
import { type AbsorbInput, absorb } from '../../src/core/command/absorb.ts';
import type { QuirkFlag } from '../../src/core/model/charger.ts';
import type { EvseMemory } from '../../src/core/model/memory.ts';
import type { Evse } from '../../src/core/model/site.ts';
import type { CommandProgress, StationLink } from '../../src/core/model/snapshot.ts';
import { evseMemory } from './ledger.ts';
import { buildSite, evse, genericAc } from './site-builder.ts';

export const NOW = 1_000_000;
const { policy } = buildSite();

export type Told = {
  readonly link?: StationLink;
  readonly bootedAt?: number;
  readonly quirks?: readonly QuirkFlag[];
  readonly floor?: CommandProgress;
  readonly lease?: CommandProgress;
  readonly transaction?: string;
  readonly amps?: readonly number[];
  readonly measuredAt?: number;
  readonly evse?: Partial<Evse>;
};

/** The memory of `A/1`, on connection 1 unless told otherwise, after a snapshot at `NOW`. */
export function learn(part: Partial<EvseMemory>, told: Told = {}): EvseMemory {
  const { link, bootedAt, quirks = [], floor, lease, transaction, amps, measuredAt = NOW } = told;
  const state = {
    evse: 'A/1',
    connectorStatus: 'Occupied' as const,
    ...(floor ? { floor } : {}),
    ...(lease ? { lease } : {}),
    ...(transaction ? { transaction: { id: transaction, startedAt: 0 } } : {}),
    ...(amps ? { drawn: { amps, measuredAt } } : {}),
  };
  const station: AbsorbInput['station'] = {
    station: 'A',
    link: link ?? { state: 'connected', since: 0, connection: 1 },
    ...(bootedAt === undefined ? {} : { bootedAt }),
    evses: [state],
    upstreamProfiles: [],
    upstreamLink: 'none',
  };
  const memory = evseMemory({ connection: 1, ...part });
  const own = evse({ station: 'A', ...told.evse });
  return absorb({ evse: own, profile: { ...genericAc, quirks }, station, state, memory, now: NOW, policy });
}
