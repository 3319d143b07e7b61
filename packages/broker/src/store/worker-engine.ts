import type { StoreEngine } from '@cauldron/core';

/** An engine as the store's thread runs it. */
export interface WorkerEngine extends StoreEngine {
  /**
   * Does a small step of what can wait (a few milliseconds), such as removing what ended sessions left.
   *
   * @returns whether there is more to do
   * @throws {StoreError} it is tried again later
   */
  maintain(): boolean;
  /**
   * The SQLite database whose write-ahead log is to be moved into it from outside; null = there is none. The engine's
   * own connection is not to do it (`wal_autocheckpoint = 0`): it would stall the group it happens in.
   */
  readonly databasePath: string | null;
}

/** A module that an engine comes from. */
export interface EngineModule {
  /** @throws {StoreError} with a message that says what to do */
  openEngine(folder: string, options: unknown): WorkerEngine;
}
