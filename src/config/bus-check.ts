// Whether the lines of a site carry their meters: a serial device has one setting, and no line is asked for more than its time.

import { type BusBudget, type BusMeter, busBudget, WARN_SHARE } from '../core/metering/bus-budget.ts';
import { describeEndpoint } from '../core/model/modbus-endpoint.ts';
import type { Site } from '../core/model/site.ts';
import type { ModbusConnection } from '../core/model/site-meters.ts';
import type { BusId } from '../core/model/units.ts';
import { describePath, type Fault, valueAt } from './fault.ts';
import type { MeterProfiles } from './load-profiles.ts';
import { assembleBus, assemblePlace } from './meter-form.ts';
import type { Note } from './note.ts';
import type { SiteDraft } from './site-draft.ts';

/** Meters that one message names; the rest are counted. */
const MAX_NAMED = 6;

type PolledMeter = {
  readonly id: string;
  readonly profile: string;
  readonly pollMs: number;
  readonly connection: ModbusConnection;
};

/** One place where Modbus is spoken, with all meters there. */
export type LineBudget = BusBudget & {
  /** As people write it: `/dev/ttyUSB0 9600 8E1`. */
  readonly place: string;
  /** The first bus of the file that is there; absent: a meter's own address. */
  readonly bus?: BusId;
  /** A serial line of unknown speed: the share is what is taken at least. */
  readonly isAtLeast: boolean;
};

/** One budget for each place, in the file's order; meters whose profile is not known are left out. */
export function lineBudgets(meters: readonly PolledMeter[], profiles: MeterProfiles): readonly LineBudget[] {
  const byPlace = Map.groupBy(meters, ({ connection }) => describeEndpoint(connection.endpoint));
  return [...byPlace].map(([place, here]) => {
    const { endpoint, wireBaud, bus } = here[0]!.connection;
    const known = here.flatMap(({ id, pollMs, profile }): BusMeter[] => {
      const result = profiles.get(profile);
      return result?.kind === 'profile' ? [{ id, pollMs, profile: result.profile }] : [];
    });
    const isAtLeast = endpoint.transport === 'rtu-over-tcp' && wireBaud === undefined;
    return { place, ...(bus === undefined ? {} : { bus }), isAtLeast, ...busBudget({ endpoint, wireBaud }, known) };
  });
}

/** The budgets of a site that is in order. */
export function siteLines({ meters }: Pick<Site, 'meters'>, profiles: MeterProfiles): readonly LineBudget[] {
  return lineBudgets(
    meters.filter((meter) => meter.from === 'modbus'),
    profiles,
  );
}

/** Faults of lines on the values that will be in force; what has a bad shape or leads nowhere is left out. */
export function checkBuses(draft: SiteDraft, profiles: MeterProfiles): readonly Fault[] {
  const faults: Fault[] = [];
  const add = (path: readonly PropertyKey[], expected: string) =>
    faults.push({ file: draft.file, path: describePath(path), value: valueAt(draft.raw, path), expected });
  checkSettings(draft, add);
  const buses = draft.buses.map(({ form }) => assembleBus(form));
  const meters = draft.meters.flatMap(({ form }): PolledMeter[] => {
    if (!('profile' in form)) return [];
    const isPlaced = form.bus === undefined || buses.some(({ id }) => id === form.bus);
    return isPlaced ? [{ ...form, connection: assemblePlace(form, buses) }] : [];
  });
  for (const line of lineBudgets(meters, profiles)) {
    if (line.share <= 1) continue;
    const path = pathOf(line, draft);
    if (path !== undefined) add(path, `${carried(line)}; poll each every ${line.sustainedPollMs} ms${faster(line)}`);
  }
  return faults;
}

type Add = (path: readonly PropertyKey[], expected: string) => void;

/** A serial device can be set to one speed and one format only. */
function checkSettings(draft: SiteDraft, add: Add): void {
  const first = new Map<string, { readonly id: string; readonly setting: string }>();
  for (const { form, path } of draft.buses) {
    if (form.serial === undefined) continue;
    const setting = describeEndpoint(assembleBus(form).endpoint);
    const before = first.get(form.serial);
    if (before === undefined) first.set(form.serial, { id: form.id, setting });
    else if (before.setting !== setting)
      add([...path, 'serial'], `a device of its own, or the settings of bus "${before.id}": ${before.setting}`);
  }
}

/** The baud rate of the bus, or the poll of the first meter at an address of its own. */
function pathOf({ bus, meters }: LineBudget, draft: SiteDraft): readonly PropertyKey[] | undefined {
  const part = draft.buses.find(({ form }) => form.id === bus);
  if (part !== undefined) return [...part.path, 'baud'];
  const meter = draft.meters.find(({ form }) => form.id === meters[0]?.id);
  return meter && [...meter.path, 'pollMs'];
}

const carried = ({ meters, share }: LineBudget): string =>
  `a line that carries ${named(meters.map(({ id }) => id))}: they need ${percent(share)} of its time`;
const faster = ({ bus, isAtLeast }: LineBudget): string =>
  bus === undefined || isAtLeast ? '' : ', or set line and meters to a higher baud rate';

/** What is full, but not too full. */
export function busNotes(site: Pick<Site, 'meters'>, profiles: MeterProfiles): readonly Note[] {
  return siteLines(site, profiles).flatMap((line): Note[] => {
    if (line.share <= WARN_SHARE) return [];
    const about = line.bus === undefined ? `meter ${line.meters[0]?.id}` : `bus ${line.bus}`;
    const text = `its meters need ${percent(line.share)} of the line's time: there is little room for a lost reply. Poll each every ${line.sustainedPollMs} ms${faster(line)}.`;
    return [{ about, text }];
  });
}

/** Rounded up: a line that is full is never called nearly full. */
export const percent = (share: number): string => `${Math.ceil(share * 100)} %`;

function named(ids: readonly string[]): string {
  const shown = ids.slice(0, MAX_NAMED).map((id) => `"${id}"`);
  return `${shown.join(', ')}${ids.length > MAX_NAMED ? ` and ${ids.length - MAX_NAMED} more` : ''}`;
}
