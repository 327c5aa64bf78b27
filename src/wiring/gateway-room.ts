// Joins a gateway to the control room over one line, on a thread of its own or in the simulator's.

import type { Log } from '../engine/ports.ts';
import type { StationGateway } from '../ocpp/gateway.ts';
import type { ThreadPort } from '../system/thread-port.ts';
import type { ControlToGateway, GatewayToControl } from './thread-protocol.ts';

export type ControlLine = ThreadPort<GatewayToControl, ControlToGateway>;

/** From now on the gateway takes commands from `line` and tells it of every change. MUST be called in the turn in which the line was made. */
export function joinControlLine(gateway: StationGateway, line: ControlLine, log: Log): void {
  line.on('commands', (commands) => {
    const { refused } = gateway.send(commands);
    if (refused.length > 0) log.warn('gateway.commands-refused', { count: refused.length });
  });
  gateway.onStateChanged((station) => {
    const state = gateway.state(station);
    if (state) line.publishLatest('image', station, state);
  });
  gateway.onUrgent((reason) => line.post('urgent', reason));
}

/** The first image of every station, once the gateway has started. */
export function publishAll(gateway: StationGateway, line: ControlLine): void {
  for (const [station, state] of Object.entries(gateway.states())) line.publishLatest('image', station, state);
}
