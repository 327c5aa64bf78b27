// What a CALL of a station means to the house, version by version: the form of a handler, what it may use, and the answers that all give.

import type { Site } from '../core/model/site.ts';
import type { GatewayStore, IncomingCall, Surroundings, UpstreamPort } from '../engine/ports.ts';
import type { Facts } from './facts.ts';
import type { KnownTokens } from './known-tokens.ts';
import type { Registered } from './registry.ts';
import type { Reply } from './rpc/contract.ts';
import type { Payload } from './rpc/frames.ts';
import type { VersionWire } from './version.ts';

/** What a CALL of a station means, and its answer. Rejects only where the station must keep its message and send it again. */
export type Handler = (registered: Registered, call: IncomingCall) => Promise<Reply> | Reply;
export type Handlers = ReadonlyMap<string, Handler>;

/** What handlers may use of the house. */
export type Office = {
  readonly surroundings: Surroundings;
  readonly site: Site;
  readonly store: GatewayStore;
  readonly upstream: UpstreamPort;
  readonly facts: Facts;
  readonly tokens: KnownTokens;
};

/** A version that stations may speak. */
export type Version = {
  readonly wire: VersionWire;
  /** Handlers of what stations may call, by action; those that every version has in common are the central system's. */
  readonly handlers: (office: Office) => Handlers;
};

export const EMPTY: Reply = { kind: 'result', rawPayload: '{}' };

export function result(payload: Payload): Extract<Reply, { kind: 'result' }> {
  return { kind: 'result', rawPayload: JSON.stringify(payload) };
}

export function error(code: Extract<Reply, { kind: 'error' }>['code'], description: string): Reply {
  return { kind: 'error', code, description };
}

/** Answered here with nothing; upstream gets a copy. */
export function emptyAfterCopy({ upstream }: Office): Handler {
  return ({ station }, call) => {
    upstream.copy(station.id, call);
    return EMPTY;
  };
}
