// Plans how contacts are read: those of one kind on one unit in few requests, each within bounds; a module that refuses is asked one by one.

import { describeEndpoint } from '../core/model/modbus-endpoint.ts';
import type { SiteInput } from '../core/model/site.ts';

/** Contacts further apart are read by requests of their own: what lies between need not exist. */
export const MAX_GAP = 16;
/** Bits that one request asks for at most; the standard allows 2,000. */
export const MAX_BITS = 256;

export type BitSpan = { readonly address: number; readonly count: number };

/** Contacts of one kind on one unit. */
export type ContactGroup = {
  readonly functionCode: 1 | 2;
  readonly inputs: readonly SiteInput[];
  /** The fastest of theirs. */
  readonly pollMs: number;
};

/** Every contact in one group, in the site's order. */
export function groupContacts(inputs: readonly SiteInput[]): readonly ContactGroup[] {
  const key = ({ connection: { endpoint, unitId }, contact }: SiteInput) =>
    `${contact.kind} ${describeEndpoint(endpoint)} ${unitId}`;
  return [...Map.groupBy(inputs, key).values()].map((members) => ({
    functionCode: members[0]!.contact.kind === 'coil' ? 1 : 2,
    inputs: members,
    pollMs: Math.min(...members.map(({ pollMs }) => pollMs)),
  }));
}

/** The requests that cover all `addresses`. `apart`: one for each. */
export function planSpans(addresses: readonly number[], apart: boolean): readonly BitSpan[] {
  const spans: BitSpan[] = [];
  for (const address of [...new Set(addresses)].sort((a, b) => a - b)) {
    const last = spans.at(-1);
    const count = last ? address - last.address + 1 : 0;
    const isNear = last !== undefined && address - (last.address + last.count - 1) <= MAX_GAP;
    if (!apart && isNear && count <= MAX_BITS) spans[spans.length - 1] = { address: last.address, count };
    else spans.push({ address, count: 1 });
  }
  return spans;
}
