// The delivery checker finds each of the five ways in which a message can go wrong, and calls nothing wrong that an honest relay does.
import { describe, expect, test } from 'vitest';
import { type CentralAnswer, DeliveryChecker } from '../../../src/simulator/checks/delivery.ts';
import { Ledger, MAX_TRANSACTIONS, MAX_WAITING_MESSAGES } from '../../../src/simulator/checks/delivery-ledger.ts';
import { seededRandom } from '../../../src/simulator/seeded-random.ts';
import type { Violation } from '../../../src/simulator/truth.ts';

type Message = { readonly action: string; readonly payload: Readonly<Record<string, unknown>> };

const stampOf = (second: number) => new Date(Date.UTC(2026, 2, 2, 6, 0, second)).toISOString();
const begin = (second: number, connectorId = 1): Message => ({
  action: 'StartTransaction',
  payload: { connectorId, idTag: 'CARD', meterStart: 100, timestamp: stampOf(second) },
});
const end = (second: number, transactionId: number): Message => ({
  action: 'StopTransaction',
  payload: { idTag: 'CARD', meterStop: 900, timestamp: stampOf(second), reason: 'Local', transactionId },
});
const value = (second: number, transactionId: number, watts = 7_000): Message => ({
  action: 'MeterValues',
  payload: {
    connectorId: 1,
    meterValue: [{ timestamp: stampOf(second), sampledValue: [{ value: String(watts) }] }],
    transactionId,
  },
});
const under = ({ action, payload }: Message, transactionId: number): Message => ({
  action,
  payload: { ...payload, transactionId },
});

/** A checker with a word for each thing that happens to station A; local ids are 1, 2, …, the central system's 901, 902, … */
function bench() {
  const checker = new DeliveryChecker();
  const violations: Violation[] = [];
  const note = (found: readonly Violation[]) => violations.push(...found);
  const told = {
    sent: (message: Message) => note(checker.sent('A', message.action, message.payload, 0)),
    acknowledged: (message: Message, id?: number) =>
      note(checker.acknowledged('A', message.action, message.payload, 0, id)),
    kept: (message: Message, id?: number) => {
      told.sent(message);
      told.acknowledged(message, id);
    },
    taken: (message: Message, answer: CentralAnswer = { kind: 'result' }) =>
      note(checker.taken('A', message.action, message.payload, 0, answer)),
    began: (message: Message, transactionId: number) => told.taken(message, { kind: 'result', transactionId }),
    end: () => note(checker.onEnd(0)),
  };
  return { checker, told, texts: () => violations.map(({ text }) => text) };
}

describe('an honest relay', () => {
  test('passes: a value that the station said twice, each time several times taken without an answer that arrived', () => {
    const { told, texts } = bench();
    told.kept(begin(0), 1);
    told.began(begin(0), 901);
    told.sent(value(10, 1));
    told.kept(value(10, 1));
    for (let time = 0; time < 3; time++) told.taken(value(10, 901), { kind: 'unsure' });
    told.taken(value(10, 901));
    told.taken(value(10, 901));
    expect(texts()).toEqual([]);
    told.taken(value(10, 901));
    expect(texts()).toEqual([expect.stringMatching(/MeterValues.*second time, though it was answered/)]);
  });

  test('passes: starts, values and stops under both names, one station beside another', () => {
    const { told, checker, texts } = bench();
    told.sent(begin(0));
    told.began(begin(0), 901);
    told.acknowledged(begin(0), 1);
    told.kept(value(10, 1));
    told.kept(value(20, 1));
    told.taken(value(10, 901));
    told.kept(end(30, 1));
    checker.acknowledged('B', 'StopTransaction', end(30, 1).payload, 0);
    told.taken(value(20, 901));
    told.taken(end(30, 901));
    checker.taken('B', 'StopTransaction', end(30, -1).payload, 0, { kind: 'result' });
    told.end();
    expect(texts()).toEqual([]);
    expect(checker.figures()).toEqual({
      messagesAcknowledged: 5,
      messagesArrived: 5,
      messagesRepeated: 0,
      messagesLost: 0,
    });
  });

  test('may say again at once what got no sure answer, what was refused, and what broke under way', () => {
    const { told, checker, texts } = bench();
    told.kept(begin(0), 1);
    told.taken(begin(0), { kind: 'unsure', transactionId: 901 });
    told.taken(begin(0), { kind: 'error' });
    told.began(begin(0), 902);
    told.kept(end(30, 1));
    checker.interrupted();
    told.taken(end(30, 902));
    told.taken(end(30, 902));
    told.kept(begin(40), 2);
    told.began(begin(40), 903);
    checker.interrupted('A');
    told.began(begin(40), 903);
    told.end();
    expect(texts()).toEqual([]);
    expect(checker.figures().messagesRepeated).toBe(4);
  });

  test('hands on a sample twice that the station said twice, having had no answer', () => {
    const { told, texts } = bench();
    told.kept(begin(0), 1);
    told.began(begin(0), 901);
    told.sent(value(10, 1));
    told.taken(value(10, 901));
    told.kept(value(10, 1));
    told.taken(value(10, 901));
    told.taken(value(10, 901));
    told.end();
    expect(texts()).toEqual([expect.stringMatching(/MeterValues.*second time, though it was answered/)]);
  });

  test('sends −1 where the central system has refused the start for good', () => {
    const { told, texts } = bench();
    told.kept(begin(0), 1);
    told.kept(end(30, 1));
    for (let attempt = 0; attempt < 5; attempt++) told.taken(begin(0), { kind: 'error' });
    told.taken(end(30, -1));
    told.end();
    expect(texts()).toEqual([]);
  });

  test('may still hold something at the end, and may have thinned what it told of', () => {
    const { told, checker, texts } = bench();
    told.kept(begin(0), 1);
    told.kept(value(10, 1));
    told.kept(value(20, 1));
    told.kept(end(30, 1));
    told.began(begin(0), 901);
    checker.thinned('A', 1);
    told.taken(value(20, 901));
    checker.stillHeld([{ station: 'A', action: 'StopTransaction', rawPayload: JSON.stringify(end(30, 1).payload) }]);
    told.end();
    expect(texts()).toEqual([]);
  });

  test('need not deliver what it never acknowledged, nor what belongs to no transaction', () => {
    const { told, texts } = bench();
    told.sent(begin(0));
    told.kept({ action: 'MeterValues', payload: { connectorId: 1, meterValue: [] } });
    told.kept({ action: 'StatusNotification', payload: {} });
    told.taken({ action: 'Heartbeat', payload: {} });
    told.end();
    expect(texts()).toEqual([]);
  });
});

