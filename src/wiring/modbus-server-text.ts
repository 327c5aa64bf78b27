// Busbar as a Modbus device in the words of `busbar check`: where it listens, who may set what, and where each thing stands in its registers.

import type { ExternalCapTerms } from '../core/model/modbus-server.ts';
import type { Site } from '../core/model/site.ts';
import { BLOCKS, type RegisterMap, registerMap, segmentNamed } from '../modbus/server/register-map.ts';

/** Names that one line gives; the rest are counted. `--json` has all. */
const MAX_NAMED = 12;

type Placed = { readonly id: string; readonly register: number };
export type ModbusServerView = {
  readonly circuits: readonly Placed[];
  readonly evses: readonly Placed[];
  readonly groups: readonly Placed[];
  /** Of the SunSpec marker. */
  readonly sunspec: number;
};

/** First register of each circuit, EVSE and group; undefined where the site is no Modbus device. */
export function placeModbusServer(site: Site): ModbusServerView | undefined {
  if (site.modbusServer === undefined) return undefined;
  const map = registerMap(site);
  return {
    circuits: placed(map.circuits, 'circuits'),
    evses: placed(map.evses, 'EVSEs'),
    groups: placed(map.groups, 'groups'),
    sunspec: segmentNamed(map, 'SunSpec')!.start,
  };
}

/** Lines for a person; none where the site is no Modbus device. */
export function describeModbusServer(site: Site): readonly string[] {
  const { modbusServer } = site;
  const view = placeModbusServer(site);
  if (modbusServer === undefined || view === undefined) return [];
  const { host, port, unitId, allow, externalCap } = modbusServer;
  const who = allow.length === 0 ? 'this machine alone' : `this machine and ${listed(allow)}`;
  return [
    `Modbus TCP server on ${host}:${port}, unit ${unitId}, for ${who}`,
    `├─ ${describeCap(externalCap)}`,
    `├─ circuits: ${listed(view.circuits.map(describePlace))}`,
    `├─ EVSEs: ${listed(view.evses.map(describePlace))}`,
    ...(view.groups.length === 0 ? [] : [`├─ groups: ${listed(view.groups.map(describePlace))}`]),
    ...beyond(site, registerMap(site)).map((line) => `├─ ${line}`),
    `└─ SunSpec from ${view.sunspec}; all registers in docs/modbus-server.md`,
  ];
}

function describeCap(cap: ExternalCapTerms | undefined): string {
  if (cap === undefined) return 'everything is only read';
  const number = (value: number) => (cap.unit === 'A' ? `${value} A` : `${Number((value / 1_000).toFixed(3))} kW`);
  const renewed = cap.maxAgeMs === undefined ? '' : `, cap renewed each ${cap.maxAgeMs} ms`;
  const at = BLOCKS['external cap'].start;
  return `external cap at ${at}: circuit ${cap.circuit} to 0 to ${number(cap.most)}; failsafe ${number(cap.failsafe)}, heartbeat each ${cap.heartbeatMs} ms${renewed}`;
}

/** What a large site has no registers for. */
function beyond(site: Site, map: RegisterMap): readonly string[] {
  const rows = [
    { what: 'circuits', all: site.circuits.length, shown: map.circuits.length },
    { what: 'EVSEs', all: site.evses.length, shown: map.evses.length },
    { what: 'groups', all: site.groups.length, shown: map.groups.length },
  ];
  return rows
    .filter(({ all, shown }) => shown < all)
    .map(({ what, all, shown }) => `no registers for ${all - shown} ${what}: the map holds the first ${shown}`);
}

function placed(things: readonly { readonly id: string }[], block: 'circuits' | 'EVSEs' | 'groups'): readonly Placed[] {
  const { start, stride } = BLOCKS[block];
  return things.map(({ id }, index) => ({ id, register: start + index * stride }));
}

const describePlace = ({ id, register }: Placed) => `${id} at ${register}`;

function listed(names: readonly string[]): string {
  const more = names.length > MAX_NAMED ? `, and ${names.length - MAX_NAMED} more` : '';
  return `${names.slice(0, MAX_NAMED).join(', ')}${more}`;
}
