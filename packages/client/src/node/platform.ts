import type { Platform, Target, Transport, TransportReceiver } from '../platform.ts';
import type { NodeClientOptions } from './options.ts';
import { openSocket } from './socket.ts';
import { parseUrl } from './url.ts';
import { openWebSocket } from './web-socket.ts';

/** The client's surroundings in Node. */
export function nodePlatform(options: NodeClientOptions): Platform {
  return {
    parse: parseUrl,
    open: (target: Target, subprotocol: string, receiver: TransportReceiver): Transport =>
      target.scheme === 'ws' || target.scheme === 'wss'
        ? openWebSocket(target, subprotocol, receiver, options)
        : openSocket(target, receiver, options),
    now: () => performance.now(),
    setTimer: (ms, callback) => {
      const timer = setTimeout(callback, ms);
      return { cancel: () => clearTimeout(timer) };
    },
    defer: (callback) => process.nextTick(callback),
    yield: (callback) => void setImmediate(callback),
    random: () => Math.random(),
  };
}
