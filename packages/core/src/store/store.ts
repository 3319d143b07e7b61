import { ReasonCode } from '@cauldron/protocol';
import type { StoredEntry } from './entries.ts';

/** Why a store could not do something, in the terms a client is answered with. */
export interface StoreFailure {
  /** `full`: no room left, which may change; `io`: anything else. */
  readonly kind: 'full' | 'io';
  /** What happened, for the log. */
  readonly message: string;
}

/** The reason code that tells a publisher of a failure: quota exceeded, or implementation specific error. */
export function failureCode(failure: StoreFailure): number {
  return failure.kind === 'full' ? ReasonCode.quotaExceeded : ReasonCode.implementationSpecificError;
}

/** What a client may know of a failure: its message names places on the broker's disk. */
export function failureReason(failure: StoreFailure): string {
  return failure.kind === 'full' ? "the broker's disk is full" : "the broker's disk does not work as it should";
}

/** What the core wants to read of a session's queue, or of messages in flight. */
export interface StoreRead {
  /** The session's number. */
  readonly session: number;
  /**
   * Message identifiers whose bodies are wanted, whatever the queue holds; null = the queue. A body that the store does
   * not have is left out of the answer.
   */
  readonly messages: readonly number[] | null;
  /** Only entries behind this position. */
  readonly after: number;
  /** At most so many entries. */
  readonly limit: number;
  /** No further entry once the bodies exceed this many bytes: one always fits. */
  readonly maxBytes: number;
}

/**
 * The durable store as the core sees it: it takes groups of operations and requests, and answers later through the
 * {@link StoreReceiver}, in the order asked. Nothing here waits.
 */
export interface Store {
  /** A buffer for the next group, at least `size` bytes. */
  take(size: number): Uint8Array;
  /**
   * Writes a group, the first `length` bytes of `operations`, which are the store's from here on: atomically and durably,
   * answered with `written` or `writeFailed`. There is at most one at a time.
   */
  write(operations: Uint8Array, length: number): void;
  /** Reads; what was written before is seen. Answered with `entriesRead` or `readFailed`. */
  read(request: StoreRead): void;
}

/** Gets what was read. */
export interface Reader {
  /**
   * @param request the very one that was asked
   * @param more entries behind these were not read because of a limit of the request
   */
  entriesRead(request: StoreRead, entries: readonly StoredEntry[], more: boolean): void;
}

/** What a store calls on the core. */
export interface StoreReceiver {
  /** The group is on the disk. */
  written(): void;
  /** The group is not, nor any part of it. */
  writeFailed(failure: StoreFailure): void;
  /**
   * The answer to a read: for the queue, entries in ascending position as `writeEntry` writes them; for messages,
   * the same with position 0, in the order asked.
   *
   * @param more entries behind these were not read because of a limit of the request
   */
  entriesRead(request: StoreRead, entries: Uint8Array, more: boolean): void;
  readFailed(request: StoreRead, failure: StoreFailure): void;
}

/**
 * A store without its thread: what a worker runs, what the simulator crashes, and what the contract suite tests.
 */
export interface StoreEngine {
  /** Applies a group of operations. On return it is durable; on a throw nothing of it is there. @throws {StoreError} */
  apply(operations: Uint8Array, length: number): void;
  /** @throws {StoreError} */
  read(request: StoreRead): { readonly entries: Uint8Array; readonly more: boolean };
  /**
   * Hands over everything a broker starts with, as operations (`sequence`, `session`, `subscribe`, `delivery`, `queued`,
   * `retained`; a session comes before what belongs to it), in buffers of a size that suits.
   *
   * @throws {StoreError}
   */
  snapshot(visit: (operations: Uint8Array) => void): void;
  close(): void;
}

/** What a {@link StoreEngine} throws: the failure and, as `cause`, where it comes from. */
export class StoreError extends Error {
  override readonly name = 'StoreError';
  readonly kind: StoreFailure['kind'];

  constructor(kind: StoreFailure['kind'], message: string, cause?: unknown) {
    super(message, { cause });
    this.kind = kind;
  }
}
