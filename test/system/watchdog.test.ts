// The watchdog on virtual time: silence, deaths, pauses, stops and new tasks; and that its own sleep is nobody's silence.
import { describe, expect, test } from 'vitest';
import { VirtualClock } from '../../src/simulator/virtual-clock.ts';
import { LONG_PAUSE_MS, PAUSE_MS, RESTART_DELAY_MS } from '../../src/system/restart-policy.ts';
import { SECOND_HEARING_MS } from '../../src/system/silence.ts';
import {
  FIRST_PROGRESS_MS,
  type ProcessEvents,
  SILENCE_MS,
  STOP_DEADLINE_MS,
  Watchdog,
} from '../../src/system/watchdog.ts';
import { rememberingLog } from '../store/support.ts';

/** Time that can be held up: while asleep no timer fires, and all that are due fire late on waking, the earliest first. */
class SleepyClock extends VirtualClock {
  #asleepMs = 0;

  override now() {
    return super.now() + this.#asleepMs;
  }

  /** The whole process was stopped for so long; timers that were set before it come late. */
  oversleep(byMs: number): void {
    this.#asleepMs += byMs;
  }
}

function watch(part: { readonly isDeaf?: boolean } = {}) {
  const clock = new SleepyClock();
  const log = rememberingLog();
  const done: string[] = [];
  const processes: { readonly task: string; readonly events: ProcessEvents }[] = [];
  const watchdog = new Watchdog<string>({
    task: 'old',
    clock,
    log,
    start: (task, events) => {
      done.push(`start ${task}`);
      processes.push({ task, events });
      return {
        stop: () => {
          done.push('stop');
          if (!part.isDeaf) events.onEnd({ code: 0, reason: 'asked' });
        },
        kill: () => {
          done.push('kill');
          events.onEnd({ reason: 'killed' });
        },
      };
    },
  });
  let code: number | undefined;
  void watchdog.run().then((own) => {
    code = own;
  });
  return {
    clock,
    log,
    watchdog,
    done,
    progress: () => processes.at(-1)!.events.onProgress(),
    die: (own?: number) =>
      processes.at(-1)!.events.onEnd({ reason: 'it died', ...(own === undefined ? {} : { code: own }) }),
    code: () => code,
    logged: (event: string) => log.lines.filter((line) => line.event === event),
  };
}

describe('a process that makes progress', () => {
  test('is left alone, and killed and started again at once when it falls silent for 10 s', async () => {
    const { clock, done, progress, logged } = watch();
    for (let second = 0; second < 100; second++) {
      progress();
      await clock.advance(1_000);
    }
    expect(done).toEqual(['start old']);
    await clock.advance(SILENCE_MS - 1_001);
    expect(done).toHaveLength(1);
    await clock.advance(1);
    expect(done).toEqual(['start old', 'kill', 'start old']);
    expect(logged('watchdog.silent')[0]!.fields).toMatchObject({ code: 'CONTROLLER_SILENT', silentMs: 10_000 });
  });

  test('has longer for its first', async () => {
    const { clock, done } = watch();
    await clock.advance(FIRST_PROGRESS_MS - 1);
    expect(done).toHaveLength(1);
    await clock.advance(1);
    expect(done).toEqual(['start old', 'kill', 'start old']);
  });

  test('is not blamed for the sleep of its watch', async () => {
    const { clock, done, progress } = watch();
    progress();
    await clock.advance(5_000);
    clock.oversleep(60_000);
    await clock.advance(5_000);
    expect(done).toEqual(['start old']);
    await clock.advance(SECOND_HEARING_MS - 1);
    progress();
    await clock.advance(SILENCE_MS - 1);
    expect(done).toEqual(['start old']);
    await clock.advance(1);
    expect(done).toEqual(['start old', 'kill', 'start old']);
  });

  test('and hung all the same while its watch slept is killed a moment later', async () => {
    const { clock, done, progress } = watch();
    progress();
    clock.oversleep(60_000);
    await clock.advance(SILENCE_MS + SECOND_HEARING_MS);
    expect(done).toEqual(['start old', 'kill', 'start old']);
  });
});

