import { ReasonCode } from '@cauldron/protocol';
import type { Metrics } from '../metrics.ts';
import type { CoreOptions } from '../options.ts';
import type { Refusal } from '../ports.ts';
import type { Fanout } from '../routing/fanout.ts';
import type { RetainedTree } from '../routing/retained-tree.ts';
import type { Topic } from '../routing/topic-table.ts';
import type { Journal } from '../store/journal.ts';
import type { MemoryPressure } from './memory-pressure.ts';

/** How often expired retained messages are swept out, milliseconds; at most so often where a limit is reached. */
const SWEEP_EVERY = 60_000;
const SWEEP_FOR_ROOM_EVERY = 5000;

/** What retention needs of the broker around it. */
export interface RetentionHost {
  readonly now: number;
  readonly options: CoreOptions;
  readonly metrics: Metrics;
  readonly retained: RetainedTree;
  readonly journal: Journal | null;
  readonly memory: MemoryPressure;
}

/**
 * Keeps and deletes retained messages (section 3.3.1.3), within `limits.maxRetainedMessages`, `limits.maxRetainedBytes`
 * and `limits.maxRetainedPerClient`. A message may always take the place of one that is no smaller and of the same
 * publisher; the broker's own values below $SYS are not counted.
 */
export class Retention {
  readonly #host: RetentionHost;
  #sweptAt: number;

  constructor(host: RetentionHost) {
    this.#host = host;
    this.#sweptAt = host.now;
  }

  tick(now: number): void {
    if (now >= this.#sweptAt + SWEEP_EVERY) this.#sweep();
  }

  /**
   * Does with a topic's retained message what a message with the retain flag asks: one without payload deletes it.
   * // [MQTT-3.3.1-5] [MQTT-3.3.1-6] [MQTT-3.3.1-7]
   *
   * @returns null, or why it is not kept
   */
  apply(topic: Topic, fanout: Fanout, empty: boolean): Refusal | null {
    const { retained, journal, now } = this.#host;
    if (empty) {
      fanout.changedRetained = this.remove(topic.name);
      return null;
    }
    const publisher = fanout.publisher?.clientId;
    if (!topic.reserved) {
      const refusal = this.#refusal(topic.name, fanout.size, publisher);
      if (refusal !== null) return refusal;
    }
    if (journal === null || topic.reserved) {
      retained.set(fanout.message(), publisher, 0, now);
      return null;
    }
    fanout.changedRetained = true;
    const record = journal.recordOf(fanout);
    journal.retain(topic.name, record, retained.set(fanout.message(), publisher, record, now));
    return null;
  }

  /** Deletes what a topic has retained; returns whether there was something that the store has. */
  remove(topic: string): boolean {
    const { retained, journal } = this.#host;
    const before = retained.delete(topic);
    if (before === null || before === 0 || journal === null) return false;
    journal.unretain(topic, before);
    return true;
  }

  /** Why one more message cannot be kept, once what expired made room; null = it can. */
  #refusal(topic: string, size: number, publisher: string | undefined): Refusal | null {
    const refusal = this.#limitOf(topic, size, publisher);
    if (refusal === null) return null;
    if (this.#host.now >= this.#sweptAt + SWEEP_FOR_ROOM_EVERY) {
      this.#sweep();
      const again = this.#limitOf(topic, size, publisher);
      if (again === null) return null;
    }
    this.#host.metrics[refusal.counter] += 1;
    return { reasonCode: ReasonCode.quotaExceeded, reason: refusal.reason };
  }

  #limitOf(topic: string, size: number, publisher: string | undefined): Exceeded | null {
    const { retained, memory, options } = this.#host;
    const { maxRetainedMessages, maxRetainedBytes, maxRetainedPerClient } = options.limits;
    const before = retained.get(topic);
    if (before === null && retained.countOfUsers >= maxRetainedMessages) {
      const reason = `${maxRetainedMessages} messages are retained, and more may not be (limits.maxRetainedMessages); delete some by an empty retained message`;
      return { counter: 'retainedOverLimit', reason };
    }
    const more = size - (before?.size ?? 0);
    if (more > 0 && retained.bytesOfUsers + more > maxRetainedBytes) {
      const reason = `all retained messages together may hold ${maxRetainedBytes} bytes (limits.maxRetainedBytes); delete some, or retain less in each`;
      return { counter: 'retainedOverBytes', reason };
    }
    const own = publisher !== undefined && (before === null || retained.publisherOf(topic) !== publisher);
    if (own && retained.countOf(publisher) >= maxRetainedPerClient) {
      const reason = `'${publisher}' has ${maxRetainedPerClient} retained messages, as many as a client may (limits.maxRetainedPerClient); delete some first`;
      return { counter: 'retainedOverClient', reason };
    }
    if (before === null && memory.critical) {
      const reason = 'the broker is short of memory and retains nothing new; try again later';
      return { counter: 'refusedMemoryPressure', reason };
    }
    return null;
  }

  #sweep(): void {
    const { now, retained } = this.#host;
    this.#sweptAt = now;
    for (const topic of retained.expired(now)) this.remove(topic);
  }
}

interface Exceeded {
  readonly counter: 'retainedOverLimit' | 'retainedOverBytes' | 'retainedOverClient' | 'refusedMemoryPressure';
  readonly reason: string;
}
