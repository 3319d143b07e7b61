import type { BrokerCore, ListenerSettings } from '@cauldron/core';
import type { Config, ListenerConfig } from '../config/index.ts';
import { isLoopback, listenerUrl } from '../exposure.ts';
import { FileWatcher } from '../file-watcher.ts';
import type { Logger } from '../log.ts';
import { BufferPool } from '../transport/buffer-pool.ts';
import { type Listener, ListenerError } from '../transport/listener.ts';
import { openListener } from '../transport/open-listener.ts';
import { defined } from './defined.ts';
import { listenerOptions } from './listener-options.ts';

/** What came of reading the files of a listener again. */
export interface ListenerReload {
  /** The listener's. */
  readonly name: string;
  /** null = it worked. */
  readonly error: Error | null;
  /** Whose pre-shared key is another now, or gone. */
  readonly identities: readonly string[];
}

/** What somebody wants to know of listeners. */
export interface ListenerEvents {
  /** One was opened; nothing was read from any connection of it yet. */
  opened(listener: Listener, own: ListenerConfig): void;
  /** Files of one have changed and were read again. */
  changed(reload: ListenerReload): void;
}

/** Where a broker listens: opens what the configuration says, and reads certificates again when their files change. */
export class Listeners {
  readonly #core: BrokerCore;
  readonly #log: Logger;
  readonly #pool = new BufferPool();
  readonly #open: Listener[] = [];
  readonly #watcher = new FileWatcher();

  constructor(core: BrokerCore, log: Logger) {
    this.#core = core;
    this.#log = log;
  }

  /** Those that could be opened, in the order of the configuration. */
  get open(): readonly Listener[] {
    return this.#open;
  }

  /**
   * Opens all of them.
   *
   * @throws {ListenerError} options or files that cannot be used
   * @throws {NodeJS.ErrnoException} where an address cannot be listened on; what was opened before stays open
   */
  async openAll(config: Config, { opened, changed }: ListenerEvents): Promise<void> {
    for (const own of config.listeners) {
      const listener = await this.#openOrNote(own, config.listeners.length === 1);
      if (listener === null) continue;
      this.#open.push(listener);
      opened(listener, own);
      if (listener.files.length === 0) continue;
      await this.#watcher.watch(listener.files, () => {
        void reloaded(listener).then(changed);
      });
    }
  }

  /**
   * A machine without IPv6 has no ::1, and a listener may be said to be optional; where there are other listeners that is
   * worth a line, not the end.
   */
  async #openOrNote(own: ListenerConfig, isOnly: boolean): Promise<Listener | null> {
    try {
      const listener = await openListener(this.#core, listenerOptions(own), settingsOf(this.#core, own), this.#pool);
      checkReach(own, listener);
      return listener;
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? '';
      const missing = own.host === '::1' && ['EADDRNOTAVAIL', 'EAFNOSUPPORT'].includes(code);
      const taken = own.optional === true && code === 'EADDRINUSE';
      if (isOnly || (!missing && !taken)) throw error;
      this.#log.warn(
        missing
          ? `not listening on [::1]:${own.port}: this machine has no IPv6 loopback (${code})`
          : `not listening on ${listenerUrl(own)}: another program has port ${own.port}; the other listeners work`,
      );
      return null;
    }
  }

  /** Reads the certificates and keys of all listeners again. */
  async reload(): Promise<ListenerReload[]> {
    const results: ListenerReload[] = [];
    for (const listener of this.#open) {
      if (listener.files.length > 0) results.push(await reloaded(listener));
    }
    return results;
  }

  stopAccepting(): void {
    this.#watcher.close();
    for (const listener of this.#open) listener.stopAccepting();
  }

  /** Connections of all of them. */
  get connections(): number {
    return this.#open.reduce((sum, { connections }) => sum + connections, 0);
  }

  destroyLinks(): void {
    for (const listener of this.#open) listener.destroyLinks();
  }
}

/**
 * The start policy takes `localhost` for this machine; what it really is, the machine's own files say, and only now.
 *
 * @throws {ListenerError} NOT_LOOPBACK, and the listener is closed again before anybody could come in
 */
function checkReach({ host }: ListenerConfig, listener: Listener): void {
  const { address } = listener;
  if (host === undefined || !isLoopback(host) || isLoopback(address.host)) return;
  listener.stopAccepting();
  const found = `${host} is ${address.host} here, which other machines may reach`;
  throw new ListenerError('NOT_LOOPBACK', `not listening on ${host}: ${found}; write 127.0.0.1, or look at /etc/hosts`);
}

async function reloaded(listener: Listener): Promise<ListenerReload> {
  const { name } = listener;
  try {
    return { name, error: null, identities: await listener.reload() };
  } catch (error) {
    return { name, error: error as Error, identities: [] };
  }
}

function settingsOf(core: BrokerCore, own: ListenerConfig): ListenerSettings {
  const { maxConnections, maxPacketSize, connectTimeout, receiveMaximum, topicAliasMaximum, serverKeepAlive } = own;
  const { maxConnectRate, maxConnectRatePerAddress, maxMessageRate, maxByteRate } = own;
  const rates = { maxConnectRate, maxConnectRatePerAddress, maxMessageRate, maxByteRate };
  return core.listener({
    limits: defined({ maxConnections, maxPacketSize, connectTimeout, receiveMaximum, ...rates }),
    mqtt: defined({ topicAliasMaximum, serverKeepAlive }),
    ack: own.ack,
  });
}
