/** Called once per whole frame; `buffer` is valid during the call only. The frame is [start, end), its body [body, end). */
export type FrameHandler = (buffer: Buffer, start: number, body: number, end: number) => void;

/**
 * Finds MQTT frames in a byte stream that arrives in chunks of any size.
 *
 * Frames that only need counting never leave the scanning loop, which is what lets one core take millions of them.
 */
export class FrameReader {
  /** PUBLISH packets counted so far (only when constructed with `countPublishes`). */
  publishes = 0;
  readonly #countPublishes: boolean;
  readonly #onFrame: FrameHandler;
  /** Start of a frame whose end has not arrived: copied, because the read buffer is reused. */
  #held = Buffer.allocUnsafeSlow(64);
  #heldLength = 0;

  /** With `countPublishes` PUBLISH frames are counted and not handed to `onFrame`. */
  constructor(countPublishes: boolean, onFrame: FrameHandler) {
    this.#countPublishes = countPublishes;
    this.#onFrame = onFrame;
  }

  /** Takes the first `length` bytes of `chunk`, which may be reused after the call. */
  push(chunk: Buffer, length: number): void {
    let start = 0;
    if (this.#heldLength > 0) {
      start = this.#completeHeld(chunk, length);
      if (this.#heldLength > 0) return;
    }
    const end = this.#scan(chunk, start, length);
    if (end < length) this.#hold(chunk, end, length);
  }

  /** Handles every whole frame in [start, end) and returns where the first incomplete one begins. */
  #scan(buffer: Buffer, start: number, end: number): number {
    const count = this.#countPublishes;
    let at = start;
    let publishes = 0;
    while (end - at >= 2) {
      let body = at + 2;
      let next = body + buffer[at + 1]!;
      if (buffer[at + 1]! >= 128) {
        const length = remainingLength(buffer, at + 1, end);
        if (length < 0) break;
        body = at + 1 + varintSize(length);
        next = body + length;
      }
      if (next > end) break;
      if (count && (buffer[at]! & 0xf0) === 0x30) publishes++;
      else this.#onFrame(buffer, at, body, next);
      at = next;
    }
    this.publishes += publishes;
    return at;
  }

  #hold(chunk: Buffer, start: number, end: number): void {
    const total = this.#heldLength + end - start;
    if (total > this.#held.length) {
      const bigger = Buffer.allocUnsafeSlow(total * 2);
      this.#held.copy(bigger, 0, 0, this.#heldLength);
      this.#held = bigger;
    }
    chunk.copy(this.#held, this.#heldLength, start, end);
    this.#heldLength = total;
  }

  /** Adds bytes of `chunk` until the held frame is whole, handles it, and returns how many bytes it took. */
  #completeHeld(chunk: Buffer, length: number): number {
    let taken = 0;
    let missing = this.#missing();
    while (missing > 0 && taken < length) {
      const step = Math.min(missing, length - taken);
      this.#hold(chunk, taken, taken + step);
      taken += step;
      missing = this.#missing();
    }
    if (missing === 0) {
      const size = this.#heldLength;
      this.#heldLength = 0;
      this.#scan(this.#held, 0, size);
    }
    return taken;
  }

  /** Bytes that the held frame surely still lacks: 1 while its header is incomplete. */
  #missing(): number {
    if (this.#heldLength < 2) return 1;
    const length = remainingLength(this.#held, 1, this.#heldLength);
    return length < 0 ? 1 : 1 + varintSize(length) + length - this.#heldLength;
  }
}

/** The variable byte integer at `at`, or -1 when it goes on past `end`. Throws when it is longer than four bytes. */
function remainingLength(buffer: Buffer, at: number, end: number): number {
  let value = 0;
  let scale = 1;
  for (let i = at; i < end; i++) {
    if (i - at === 4)
      throw new Error('the broker sent a remaining length of more than four bytes: the stream is corrupt');
    const byte = buffer[i]!;
    value += (byte & 127) * scale;
    if (byte < 128) return value;
    scale *= 128;
  }
  return -1;
}

const varintSize = (value: number): number => (value < 128 ? 1 : value < 16384 ? 2 : value < 2097152 ? 3 : 4);
