// Who may connect: this machine's loopback, and the addresses and ranges that the site file lists; it must never fall open (law 9).

import { BlockList, isIP } from 'node:net';

const MAPPED = /^::ffff:(\d{1,3}(?:\.\d{1,3}){3})$/i;

export class AllowList {
  readonly #list = new BlockList();

  /** `entries`: IP addresses and CIDR ranges, as checked with the site file. Throws for any other text: a list that is half read must not serve. */
  constructor(entries: readonly string[]) {
    this.#list.addSubnet('127.0.0.0', 8, 'ipv4');
    this.#list.addAddress('::1', 'ipv6');
    for (const entry of entries) this.#add(entry);
  }

  /** `address` as a socket gives it; IPv4 in IPv6 clothes counts as IPv4. An address that is not known is nobody's. */
  allows(address: string | undefined): boolean {
    const plain = plainAddress(address ?? '');
    const family = isIP(plain);
    return family !== 0 && this.#list.check(plain, family === 4 ? 'ipv4' : 'ipv6');
  }

  #add(entry: string): void {
    const [text = '', bits] = entry.split('/');
    const address = plainAddress(text);
    const family = isIP(address) === 4 ? 'ipv4' : 'ipv6';
    if (bits === undefined) this.#list.addAddress(address, family);
    else this.#list.addSubnet(address, Number(bits), family);
  }
}

/** `::ffff:192.0.2.1` → `192.0.2.1`; a link-local address without its zone. */
function plainAddress(address: string): string {
  return MAPPED.exec(address)?.[1] ?? address.replace(/%.*$/, '');
}
