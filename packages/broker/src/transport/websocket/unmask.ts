/** From this many bytes on, a word at a time pays for the view it needs. */
const WORDS_FROM = 16;

let viewed: ArrayBufferLike | null = null;
let words: DataView<ArrayBufferLike> = new DataView(new ArrayBuffer(0));

/** The view of the memory of `bytes`: kept while the same memory is asked for, which the shared read buffer is. */
function viewOf({ buffer }: Uint8Array): DataView<ArrayBufferLike> {
  if (buffer !== viewed) {
    viewed = buffer;
    words = new DataView(buffer);
  }
  return words;
}

/** The key for a byte further on: `key` holds the one of the next byte in its lowest bits. */
export const rotated = (key: number, bytes: number): number => {
  const bits = (bytes & 3) << 3;
  return bits === 0 ? key : (key >>> bits) | (key << (32 - bits));
};

/**
 * Takes the mask off the bytes from `start` to `end` and puts them at `to`, which is `start` or before it.
 *
 * @param key the masking key, that of the first byte lowest
 * @returns the key for what follows
 */
export function unmask(bytes: Uint8Array, start: number, end: number, to: number, key: number): number {
  let from = start;
  let at = to;
  if (end - start >= WORDS_FROM) {
    const view = viewOf(bytes);
    const shift = at - from;
    const base = bytes.byteOffset;
    const stop = base + end - 3;
    let i = base + start;
    for (; i < stop; i += 4) view.setInt32(i + shift, view.getInt32(i, true) ^ key, true);
    from = i - base;
    at = from + shift;
  }
  for (let left = key; from < end; from++, at++) {
    bytes[at] = bytes[from]! ^ left;
    left >>>= 8;
    if (((from - start) & 3) === 3) left = key;
  }
  return rotated(key, end - start);
}
