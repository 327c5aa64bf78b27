// Who may connect: this machine's loopback, and the addresses and ranges that the site file lists; it must never fall open (law 9).

import { BlockList, isIP } from 'node:net';

export class AllowList {
  readonly #list = new BlockList();

  /** `entries`: IP addresses and CIDR ranges, as checked with the site file. Throws for any other text: a list that is half read must not serve. */
  constructor(entries: readonly string[]) {
    this.#list.addSubnet('127.0.0.0', 8, 'ipv4');
    this.#list.addAddress('::1', 'ipv6');
    for (const entry of entries) this.#add(entry);
  }

  /** `address` as a socket gives it; IPv4 in IPv6 clothes counts as IPv4, which node:net sees to. An address that is not known is nobody's. */
  allows(address: string | undefined): boolean {
    // A link-local address comes with its zone.
    const plain = (address ?? '').replace(/%.*$/, '');
    const family = isIP(plain);
    return family !== 0 && this.#list.check(plain, family === 4 ? 'ipv4' : 'ipv6');
  }

  #add(entry: string): void {
    const [address = '', bits] = entry.split('/');
    const family = isIP(address) === 4 ? 'ipv4' : 'ipv6';
    if (bits === undefined) this.#list.addAddress(address, family);
    else this.#list.addSubnet(address, Number(bits), family);
  }
}
