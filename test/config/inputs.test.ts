// Contacts and coils of a site file: what becomes of them, every slip by its whole line, and what is remarked on those in order.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { runCheckVerb } from '../../src/wiring/check-verb.ts';
import { modbusMeters } from '../../src/wiring/meters.ts';
import {
  faultLines,
  goodSite,
  groupedSite,
  type RawSite,
  rawSite,
  rememberingIo,
  repositoryRoot,
  scratchFile,
  testSlips,
} from './support.ts';

/** The grouped yard with a contact of the grid operator, an emergency stop and a coil. */
function contactSite(): RawSite {
  const raw = groupedSite({ limitKilowatts: 11 });
  raw.buses = [{ id: 'io', host: '192.0.2.20', baud: 9600 }];
  raw.inputs = [
    {
      id: 'dim',
      host: '192.0.2.7',
      contact: { discreteInput: 0 },
      activeWhen: 'closed',
      limit: { group: 'tenant', limitKilowatts: 4.2 },
    },
    { id: 'door', bus: 'io', unitId: 3, contact: { coil: 7 }, activeWhen: 'open', emergencyStop: true },
  ];
  raw.outputs = [{ id: 'lamp', host: '192.0.2.7', coil: 4, shows: 'emergency-stop' }];
  return raw;
}

testSlips(
  {
    'an input': [
      [
        'no contact',
        (raw) => delete raw.inputs[0].contact,
        'inputs[0].contact: got nothing, expected an object: "discreteInput" or "coil", with its address',
      ],
      [
        'two contacts',
        (raw) => (raw.inputs[0].contact.coil = 1),
        'inputs[0].contact.discreteInput: got 0, expected either "discreteInput" or "coil", with its zero-based address; not both, not neither',
      ],
      [
        'an address beyond the last',
        (raw) => (raw.inputs[0].contact.discreteInput = 65_536),
        'inputs[0].contact.discreteInput: got 65536, expected a zero-based address from 0 to 65535, as on the wire',
      ],
      [
        'no polarity',
        (raw) => delete raw.inputs[0].activeWhen,
        'inputs[0].activeWhen: got nothing, expected "closed", or "open" where a broken wire must mean active',
      ],
      [
        'a poll too slow',
        (raw) => (raw.inputs[0].pollMs = 3_001),
        'inputs[0].pollMs: got 3001, expected a whole number of milliseconds from 100 to 3000',
      ],
      [
        'a debounce too long',
        (raw) => (raw.inputs[0].debounceMs = 600_001),
        'inputs[0].debounceMs: got 600001, expected a whole number of milliseconds from 0 to 600000',
      ],
      [
        'no effect',
        (raw) => delete raw.inputs[1].emergencyStop,
        'inputs[1].limit: got nothing, expected either "limit" or "emergencyStop", what it asks for while it is active; not both, not neither',
      ],
      [
        'both effects',
        (raw) => (raw.inputs[0].emergencyStop = true),
        'inputs[0].limit: got {"group":"tenant","limitKilowatts":4.2}, expected either "limit" or "emergencyStop", what it asks for while it is active; not both, not neither',
      ],
      [
        'an emergency stop that is none',
        (raw) => (raw.inputs[1].emergencyStop = false),
        'inputs[1].emergencyStop: got false, expected true, or no such field',
      ],
      [
        'no place',
        (raw) => delete raw.inputs[0].host,
        'inputs[0].host: got nothing, expected either "host", its own address, or "bus", the id of a bus of this file; not both, not neither',
      ],
      [
        'an unknown bus',
        (raw) => (raw.inputs[1].bus = 'oi'),
        'inputs[1].bus: got "oi", expected the id of a bus of this file: io',
      ],
      [
        'an id twice',
        (raw) => (raw.inputs[1].id = 'dim'),
        'inputs[1].id: got "dim", expected an id of its own: inputs[0] is input "dim" already',
      ],
      [
        'a field nobody knows',
        (raw) => (raw.inputs[0].debounce = 5),
        'inputs[0].debounce: got 5, expected no field of this name (did you mean debounceMs?); the fields here are id, name, host, port, framing, bus, unitId, contact, activeWhen, debounceMs, pollMs, limit, emergencyStop',
      ],
    ],
    'the limit of an input': [
      [
        'no scope',
        (raw) => delete raw.inputs[0].limit.group,
        'inputs[0].limit.circuit: got nothing, expected either "circuit" or "group", what it limits; not both, not neither',
      ],
      [
        'two scopes',
        (raw) => (raw.inputs[0].limit.circuit = 'main'),
        'inputs[0].limit.circuit: got "main", expected either "circuit" or "group", what it limits; not both, not neither',
      ],
      [
        'two numbers',
        (raw) => (raw.inputs[0].limit.percent = 50),
        'inputs[0].limit.limitAmps: got nothing, expected exactly one of limitAmps, limitKilowatts and percent',
      ],
      [
        'a percentage above 100',
        (raw) => (raw.inputs[0].limit = { circuit: 'main', percent: 101 }),
        'inputs[0].limit.percent: got 101, expected a percentage from 0 to 100 of what the circuit or group may draw',
      ],
      [
        'an unknown group',
        (raw) => (raw.inputs[0].limit.group = 'tenants'),
        'inputs[0].limit.group: got "tenants", expected the id of a group of this file (did you mean tenant?): tenant',
      ],
      [
        'an unknown circuit',
        (raw) => (raw.inputs[0].limit = { circuit: 'man', limitAmps: 10 }),
        'inputs[0].limit.circuit: got "man", expected the id of a circuit of this file (did you mean main?): main, sub',
      ],
      [
        'more than the rating',
        (raw) => (raw.inputs[0].limit = { circuit: 'sub', limitAmps: { L1: 40, L2: 40.5, L3: 40 } }),
        'inputs[0].limit.limitAmps: got {"L1":40,"L2":40.5,"L3":40}, expected at most 40 A, the rating of "sub": a contact can only tighten',
      ],
      [
        'more than the group has',
        (raw) => (raw.inputs[0].limit.limitKilowatts = 11.1),
        'inputs[0].limit.limitKilowatts: got 11.1, expected at most 11 kW, the limit of group "tenant": a contact can only tighten',
      ],
      [
        'surplus without kilowatts of a group',
        (raw) => (raw.inputs[0].limit = { circuit: 'main', limitAmps: 10, netOfSurplus: true }),
        'inputs[0].limit.netOfSurplus: got true, expected a "group" with limitKilowatts, on top of which the surplus may be used',
      ],
      [
        'an author that nobody is',
        (raw) => (raw.inputs[0].limit.author = 'grid'),
        'inputs[0].limit.author: got "grid", expected "utility" or "facility-manager"',
      ],
    ],
    'an output': [
      [
        'what it shows',
        (raw) => (raw.outputs[0].shows = 'ready'),
        'outputs[0].shows: got "ready", expected "alive", "limited" or "emergency-stop"',
      ],
      [
        'no coil',
        (raw) => delete raw.outputs[0].coil,
        'outputs[0].coil: got nothing, expected a zero-based coil address from 0 to 65535, as on the wire',
      ],
      [
        'a coil twice',
        (raw) => raw.outputs.push({ id: 'two', host: '192.0.2.7', coil: 4, shows: 'alive' }),
        'outputs[1].coil: got 4, expected a coil of its own: output "lamp" switches this one',
      ],
      [
        'an unknown bus',
        (raw) => (raw.outputs[0] = { id: 'lamp', bus: 'x', coil: 4, shows: 'alive' }),
        'outputs[0].bus: got "x", expected the id of a bus of this file: io',
      ],
    ],
  },
  contactSite,
);

