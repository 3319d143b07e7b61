import { constants, deflateRawSync, inflateRawSync } from 'node:zlib';

/** Shorter outputs go as they are: compressing them costs more than it saves. */
export const COMPRESS_FROM = 1024;
/** So do longer ones: everybody else would wait for milliseconds. */
export const COMPRESS_UP_TO = 262_144;
/** What a sender leaves out at the end of every message (RFC 7692, section 7.2.1). */
const TAIL = Uint8Array.of(0, 0, 0xff, 0xff);
const SMALLEST = 1024;
/** Little memory and time for most of what there is to win; both are taken once a message. */
const LEVEL = { level: 3, memLevel: 7 } as const;

/**
 * The compressed message that is coming in. One is put together whole, compressed and then not, since no context is kept
 * from message to message: so both are bounded.
 */
export class DeflatedMessage {
  readonly #most: number;
  /** What came of it, with room for more; null = nothing. */
  #held: Buffer | null = null;
  #length = 0;

  /** @param most bytes a message may be, compressed or not */
  constructor(most: number) {
    this.#most = most;
  }

  /** Adds a copy of some of its bytes; false = they are too many. */
  add(bytes: Uint8Array): boolean {
    const length = this.#length + bytes.length;
    if (length > this.#most) return false;
    let held = this.#held;
    if (held === null || held.length < length + TAIL.length) {
      const larger = Buffer.allocUnsafe(Math.max(SMALLEST, 2 * length + TAIL.length));
      held?.copy(larger, 0, 0, this.#length);
      held = larger;
      this.#held = held;
    }
    held.set(bytes, this.#length);
    this.#length = length;
    return true;
  }

  /** The message, uncompressed, or why there is none; it is forgotten here in either case. */
  finish(): Buffer | 'too big' | 'damaged' {
    const length = this.#length;
    const held = this.#held ?? Buffer.allocUnsafe(TAIL.length);
    this.forget();
    held.set(TAIL, length);
    try {
      return inflateRawSync(held.subarray(0, length + TAIL.length), {
        maxOutputLength: this.#most,
        finishFlush: constants.Z_SYNC_FLUSH,
      });
    } catch (error) {
      const { code = '' } = error as NodeJS.ErrnoException;
      if (code === 'ERR_BUFFER_TOO_LARGE') return 'too big';
      if (code.startsWith('Z_')) return 'damaged';
      throw error;
    }
  }

  forget(): void {
    this.#held = null;
    this.#length = 0;
  }
}

/** What is sent of a message, compressed. */
export function deflateMessage(bytes: Uint8Array): Buffer {
  const whole = deflateRawSync(bytes, { ...LEVEL, finishFlush: constants.Z_SYNC_FLUSH });
  return whole.subarray(0, whole.length - TAIL.length);
}
