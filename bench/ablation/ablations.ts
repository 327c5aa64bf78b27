// What is taken away, one measure at a time: edits on a copy of the sources, so that the product itself has no switch that makes it unsafe.

/** `find` MUST stand exactly once in the file, so that an edit that no longer fits is noticed. */
export type Edit = { readonly file: string; readonly find: string; readonly replace: string };

export type Ablation = {
  /** The first column of the table. */
  readonly name: string;
  /** What is gone and what is left, for people. */
  readonly what: string;
  readonly edits: readonly Edit[];
};

/**
 * The instrument, the same for every variant: the checker excuses a charger that hears nobody and has no floor, for nobody could have lowered
 * it. Where the floor is what was taken away, that is no excuse.
 */
export const INSTRUMENT: readonly Edit[] = [
  {
    file: 'src/simulator/checks/circuit-rows.ts',
    find: 'Math.min(drawn, evse.floorAmps ?? drawn)',
    replace: 'Math.min(drawn, evse.floorAmps ?? 0)',
  },
];

export const WHOLE: Ablation = { name: 'everything in place', what: 'Busbar as it is.', edits: [] };

const lease: Ablation = {
  name: 'without lease',
  what: 'Limits are sent without an end, and the ledger knows that they have none. They are renewed as before, the floor lies beneath them: a charger that hears nobody keeps its last limit.',
  edits: [
    {
      file: 'src/core/command/charging-profile.ts',
      find: 'Math.round((profile.leaseMs + LEASE_BACK_DATE_MS) / 1000)',
      replace: '1_000_000_000',
    },
    {
      file: 'src/core/command/exposure.ts',
      find: 'holdsUntil: now + profile.leaseMs - marginMs,',
      replace: 'holdsUntil: now + 1_000_000_000_000 - marginMs,',
    },
    {
      file: 'src/core/command/exposure.ts',
      find: 'endsBy: now + profile.leaseMs + marginMs + profile.settleMs,',
      replace: 'endsBy: now + 1_000_000_000_000 + marginMs + profile.settleMs,',
    },
  ],
};

const floor: Ablation = {
  name: 'without floor',
  what: 'No floor is ever sent, and each is taken as proved. Leases end as before, and what is left then is a charger without any limit.',
  edits: [
    {
      file: 'src/core/command/absorb.ts',
      find: '  return learnPhases(memory, input);',
      replace: `  if (memory.floor.state !== 'proved') {
    const { evse, now } = input;
    memory = { ...memory, floor: { state: 'proved', amps: evse.floorAmps, since: now, settledAt: now } };
  }
  return learnPhases(memory, input);`,
    },
  ],
};

const reserve: Ablation = {
  name: 'without reserve for the unreachable',
  what: 'A charger without a link counts as 0 A. Its lease ends as before and it falls to its floor; what a meter shows of it is taken for the building.',
  edits: [
    {
      file: 'src/core/situate.ts',
      find: 'const exposure = exposureOf(evse, profile, absorbed, link, now);',
      replace: `const exposure =
    link === 'connected' ? exposureOf(evse, profile, absorbed, link, now) : { amps: 0, because: 'lease' as const };`,
    },
    {
      file: 'src/engine/dispatch-guard.ts',
      find: 'mostAmps: Math.max(inForceAmps, leaseAmps),',
      replace: 'mostAmps: isLinked ? Math.max(inForceAmps, leaseAmps) : 0,',
    },
  ],
};

const order: Ablation = {
  name: 'without decrease before increase',
  what: 'A new limit counts as in force from the moment it is sent, also where it is lower and before anybody has answered. A refusal still brings the old one back.',
  edits: [
    {
      file: 'src/core/command/exposure.ts',
      find: 'const lastSettled = memory.leases.findLastIndex((lease) => lease.settledAt !== undefined);',
      replace: 'const lastSettled = memory.leases.length - 1;',
    },
    {
      file: 'src/core/command/exposure.ts',
      find: '    if (acknowledgedAt !== undefined) heldUntil =',
      replace: '    heldUntil =',
    },
    {
      file: 'src/core/command/command.ts',
      find: 'take(room, loads[at]!, exposureAmps, Math.min(',
      replace: 'take(room, loads[at]!, lowered.get(at) ?? exposureAmps, Math.min(',
    },
    {
      file: 'src/core/command/fuse-law.ts',
      find: 'Math.max(exposureAmps, raisedTo.get(evse.id) ?? 0)',
      replace: 'Math.max(loweredTo.get(evse.id) ?? exposureAmps, raisedTo.get(evse.id) ?? 0)',
    },
    {
      file: 'src/engine/dispatch-guard.ts',
      find: 'const settled = others.findLastIndex(({ settledAt }) => settledAt !== undefined);',
      replace: 'const settled = others.length - 1;',
    },
    {
      file: 'src/engine/dispatch-guard.ts',
      find: 'ruling.flatMap((entry) => (entry.acknowledgedAt === undefined ? [] : [entry.holdsUntil]))',
      replace: 'ruling.map((entry) => entry.holdsUntil)',
    },
    {
      file: 'src/engine/dispatch-guard.ts',
      find: 'mostAmps: Math.max(inForceAmps, leaseAmps),',
      replace: 'mostAmps: lease ? leaseAmps : inForceAmps,',
    },
  ],
};

const stuck: Ablation = {
  name: 'without stuck-meter detection',
  what: 'A meter that answers the same registers for ever is believed for ever. A meter that is silent, late or absurd is found as before.',
  edits: [
    {
      file: 'src/modbus/meter.ts',
      find: 'frozenAfterMs: isFloat ? FROZEN_FLOATS_MS : FROZEN_INTEGERS_MS,',
      replace: 'frozenAfterMs: isFloat ? Number.POSITIVE_INFINITY : Number.POSITIVE_INFINITY,',
    },
  ],
};

/** In the order of the table. */
export const ABLATIONS: readonly Ablation[] = [lease, floor, reserve, order, stuck, WHOLE];
