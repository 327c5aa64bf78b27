// A child for the disk test: writes rows one after the other and says on standard output what became of each, and what the store told.
import { writeSync } from 'node:fs';
import type { Log } from '../../src/engine/ports.ts';
import { StateStore } from '../../src/store/state-store.ts';
import { anchorClock, systemClock } from '../../src/system/clock.ts';
import { meterValues } from './support.ts';

const [path] = process.argv.slice(2) as [string];
const clock = systemClock(anchorClock());
const say = (...words: (string | number)[]) => writeSync(1, `${words.join(' ')}\n`);
const tell = (event: string, fields?: Readonly<Record<string, unknown>>) =>
  say('told', event, String(fields?.sqlite ?? '-'), clock.now());
const log: Log = { debug: () => {}, info: tell, warn: tell, error: tell };
const store = new StateStore({ path, groupCommitMs: 1 }, { clock, log });
const padding = 'x'.repeat(2_000);

for (let number = 1; ; number++) {
  const id = `m${number}`;
  try {
    await store.append({ ...meterValues('A', id), rawPayload: `"${padding}"` });
    say('kept', id, '-', clock.now());
  } catch (error) {
    say('refused', id, (error as { code: string }).code, clock.now());
    await clock.sleep('writer.retry', 20);
  }
}
