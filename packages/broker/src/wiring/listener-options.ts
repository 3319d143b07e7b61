import { type ListenerConfig, plain } from '../config/index.ts';
import { listenerName } from '../exposure.ts';
import type { ListenerOptions } from '../transport/listener.ts';

/** A listener of the configuration as the transport is told of it: secrets as text, permissions as a number. */
export function listenerOptions(own: ListenerConfig): ListenerOptions {
  const name = listenerName(own);
  const { host, port, path, mode, tls, proxyProtocol, webSocket } = plain(own);
  if (path === undefined) return { name, host, port, tls, proxyProtocol, webSocket };
  return { name, path, mode: Number.parseInt(mode, 8), tls };
}
