// docs/ocpp.md says of every message of each version what the code does with it.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { ChargingProfile } from '../../src/core/model/charging-profile.ts';
import { CentralSystem, type CentralSystemOptions } from '../../src/ocpp/central-system.ts';
import type { Office } from '../../src/ocpp/handlers.ts';
import { loadV16 } from '../../src/ocpp/v16/wire.ts';
import { loadV201 } from '../../src/ocpp/v201/wire.ts';
import { DOWN_RULES, type DownWay, UP_RULES, type UpWay } from '../../src/upstream/relay-table.ts';

const page = readFileSync(join(import.meta.dirname, '../../docs/ocpp.md'), 'utf8');
const [, part16 = '', part201 = ''] = page.split(/^## OCPP /m);
const rowsOf = (part: string) =>
  part
    .split('\n')
    .map((line) => line.split('|').map((cell) => cell.trim()))
    .filter((cells) => cells.length === 7 && ['station', 'upstream', 'Busbar'].includes(cells[3]!))
    .map(([, message = '', profile, caller, status]) => ({ message, profile, caller, status }));
const rows = rowsOf(part16);

// The dispatch table is built from its options and asks nothing of them before a CALL comes.
const v16 = await loadV16();
const v201 = await loadV201();
const options = { versions: [v201, v16], office: () => ({}) as Office };
const central = new CentralSystem(options as unknown as CentralSystemOptions);
const actions = central.actions(v16.wire);

const STATUS: Readonly<Record<UpWay | DownWay, string>> = {
  relay: 'relayed',
  copy: 'answered here',
  own: 'answered here',
  here: 'answered here',
  deliver: 'stored',
  forward: 'relayed',
  rewrite: 'relayed',
  check: 'relayed',
  virtual: 'virtual',
  refuse: 'refused here',
};

test('each row has the status that the dispatch tables give it', () => {
  const fromStations = Object.entries(UP_RULES).map(([message, { whenUp }]) => ({
    message,
    caller: 'station',
    status: actions.includes(message) ? STATUS[whenUp] : 'not yet',
  }));
  const fromUpstream = Object.entries(DOWN_RULES).map(([message, { whenUp }]) => ({
    message,
    caller: 'upstream',
    status: STATUS[whenUp],
  }));
  expect(rows.map(({ profile: _profile, ...row }) => row)).toEqual([...fromStations, ...fromUpstream]);
});

test('the page has all 28 messages of OCPP 1.6 and all 11 of the security white paper', () => {
  const security = rows.filter(({ profile }) => profile === 'Security');
  const plain = rows.filter(({ profile }) => profile !== 'Security');
  expect([new Set(plain.map(({ message }) => message)).size, security.length]).toEqual([28, 11]);
});

test('the central system answers exactly what stations may call', () => {
  expect([...actions].sort()).toEqual(Object.keys(UP_RULES).sort());
});

describe('OCPP 2.0.1', () => {
  const rows201 = rowsOf(part201);
  const callers = (caller: string) => rows201.filter((row) => row.caller === caller).map(({ message }) => message);

  test('the page has all 64 messages, each as often as it has callers', () => {
    const actionsOfSchemas = v201.wire.schemas.names.flatMap((name) => name.match(/^(.*)Request$/)?.[1] ?? []);
    expect([...new Set(rows201.map(({ message }) => message))].sort()).toEqual(actionsOfSchemas.sort());
    expect(actionsOfSchemas).toHaveLength(64);
    expect(rows201).toHaveLength(65);
  });

  test('what stations call is exactly what is answered', () => {
    expect(callers('station').sort()).toEqual([...central.actions(v201.wire)].sort());
    expect(rows201.filter(({ caller }) => caller === 'station').every(({ status }) => status === 'answered here')).toBe(
      true,
    );
  });

  test('what is called is what the wire can write, and every such CALL follows its schema', () => {
    const { wire } = v201;
    const profile: ChargingProfile = {
      id: 9_011,
      stackLevel: 0,
      purpose: 'TxDefaultProfile',
      kind: 'Absolute',
      schedule: { unit: 'A', startSchedule: 0, periods: [{ startPeriodSeconds: 0, limit: 6 }] },
    };
    const duplicate = { status: 'Rejected', statusInfo: { reasonCode: 'DuplicateProfile' } };
    const written = [
      wire.installCall(1, profile, 0),
      ...wire.remedies(1, profile, duplicate),
      wire.stopCall('tx-1'),
      wire.triggerCall('samples', 1),
      wire.triggerCall('BootNotification'),
      wire.triggerCall('Heartbeat'),
      ...wire.settings.flatMap(({ name, values }) => values.map((value) => wire.settingCall(name, value))),
      wire.abilities!.ask,
      wire.abilities!.askOtherwise,
    ];
    for (const { action, payload } of written)
      expect([action, wire.schemas.check('outbound', action, 'Request', payload)]).toEqual([action, undefined]);
    const called = rows201.filter(({ status }) => status === 'called').map(({ message }) => message);
    expect([...new Set(written.map(({ action }) => action))].sort()).toEqual(called.sort());
    expect(
      rows201
        .filter(({ caller }) => caller === 'Busbar')
        .every(({ status }) => status === 'called' || status === 'not called'),
    ).toBe(true);
  });
});
