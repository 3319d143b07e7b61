import { type BrokerCore, StoreError, type StoreFailure } from '@cauldron/core';
import { releaseMemory } from './garbage.ts';
import type { HealthMonitor } from './health.ts';
import type { Logger } from './log.ts';
import type { OpenedStore } from './store/open-store.ts';
import type { StoreStats } from './store/worker-store.ts';

/** So many sessions and retained messages leave something to clean up after their restoration. */
const MUCH = 1000;

/** A broker's store from its opening to its end: what it holds goes into the core, what it reports into the health. */
export class StoreKeeper {
  readonly #opened: OpenedStore;
  readonly #log: Logger;
  readonly #health: HealthMonitor;

  constructor(opened: OpenedStore, log: Logger, health: HealthMonitor) {
    this.#opened = opened;
    this.#log = log;
    this.#health = health;
  }

  get store(): OpenedStore['store'] {
    return this.#opened.store;
  }

  get stats(): StoreStats {
    return this.#opened.store.stats;
  }

  /**
   * Hands the core everything that is kept, and the store the core. To be called once, before there are connections.
   *
   * @throws {StoreError} it cannot be read
   */
  async restore(core: BrokerCore): Promise<void> {
    const { store, snapshot, folder } = this.#opened;
    const begun = performance.now();
    store.connect(core.storeReceiver, () => core.flush());
    try {
      for await (const part of snapshot) core.restore(part);
    } catch (error) {
      throw error instanceof StoreError ? error : unreadable(folder, error);
    }
    core.restored();
    if (core.sessions.size + core.retained.count > MUCH) releaseMemory();
    const sessions = core.sessions.size;
    const retained = core.retained.count;
    const { queuedMessages } = core.metrics;
    const milliseconds = Math.round(performance.now() - begun);
    if (sessions + retained > 0) this.#log.info('restored', { sessions, queuedMessages, retained, milliseconds });
  }

  failing({ kind, message }: StoreFailure, now: number): void {
    const effect = 'messages that have to be kept are refused until it works again';
    this.#log.error(`the store fails: ${message}; ${effect}`, { folder: this.#opened.folder });
    this.#health.clear(kind === 'full' ? 'store-failing' : 'store-full');
    this.#health.report(kind === 'full' ? 'store-full' : 'store-failing', message, now);
  }

  recovered(): void {
    this.#log.warn('the store works again', { folder: this.#opened.folder });
    this.#health.clear('store-full');
    this.#health.clear('store-failing');
  }

  /** Waits until everything so far is written, unless the store fails anyway or takes longer than `within` milliseconds. */
  async settle(core: BrokerCore, within: number): Promise<void> {
    const { journal } = core;
    if (journal === null || journal.failure !== null) return;
    const idle = new Promise<void>((resolve) => journal.whenIdle(resolve));
    if (!(await inTime(idle, within))) {
      this.#log.warn('not everything was written in time; nothing of it was acknowledged', {
        folder: this.#opened.folder,
      });
    }
  }

  /** Gives the folder free. Waits no longer than `within` milliseconds: what was committed is safe in any case. */
  async close(within: number): Promise<void> {
    const { folder } = this.#opened;
    try {
      if (await inTime(this.#opened.close(), within)) return;
      this.#log.warn(`the store in ${folder} is still being closed; what was acknowledged is safe`);
    } catch (error) {
      this.#log.error(`the store in ${folder} was not closed as it should be: ${(error as Error).message}`);
    }
  }
}

/** Whether something happened within so many milliseconds. */
async function inTime(happening: Promise<void>, within: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(resolve, within, false);
  });
  try {
    return await Promise.race([happening.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}

function unreadable(folder: string, cause: unknown): StoreError {
  const why = cause instanceof Error ? cause.message : String(cause);
  const advice = `look closer with \`cauldron store check ${folder}\``;
  return new StoreError('io', `the store in ${folder} holds what cannot be read: ${why}; ${advice}`, cause);
}