describe('a process that dies', () => {
  test('three times in a minute is started again, then pauses with an alarm, and the third pause is long', async () => {
    const { clock, done, progress, die, logged } = watch();
    progress();
    for (const pauseMs of [PAUSE_MS, PAUSE_MS, LONG_PAUSE_MS]) {
      for (let death = 0; death < 3; death++) {
        die();
        await clock.advance(RESTART_DELAY_MS);
      }
      const starts = done.length;
      die();
      expect(logged('watchdog.paused').at(-1)).toMatchObject({
        level: 'error',
        fields: { code: 'CONTROLLER_PAUSED', forMs: pauseMs },
      });
      await clock.advance(pauseMs - 1);
      expect(done).toHaveLength(starts);
      await clock.advance(1);
      expect(done).toHaveLength(starts + 1);
    }
  });

  test('with a code before any progress ever ends the watch with that code', async () => {
    const { clock, done, die, code } = watch();
    die(1);
    await clock.advance(PAUSE_MS);
    expect([done, code()]).toEqual([['start old'], 1]);
  });

  test('by a signal before any progress is started again', async () => {
    const { clock, done, die, code } = watch();
    die();
    await clock.advance(RESTART_DELAY_MS);
    expect([done, code()]).toEqual([['start old', 'start old'], undefined]);
  });

  test('with a code after progress was made once is started again, whoever asked it to end', async () => {
    const { clock, done, progress, die } = watch();
    progress();
    die(0);
    await clock.advance(RESTART_DELAY_MS);
    die(1);
    await clock.advance(RESTART_DELAY_MS);
    expect(done).toEqual(['start old', 'start old', 'start old']);
  });
});

describe('stop', () => {
  test('lets the process end and ends the watch with its code', async () => {
    const { clock, watchdog, done, progress, code } = watch();
    progress();
    watchdog.stop();
    watchdog.stop();
    await clock.advance(PAUSE_MS);
    expect([done, code()]).toEqual([['start old', 'stop'], 0]);
  });

  test('kills a process that does not end within 5 s; that is no clean end', async () => {
    const { clock, watchdog, done, progress, code } = watch({ isDeaf: true });
    progress();
    watchdog.stop();
    await clock.advance(STOP_DEADLINE_MS - 1);
    expect(done).toEqual(['start old', 'stop']);
    await clock.advance(1);
    expect([done, code()]).toEqual([['start old', 'stop', 'kill'], 1]);
  });

  test('while it is down ends the watch at once', async () => {
    const { clock, watchdog, done, progress, die, code } = watch();
    progress();
    die();
    watchdog.stop();
    await clock.advance(PAUSE_MS);
    expect([done, code()]).toEqual([['start old'], 0]);
  });
});

describe('another task', () => {
  test('is begun after a clean end, which counts as no death', async () => {
    const { clock, watchdog, done, progress, logged } = watch();
    for (let change = 0; change < 10; change++) {
      progress();
      watchdog.replace(`task ${change}`);
      await clock.advance(10);
    }
    expect(done.slice(0, 3)).toEqual(['start old', 'stop', 'start task 0']);
    expect(done).toHaveLength(21);
    expect(logged('watchdog.died')).toEqual([]);
  });

  test.each<[string, (room: ReturnType<typeof watch>) => Promise<void>]>([
    [
      'ends with a fault',
      async ({ die, clock }) => {
        die(1);
        await clock.advance(RESTART_DELAY_MS);
      },
    ],
    [
      'makes no progress',
      async ({ clock }) => {
        await clock.advance(FIRST_PROGRESS_MS);
      },
    ],
  ])('that %s is given up for the one before', async (_story, fail) => {
    const room = watch();
    room.progress();
    room.watchdog.refineTask('old, accepted');
    room.watchdog.replace('new');
    await room.clock.advance(10);
    await fail(room);
    expect(room.done.at(-1)).toBe('start old, accepted');
    expect(room.logged('watchdog.went-back')[0]!.fields).toEqual({ code: 'SITE_RELOAD_FAILED' });
    expect(room.code()).toBeUndefined();
    room.progress();
    room.die(1);
    await room.clock.advance(RESTART_DELAY_MS);
    expect(room.done.at(-1)).toBe('start old, accepted');
  });

  test('that has made progress once is kept, whatever happens later', async () => {
    const { clock, watchdog, done, progress, die } = watch();
    progress();
    watchdog.replace('new');
    progress();
    die(1);
    await clock.advance(RESTART_DELAY_MS);
    expect(done.at(-1)).toBe('start new');
  });

  test('two changes in a row that both fail go back to what last ran', async () => {
    const { clock, watchdog, done, progress, die } = watch();
    progress();
    watchdog.replace('new');
    watchdog.replace('newer');
    die(1);
    await clock.advance(RESTART_DELAY_MS);
    expect(done.at(-1)).toBe('start old');
  });

  test('in a pause is begun at once, and none is begun while stopping', async () => {
    const { watchdog, done, progress, die } = watch();
    progress();
    die();
    watchdog.replace('new');
    expect(done.at(-1)).toBe('start new');
    watchdog.stop();
    watchdog.replace('newer');
    expect(done.at(-1)).toBe('stop');
  });
});
