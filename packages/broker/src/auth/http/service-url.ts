import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';

/** How a URL is used, for the words of a refusal. */
export interface UrlUse {
  /** `http: url`, `jwt: jwksUrl`: where it was written. */
  readonly setting: string;
  /** What somebody on the way could do: `read every password`. */
  readonly risk: string;
  /** Plain http to other machines is wanted. */
  readonly allowPlain: boolean;
}

/**
 * A URL that may be asked: https, or http where it does not leave this machine or that is allowed.
 *
 * @throws Error that says why not, without the URL, which may hold a password
 */
export function parseServiceUrl(text: string, { setting, risk, allowPlain }: UrlUse): URL {
  const url = URL.parse(text);
  if (url === null || !['http:', 'https:'].includes(url.protocol) || url.hash !== '') {
    throw new Error(`${setting} is no web address; write https://HOST/PATH (without a part behind "#").`);
  }
  if (url.protocol === 'http:' && !isLoopbackName(url.hostname) && !allowPlain) {
    throw new Error(
      `${setting} is a plain http address of another machine: whoever is on the way can ${risk}. ` +
        'Use https, or set allowPlain = true where the way is protected by other means.',
    );
  }
  return url;
}

/** A URL as it may be shown: without user, password and query. */
export const shownUrl = (url: URL): string => `${url.protocol}//${url.host}${url.pathname}`;

/** Whether a host of a URL can be on no other machine. */
export function isLoopbackName(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || (isIP(hostname) === 4 && hostname.startsWith('127.'));
}

/** Reads a PEM file of certificates. @throws Error naming setting and file */
export function readAuthorities(file: string, setting: string): string {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new Error(`${setting}: cannot read "${file}" (${code}). Put the certificates of the authority there.`, {
      cause: error,
    });
  }
  if (text.includes('-----BEGIN CERTIFICATE-----')) return text;
  throw new Error(`${setting}: "${file}" holds no certificate in PEM form ("-----BEGIN CERTIFICATE-----").`);
}
