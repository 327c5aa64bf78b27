// docs/ocpp.md says of every message of OCPP 1.6 what the code does with it.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { CentralSystem, type CentralSystemOptions } from '../../src/ocpp/central-system.ts';
import type { Office } from '../../src/ocpp/handlers.ts';
import { loadV16 } from '../../src/ocpp/v16/wire.ts';
import { DOWN_RULES, type DownWay, UP_RULES, type UpWay } from '../../src/upstream/relay-table.ts';

const page = readFileSync(join(import.meta.dirname, '../../docs/ocpp.md'), 'utf8');
const rows = page
  .split('\n')
  .map((line) => line.split('|').map((cell) => cell.trim()))
  .filter((cells) => cells.length === 7 && (cells[3] === 'station' || cells[3] === 'upstream'))
  .map(([, message = '', profile, caller, status]) => ({ message, profile, caller, status }));

// The dispatch table is built from its options and asks nothing of them before a CALL comes.
const v16 = await loadV16();
const options = { versions: [v16], office: () => ({}) as Office };
const actions = new CentralSystem(options as unknown as CentralSystemOptions).actions(v16.wire);

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
