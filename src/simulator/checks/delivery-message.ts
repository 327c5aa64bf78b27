// What makes one transaction message of OCPP 1.6 the same as another: its business key and its content, whatever ids it bears on the way.

import type { Payload } from '../station-wire.ts';

export type TransactionAction = 'StartTransaction' | 'StopTransaction' | 'MeterValues';

/** What a message says apart from the ids that it bears: `stamp` tells it from the others of its action and transaction. */
export type Said = { readonly action: TransactionAction; readonly stamp: string; readonly content: number };

/** Absent when the message belongs to no transaction: nobody promises that those arrive. */
export function readMessage(action: string, payload: Payload): Said | undefined {
  const { transactionId, ...rest } = payload;
  if (action === 'StartTransaction') {
    const { connectorId, idTag, timestamp, meterStart } = payload;
    return { action, stamp: `${connectorId} ${idTag} ${timestamp} ${meterStart}`, content: hash(rest) };
  }
  if (transactionId === undefined) return undefined;
  if (action === 'StopTransaction') return { action, stamp: String(payload.timestamp), content: hash(rest) };
  if (action !== 'MeterValues') return undefined;
  const values = Array.isArray(payload.meterValue) ? (payload.meterValue as readonly Payload[]) : [];
  return { action, stamp: values.map((one) => String(one.timestamp)).join(' '), content: hash(rest) };
}

/** 53 bits of the JSON text (cyrb53): a week's backlog of messages is held as numbers, not as texts. */
function hash(value: unknown): number {
  const text = JSON.stringify(value);
  let high = 0xdeadbeef;
  let low = 0x41c6ce57;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    high = Math.imul(high ^ code, 2_654_435_761);
    low = Math.imul(low ^ code, 1_597_334_677);
  }
  high = Math.imul(high ^ (high >>> 16), 2_246_822_507) ^ Math.imul(low ^ (low >>> 13), 3_266_489_909);
  low = Math.imul(low ^ (low >>> 16), 2_246_822_507) ^ Math.imul(high ^ (high >>> 13), 3_266_489_909);
  return 2 ** 32 * (2_097_151 & low) + (high >>> 0);
}
