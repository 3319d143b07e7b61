/** A copy of `bytes[start..end)` that is a copy even of a Node Buffer, whose own `slice` shares its memory. */
export function copyOf(bytes: Uint8Array, start: number, end: number): Uint8Array {
  const copy = new Uint8Array(end - start);
  copy.set(bytes.subarray(start, end));
  return copy;
}

/**
 * Copies `from[start..end)` to `to` at `at` and returns where it ended. Short runs go byte by byte: a view for
 * `TypedArray.set` costs more than 60 bytes copied by hand.
 */
export function copyBytes(from: Uint8Array, start: number, end: number, to: Uint8Array, at: number): number {
  const length = end - start;
  if (length < 64) {
    for (let i = start, o = at; i < end; i++, o++) to[o] = from[i]!;
  } else {
    to.set(start === 0 && end === from.length ? from : from.subarray(start, end), at);
  }
  return at + length;
}
