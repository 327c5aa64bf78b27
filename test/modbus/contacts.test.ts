// The contacts of a site as one port, on the virtual clock: what is asked of the modules, what is told of them, and which limits follow.
import { describe, expect, test } from 'vitest';
import { emergencyStop, stopCap } from '../../src/core/limits/emergency-stop.ts';
import type { SiteInput } from '../../src/core/model/site.ts';
import { AppError } from '../../src/engine/app-error.ts';
import type { Fields } from '../../src/engine/ports.ts';
import { groupContacts, MAX_BITS, MAX_GAP, planSpans } from '../../src/modbus/contact-reads.ts';
import { Contacts, FIRST_READING_MS } from '../../src/modbus/contacts.ts';
import { VirtualClock } from '../../src/simulator/virtual-clock.ts';
import { silentLog } from '../../src/system/log.ts';

const endpoint = { transport: 'tcp', host: '192.0.2.7', port: 502 } as const;

function input(id: string, address: number, part: Partial<SiteInput> = {}): SiteInput {
  return {
    id,
    name: id,
    connection: { endpoint, unitId: 1 },
    contact: { kind: 'discrete-input', address },
    activeWhen: 'closed',
    debounceMs: 1_000,
    pollMs: 500,
    cap: {
      id: `contact:${id}`,
      source: { kind: 'utility', id: `contact ${id}` },
      scope: { kind: 'group', group: 'g' },
      limitWatts: 4_200,
    },
    ...part,
  };
}

/** A module with bits in memory; `fail` answers in place of it. */
function room(inputs: readonly SiteInput[]) {
  const clock = new VirtualClock(0);
  const bits = new Set<number>();
  const asked: string[] = [];
  const warned: [string, Fields | undefined][] = [];
  let fail: ((functionCode: number, address: number, count: number) => Error | undefined) | undefined;
  let answerAfterMs = 5;
  const log = { ...silentLog, warn: (event: string, fields?: Fields) => void warned.push([event, fields]) };
  const contacts = new Contacts(
    { clock, random: { next: () => 0.5, uuid: () => 'id' }, log },
    inputs,
    ({ unitId }) => ({
      readBits: async (functionCode, address, count) => {
        asked.push(`${unitId}:${functionCode}:${address}+${count}`);
        await clock.sleep('test.module', answerAfterMs);
        const error = fail?.(functionCode, address, count);
        if (error) throw error;
        return Array.from({ length: count }, (_, at) => bits.has(address + at));
      },
    }),
  );
  const changes: [number, string][] = [];
  contacts.onChange((reason) => void changes.push([clock.now(), reason]));
  const stop = new AbortController();
  const start = async () => {
    const started = contacts.start(stop.signal);
    await clock.advance(10);
    return started;
  };
  return {
    clock,
    contacts,
    bits,
    asked,
    warned,
    changes,
    start,
    end: async () => {
      stop.abort();
      const stopped = contacts.stop();
      await clock.advance(120_000);
      await stopped;
    },
    failWith: (given: typeof fail) => {
      fail = given;
    },
    takeMs: (ms: number) => {
      answerAfterMs = ms;
    },
    states: () => contacts.contacts().map(({ id, state }) => `${id} ${state}`),
    caps: () => contacts.caps().map(({ id }) => id),
  };
}
const timeout = () => new AppError('METER_TIMEOUT', 'no whole answer within 300 ms');
const exception = () => new AppError('METER_EXCEPTION', 'Illegal data address', { exception: 2 });

describe('what is asked', () => {
  test.each<[string, number[], boolean, string[]]>([
    ['neighbours in one request', [3, 0, 1], false, ['0+4']],
    ['one address twice is asked once', [5, 5], false, ['5+1']],
    ['up to the widest gap', [0, MAX_GAP], false, [`0+${MAX_GAP + 1}`]],
    ['beyond it', [0, MAX_GAP + 1], false, ['0+1', `${MAX_GAP + 1}+1`]],
    ['one by one', [0, 1], true, ['0+1', '1+1']],
    [
      'up to the most bits',
      Array.from({ length: MAX_BITS + 1 }, (_, at) => at),
      false,
      [`0+${MAX_BITS}`, `${MAX_BITS}+1`],
    ],
  ])('%s', (_, addresses, apart, spans) => {
    expect(planSpans(addresses, apart).map(({ address, count }) => `${address}+${count}`)).toEqual(spans);
  });

  test('contacts of one kind on one unit are one group, polled as fast as its fastest', () => {
    const groups = groupContacts([
      input('a', 0),
      input('b', 1, { pollMs: 200 }),
      input('coil', 0, { contact: { kind: 'coil', address: 0 } }),
      input('other', 0, { connection: { endpoint, unitId: 2 } }),
    ]);
    const told = groups.map(({ functionCode, inputs, pollMs }) => [functionCode, inputs.map(({ id }) => id), pollMs]);
    expect(told).toEqual([
      [2, ['a', 'b'], 200],
      [1, ['coil'], 500],
      [2, ['other'], 500],
    ]);
  });

  test('one request for all contacts of a module, at its pace', async () => {
    const { clock, asked, start, end } = room([input('a', 2), input('b', 5), input('c', 0)]);
    await start();
    await clock.advance(1_600);
    expect(asked).toEqual(Array.from({ length: 4 }, () => '1:2:0+6'));
    await end();
  });

  test('a module that refuses a request over a gap is asked one by one from then on', async () => {
    const { clock, bits, asked, start, end, failWith, states } = room([input('a', 0), input('b', 5)]);
    bits.add(5);
    failWith((_code, _address, count) => (count > 1 ? exception() : undefined));
    await start();
    expect(states()).toEqual(['a unknown', 'b unknown']);
    await clock.advance(600);
    expect(asked).toEqual(['1:2:0+6', '1:2:0+1', '1:2:5+1']);
    expect(states()).toEqual(['a released', 'b active']);
    await end();
  });
});

