// The way in for stations of a simulated network: the same judgement of identity and key as at the real door, without a socket of this machine.

import { credentialsFrom, identityFrom, isKeyRight } from '../../ocpp/handshake.ts';
import type { Door, DoorOptions } from '../../ocpp/server.ts';
import type { Listening, VirtualNetwork } from '../../simulator/virtual-network.ts';

/** A door at `listen.stations` of the site; `stop` closes it as a dying process would. */
export class VirtualDoor implements Door {
  readonly #network: VirtualNetwork;
  readonly #options: DoorOptions;
  #listening: Listening | undefined;

  constructor(network: VirtualNetwork, options: DoorOptions) {
    this.#network = network;
    this.#options = options;
  }

  async start(): Promise<void> {
    const { listen, find, beforeWelcome, spokenWith, onStation } = this.#options;
    this.#listening = this.#network.listen(`${listen.host}:${listen.port}`, async (knock) => {
      const identity = identityFrom(knock.path);
      const station = identity === undefined ? undefined : find(identity);
      if (identity === undefined || station === undefined) return knock.refuse(404);
      const credentials = credentialsFrom(knock.headers.authorization);
      if (!isKeyRight(identity, credentials?.key, station.keySha256)) return knock.refuse(401);
      await beforeWelcome(station);
      if (knock.isGone()) return;
      const { subprotocol } = knock;
      const socket = knock.accept();
      const mayOmit = station.profile.quirks.includes('no-subprotocol');
      const named = subprotocol ?? (mayOmit ? 'ocpp1.6' : '');
      if (spokenWith(station).includes(named)) onStation(station, socket, knock.address, named);
      else socket.close(1002, 'not spoken here');
    });
  }

  /** The process ends, or its box loses power: nobody hears anything here any more. */
  leave(how: 'closed' | 'vanished'): void {
    this.#listening?.stop(how);
    this.#listening = undefined;
  }

  async stop(): Promise<void> {
    this.leave('closed');
  }

  address(): { readonly port: number } {
    return { port: this.#options.listen.port };
  }
}
