import { isIPv4, isIPv6, SocketAddress } from 'node:net';

/** The longest header of version 1, its line end included; a receiver can count on it. */
const LONGEST_V1 = 107;
/** Bytes of addresses and extras accepted behind the fixed 16 of version 2. */
export const LONGEST_V2_REST = 4096;
/** No header is longer. */
export const LONGEST_HEADER = 16 + LONGEST_V2_REST;

const SIGNATURE_V2 = Uint8Array.of(0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a);
const SIGNATURE_V1 = new TextEncoder().encode('PROXY ');
const CR = 0x0d;
const LF = 0x0a;

/** What the first bytes of a connection are. */
export type ProxyParse =
  | {
      readonly is: 'header';
      /** Its bytes; what is behind them is the client's. */
      readonly length: number;
      /** The client, or null where the proxy speaks for itself (a health check) or does not know. */
      readonly source: ProxySource | null;
    }
  /** The beginning of a header. */
  | { readonly is: 'unfinished' }
  /** No header, and no further byte can make it one. */
  | { readonly is: 'wrong'; readonly reason: string };

export interface ProxySource {
  readonly address: string;
  readonly port: number;
}

/** Reads a PROXY protocol header, version 1 or 2, at the beginning of the first `end` of `bytes`. Looks at no byte behind it. */
export function parseProxyHeader(bytes: Uint8Array, end: number): ProxyParse {
  if (end === 0) return { is: 'unfinished' };
  const binary = bytes[0] === SIGNATURE_V2[0];
  const signature = binary ? SIGNATURE_V2 : SIGNATURE_V1;
  for (let i = 0; i < signature.length; i++) {
    if (i === end) return { is: 'unfinished' };
    if (bytes[i] !== signature[i]) return wrong('it does not begin with a PROXY protocol header');
  }
  return binary ? parseV2(bytes, end) : parseV1(bytes, end);
}

function wrong(reason: string): ProxyParse {
  return { is: 'wrong', reason };
}

function parseV1(bytes: Uint8Array, end: number): ProxyParse {
  const most = Math.min(end, LONGEST_V1);
  let at = SIGNATURE_V1.length;
  while (at < most && bytes[at] !== CR) at += 1;
  if (at === LONGEST_V1) return wrong(`its PROXY protocol header has no line end within ${LONGEST_V1} bytes`);
  if (at + 1 >= LONGEST_V1) return wrong(`its PROXY protocol header is longer than ${LONGEST_V1} bytes`);
  if (at + 1 >= end) return { is: 'unfinished' };
  if (bytes[at + 1] !== LF) return wrong('its PROXY protocol header has a bare carriage return');
  const line = String.fromCharCode(...bytes.subarray(SIGNATURE_V1.length, at));
  const length = at + 2;
  // Whatever else an unknown peer's header says does not count.
  if (line === 'UNKNOWN' || line.startsWith('UNKNOWN ')) return { is: 'header', length, source: null };
  const [family = '', from = '', to = '', fromPort = '', toPort = '', ...more] = line.split(' ');
  const isAddress = family === 'TCP4' ? isIPv4 : family === 'TCP6' ? isPlainIPv6 : null;
  if (isAddress === null) return wrong('its PROXY protocol header is of no known family (TCP4, TCP6, UNKNOWN)');
  if (!isAddress(from) || !isAddress(to) || !isPort(fromPort) || !isPort(toPort) || more.length > 0) {
    return wrong(`its PROXY protocol header does not hold two ${family} addresses and two ports`);
  }
  return { is: 'header', length, source: source(from, Number(fromPort)) };
}

/** Without a zone, which means something on another machine only. */
function isPlainIPv6(text: string): boolean {
  return isIPv6(text) && !text.includes('%');
}

function isPort(text: string): boolean {
  return /^(0|[1-9]\d{0,4})$/.test(text) && Number(text) <= 65_535;
}

/** One spelling of an address, so that limits by address see one client. */
function source(address: string, port: number): ProxySource {
  const family = isIPv4(address) ? 'ipv4' : 'ipv6';
  return { address: new SocketAddress({ address, port, family }).address, port };
}

function parseV2(bytes: Uint8Array, end: number): ProxyParse {
  if (end < 16) return { is: 'unfinished' };
  const view = new DataView(bytes.buffer, bytes.byteOffset, end);
  const command = view.getUint8(12);
  if (command !== 0x20 && command !== 0x21) {
    return wrong('its PROXY protocol header is of no known version and command (2, LOCAL or PROXY)');
  }
  const rest = view.getUint16(14);
  if (rest > LONGEST_V2_REST) return wrong(`its PROXY protocol header announces more than ${LONGEST_V2_REST} bytes`);
  const family = view.getUint8(13);
  const client = command === 0x20 ? null : sourceOf[family];
  if (client === undefined)
    return wrong('its PROXY protocol header is not about a stream over IPv4, IPv6 or a local socket');
  if (client !== null && rest < client.size) return wrong('its PROXY protocol header is shorter than its addresses');
  const length = 16 + rest;
  if (end < length) return { is: 'unfinished' };
  return { is: 'header', length, source: client?.read(view) ?? null };
}

/** By address family and transport: bytes the addresses take, and the client among them. */
const sourceOf: Readonly<Record<number, { size: number; read: (view: DataView) => ProxySource | null }>> = {
  0: { size: 0, read: () => null },
  17: { size: 12, read: (view) => source(ipv4(view, 16), view.getUint16(24)) },
  33: { size: 36, read: (view) => source(ipv6(view, 16), view.getUint16(48)) },
  49: { size: 216, read: () => null },
};

function ipv4(view: DataView, at: number): string {
  return [0, 1, 2, 3].map((i) => view.getUint8(at + i)).join('.');
}

function ipv6(view: DataView, at: number): string {
  return [0, 2, 4, 6, 8, 10, 12, 14].map((i) => view.getUint16(at + i).toString(16)).join(':');
}
