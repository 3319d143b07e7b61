import { clientError } from '../error.ts';
import type { ParsedUrl } from '../platform.ts';
import { credentialsOf, withoutSecrets } from '../url-text.ts';

const PORTS = { mqtt: 1883, mqtts: 8883, ws: 80, wss: 443, unix: 0 } as const;
type Scheme = keyof typeof PORTS;

const aliases: Readonly<Record<string, string>> = { tcp: 'mqtt', ssl: 'mqtts', tls: 'mqtts', 'mqtt+unix': 'unix' };

/**
 * Reads `mqtt://`, `mqtts://`, `ws://`, `wss://` and `unix://`, each as `scheme://[USER[:PASSWORD]@]HOST[:PORT][/PATH]`
 * but the last, which has only a path.
 *
 * @throws {MqttError} PROTOCOL_ERROR when it is none of them
 */
export function parseUrl(text: string): ParsedUrl {
  try {
    return parse(text);
  } catch {
    // Whatever is wrong, what a URL looks like says more than what its parsers say.
    throw clientError(
      'PROTOCOL_ERROR',
      `"${withoutSecrets(text)}" is no broker's URL; write mqtt://HOST[:PORT], mqtts://, ws://HOST[:PORT]/PATH, wss:// or unix:///PATH`,
    );
  }
}

/** Throws anything at all where it is no URL. */
function parse(text: string): ParsedUrl {
  const [, scheme, rest] = /^([a-z+]+):\/\/(.*)$/i.exec(text) as unknown as [string, string, string];
  const name = scheme.toLowerCase();
  const known = (aliases[name] ?? name) as Scheme;
  const usual = PORTS[known];
  if (usual === undefined) throw new TypeError('unknown scheme');
  return usual === 0 ? unixSocket(decodeURIComponent(rest)) : server(known, usual, rest);
}

function unixSocket(path: string): ParsedUrl {
  if (!path.startsWith('/')) throw new TypeError('no absolute path');
  return { target: { scheme: 'unix', host: '', port: 0, path, text: `unix://${path}` } };
}

function server(scheme: Scheme, usual: number, rest: string): ParsedUrl {
  // What a URL does not know: the zone of a link-local address (RFC 6874), as in [fe80::1%25eth0].
  const [whole, address, zone = ''] = /(\[[\da-f:.]+)%(?:25)?([\w.~-]+)\]/i.exec(rest) ?? [];
  // Only for http and its like does a URL have ports and IPv6 addresses that are checked.
  const url = new URL(`http://${whole === undefined ? rest : rest.replace(whole, `${address}]`)}`);
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1') + (zone && `%${zone}`);
  // The parser leaves out port 80 as the usual one of http.
  const port = Number(/^[^/?#]*:0*80(?![^/?#])/.test(rest) ? 80 : url.port || usual);
  const pathname = scheme === 'ws' || scheme === 'wss' ? url.pathname : '';
  const path = pathname && pathname + url.search;
  return {
    target: { scheme, host, port, path, text: `${scheme}://${url.hostname}:${port}${pathname}` },
    ...credentialsOf(url),
  };
}
