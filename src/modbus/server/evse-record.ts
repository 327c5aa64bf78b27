// What the register map tells of one EVSE: what it does, and its three amperes: offered, acknowledged, drawn.

import type { Share } from '../../core/model/decision.ts';
import type { EvseActivity } from '../../core/model/state-view.ts';
import { ACTIVITIES, codeOf, REASONS } from './codes.ts';
import { phaseFields } from './phase-fields.ts';
import type { Field } from './words.ts';

export type EvseSubject = {
  readonly share?: Share;
  readonly activity?: EvseActivity;
};

export const EVSE_FIELDS: readonly Field<EvseSubject>[] = [
  {
    at: 0,
    name: 'status',
    type: 'u16',
    meaning: 'what it is doing',
    of: ({ activity }) => codeOf(ACTIVITIES, activity),
  },
  {
    at: 1,
    name: 'reason',
    type: 'u16',
    meaning: 'why it has this share',
    of: ({ share }) => codeOf(REASONS, share?.reason.kind),
  },
  {
    at: 2,
    name: 'offered',
    type: 'f32',
    unit: 'A per phase',
    meaning: 'the newest limit that was sent',
    of: ({ share }) => share?.offeredAmps,
  },
  {
    at: 4,
    name: 'acknowledged',
    type: 'f32',
    unit: 'A per phase',
    meaning: 'the newest limit that the charger accepted and that has not run out',
    of: ({ share }) => share?.acknowledgedAmps,
  },
  ...phaseFields<EvseSubject>(
    6,
    'drawn',
    'measured, on the phase of the grid; only while it is fresh',
    ({ share }) => share?.drawnAmps,
  ),
];
