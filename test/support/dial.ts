// Dials over loopback as the gateway does, with its bounds.
import { MAX_FRAGMENTS, MAX_PAYLOAD_BYTES } from '../../src/ocpp/rpc/connection.ts';
import { dialWebSocket } from '../../src/system/web-socket.ts';

export const dial = dialWebSocket({ maxPayloadBytes: MAX_PAYLOAD_BYTES, maxFragments: MAX_FRAGMENTS });
