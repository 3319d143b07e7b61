import { clientError } from '../error.ts';
import type { ParsedUrl } from '../platform.ts';

/**
 * Reads `ws://[USER[:PASSWORD]@]HOST[:PORT][/PATH]` and `wss://`; or a URL relative to the page's own, such as `/mqtt`.
 *
 * @throws {MqttError} PROTOCOL_ERROR when it is none of them
 */
export function parseUrl(text: string): ParsedUrl {
  const base = globalThis.location?.href;
  const url = URL.canParse(text, base) ? new URL(text, base) : undefined;
  const scheme = url?.protocol.replace(/^http/, 'ws').slice(0, -1);
  if (url === undefined || (scheme !== 'ws' && scheme !== 'wss')) {
    throw clientError(
      'PROTOCOL_ERROR',
      `"${text.replace(/\/\/[^@/]*@/, '//')}" is nothing that a page can connect to: browsers speak MQTT only over WebSocket; write ws://HOST:8083/mqtt, with the port and path of the broker's WebSocket listener, wss:// or /mqtt`,
    );
  }
  const { hostname, port, username, password } = url;
  const path = url.pathname + url.search;
  return {
    target: {
      scheme,
      host: hostname,
      port: Number(port) || (scheme === 'ws' ? 80 : 443),
      path,
      text: `${scheme}://${url.host}${path}`,
    },
    username: username === '' ? undefined : decodeURIComponent(username),
    password: password === '' ? undefined : decodeURIComponent(password),
  };
}