describe('what is told', () => {
  test('polarity: closed or open may mean active, and each contact has its own limit', async () => {
    const { bits, start, end, states, caps } = room([
      input('no-closed', 0),
      input('no-open', 1),
      input('nc-closed', 2, { activeWhen: 'open' }),
      input('nc-open', 3, { activeWhen: 'open' }),
    ]);
    bits.add(0).add(2);
    await start();
    expect(states()).toEqual(['no-closed active', 'no-open released', 'nc-closed released', 'nc-open active']);
    expect(caps()).toEqual(['contact:no-closed', 'contact:nc-open']);
    await end();
  });

  test('before the first reading every limit is in force; the start waits for it, and for no longer than a second', async () => {
    const { clock, contacts, caps, states, takeMs, end } = room([input('a', 0)]);
    expect([states(), caps()]).toEqual([['a unknown'], ['contact:a']]);
    takeMs(5_000);
    let startedAt: number | undefined;
    void contacts.start(new AbortController().signal).then(() => {
      startedAt = clock.now();
    });
    await clock.advance(FIRST_READING_MS - 1);
    expect(startedAt).toBeUndefined();
    await clock.advance(2);
    expect(startedAt).toBe(FIRST_READING_MS);
    expect(caps()).toEqual(['contact:a']);
    await end();
  });

  test('a change asks for a cycle with the very reading that shows it', async () => {
    const { clock, bits, changes, start, end, caps } = room([input('a', 0)]);
    await start();
    expect(changes).toEqual([[5, 'contact.a']]);
    bits.add(0);
    await clock.advance(500);
    expect(changes.slice(1)).toEqual([[505, 'contact.a']]);
    expect(caps()).toEqual(['contact:a']);
    bits.clear();
    // Asked at 1000 for the first time after the release; a second later it counts.
    await clock.advance(1_490);
    expect(caps()).toEqual(['contact:a']);
    await clock.advance(10);
    expect(changes.slice(2)).toEqual([[2_005, 'contact.a']]);
    expect(caps()).toEqual([]);
    await end();
  });

  test('a module that falls silent: its limits are in force five seconds after the last answer, and say why', async () => {
    const { clock, contacts, start, end, failWith, caps, changes, warned } = room([
      input('a', 0, { cap: { ...input('a', 0).cap, note: 'relay of the grid operator' } }),
      input('b', 1),
    ]);
    await start();
    await clock.advance(990);
    failWith(timeout);
    await clock.advance(4_500);
    expect([clock.now(), caps()]).toEqual([5_500, []]);
    await clock.advance(1);
    expect(caps()).toEqual(['contact:a', 'contact:b']);
    expect(contacts.caps()[0]!.note).toBe('relay of the grid operator; cannot be read');
    await clock.advance(10);
    expect(contacts.contacts()[0]).toMatchObject({ state: 'unknown', trouble: 'no whole answer within 300 ms' });
    expect(changes.slice(2).map(([, reason]) => reason)).toEqual(['contact.a', 'contact.b']);
    expect(warned.map(([event, fields]) => [event, fields?.contact])).toEqual([
      ['contact.unreadable', 'a'],
      ['contact.unreadable', 'b'],
    ]);
    // It answers again: released only after the whole debounce.
    failWith(undefined);
    await clock.advance(1_400);
    expect(caps()).toEqual(['contact:a', 'contact:b']);
    await clock.advance(200);
    expect(caps()).toEqual([]);
    await end();
  });

  test('a module that hangs without an answer tells no old state: the age counts, not the error', async () => {
    const { clock, start, end, takeMs, states } = room([input('a', 0)]);
    await start();
    takeMs(60_000);
    await clock.advance(5_600);
    expect(states()).toEqual(['a unknown']);
    await clock.advance(60_000);
    await end();
  });

  test('an emergency stop is told as such; one that cannot be read stops, but shows nobody who pressed it', async () => {
    const stop = input('door', 0, {
      activeWhen: 'open',
      emergencyStop: true,
      cap: stopCap('contact:door', 'contact Door'),
    });
    const { contacts, bits, start, end, failWith, clock } = room([stop]);
    bits.add(0);
    await start();
    expect(contacts.caps()).toEqual([]);
    failWith(timeout);
    await clock.advance(6_000);
    expect(contacts.caps()).toMatchObject([{ scope: { kind: 'every-evse' }, limitAmps: { L1: 0, L2: 0, L3: 0 } }]);
    expect(contacts.contacts()).toMatchObject([{ emergencyStop: true, state: 'unknown', isSeenActive: false }]);
    failWith(undefined);
    bits.clear();
    await clock.advance(500);
    expect(contacts.contacts()).toMatchObject([{ state: 'active', isSeenActive: true }]);
    expect(contacts.caps()[0]!.source).toEqual(emergencyStop('contact Door', 0).source);
    await end();
  });

  test('fewer bits than were asked for are no reading', async () => {
    const clock = new VirtualClock(0);
    const contacts = new Contacts(
      { clock, random: { next: () => 0.5, uuid: () => 'id' }, log: silentLog },
      [input('a', 0), input('b', 1)],
      () => ({ readBits: async () => [false] }),
    );
    const stop = new AbortController();
    await contacts.start(stop.signal);
    expect(contacts.contacts().map(({ state }) => state)).toEqual(['released', 'unknown']);
    stop.abort();
    await contacts.stop();
  });
});
