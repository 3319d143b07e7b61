import { constants, deflateRawSync, inflateRawSync } from 'node:zlib';

/** Shorter outputs go as they are: compressing them costs more than it saves. */
const COMPRESS_FROM = 1024;
/** Bytes compressed in one turn, whoever they are for; what is more goes as it is, since everybody waits meanwhile. */
const MOST_A_TURN = 262_144;
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
  /** Bytes a message may be, compressed or not. */
  most: number;
  /** What came of it, with room for more; null = nothing. */
  #held: Buffer | null = null;
  #length = 0;

  constructor(most: number) {
    this.most = most;
  }

  /** Adds a copy of some of its bytes; false = they are too many. */
  add(bytes: Uint8Array): boolean {
    const length = this.#length + bytes.length;
    if (length > this.most) return false;
    let held = this.#held;
    if (held === null || held.length < length + TAIL.length) {
      const larger = Buffer.allocUnsafe(Math.min(Math.max(SMALLEST, 2 * length), this.most) + TAIL.length);
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
        maxOutputLength: this.most,
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

let left = MOST_A_TURN;
/** What was compressed in this turn of what is sent to many, by the memory it is in. */
const done = new Map<ArrayBufferLike, { readonly bytes: Uint8Array; readonly deflated: Buffer }>();

/**
 * What is sent of an output, compressed; null = it goes as it is.
 *
 * @param shared others get the same memory, which nobody changes
 */
export function deflateOutput(bytes: Uint8Array, shared: boolean): Buffer | null {
  if (bytes.length < COMPRESS_FROM) return null;
  const known = shared ? done.get(bytes.buffer) : undefined;
  if (known?.bytes.byteOffset === bytes.byteOffset && known.bytes.length === bytes.length) return known.deflated;
  if (bytes.length > left) return null;
  if (left === MOST_A_TURN) setImmediate(nextTurn);
  left -= bytes.length;
  const whole = deflateRawSync(bytes, { ...LEVEL, finishFlush: constants.Z_SYNC_FLUSH });
  const deflated = whole.subarray(0, whole.length - TAIL.length);
  if (shared) done.set(bytes.buffer, { bytes, deflated });
  return deflated;
}

function nextTurn(): void {
  left = MOST_A_TURN;
  done.clear();
}
