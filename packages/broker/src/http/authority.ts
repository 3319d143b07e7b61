import { isIPv4, isIPv6 } from 'node:net';

/** A host and port as `Host` and `Origin` name them, in the one spelling that is compared. */
export interface Authority {
  /** Lower case, without a trailing dot; an IPv6 address without brackets, as short as it can be. */
  readonly host: string;
  /** Undefined = the usual one of the scheme. */
  readonly port: number | undefined;
}

const FORM = /^(?:\[([\da-f:.]+)\]|([a-z\d_](?:[a-z\d._-]*[a-z\d_])?)\.?)(?::(\d{0,5}))?$/i;

/** Reads `HOST`, `HOST:PORT`, `[IPV6]` or `[IPV6]:PORT`; undefined = it is none of them. */
export function parseAuthority(text: string): Authority | undefined {
  const parts = FORM.exec(text);
  if (parts === null) return undefined;
  const [, address, name, digits = ''] = parts;
  const host = address === undefined ? canonicalHost(name!) : isIPv6(address) ? canonicalHost(address) : undefined;
  const port = digits === '' ? undefined : Number(digits);
  if (host === undefined || port === 0 || (port ?? 0) > 65_535) return undefined;
  return { host, port };
}

/** The one spelling of a name or an address without brackets. */
export function canonicalHost(text: string): string {
  if (!isIPv6(text)) return text.toLowerCase().replace(/\.$/, '');
  const plain = text.replace(/%.*$/, '');
  const short = URL.parse(`http://[${plain}]/`)?.hostname.slice(1, -1) ?? plain;
  return mappedIPv4(short) ?? short;
}

/** `127.0.0.1` for `::ffff:7f00:1`: how a socket that takes both kinds names its peers. */
function mappedIPv4(address: string): string | undefined {
  const words = /^::ffff:([\da-f]{1,4}):([\da-f]{1,4})$/.exec(address);
  if (words === null) return undefined;
  const [high, low] = [Number.parseInt(words[1]!, 16), Number.parseInt(words[2]!, 16)];
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}

/** Whether it is an address that stands for all of a machine, and for none that a client can mean. */
export const isWildcard = (host: string): boolean => host === '0.0.0.0' || host === '::';

/** As it stands in a URL. */
export function showAuthority({ host, port }: Authority): string {
  const bracketed = !isIPv4(host) && host.includes(':') ? `[${host}]` : host;
  return port === undefined ? bracketed : `${bracketed}:${port}`;
}
