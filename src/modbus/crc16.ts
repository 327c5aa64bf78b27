// The checksum of a serial Modbus frame, computed by us so that nobody's bytes are believed on another's word.

/** Modbus over serial line 1.02 §6.2.2; sent low byte first. */
export function crc16(bytes: Uint8Array): number {
  let crc = 0xffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >> 1) ^ 0xa001 : crc >> 1;
  }
  return crc;
}
