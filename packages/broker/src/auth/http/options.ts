import { validateHeaderName, validateHeaderValue } from 'node:http';
import { parseServiceUrl, readAuthorities } from './service-url.ts';

/** A web service that knows the users. */
export interface HttpOptions {
  /** Asked with a POST of JSON for each login. `https://`, or `http://` on this machine. Account: `https://NAME:PASSWORD@HOST`. */
  readonly url: string;
  /** Sent with each request beside the usual ones. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** File of the certificates (PEM) that the service's must lead to; absent = those that Node knows. */
  readonly ca?: string | undefined;
  /** Seconds an answer may take. Default 5. */
  readonly timeout?: number | undefined;
  /** Connections at the same time; further logins wait. Default 16. */
  readonly poolSize?: number | undefined;
  /** Sends passwords over plain http to other machines, where anybody on the way reads them. Default false. */
  readonly allowPlain?: boolean | undefined;
}

/** The options, checked and complete. */
export interface HttpSettings {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly ca: string | undefined;
  readonly timeout: number;
  readonly poolSize: number;
}

/** Headers that say how the message is sent, which is not for the configuration to say. */
const OWN_HEADERS: readonly string[] = [
  ...['connection', 'content-length', 'content-type', 'expect', 'keep-alive', 'transfer-encoding', 'upgrade'],
];

/** @throws Error that says which setting cannot be used, why, and what to write; it never shows url or headers */
export function checkHttpOptions(options: HttpOptions): HttpSettings {
  const { headers = {}, ca, timeout = 5, poolSize = 16, allowPlain = false } = options;
  const url = parseServiceUrl(options.url, { setting: 'http: url', risk: 'read every password', allowPlain });
  if (ca !== undefined && url.protocol === 'http:') throw new Error('http: ca is for https:// only; remove it.');
  if (!(timeout > 0) || !Number.isFinite(timeout)) throw new Error('http: timeout is a number of seconds above 0.');
  if (!Number.isInteger(poolSize) || poolSize < 1) throw new Error('http: poolSize is a whole number of at least 1.');
  for (const [name, value] of Object.entries(headers)) checkHeader(name, value);
  return { url, headers, ca, timeout, poolSize };
}

/** The certificates of the `ca` setting; undefined = those that Node knows. */
export const certificatesOf = (ca: string | undefined): string | undefined =>
  ca === undefined ? undefined : readAuthorities(ca, 'http: ca');

function checkHeader(name: string, value: string): void {
  if (OWN_HEADERS.includes(name.toLowerCase())) {
    throw new Error(`http: the header ${name} is set by the broker itself; remove it from headers.`);
  }
  try {
    validateHeaderName(name);
    validateHeaderValue(name, value);
  } catch {
    // Node's own text may show the value.
    throw new Error(
      `http: the header ${JSON.stringify(name)} cannot be sent: a name is made of letters, digits and "-", and a value of one line of text.`,
    );
  }
}
