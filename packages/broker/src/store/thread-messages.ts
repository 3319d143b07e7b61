import { StoreError, type StoreFailure, type StoreRead } from '@cauldron/core';
import { type RefusalReason, StoreRefused } from './database.ts';

/** A failure that a test asks for: the `write`-th group (counted from 1) and the `times - 1` after it fail, unwritten. */
export interface InjectedFailure {
  readonly write: number;
  /** Default 1. */
  readonly times?: number;
  readonly kind: StoreFailure['kind'];
}

/** When the log's content is moved into the database. */
export interface CheckpointOptions {
  /** Bytes in the log from which on they are moved in the background. Default 16 MiB. */
  readonly moveAt?: number;
  /** Bytes in the log from which on groups wait for them to be moved. Default 256 MiB. */
  readonly waitAt?: number;
  /** Milliseconds without a group after which they are moved, however few. Default 1000. */
  readonly idleAfter?: number;
}

/** What the store's thread is started with. */
export interface StoreThreadData {
  readonly folder: string;
  /** URL of a module with `openEngine` ({@link EngineModule}); null = SQLite. */
  readonly engine: string | null;
  /** Handed to `openEngine`. */
  readonly engineOptions: unknown;
  readonly inject: InjectedFailure | null;
  readonly checkpoint: CheckpointOptions;
}

/** From the main thread to the store's. */
export type StoreCommand =
  | { readonly type: 'write'; readonly operations: ArrayBuffer; readonly start: number; readonly length: number }
  | { readonly type: 'read'; readonly request: StoreRead }
  /** `window[0]` counts the parts on their way: the thread waits while there are {@link SNAPSHOT_WINDOW} of them. */
  | { readonly type: 'snapshot'; readonly window: Int32Array<SharedArrayBuffer> }
  | { readonly type: 'close' };

/** Parts of a snapshot that may be on their way to the main thread. */
export const SNAPSHOT_WINDOW = 4;

/** From the store's thread to the main thread. Writes and reads are each answered in their order. */
export type StoreAnswer =
  | { readonly type: 'opened' }
  | { readonly type: 'openFailed'; readonly failure: SentFailure }
  | {
      readonly type: 'written';
      readonly operations: ArrayBuffer;
      readonly milliseconds: number;
      readonly log: LogStats;
    }
  | { readonly type: 'writeFailed'; readonly operations: ArrayBuffer; readonly failure: StoreFailure }
  | { readonly type: 'entries'; readonly entries: Uint8Array; readonly more: boolean }
  | { readonly type: 'readFailed'; readonly failure: StoreFailure }
  | { readonly type: 'part'; readonly operations: Uint8Array }
  | { readonly type: 'snapshotEnd'; readonly failure: SentFailure | null }
  | { readonly type: 'upkeepFailed'; readonly failure: StoreFailure }
  | { readonly type: 'closed'; readonly failure: SentFailure | null };

/** The state of the write-ahead log, sent along with every commit. */
export interface LogStats {
  /** Bytes in the log that are not in the database yet, about. */
  readonly logBytes: number;
  /** How often the log was moved as a whole since the start. */
  readonly checkpoints: number;
  /** How often moving it failed: for want of room, most likely. */
  readonly checkpointFailures: number;
}

/** A failure and, where the store was not opened for a named reason, that one. */
export interface SentFailure extends StoreFailure {
  readonly reason: RefusalReason | null;
}

/** What to send of an error. */
export function toFailure(error: unknown): SentFailure {
  const reason = error instanceof StoreRefused ? error.reason : null;
  if (error instanceof StoreError) return { kind: error.kind, message: error.message, reason };
  return { kind: 'io', message: error instanceof Error ? error.message : String(error), reason };
}

/** The error that was sent. */
export function toError(failure: SentFailure): StoreError {
  if (failure.reason !== null) return new StoreRefused(failure.reason, failure.message);
  return new StoreError(failure.kind, failure.message);
}
