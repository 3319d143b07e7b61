import type { BrokerCore, ListenerSettings } from '@cauldron/core';
import { originGuardProblem } from '../http/origin-guard.ts';
import { AddressList } from './address-list.ts';
import type { BufferPool } from './buffer-pool.ts';
import { type Listener, ListenerError, type ListenerOptions } from './listener.ts';
import { SocketListener } from './socket-listener.ts';
import { TlsContexts } from './tls-contexts.ts';
import type { WebSocketOptions } from './websocket/websocket-layer.ts';

/**
 * Opens a listener: TCP or a Unix socket, plain or TLS, MQTT as it is or over WebSocket, alone or behind proxies.
 *
 * @param settings from {@link BrokerCore.listener}
 * @param pool output buffers, shared by all listeners
 * @throws {ListenerError} options or files that cannot be used, a Unix socket that is in use
 * @throws {NodeJS.ErrnoException} EADDRINUSE, EACCES, EADDRNOTAVAIL
 */
export async function openListener(
  core: BrokerCore,
  options: ListenerOptions,
  settings: ListenerSettings,
  pool: BufferPool,
): Promise<Listener> {
  const { tls, proxyProtocol, webSocket } = options;
  if (proxyProtocol !== undefined && options.path !== undefined) {
    throw new ListenerError(
      'PROXY_OPTIONS',
      'proxyProtocol knows proxies by their address, and a Unix socket has none',
    );
  }
  if (webSocket !== undefined) checkWebSocket(options, webSocket);
  const listener = new SocketListener(core, options, settings, pool, {
    tls: tls === undefined ? null : await TlsContexts.load(tls),
    proxies: proxyProtocol === undefined ? null : new AddressList(proxyProtocol.from),
    webSocket: webSocket ?? null,
  });
  await listener.listen();
  return listener;
}

function checkWebSocket({ host = '', port = 0, path, tls }: ListenerOptions, options: WebSocketOptions): void {
  const { names, origins } = options;
  const problem =
    path === undefined
      ? originGuardProblem({ listener: { host, port }, secure: tls !== undefined, names, origins })
      : 'it is for host and port, and the listener has the path of a Unix socket';
  if (problem !== undefined) throw new ListenerError('WEBSOCKET_OPTIONS', `webSocket: ${problem}`);
}
