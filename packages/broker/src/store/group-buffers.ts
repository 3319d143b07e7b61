const SMALLEST = 65_536;
/** Larger buffers are not kept: a burst is not to hold its memory for ever. */
const LARGEST_KEPT = 4 * 1024 * 1024;
/** One group is written while the next is collected. */
const KEPT = 3;

/** Buffers of groups: taken to write one into, given back when it was written. */
export class GroupBuffers {
  readonly #free: ArrayBuffer[] = [];

  /** A buffer of at least `size` bytes. */
  take(size: number): Uint8Array<ArrayBuffer> {
    const index = this.#free.findIndex((buffer) => buffer.byteLength >= size);
    if (index >= 0) return new Uint8Array(this.#free.splice(index, 1)[0]!);
    return new Uint8Array(Math.max(size, SMALLEST));
  }

  give(buffer: ArrayBuffer): void {
    if (buffer.byteLength < SMALLEST || buffer.byteLength > LARGEST_KEPT) return;
    // Where there is no room, the smallest goes: groups of the present load fit into the others.
    if (this.#free.push(buffer) <= KEPT) return;
    this.#free.sort((a, b) => a.byteLength - b.byteLength).shift();
  }
}
