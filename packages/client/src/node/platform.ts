import type { ParsedUrl, Platform, Target, Timer, Transport, TransportReceiver } from '../platform.ts';
import type { NodeClientOptions } from './options.ts';
import { openSocket } from './socket.ts';
import { parseUrl } from './url.ts';
import { openWebSocket } from './web-socket.ts';

/** The client's surroundings in Node. */
export class NodePlatform implements Platform {
  readonly #options: NodeClientOptions;

  constructor(options: NodeClientOptions) {
    this.#options = options;
  }

  parse(url: string): ParsedUrl {
    return parseUrl(url);
  }

  open(target: Target, subprotocol: string, receiver: TransportReceiver): Transport {
    return target.scheme === 'ws' || target.scheme === 'wss'
      ? openWebSocket(target, subprotocol, receiver, this.#options)
      : openSocket(target, receiver, this.#options);
  }

  now(): number {
    return performance.now();
  }

  setTimer(ms: number, callback: () => void): Timer {
    return new NodeTimer(setTimeout(callback, ms));
  }

  defer(callback: () => void): void {
    process.nextTick(callback);
  }

  yield(callback: () => void): void {
    setImmediate(callback);
  }

  random(): number {
    return Math.random();
  }
}

class NodeTimer implements Timer {
  readonly #timeout: NodeJS.Timeout;

  constructor(timeout: NodeJS.Timeout) {
    this.#timeout = timeout;
  }

  cancel(): void {
    clearTimeout(this.#timeout);
  }
}
