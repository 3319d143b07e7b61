import type { ParsedUrl, Platform, Target, Timer, Transport, TransportReceiver } from '../platform.ts';
import type { NodeClientOptions } from './options.ts';
import { openSocket } from './socket.ts';
import { unreachable } from './unreachable.ts';
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
    try {
      return target.scheme === 'ws' || target.scheme === 'wss'
        ? openWebSocket(target, subprotocol, receiver, this.#options)
        : openSocket(target, receiver, this.#options);
    } catch (error) {
      // Options of TLS that do not fit together, for example: a failure like any other, told like one.
      const problem = unreachable(target.text, error as Error, true);
      process.nextTick(() => receiver.closed(problem));
      return stillborn;
    }
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

/** A connection that could not even be tried. */
const stillborn: Transport = Object.freeze({
  pending: 0,
  write: () => undefined,
  pause: () => undefined,
  resume: () => undefined,
  end: () => undefined,
  destroy: () => undefined,
});

class NodeTimer implements Timer {
  readonly #timeout: NodeJS.Timeout;

  constructor(timeout: NodeJS.Timeout) {
    this.#timeout = timeout;
  }

  cancel(): void {
    clearTimeout(this.#timeout);
  }
}
