import { z } from 'zod';
import { count, explain, fileMode, flag, host, networks, orElse, sections, text } from '../setting.ts';
import {
  ack,
  connectTimeout,
  maxByteRate,
  maxConnections,
  maxConnectRate,
  maxConnectRatePerAddress,
  maxMessageRate,
  maxPacketSize,
  receiveMaximum,
  serverKeepAlive,
  topicAliasMaximum,
  UINT16,
} from './shared.ts';
import { tls } from './tls.ts';
import { webSocket } from './web-socket.ts';

/** A listener's own value of something set for all elsewhere. */
const own = <T extends z.ZodType>(schema: T, from: string): z.ZodOptional<T> => orElse(schema, `\`${from}\``);

const proxyProtocol = z
  .strictObject({
    from: networks(
      'Addresses and networks of the proxies. Every connection has to begin with a PROXY header (version 1 or 2), which says who ' +
        'the client is; whoever connects from elsewhere is refused, since it could say it were anybody.',
      ['10.0.0.0/8'],
    ),
  })
  .register(sections, {
    help:
      'Takes the address of clients from the PROXY protocol, for a listener behind a load balancer. Such a listener counts as one ' +
      'that other machines can reach, whatever address it listens on.',
  });

const listener = z
  .strictObject({
    name: orElse(text('Name in logs and events.', 'text', 'local'), 'its address'),
    host: orElse(
      host(
        'Address to listen on. Only this machine can reach 127.0.0.1 and ::1; 0.0.0.0 means all IPv4 addresses, :: all IPv6 ' +
          'ones. Where other machines can reach it, the broker starts only if clients have to show who they are, or ' +
          '`allowAnonymous` is said.',
      ),
      '`"127.0.0.1"`',
    ),
    port: orElse(
      count('TCP port; 0 = any free one.', { min: 0, max: UINT16 }),
      '`1883`, with `tls` `8883`; with `webSocket` `8083`, with both `8084`',
    ),
    path: orElse(
      text(
        'Path of a Unix socket to listen on. A relative one starts at the working directory.',
        'a path',
        '/run/cauldron/mqtt.sock',
      ),
      'it listens on `host` and `port`',
      'host and port',
    ),
    mode: orElse(
      fileMode('Permissions of the Unix socket: who may write to it may connect.'),
      '`"0660"`',
      'host and port',
    ),
    allowAnonymous: orElse(
      flag('Clients that do not show who they are may come in through this listener.'),
      '`authentication.allowAnonymous`',
    ),
    optional: orElse(
      flag('Where its address is taken by another program, the broker says so and starts without this listener.'),
      '`false`',
    ),
    tls: tls.optional(),
    webSocket: webSocket.optional(),
    proxyProtocol: proxyProtocol.optional(),
    maxConnections: own(maxConnections, 'limits.maxConnections'),
    maxPacketSize: own(maxPacketSize, 'limits.maxPacketSize'),
    connectTimeout: own(connectTimeout, 'limits.connectTimeout'),
    receiveMaximum: own(receiveMaximum, 'limits.receiveMaximum'),
    maxConnectRate: own(maxConnectRate, 'limits.maxConnectRate'),
    maxConnectRatePerAddress: own(maxConnectRatePerAddress, 'limits.maxConnectRatePerAddress'),
    maxMessageRate: own(maxMessageRate, 'limits.maxMessageRate'),
    maxByteRate: own(maxByteRate, 'limits.maxByteRate'),
    topicAliasMaximum: own(topicAliasMaximum, 'mqtt.topicAliasMaximum'),
    serverKeepAlive: own(serverKeepAlive, 'mqtt.serverKeepAlive'),
    ack: own(ack, 'data.ack'),
  })
  .superRefine(({ host, port, path, mode, proxyProtocol, webSocket }, context) => {
    if (path === undefined) {
      if (mode !== undefined)
        explain(context, ['mode'], 'is for Unix sockets; give the listener a path, or leave it out');
      return;
    }
    if (proxyProtocol !== undefined)
      explain(context, ['proxyProtocol'], 'is for host and port; nobody knows which proxy connects to a Unix socket');
    if (webSocket !== undefined) explain(context, ['webSocket'], 'is for host and port, not for Unix sockets');
    for (const [key, value] of Object.entries({ host, port })) {
      if (value !== undefined)
        explain(context, [key], 'the listener has a path, so it listens on no address; leave it out');
    }
  })
  .transform(({ host, port, path, mode, ...rest }): Address & Omit<typeof rest, never> =>
    path === undefined
      ? { ...rest, host: host ?? '127.0.0.1', port: port ?? usualPort(rest) }
      : { ...rest, path, mode: mode ?? '0660' },
  );

function usualPort({ tls, webSocket }: { tls?: unknown; webSocket?: unknown }): number {
  if (webSocket !== undefined) return tls === undefined ? 8083 : 8084;
  return tls === undefined ? 1883 : 8883;
}

/** A TCP address, or the path of a Unix socket and its permissions in octal. */
type Address =
  | { host: string; port: number; path?: undefined; mode?: undefined }
  | { path: string; mode: string; host?: undefined; port?: undefined };

/** `[[listeners]]` */
export const listeners = z
  .array(listener)
  .min(1)
  .superRefine((list, context) => {
    const addresses = new Map<string, number>();
    const names = new Map<string, number>();
    list.forEach((one, index) => {
      if (one.path !== undefined) refuseTwice(one.path, addresses, index, 'path', context);
      else if (one.port !== 0) refuseTwice(`${one.host} port ${one.port}`, addresses, index, 'port', context);
      if (one.name !== undefined) refuseTwice(one.name, names, index, 'name', context);
    });
  })
  .register(sections, {
    help:
      'Where clients connect: one `[[listeners]]` table each. Whoever names one replaces all default listeners. ' +
      'A listener may have its own value of some limits; otherwise those of the sections below hold.',
  })
  .prefault([
    { host: '127.0.0.1', port: 1883 },
    { host: '::1', port: 1883 },
    { host: '127.0.0.1', port: 8083, optional: true, webSocket: { path: '/mqtt' } },
    { host: '::1', port: 8083, optional: true, webSocket: { path: '/mqtt' } },
  ]);

function refuseTwice(
  what: string,
  seen: Map<string, number>,
  index: number,
  key: string,
  context: z.RefinementCtx,
): void {
  const first = seen.get(what);
  if (first === undefined) seen.set(what, index);
  else {
    explain(
      context,
      [index, key],
      `${what} is already taken by listeners[${first}]; give each listener its own ${key}`,
    );
  }
}
