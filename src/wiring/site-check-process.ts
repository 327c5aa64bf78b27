// Reads one site file, tells every fault in the log, and hands back the text of a sound one; it starts nothing.

import { createLog } from '../system/log.ts';
import { prepareSite } from './prepare-site.ts';
import type { FromSiteCheck, ToSiteCheck } from './process-protocol.ts';

process.once('message', ({ file, logLevel }: ToSiteCheck) => {
  const log = createLog('site', logLevel);
  const prepared = prepareSite(file);
  if (!prepared.ok) {
    for (const fault of prepared.faults) log.error('site.fault', { code: 'SITE_FAULT', fault });
    process.exit(1);
  }
  const answer: FromSiteCheck = { kind: 'sound', text: prepared.text };
  process.send?.(answer, () => process.exit(0));
});
process.once('disconnect', () => process.exit(1));