describe('the five ways in which it goes wrong', () => {
  function charging() {
    const made = bench();
    made.told.kept(begin(0), 1);
    made.told.began(begin(0), 901);
    return made;
  }

  test('1: what was acknowledged never arrives', () => {
    const { told, checker, texts } = charging();
    told.kept(value(10, 1));
    told.kept(end(30, 1));
    told.end();
    expect(texts()).toEqual([
      expect.stringMatching(/^A: MeterValues .* was acknowledged and never arrived/),
      expect.stringMatching(/^A: StopTransaction .* was acknowledged and never arrived/),
    ]);
    expect(checker.figures().messagesLost).toBe(2);
  });

  test('1: more samples are missing than were thinned, and thinning excuses no stop', () => {
    const { told, checker, texts } = charging();
    for (const second of [10, 20, 30]) told.kept(value(second, 1));
    told.kept(end(40, 1));
    checker.thinned('A', 2);
    told.end();
    expect(texts()).toHaveLength(2);
  });

  test('2: two stops change places', () => {
    const { told, texts } = charging();
    told.kept(begin(5, 2), 2);
    told.began(begin(5, 2), 902);
    told.kept(end(30, 1));
    told.kept(end(40, 2));
    told.taken(end(40, 902));
    told.taken(end(30, 901));
    told.end();
    expect(texts()).toEqual([
      expect.stringMatching(/StopTransaction.*06:00:40.*arrived before StopTransaction.*06:00:30/),
      expect.stringMatching(/StopTransaction.*06:00:30.*arrived after what the station said later/),
    ]);
  });

  test('2: a sample comes after a later one', () => {
    const { told, texts } = charging();
    told.kept(value(10, 1));
    told.kept(value(20, 1));
    told.taken(value(20, 901));
    told.taken(value(10, 901));
    expect(texts()).toEqual([expect.stringMatching(/06:00:10.*arrived after what the station said later/)]);
  });

  test('3: a start has its effect twice', () => {
    const { told, texts } = charging();
    told.began(begin(0), 902);
    expect(texts()).toEqual([expect.stringMatching(/StartTransaction.*second time, though it was answered/)]);
  });

  test('3: a stop comes again after others', () => {
    const { told, checker, texts } = charging();
    told.kept(end(30, 1));
    told.taken(end(30, 901));
    told.kept(begin(40), 2);
    told.began(begin(40), 902);
    checker.interrupted();
    told.taken(end(30, 901));
    expect(texts()).toEqual([expect.stringMatching(/StopTransaction.*second time, after others/)]);
  });

  test('4: something arrives that nobody said', () => {
    const { told, texts } = charging();
    told.taken(value(10, 901));
    told.taken(begin(40));
    told.taken(end(50, -1));
    expect(texts()).toEqual([
      expect.stringMatching(/MeterValues.*was said by nobody/),
      expect.stringMatching(/StartTransaction.*was said by nobody/),
      expect.stringMatching(/StopTransaction.*was said by nobody/),
    ]);
  });

  test('4: a message says something else than the station said', () => {
    const { told, texts } = charging();
    told.kept(value(10, 1, 7_000));
    told.taken(value(10, 901, 70_000));
    expect(texts()).toEqual([expect.stringMatching(/does not say what the station said/)]);
  });

  test('5: a stop arrives before its start', () => {
    const { told, texts } = bench();
    told.kept(begin(0), 1);
    told.kept(end(30, 1));
    told.taken(end(30, -1));
    expect(texts()[0]).toMatch(/StopTransaction.*arrived before its StartTransaction/);
  });

  test("5: a stop bears no id, an id that was never given, or another transaction's", () => {
    const { told, texts } = charging();
    told.kept(begin(5, 2), 2);
    told.began(begin(5, 2), 902);
    told.kept(end(30, 1));
    told.taken(end(30, -1));
    told.kept(value(31, 2));
    told.taken(value(31, 7_777));
    told.kept(end(40, 2));
    told.taken(end(40, 901));
    expect(texts()).toEqual([
      expect.stringMatching(/bears no id, though the central system gave 901/),
      expect.stringMatching(/bears the id 7777, which the central system never gave/),
      expect.stringMatching(/bears the id of another transaction/),
    ]);
  });

  test('5: the messages of one transaction bear two ids', () => {
    const { told, texts } = bench();
    told.kept(begin(0), 1);
    told.taken(begin(0), { kind: 'unsure', transactionId: 901 });
    told.began(begin(0), 902);
    told.kept(value(10, 1));
    told.kept(end(30, 1));
    told.taken(value(10, 901));
    told.taken(end(30, 902));
    expect(texts()).toEqual([expect.stringMatching(/bears the id 902, earlier ones of its transaction 901/)]);
  });

  test('5: the controller gives an id twice, or two ids to one transaction', () => {
    const { told, texts } = charging();
    told.kept(begin(5, 2), 1);
    told.kept(begin(40), 3);
    told.kept(begin(40), 4);
    expect(texts()).toEqual([
      expect.stringMatching(/id 1 was given to a second transaction/),
      expect.stringMatching(/id 4 was given.*or a second id to one/),
    ]);
  });
});

