// Watches the bytes of an MQTT connection for packets that are too long, before anybody has kept them; it understands nothing else of them.

/** Longest packet with a reading in it: payload, topic and header. */
export const MAX_PACKET_BYTES = 20 * 1024;
/** The length of a packet is told in at most so many bytes (MQTT 3.1.1 §2.2.3). */
const MAX_LENGTH_BYTES = 4;

export class PacketGuard {
  /** Bytes of the packet under way that are still to come. */
  #left = 0;
  /** What is known of the length of the next one; absent before its first byte. */
  #length: { value: number; digits: number } | undefined;

  /** False when a packet announces more than `MAX_PACKET_BYTES`, or no length at all: the connection MUST be closed then. */
  accepts(bytes: Uint8Array): boolean {
    for (let at = 0; at < bytes.length; ) {
      if (this.#left > 0) {
        const skipped = Math.min(this.#left, bytes.length - at);
        this.#left -= skipped;
        at += skipped;
        continue;
      }
      const byte = bytes[at++]!;
      if (!this.#length) {
        this.#length = { value: 0, digits: 0 };
        continue;
      }
      const { value, digits } = this.#length;
      const next = value + (byte & 0x7f) * 128 ** digits;
      if (next > MAX_PACKET_BYTES || digits >= MAX_LENGTH_BYTES) return false;
      if (byte & 0x80) this.#length = { value: next, digits: digits + 1 };
      else {
        this.#left = next;
        this.#length = undefined;
      }
    }
    return true;
  }
}
