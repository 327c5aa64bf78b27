// A child for the durability test: writes transactions and rows as fast as it can and says on standard output what was acknowledged.
import { writeSync } from 'node:fs';
import { StateStore } from '../../src/store/state-store.ts';
import { anchorClock, systemClock } from '../../src/system/clock.ts';
import { silentLog } from '../../src/system/log.ts';
import { meterValues, start, stop } from './support.ts';

const [path, run] = process.argv.slice(2) as [string, string];
const store = new StateStore({ path, groupCommitMs: 2 }, { clock: systemClock(anchorClock()), log: silentLog });
/** One write of one line: what the parent reads was acknowledged, whatever happens next. */
const say = (...words: (string | number)[]) => writeSync(1, `${words.join(' ')}\n`);

async function charge(station: string): Promise<void> {
  for (let number = 1; ; number++) {
    const startKey = `${run}/${station}/${number}`;
    const { record, outboxSeq } = await store.startTransaction(start({ station, startKey }), {
      messageId: startKey,
      action: 'StartTransaction',
      rawPayload: '{}',
    });
    say('start', record.localId, station, startKey);
    say('row', outboxSeq!, station, startKey);
    const values = [1, 2, 3].map(async (part) => {
      const messageId = `${startKey}/v${part}`;
      say('row', (await store.append(meterValues(station, messageId))).outboxSeq, station, messageId);
    });
    await Promise.all(values);
    const messageId = `${startKey}/stop`;
    const stopped = await store.stopTransaction(record.localId, stop(station, messageId, record.localId));
    say('stop', record.localId);
    say('row', stopped.outboxSeq!, station, messageId);
    const [oldest] = await store.outbox(station, 1);
    say('settling', oldest!.seq);
    await store.settle(oldest!.seq, 'delivered');
    say('settled', oldest!.seq);
  }
}

const { epoch } = await store.load();
say('epoch', epoch);
await Promise.all(['A', 'B', 'C', 'D'].map(charge));
