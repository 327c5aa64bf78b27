// Where a Modbus device is reached, as people write it; equal texts are equal places.

import type { ModbusEndpoint } from './site-meters.ts';

/** `192.0.2.10:502`, `rtu-over-tcp 192.0.2.10:502`, `/dev/ttyUSB0 9600 8N1`. */
export function describeEndpoint(endpoint: ModbusEndpoint): string {
  if (endpoint.transport === 'rtu') {
    const { path, baud, parity, stopBits } = endpoint;
    return `${path} ${baud} 8${parity.charAt(0).toUpperCase()}${stopBits}`;
  }
  const { transport, host, port } = endpoint;
  const place = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
  return transport === 'tcp' ? place : `${transport} ${place}`;
}
