/** Outputs at most this long are copied into a shared slab; their buffer goes straight back to the pool. */
const SMALL = 64;
const SLAB = 65_536;

const SMALLEST = 2048;
const LARGEST = 65_536;
/** Bytes of free buffers kept of each size. */
const KEPT_BYTES = 2_097_152;

/**
 * Output buffers of a few sizes, shared by all connections: taken when something is written, back when it was sent. So
 * the memory of output follows what is being sent, not how many are connected.
 */
export class BufferPool {
  /** Free buffers by size: 2048, 4096, ... 65,536 bytes. */
  readonly #free: Buffer[][] = [[], [], [], [], [], []];
  #slab = Buffer.allocUnsafeSlow(SLAB);
  #slabUsed = 0;

  /** A buffer of at least `size` bytes; one above the largest pooled size is made for the occasion. */
  take(size: number): Buffer {
    if (size > LARGEST) return Buffer.allocUnsafeSlow(size);
    const index = classOf(size);
    return this.#free[index]!.pop() ?? Buffer.allocUnsafeSlow(SMALLEST << index);
  }

  /** Takes a buffer back. */
  give(buffer: Uint8Array): void {
    if (buffer.length > LARGEST) return;
    const index = classOf(buffer.length);
    const free = this.#free[index]!;
    if (free.length < KEPT_BYTES >> (11 + index)) free.push(buffer as Buffer);
  }

  /** The bytes from `from` to `to` in the slab where they are few, or null. Slab memory is never written twice. */
  small(buffer: Uint8Array, from: number, to: number): Uint8Array | null {
    const length = to - from;
    if (length > SMALL) return null;
    if (this.#slabUsed + length > SLAB) {
      this.#slab = Buffer.allocUnsafeSlow(SLAB);
      this.#slabUsed = 0;
    }
    const start = this.#slabUsed;
    const slab = this.#slab;
    for (let i = 0; i < length; i++) slab[start + i] = buffer[from + i]!;
    this.#slabUsed = start + length;
    return slab.subarray(start, start + length);
  }
}

/** Index of the smallest size class that holds `size` bytes. */
function classOf(size: number): number {
  return size <= SMALLEST ? 0 : 32 - Math.clz32((size - 1) >> 11);
}