describe('its books', () => {
  test('stay small however long it runs', () => {
    const { told, texts, checker } = bench();
    for (let number = 1; number <= MAX_TRANSACTIONS + 2_000; number++) {
      told.kept(begin(number * 10), number);
      told.began(begin(number * 10), 900_000 + number);
      told.kept(end(number * 10 + 5, number));
      told.taken(end(number * 10 + 5, 900_000 + number));
    }
    told.end();
    expect(texts()).toEqual([]);
    expect(checker.figures().messagesArrived).toBe(2 * (MAX_TRANSACTIONS + 2_000));
    const ledger = new Ledger();
    const first = ledger.begin('0');
    for (let number = 1; number <= MAX_TRANSACTIONS; number++) ledger.begin(String(number));
    expect([ledger.started('0'), ledger.started('1') !== undefined, first.startStamp]).toEqual([undefined, true, '0']);
  });

  test('at the bound tell once that they cannot hold more', () => {
    const { told, texts } = bench();
    told.kept(begin(0), 1);
    for (let second = 1; second <= MAX_WAITING_MESSAGES + 10; second++) told.kept(value(second, 1));
    expect(texts()).toEqual([expect.stringMatching(/more than 30000 messages wait/)]);
  });
});

test('a relay that is killed at random and repeats only what was under way is never called wrong', () => {
  for (let seed = 1; seed <= 50; seed++) {
    const random = seededRandom(seed);
    const { told, checker, texts } = bench();
    const queue: { readonly message: Message; readonly local?: number }[] = [];
    const given = new Map<number, number>();
    let second = 0;
    const deliver = () => {
      const head = queue[0];
      if (!head) return;
      const isKilled = random.next('kill') < 0.2;
      const upstreamId = 900 + given.size + 1;
      if (head.message.action === 'StartTransaction') {
        told.began(head.message, upstreamId);
        given.set(head.local!, upstreamId);
      } else told.taken(under(head.message, given.get(Number(head.message.payload.transactionId))!));
      if (isKilled) checker.interrupted();
      else queue.shift();
    };
    for (let local = 1; local <= 30; local++) {
      const messages = [begin(++second), value(++second, local), value(++second, local), end(++second, local)];
      for (const message of messages) {
        const id = message.action === 'StartTransaction' ? local : undefined;
        told.sent(message);
        queue.push({ message, ...(id !== undefined && { local: id }) });
        told.acknowledged(message, id);
        while (random.next('deliver') < 0.6) deliver();
      }
    }
    while (queue.length > 0) deliver();
    told.end();
    expect(texts()).toEqual([]);
    expect(checker.figures().messagesRepeated).toBeGreaterThan(5);
  }
});
