// Dials out over the machine's network with `ws`; how long a frame may be is the caller's affair, what is behind a socket is nobody's here.

import { WebSocket } from 'ws';
import type { Dial } from '../engine/socket.ts';

export type DialBounds = {
  /** Longer frames close the link with 1009. */
  readonly maxPayloadBytes: number;
  /** A message in more fragments closes the link with 1008. */
  readonly maxFragments: number;
};

/** Dials WebSockets of this machine; the URL's scheme decides on TLS. */
export function dialWebSocket({ maxPayloadBytes, maxFragments }: DialBounds): Dial {
  return ({ url, subprotocol, headers, handshakeTimeoutMs }, { opened, failed }) => {
    const socket = new WebSocket(url, subprotocol === '' ? [] : [subprotocol], {
      headers,
      handshakeTimeout: handshakeTimeoutMs,
      maxPayload: maxPayloadBytes,
      maxFragments,
    });
    let isDecided = false;
    let status: number | undefined;
    let trouble = '';
    socket.once('unexpected-response', (_request, response) => {
      status = response.statusCode;
      response.destroy();
      socket.terminate();
    });
    socket.on('error', (error) => {
      trouble ||= error.message;
    });
    socket.once('open', () => {
      if (isDecided) return;
      isDecided = true;
      opened(socket);
    });
    socket.once('close', () => {
      if (isDecided) return;
      isDecided = true;
      failed(trouble, status);
    });
    return () => {
      if (isDecided) return;
      isDecided = true;
      socket.terminate();
    };
  };
}
