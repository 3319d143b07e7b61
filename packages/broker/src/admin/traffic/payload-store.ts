import { copyBytes } from '@cauldron/protocol';
import { PAYLOAD_FOLLOWED, PAYLOAD_KEPT, PAYLOAD_SHORT, PAYLOADS_IN_ALL } from './limits.ts';
import type { TopicRecord } from './topic-node.ts';

/** Keeps the last payload of each topic, in memory of bounded size that is used again as long as it fits. */
export class PayloadStore {
  /** Bytes of all payloads that are kept. */
  #held = 0;

  get held(): number {
    return this.#held;
  }

  /** Copies what is to be kept of a payload. */
  keep(record: TopicRecord, bytes: Uint8Array, start: number, end: number): void {
    const size = end - start;
    const length = Math.min(size, this.#most(record));
    const room = record.bytes?.length ?? 0;
    if (room < length || room > 4 * length + 64) this.#allocate(record, length);
    copyBytes(bytes, start, start + length, record.bytes!, 0);
    record.length = length;
    record.size = size;
  }

  #most(record: TopicRecord): number {
    if (record.followers > 0) return PAYLOAD_FOLLOWED;
    return this.#held < PAYLOADS_IN_ALL ? PAYLOAD_KEPT : PAYLOAD_SHORT;
  }

  #allocate(record: TopicRecord, length: number): void {
    this.release(record);
    // Values of a topic are of about the same length: with some room to spare the next one fits too.
    record.bytes = new Uint8Array((length + 15) & ~15);
    this.#held += record.bytes.length;
  }

  /** The record's payload is not needed any more. */
  release(record: TopicRecord): void {
    if (record.bytes === null) return;
    this.#held -= record.bytes.length;
    record.bytes = null;
    record.length = 0;
  }
}
