import type { FlushSet } from '../connection/flush-set.ts';
import type { MemoryPressure } from '../guard/memory-pressure.ts';
import type { QueueFullPolicy } from '../options.ts';
import type { ClientInfo, DropReason } from '../ports.ts';
import type { RetainedTree } from '../routing/retained-tree.ts';
import type { Ledger } from '../routing/router.ts';
import type { Journal } from '../store/journal.ts';
import type { Session } from './session.ts';

/** What a session needs of the broker around it. */
export interface SessionHost {
  /** Whether a client's rights let it have messages of a topic. */
  mayReceive(client: ClientInfo, topic: string): boolean;
  /** Who gets what these filters match has to be looked at again. */
  rematch(filters: Iterable<string>): void;
  readonly now: number;
  /** null where everything is kept in memory. */
  readonly journal: Journal | null;
  readonly flushSet: FlushSet;
  readonly retained: RetainedTree;
  readonly queueQos0: boolean;
  readonly memory: MemoryPressure;
  /** Told of work that others wait for. */
  readonly turns: Ledger;
  /** Messages of a queue that are held in memory although the store keeps them, at most. */
  readonly memoryWindow: number;
  /** A message did not reach this session's client. */
  dropped(session: Session, reason: DropReason): void;
  /** Messages and bytes entered (+) or left (-) the session's queue. */
  queueChanged(messages: number, bytes: number): void;
  /** Messages came in flight to a session's client (+) or are so no more (-). */
  inflightChanged(messages: number): void;
  /** A will or the session itself is due. */
  sessionDue(session: Session, now: number): void;
  /** Something that must not be is so; the broker goes on. */
  internalError(error: Error): void;
}

export interface SessionLimits {
  readonly maxQueuedMessages: number;
  readonly maxQueuedBytes: number;
  readonly maxQueuedAge: number;
  readonly queueFull: QueueFullPolicy;
}
