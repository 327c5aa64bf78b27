// A simulated process and its death: nothing that was promised to it arrives afterwards, and a line between two rooms keeps its order.
import { describe, expect, test } from 'vitest';
import { VirtualClock } from '../../src/simulator/virtual-clock.ts';
import { allSettled } from '../../src/system/clock.ts';
import { ThreadPort } from '../../src/system/thread-port.ts';
import { Life, whileAlive } from '../../src/wiring/simulation/life.ts';
import { linePair } from '../../src/wiring/simulation/line-pair.ts';

const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** Follows a promise without waiting for it. */
function followed(promise: Promise<unknown>): () => string {
  let state = 'open';
  promise.then(
    (value) => {
      state = `kept ${JSON.stringify(value)}`;
    },
    (error: unknown) => {
      state = `broken ${String(error)}`;
    },
  );
  return () => state;
}

describe('a life', () => {
  test('its timers fire while it lasts, and none afterwards', async () => {
    const world = new VirtualClock();
    const life = new Life(world);
    const fired: string[] = [];
    life.timer('early', 1_000, () => fired.push('early'));
    life.timer('late', 3_000, () => fired.push('late'));
    await world.advance(2_000);
    life.end();
    life.timer('after', 1, () => fired.push('after'));
    await world.advance(10_000);
    expect(fired).toEqual(['early']);
  });

  test('its sleep ends with the signal, and never when it has died', async () => {
    const world = new VirtualClock();
    const [life, dead] = [new Life(world), new Life(world)];
    const stop = new AbortController();
    const [woken, left] = [followed(life.sleep('x', 60_000, stop.signal)), followed(dead.sleep('x', 1_000))];
    dead.end();
    stop.abort();
    await world.advance(5_000);
    expect([woken(), left()]).toEqual(['kept undefined', 'open']);
  });

  test('a thread dies with its process, and the process outlives its thread', () => {
    const process = new Life(new VirtualClock());
    const [gateway, other] = [new Life(process), new Life(process)];
    gateway.end();
    expect([process.isAlive, gateway.isAlive, other.isAlive]).toEqual([true, false, true]);
    process.end();
    expect(other.isAlive).toBe(false);
  });

  test('its wall clock may be wrong, its steady time is the world’s', () => {
    const world = new VirtualClock();
    const life = new Life(world, () => -3_600_000);
    expect(life.now()).toBe(world.now());
    expect(life.wall()).toBe(world.wall() - 3_600_000);
  });
});

describe('a port as a process sees it', () => {
  const answers = (clock: VirtualClock) => ({
    later: () => clock.sleep('disk', 1_000).then(() => 'written'),
    refused: () => clock.sleep('disk', 1_000).then(() => Promise.reject(new Error('full'))),
    count: 0,
    tell() {
      this.count += 1;
    },
  });

  test('answers and refusals reach it while it lives', async () => {
    const clock = new VirtualClock();
    const life = new Life(clock);
    const port = whileAlive(answers(clock), life);
    const [written, refused] = [followed(port.later()), followed(port.refused())];
    await clock.advance(1_000);
    expect([written(), refused()]).toEqual(['kept "written"', 'broken Error: full']);
  });

  test('a dead one hears neither, and what it still says is not heard', async () => {
    const clock = new VirtualClock();
    const life = new Life(clock);
    const port = answers(clock);
    const seen = whileAlive(port, life);
    const [written, refused] = [followed(seen.later()), followed(seen.refused())];
    seen.tell();
    life.end();
    seen.tell();
    const asked = followed(seen.later());
    await clock.advance(10_000);
    expect([written(), refused(), asked(), port.count]).toEqual(['open', 'open', 'open', 1]);
  });
});

describe('a line between two rooms of one thread', () => {
  function joined() {
    const clock = new VirtualClock(undefined, allSettled);
    const [one, other] = [new Life(clock), new Life(clock)];
    const [a, b] = linePair(one, other);
    type Words = { readonly posts: { readonly word: string }; readonly requests: Record<never, never> };
    const near = new ThreadPort<Words, Words>({ port: a, peer: 'other', clock: one, log });
    const far = new ThreadPort<Words, Words>({ port: b, peer: 'one', clock: other, log });
    const heard: string[] = [];
    far.on('word', (word) => void heard.push(word));
    return { clock, one, other, near, far, heard };
  }

  test('what is said arrives a moment later and in order', async () => {
    const { clock, near, heard } = joined();
    near.post('word', 'first');
    near.publishLatest('word', 'key', 'second');
    near.post('word', 'third');
    expect(heard).toEqual([]);
    await clock.advance(1);
    expect(heard).toEqual(['first', 'second', 'third']);
  });

  test('credits come back: three times what a line can hold gets through', async () => {
    const { clock, near, heard } = joined();
    for (let at = 0; at < 3_000; at++) {
      if (near.post('word', String(at)) === 'full') throw new Error(`full at ${at}`);
      if (at % 500 === 499) await clock.advance(5);
    }
    expect(heard.length).toBe(3_000);
  });

  test('the end of one side is told to the other, and what a dead room says is not heard', async () => {
    const { clock, one, near, far, heard } = joined();
    let isTold = false;
    far.onGone(() => {
      isTold = true;
    });
    one.end();
    near.post('word', 'from the dead');
    near.close();
    await clock.advance(10);
    expect([isTold, heard]).toEqual([true, []]);
  });
});
