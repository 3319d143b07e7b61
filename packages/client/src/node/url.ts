import { clientError } from '../error.ts';
import type { ParsedUrl } from '../platform.ts';

const PORTS = { mqtt: 1883, mqtts: 8883, ws: 80, wss: 443, unix: 0 } as const;
type Scheme = keyof typeof PORTS;

/**
 * Reads `mqtt://`, `mqtts://`, `ws://`, `wss://` and `unix://`, each as `scheme://[USER[:PASSWORD]@]HOST[:PORT][/PATH]`
 * but the last, which has only a path.
 *
 * @throws {MqttError} PROTOCOL_ERROR when it is none of them
 */
export function parseUrl(text: string): ParsedUrl {
  // Only for http and its like does a URL have ports and IPv6 addresses that are checked.
  const found = /^(mqtts?|wss?|tcp|ssl|tls|(?:mqtt\+)?unix):\/\/(.*)$/i.exec(text);
  if (found === null) throw invalid(text);
  const name = found[1]!.toLowerCase();
  const scheme = (aliases[name] ?? name) as Scheme;
  if (scheme === 'unix') {
    const path = decoded(found[2]!, text);
    if (!path.startsWith('/')) throw invalid(text);
    return { target: { scheme, host: '', port: 0, path, text: `unix://${path}` } };
  }
  const http = `http://${found[2]}`;
  if (!URL.canParse(http)) throw invalid(text);
  const url = new URL(http);
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  // The parser leaves out port 80 as the usual one of http.
  const port = Number(/^[^/?#]*:0*80(?![^/?#])/.test(found[2]!) ? 80 : url.port || PORTS[scheme]);
  const path = scheme === 'ws' || scheme === 'wss' ? `${url.pathname}${url.search}` : '';
  // Without the query: it may hold a token.
  const shown = `${scheme}://${url.hostname}:${port}${path && url.pathname}`;
  return {
    target: { scheme, host, port, path, text: shown },
    ...(url.username === '' ? {} : { username: decoded(url.username, text) }),
    ...(url.password === '' ? {} : { password: decoded(url.password, text) }),
  };
}

const aliases: Readonly<Record<string, string>> = { tcp: 'mqtt', ssl: 'mqtts', tls: 'mqtts', 'mqtt+unix': 'unix' };

function decoded(part: string, text: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw invalid(text);
  }
}

/** The text goes into logs, so it shows nothing that could be a password or a token. */
const invalid = (text: string): Error =>
  clientError(
    'PROTOCOL_ERROR',
    `"${text.replace(/^([a-z+]+:\/\/)?.*@/is, '$1').replace(/\?.*/s, '')}" is no broker's URL; write mqtt://HOST[:PORT], mqtts://, ws://HOST[:PORT]/PATH, wss:// or unix:///PATH`,
  );
