import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { UnreachableError } from './error.ts';
import type { ConnectOptions } from './options.ts';

/** What a connection goes to, for messages to people: `host:port` or the path of a socket. */
export function targetOf(options: ConnectOptions): string {
  if (options.path !== undefined) return options.path;
  const host = options.host ?? 'localhost';
  return `${host.includes(':') ? `[${host}]` : host}:${portOf(options)}`;
}

const portOf = (options: ConnectOptions): number => options.port ?? (options.tls === undefined ? 1883 : 8883);

/**
 * Opens the TCP, TLS or Unix socket and waits until bytes can flow.
 *
 * @throws {UnreachableError} when it does not come about within `timeout` milliseconds
 */
export function openSocket(options: ConnectOptions, timeout: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = createSocket(options);
    const timer = setTimeout(() => {
      socket.destroy(Object.assign(new Error('no answer in time'), { code: 'ETIMEDOUT' }));
    }, timeout);
    const abort = () => socket.destroy(new Error('given up'));
    options.signal?.addEventListener('abort', abort, { once: true });
    const failed = (error: Error) => {
      clearTimeout(timer);
      options.signal?.removeEventListener('abort', abort);
      reject(new UnreachableError(targetOf(options), error, options.tls !== undefined));
    };
    socket.once('error', failed);
    socket.once(options.tls === undefined ? 'connect' : 'secureConnect', () => {
      clearTimeout(timer);
      options.signal?.removeEventListener('abort', abort);
      socket.off('error', failed);
      resolve(socket);
    });
  });
}

function createSocket(options: ConnectOptions): Socket {
  const host = options.host ?? 'localhost';
  const where = options.path === undefined ? { host, port: portOf(options) } : { path: options.path };
  const common = {
    ...where,
    noDelay: true,
    ...(options.localAddress === undefined ? {} : { localAddress: options.localAddress }),
  };
  if (options.tls === undefined) return connectTcp(common as Parameters<typeof connectTcp>[0] & object);
  const name = isIP(host) === 0 && options.path === undefined ? { servername: host } : {};
  const socket = connectTls({ ...common, ...name, ...options.tls });
  socket.setNoDelay(true);
  return socket;
}
