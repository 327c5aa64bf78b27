// Hands what people ask to the control room and writes down what was carried out; an audit that fails undoes nothing.

import type { AuditEntry, Clock, Log } from '../engine/ports.ts';
import type { ControlAnswer, ControlRequest } from '../engine/requests.ts';

type AuditStore = { audit(entry: AuditEntry): Promise<void> };

/** Asks `controller` and, when it did what was asked, writes who asked for what, and why. */
export function auditedRequests(
  controller: { request(request: ControlRequest): Promise<ControlAnswer> },
  store: AuditStore,
  { clock, log }: { readonly clock: Clock; readonly log: Log },
): (request: ControlRequest) => Promise<ControlAnswer> {
  return async (request) => {
    const answer = await controller.request(request);
    const { kind, who, ...rest } = request;
    const subject = 'circuit' in rest ? rest.circuit : 'evse' in rest ? rest.evse : undefined;
    const what = subject === undefined ? kind : `${kind} ${subject}`;
    const why = 'note' in rest && rest.note !== undefined ? { why: rest.note } : {};
    if (answer.ok) await audit(store, { atWall: clock.wall(), who, what, after: rest, ...why }, log);
    return answer;
  };
}

/** What was carried out stays carried out: an audit that cannot be written is told in the log, where people look for it then. */
export async function audit(store: AuditStore, entry: AuditEntry, log: Log): Promise<void> {
  try {
    await store.audit(entry);
  } catch (error) {
    log.error('audit.not-written', { who: entry.who, what: entry.what, error: String(error) });
  }
}
