import type { ListenerInfo } from '@cauldron/broker/admin-api';

/** One way to try the broker: who listens, and who speaks. */
export interface TryCommands {
  readonly name: string;
  readonly subscribe: string;
  readonly publish: string;
}

const STANDARD_PORT = '1883';

/**
 * Commands that show a newcomer a first message.
 *
 * @param host this machine's name as the browser knows it, for a broker that listens on every address
 */
export function tryCommands(listeners: readonly ListenerInfo[], host: string): readonly TryCommands[] {
  const listener = listeners.find(({ tls, webSocket }) => !tls && !webSocket);
  if (listener === undefined) return [];
  const where = addressFlags(listener.url, host);
  const pair = (name: string, prefix: string): TryCommands => ({
    name,
    subscribe: `${prefix}sub${where} -t 'kitchen/#' -v`,
    publish: `${prefix}pub${where} -t kitchen/soup -m ready -r`,
  });
  return [pair('With Cauldron’s own tools', 'npx cauldron '), pair('With the tools of Mosquitto', 'mosquitto_')];
}

/** ` -h HOST -p PORT`, as far as they are not what the tools take anyway. */
function addressFlags(url: string, pageHost: string): string {
  const { hostname, port } = new URL(url.replace(/^mqtt:/, 'http:'));
  const bare = hostname.replace(/^\[|\]$/g, '');
  const host = bare === '0.0.0.0' || bare === '::' ? pageHost : bare;
  const isHere = host === 'localhost' || host === '127.0.0.1' || host === '::1';
  const given = port === '' ? '80' : port;
  return `${isHere ? '' : ` -h ${host}`}${given === STANDARD_PORT ? '' : ` -p ${given}`}`;
}
