import type { IncomingMessage } from 'node:http';
import { isIPv4, isIPv6 } from 'node:net';
import { addressOf } from '@cauldron/core';

/** Where a request came in. */
export interface Visitor {
  /** `host:port` of the client; that which a proxy named, where PROXY protocol says so. */
  readonly address: string;
  readonly listener: ListenerPlace;
}

/** A listener that serves the dashboard. */
export interface ListenerPlace {
  readonly name: string;
  readonly port: number;
  /** TLS. */
  readonly secure: boolean;
}

/** The host of `host:port`, without brackets; IPv4 as such. */
export const hostOf = (address: string): string => addressOf(address) ?? address;

/** Headers of whoever hands a request on: a request with one may come from anywhere. So may one with `X-Forwarded-...`. */
const FORWARDED: ReadonlySet<string> = new Set([
  'forwarded',
  'via',
  'x-real-ip',
  'x-client-ip',
  'x-cluster-client-ip',
  'x-original-forwarded-for',
  'x-original-host',
  'true-client-ip',
  'cf-connecting-ip',
  'cdn-loop',
]);

/** Whether a request comes from this machine itself, asked for by a name of this machine, and handed on by nobody. */
export function isFromHere({ headers, httpVersion }: IncomingMessage, { address }: Visitor): boolean {
  if (!isLoopbackAddress(hostOf(address))) return false;
  // A proxy that says nothing of itself, and puts its own name for this place into Host, gives itself away by speaking
  // HTTP/1.0, as nginx does where it is not told otherwise; no browser does.
  if (httpVersion === '1.0') return false;
  if (Object.keys(headers).some((name) => name.startsWith('x-forwarded-') || FORWARDED.has(name))) return false;
  const name = (headers.host ?? '')
    .replace(/:\d*$/, '')
    .replace(/^\[(.*)\]$/, '$1')
    .toLowerCase();
  return name === 'localhost' || isLoopbackAddress(name);
}

const isLoopbackAddress = (host: string): boolean =>
  isIPv6(host) ? host === '::1' : isIPv4(host) && host.startsWith('127.');

/**
 * Whether a page of another site asks. Beside what the listener checks of everything: no origin of its configuration may
 * use this, since those are meant for MQTT.
 */
export function isCrossSite({ headers }: IncomingMessage): boolean {
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return true;
  const { origin } = headers;
  if (origin === undefined) return false;
  // A proxy may do the TLS, so the scheme says nothing; the host does.
  return URL.parse(origin)?.host !== URL.parse(`${schemeOf(origin)}//${headers.host ?? ''}`)?.host;
}

/** Whether the browser of whoever asks is sure to speak TLS, here or to a proxy before it. */
export const isEncrypted = ({ headers }: IncomingMessage, { listener }: Visitor): boolean =>
  listener.secure || schemeOf(headers.origin ?? '') === 'https:';

const schemeOf = (origin: string): string => (origin.startsWith('https:') ? 'https:' : 'http:');