test('surplus needs a meter that shows it', () => {
  testNet(true, []);
  testNet(false, [
    'site.json: inputs[0].limit.netOfSurplus: got true, expected a meter on "main", which alone can show the surplus; or no netOfSurplus',
  ]);
});

function testNet(metered: boolean, lines: readonly string[]) {
  const raw = contactSite();
  raw.inputs[0].limit.netOfSurplus = true;
  if (!metered) {
    delete raw.circuits[0].meter;
    raw.circuits[0].baseLoad.allowanceAmps = 5;
    raw.meters = [];
  }
  expect(faultLines(raw)).toEqual(lines);
  // What may be used on top must be seen: then export is no sign of reversed transformers.
  if (metered) expect(modbusMeters(goodSite(raw).site)[0]!.mayExport).toBe(true);
}

describe('what becomes of them', () => {
  test('places, defaults and the limit that is in force while a contact is active', () => {
    const { inputs, outputs } = goodSite(contactSite()).site;
    expect(inputs).toEqual([
      {
        id: 'dim',
        name: 'dim',
        connection: { endpoint: { transport: 'tcp', host: '192.0.2.7', port: 502 }, unitId: 1 },
        contact: { kind: 'discrete-input', address: 0 },
        activeWhen: 'closed',
        debounceMs: 1_000,
        pollMs: 500,
        cap: {
          id: 'contact:dim',
          source: { kind: 'utility', id: 'contact dim' },
          scope: { kind: 'group', group: 'tenant' },
          limitWatts: 4_200,
        },
      },
      {
        id: 'door',
        name: 'door',
        connection: {
          endpoint: { transport: 'tcp', host: '192.0.2.20', port: 502 },
          unitId: 3,
          bus: 'io',
          wireBaud: 9_600,
        },
        contact: { kind: 'coil', address: 7 },
        activeWhen: 'open',
        debounceMs: 1_000,
        pollMs: 500,
        emergencyStop: true,
        cap: {
          id: 'contact:door',
          source: { kind: 'emergency-stop', id: 'contact door' },
          scope: { kind: 'every-evse' },
          limitAmps: { L1: 0, L2: 0, L3: 0 },
        },
      },
    ]);
    expect(outputs).toMatchObject([{ id: 'lamp', coil: 4, shows: 'emergency-stop', connection: { unitId: 1 } }]);
  });

  test.each([
    [
      'of a circuit: its rating, and its kilowatts where it has some',
      { circuit: 'sub', percent: 60 },
      { limitAmps: { L1: 24, L2: 24, L3: 24 }, limitWatts: 6_000 },
    ],
    [
      'of a group: every limit that it has',
      { group: 'tenant', percent: 30 },
      { limitAmps: { L1: 9, L2: 9, L3: 9 }, limitWatts: 3_300 },
    ],
    ['nothing at all', { group: 'tenant', percent: 0 }, { limitAmps: { L1: 0, L2: 0, L3: 0 }, limitWatts: 0 }],
  ])('a percentage %s', (_, limit, numbers) => {
    const raw = contactSite();
    raw.circuits[1].limitKilowatts = 10;
    raw.stations = [raw.stations[0]];
    raw.groups[0].stations = ['A'];
    raw.inputs[0].limit = { ...limit, author: 'facility-manager', note: 'DRM' };
    const { limitAmps, limitWatts, source, note } = goodSite(raw).site.inputs[0]!.cap;
    expect({ limitAmps, limitWatts }).toEqual(numbers);
    expect([source, note]).toEqual([{ kind: 'facility-manager', id: 'contact dim' }, 'DRM']);
  });
});

