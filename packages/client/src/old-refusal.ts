/** CONNACK of 3.1.1 with return code 1. One of 5.0 is never so short. */
const BYTES = [0x20, 2, 0, 1];

/** Recognises a broker from before MQTT 5.0, which refuses that version in the format of its own; it may come in pieces. */
export class OldRefusal {
  /** How many of its bytes have come; infinite when others have. */
  #found = 0;

  /** Whether the first `end` bytes of what came next bring it to its end. */
  completes(chunk: Uint8Array, end: number): boolean {
    for (let i = 0; i < end && this.#found < BYTES.length; i++) {
      if (chunk[i] !== BYTES[this.#found++]) this.#found = Number.POSITIVE_INFINITY;
    }
    return this.#found === BYTES.length;
  }
}
