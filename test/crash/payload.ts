/** Bytes that every payload is cut from; the same in every run. */
const POOL = makePool(131_072);
/** Bytes of the number of the message at the front. */
const HEADER = 4;

export const SMALLEST_PAYLOAD = HEADER;
export const LARGEST_PAYLOAD = 65_536;

/** The payload of a message: its number and then bytes that follow from the number, so that a changed one is noticed. */
export function payloadOf(index: number, size: number): Uint8Array {
  const payload = new Uint8Array(size);
  new DataView(payload.buffer).setUint32(0, index);
  payload.set(fillerOf(index, size), HEADER);
  return payload;
}

/** The number at the front of a payload; -1 = it is too short to have one. */
export function indexOf(payload: Uint8Array): number {
  if (payload.length < HEADER) return -1;
  return new DataView(payload.buffer, payload.byteOffset, payload.byteLength).getUint32(0);
}

/** Whether a payload of that size is what {@link payloadOf} made. */
export function isIntact(payload: Uint8Array, size = payload.length): boolean {
  if (payload.length !== size || size < HEADER) return false;
  return Buffer.compare(payload.subarray(HEADER), fillerOf(indexOf(payload), size)) === 0;
}

function fillerOf(index: number, size: number): Uint8Array {
  const start = (index * 7919) % (POOL.length - LARGEST_PAYLOAD);
  return POOL.subarray(start, start + size - HEADER);
}

function makePool(size: number): Uint8Array {
  const pool = new Uint8Array(size);
  let state = 0x2545f491;
  for (let i = 0; i < size; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    pool[i] = state >>> 24;
  }
  return pool;
}