describe('what is remarked', () => {
  const notesOf = (raw: RawSite) => goodSite(raw).notes.filter(({ about }) => about.startsWith('input'));

  test('floors that exceed the limit of a contact while the controller is down', () => {
    // Three floors of 6 A, on three, three and one phase, at 253 V: 10.6 kW.
    expect(notesOf(contactSite())).toEqual([
      {
        about: 'input dim',
        text: 'while the controller is down the floors may draw 10.6 kW, above its 4.2 kW; lower the floors if that must not be.',
      },
      {
        about: 'input door',
        text: 'while the controller is down the floors may draw 12 A on L1, above its 0 A; lower the floors if that must not be.',
      },
    ]);
  });

  test('a stop that a broken wire would not set off', () => {
    const raw = contactSite();
    raw.inputs[1].activeWhen = 'closed';
    expect(notesOf(raw)[1]!.text).toBe(
      'a broken wire would not stop anything: use a normally closed contact and activeWhen "open".',
    );
  });

  test('contacts that take much of a serial line, whose meters come on top', () => {
    const raw = contactSite();
    const line = () => goodSite(raw).notes.filter(({ about }) => about.startsWith('line'));
    // 14 bytes of 11 bits at 9600 baud and a turnaround of 25 ms, each 500 ms: 8.2 %.
    expect(line()).toEqual([]);
    raw.inputs[1].pollMs = 300;
    expect(line()).toEqual([
      {
        about: 'line 192.0.2.20:502',
        text: expect.stringMatching(
          /^its contacts need 1[3-5] % of the line's time, and its meters come on top: raise/,
        ),
      },
    ]);
    // Another contact of the same module rides along; one of another module does not.
    raw.inputs.push({ ...raw.inputs[1], id: 'second', contact: { coil: 9 }, pollMs: 3_000 });
    expect(line()[0]!.text).toMatch(/need 1[3-5] %/);
    raw.inputs.push({ ...raw.inputs[1], id: 'third', unitId: 4 });
    expect(line()[0]!.text).toMatch(/need 2[7-9] %/);
  });

  test('check draws them, and tells them as data', async () => {
    const io = rememberingIo();
    const file = scratchFile(JSON.stringify(contactSite()));
    expect(await runCheckVerb({ file, json: false }, io)).toBe(0);
    expect(io.outLines.filter((line) => /^(in|out)put/.test(line))).toEqual([
      'input dim: discrete input 0 at 192.0.2.7:502, unit 1, each 500 ms, released after 1000 ms; closed: group tenant at most 4.2 kW',
      'input door: coil 7 at 192.0.2.20:502, unit 3, each 500 ms, released after 1000 ms; open: emergency stop, latched',
      'output lamp: coil 4 at 192.0.2.7:502, unit 1 shows emergency-stop',
    ]);
    const told = rememberingIo();
    expect(await runCheckVerb({ file, json: true }, told)).toBe(0);
    expect(JSON.parse(told.outLines[0]!)).toMatchObject({
      inputs: [{ id: 'dim' }, { id: 'door' }],
      outputs: [{ id: 'lamp' }],
    });
  });
});

test('the examples of docs/contacts.md are in order, each in a site of its own', () => {
  const page = readFileSync(join(repositoryRoot, 'docs', 'contacts.md'), 'utf8');
  const examples = [...page.matchAll(/```jsonc\n([\s\S]*?)```/g)].map((match) => JSON.parse(`{${match[1]!}}`));
  expect(examples).toHaveLength(2);
  const [first] = examples;
  for (const example of examples) {
    const { site } = goodSite({ ...rawSite(), groups: first.groups, ...example });
    expect(site.inputs.length).toBe(example.inputs.length);
  }
  // Four charging points: 4.2 kW + 3 × 0.70 × 4.2 kW.
  expect(first.inputs[0].limit.limitKilowatts).toBeCloseTo(4.2 + 3 * 0.7 * 4.2, 6);
});
