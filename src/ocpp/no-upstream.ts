// Stands where an operator's CSMS would be when the site has none: everything is decided here, and transactions are still durable.

import type { GatewayStore, UpstreamPort } from '../engine/ports.ts';

const UNSENT = { kind: 'unsent', why: 'no upstream is configured' } as const;

/** An upstream that is never there. Stopped transactions are closed in the store; there is nobody to deliver anything to. */
export function noUpstream(store: GatewayStore): UpstreamPort {
  return {
    start: async () => {},
    stop: async () => {},
    stationConnected: () => {},
    stationDisconnected: () => {},
    linkState: () => 'none',
    profiles: () => [],
    onProfilesChanged: () => {},
    onLinkChanged: () => {},
    relay: async () => UNSENT,
    copy: () => {},
    deliver: async (_station, call, localTransactionId) => {
      // The beginning is durable already; samples without a reader need no disk.
      const ends = call.action === 'StopTransaction' || call.payload.eventType === 'Ended';
      if (ends) await store.stopTransaction(localTransactionId);
      return { durable: true };
    },
  };
}
