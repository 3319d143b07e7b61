import { copyBytes } from '@cauldron/protocol';
import { PAYLOAD_FOLLOWED, PAYLOAD_KEPT, PAYLOAD_SHORT, PAYLOADS_IN_ALL } from './limits.ts';
import type { TopicRecord } from './topic-node.ts';

/** Payloads up to this length lie side by side: an array of its own would cost each of them 200 bytes more. */
const SLOT = 64;
/** Slots of a page. */
const SLOTS = 1024;

/**
 * Keeps the last payload of each topic, in memory of bounded size that is used again as long as it fits.
 *
 *     up to 64 bytes: a slot of a page     | slot | slot | slot | ...      longer: an array of its own
 */
export class PayloadStore {
  readonly #pages: Uint8Array[] = [];
  /** Slots that are free, by number. */
  readonly #free: number[] = [];
  /** Bytes of all payloads that are kept. */
  #held = 0;

  get held(): number {
    return this.#held;
  }

  /** Copies what is to be kept of a payload. */
  keep(record: TopicRecord, bytes: Uint8Array, start: number, end: number): void {
    const size = end - start;
    const length = Math.min(size, this.#most(record, size));
    if (length <= SLOT) {
      if (record.slot < 0) this.#takeSlot(record);
    } else if (record.slot >= 0 || !fits(record.bytes, length)) {
      this.#allocate(record, length);
    }
    copyBytes(bytes, start, start + length, record.bytes!, record.start);
    record.length = length;
    record.size = size;
  }

  #most(record: TopicRecord, size: number): number {
    const own = heldBy(record);
    const others = this.#held - own;
    if (record.followers > 0) {
      const wanted = Math.min(size, PAYLOAD_FOLLOWED);
      if (own >= wanted || others + wanted <= PAYLOADS_IN_ALL) return PAYLOAD_FOLLOWED;
    }
    return others < PAYLOADS_IN_ALL ? PAYLOAD_KEPT : PAYLOAD_SHORT;
  }

  #takeSlot(record: TopicRecord): void {
    this.release(record);
    if (this.#free.length === 0) this.#addPage();
    const slot = this.#free.pop()!;
    record.slot = slot;
    record.bytes = this.#pages[Math.floor(slot / SLOTS)]!;
    record.start = (slot % SLOTS) * SLOT;
    this.#held += SLOT;
  }

  #addPage(): void {
    const first = this.#pages.length * SLOTS;
    this.#pages.push(new Uint8Array(SLOTS * SLOT));
    for (let slot = first + SLOTS - 1; slot >= first; slot--) this.#free.push(slot);
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
    this.#held -= heldBy(record);
    if (record.slot >= 0) this.#free.push(record.slot);
    record.slot = -1;
    record.bytes = null;
    record.start = 0;
    record.length = 0;
  }
}

const heldBy = ({ bytes, slot }: TopicRecord): number => (slot < 0 ? (bytes?.length ?? 0) : SLOT);

/** Large enough, and not much larger. */
const fits = (bytes: Uint8Array | null, length: number): boolean =>
  bytes !== null && bytes.length >= length && bytes.length <= 4 * length;
