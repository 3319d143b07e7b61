import { isIPv4, isIPv6 } from 'node:net';

/**
 * The network a peer speaks from, as far as one party is likely to hold it: an IPv4 address, or the /64 of an IPv6 one.
 *
 * @param remoteAddress as a link says it: `192.0.2.1:50312`, `[2001:db8::1]:50312`, or the path of a socket
 *
 * @example networkOf('[2001:db8:0:7:1::2]:50312') // '2001:db8:0:7::/64'
 */
export function networkOf(remoteAddress: string): string {
  const host = hostOf(remoteAddress);
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(host);
  if (mapped !== null) return mapped[1]!;
  if (!isIPv6(host)) return host;
  const address = host.replace(/%.*$/, '');
  if (address === '::1') return address;
  return `${firstGroups(address).join(':')}::/64`;
}

/** The host part of `host:port` or `[host]:port`; anything else as it is. */
export function hostOf(remoteAddress: string): string {
  const bracketed = /^\[([^\]]*)\](?::\d+)?$/.exec(remoteAddress);
  if (bracketed !== null) return bracketed[1]!;
  const colon = remoteAddress.indexOf(':');
  if (colon < 0 || colon !== remoteAddress.lastIndexOf(':')) return remoteAddress;
  return remoteAddress.slice(0, colon);
}

/** Whether the address tells nobody apart: everybody on this machine has it, and so has whoever comes by a local proxy. */
export function isShared(network: string): boolean {
  if (network.startsWith('127.') || network === '::1') return true;
  return !isIPv4(network) && !network.endsWith('::/64');
}

/** The first four groups of an IPv6 address, in one spelling. */
function firstGroups(address: string): string[] {
  const [head = '', tail] = address.split('::');
  const before = head === '' ? [] : head.split(':');
  // An embedded IPv4 address stands for two groups at the end, which is never among the first four.
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const width = after.length + (after.at(-1)?.includes('.') === true ? 1 : 0);
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - before.length - width);
  return [...before, ...Array<string>(zeros).fill('0'), ...after]
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16));
}
