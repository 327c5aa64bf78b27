// What the first block of the register map tells of the controller: who it is, whether it lives, and what troubles it.

import type { CycleRecord } from '../../core/model/decision.ts';
import type { Site } from '../../core/model/site.ts';
import { codeOf, MODES } from './codes.ts';
import type { Field } from './words.ts';

/** Rises when a register changes its meaning; new registers in reserved places do not raise it. */
export const MAP_VERSION = 1;
export const IDENTIFICATION = 'Busbar';
/** The alive counter runs from 0 to this and begins again. */
export const MOST_ALIVE = 65_534;

export type ControllerSubject = {
  readonly site: Pick<Site, 'id'>;
  readonly counts: { readonly circuits: number; readonly evses: number; readonly groups: number };
  /** Absent: no cycle, or none that is young enough. */
  readonly record?: CycleRecord;
};

export const CONTROLLER_FIELDS: readonly Field<ControllerSubject>[] = [
  { at: 0, name: 'identification', type: 'text', registers: 3, meaning: '`Busbar`', of: () => IDENTIFICATION },
  { at: 3, name: 'map version', type: 'u16', meaning: `${MAP_VERSION}: this page`, of: () => MAP_VERSION },
  {
    at: 4,
    name: 'mode',
    type: 'u16',
    meaning: 'of the last cycle',
    of: ({ record }) => codeOf(MODES, record?.decision.mode),
  },
  {
    at: 5,
    name: 'alive',
    type: 'u16',
    meaning: `rises by 1 with each cycle, after ${MOST_ALIVE} from 0`,
    of: ({ record }) => record && record.snapshot.cycle % (MOST_ALIVE + 1),
  },
  {
    at: 6,
    name: 'cycle age',
    type: 'u32',
    unit: 'ms',
    meaning: 'since the last cycle, at the moment of the answer',
    of: () => undefined,
  },
  {
    at: 8,
    name: 'epoch',
    type: 'u32',
    meaning: 'rises with every start of the controller',
    of: ({ record }) => record?.controller.epoch,
  },
  { at: 10, name: 'circuits', type: 'u16', meaning: 'how many the map holds', of: ({ counts }) => counts.circuits },
  { at: 11, name: 'EVSEs', type: 'u16', meaning: 'how many the map holds', of: ({ counts }) => counts.evses },
  { at: 12, name: 'groups', type: 'u16', meaning: 'how many the map holds', of: ({ counts }) => counts.groups },
  {
    at: 13,
    name: 'alarms',
    type: 'u16',
    meaning: 'notices of the last cycle that are alarms',
    of: ({ record }) => noticesOf(record, 'alarm'),
  },
  {
    at: 14,
    name: 'warnings',
    type: 'u16',
    meaning: 'notices of the last cycle that are warnings',
    of: ({ record }) => noticesOf(record, 'warning'),
  },
  {
    at: 15,
    name: 'stations connected',
    type: 'u16',
    meaning: 'now',
    of: ({ record }) =>
      record && Object.values(record.snapshot.stations).filter(({ link }) => link.state === 'connected').length,
  },
  { at: 20, name: 'site', type: 'text', registers: 16, meaning: 'its id', of: ({ site }) => site.id },
];

function noticesOf(record: CycleRecord | undefined, severity: 'alarm' | 'warning'): number | undefined {
  return record?.decision.notices.filter((notice) => notice.severity === severity).length;
}
