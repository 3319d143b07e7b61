/** An IPv4 address inside an IPv6 one (RFC 4291 section 2.5.5.2), as textual notation has it. */
const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;
const IPV4 = /^\d{1,3}(\.\d{1,3}){3}$/;

/**
 * The address of a {@link Link.remoteAddress}: without port and brackets, IPv4 inside IPv6 as IPv4. Null where it is no
 * IP address: the peer of a Unix socket has none.
 *
 * @example
 * addressOf('[2001:db8::1]:50312') // '2001:db8::1'
 * addressOf('192.0.2.7:50312') // '192.0.2.7'
 * addressOf('unix:/run/cauldron.sock') // null
 */
export function addressOf(remoteAddress: string): string | null {
  const host = withoutPort(remoteAddress);
  if (IPV4.test(host)) return host;
  const percent = host.indexOf('%'); // the zone of a link-local address says which interface, not who
  const address = (percent < 0 ? host : host.slice(0, percent)).toLowerCase();
  const mapped = MAPPED.exec(address);
  if (mapped !== null) return mapped[1]!;
  return /^[0-9a-f:.]*$/.test(address) && groupsOf(address) !== null ? address : null;
}

function withoutPort(remoteAddress: string): string {
  if (remoteAddress.startsWith('[')) {
    const end = remoteAddress.indexOf(']');
    return end < 0 ? remoteAddress : remoteAddress.slice(1, end);
  }
  const colon = remoteAddress.indexOf(':');
  // One colon parts a port from an IPv4 address; an IPv6 address without brackets has more of them, and no port.
  return colon < 0 || remoteAddress.includes(':', colon + 1) ? remoteAddress : remoteAddress.slice(0, colon);
}

/** The eight groups of an IPv6 address, or null where it is none. */
function groupsOf(address: string): string[] | null {
  const halves = address.split('::');
  if (halves.length > 2 || !address.includes(':')) return null;
  const [head, tail] = halves.map((half) => (half === '' ? [] : half.split(':')));
  const groups = [...head!, ...(tail ?? [])];
  if (groups.some((group) => !/^[0-9a-f]{1,4}$/.test(group) && !IPV4.test(group))) return null;
  const written = groups.length + (IPV4.test(groups.at(-1) ?? '') ? 1 : 0);
  if (tail === undefined) return written === 8 ? groups : null;
  if (written > 7) return null;
  return [...head!, ...new Array<string>(8 - written).fill('0'), ...tail];
}

/**
 * Whom a {@link Link.remoteAddress} is counted as: an IPv4 address, or the /64 of an IPv6 one, since who has one address
 * of it has them all. Null where it is no IP address.
 */
export function networkOf(remoteAddress: string): string | null {
  const address = addressOf(remoteAddress);
  if (address === null || IPV4.test(address)) return address;
  const groups = groupsOf(address)!.slice(0, 4);
  return `${groups.map((group) => Number.parseInt(group, 16).toString(16)).join(':')}::/64`;
}
