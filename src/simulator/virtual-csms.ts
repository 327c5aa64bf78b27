// The operator's back end on the simulated network: lets every station in while it is up, and hands it to the simulated CSMS.

import type { SimulatedCsms } from './csms.ts';
import type { Listening, VirtualNetwork } from './virtual-network.ts';

/** Serves `csms` under `address`, at any path that ends in the station's identity. */
export function serveCsms(network: VirtualNetwork, address: string, csms: SimulatedCsms): Listening {
  return network.listen(address, (knock) => {
    if (csms.isUp) csms.welcome(decodeURIComponent(knock.path.split('/').at(-1) ?? ''), knock.accept());
    else knock.refuse(503);
  });
}
