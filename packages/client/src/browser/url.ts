import { clientError } from '../error.ts';
import type { ParsedUrl } from '../platform.ts';
import { credentialsOf, withoutSecrets } from '../url-text.ts';

/**
 * Reads `ws://[USER[:PASSWORD]@]HOST[:PORT][/PATH]` and `wss://`; or a URL relative to the page's own, such as `/mqtt`.
 *
 * @throws {MqttError} PROTOCOL_ERROR when it is none of them
 */
export function parseUrl(text: string): ParsedUrl {
  try {
    const url = new URL(text, globalThis.location?.href);
    const scheme = url.protocol.replace(/^http/, 'ws').slice(0, -1);
    const { hostname, port, pathname } = url;
    const target = {
      scheme,
      host: hostname,
      port: Number(port) || (scheme === 'ws' ? 80 : 443),
      path: pathname + url.search,
      text: `${scheme}://${url.host}${pathname}`,
    };
    if (scheme === 'ws' || scheme === 'wss') return { target, ...credentialsOf(url) };
  } catch {
    // Said below.
  }
  throw clientError(
    'PROTOCOL_ERROR',
    `"${withoutSecrets(text)}" is nothing that a page can connect to: browsers speak MQTT only over WebSocket; write ws://HOST:8083/mqtt, with the port and path of the broker's WebSocket listener, wss:// or /mqtt`,
  );
}
