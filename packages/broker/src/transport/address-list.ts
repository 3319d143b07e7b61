import { BlockList, isIP, isIPv4 } from 'node:net';
import { ListenerError } from './listener.ts';

/** Addresses and networks, as `10.0.0.0/8` or `2001:db8::7`. */
export class AddressList {
  readonly #list = new BlockList();

  /** @throws {ListenerError} one is no address or network */
  constructor(networks: readonly string[]) {
    for (const network of networks) this.#add(network);
  }

  #add(network: string): void {
    const [address = '', prefix, ...more] = network.split('/');
    const family = isIPv4(address) ? 'ipv4' : 'ipv6';
    const bits = family === 'ipv4' ? 32 : 128;
    const length = prefix === undefined ? bits : /^\d{1,3}$/.test(prefix) ? Number(prefix) : -1;
    if (isIP(address) === 0 || more.length > 0 || length < 0 || length > bits) {
      const example = 'write an address or a network, such as 10.0.0.0/8 or 2001:db8::/32';
      throw new ListenerError('PROXY_OPTIONS', `proxyProtocol.from: '${network}' is no network; ${example}`);
    }
    this.#list.addSubnet(address, length, family);
  }

  /** @param address an IP address without a port */
  has(address: string): boolean {
    const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address);
    const plain = mapped?.[1] ?? address;
    const family = isIP(plain);
    return family !== 0 && this.#list.check(plain, family === 4 ? 'ipv4' : 'ipv6');
  }
}
