import { copyBytes, decodeUtf8, encodeUtf8Into, utf8Length } from '@cauldron/protocol';

/** Bytes a number takes in this encoding. */
export function numberSize(value: number): number {
  let size = 1;
  for (let rest = value; rest > 127; rest = Math.floor(rest / 128)) size += 1;
  return size;
}

/**
 * Writes what goes to a store: numbers of up to 53 bits in groups of seven, low group first, and bytes and text with
 * their length before them.
 */
export class ByteWriter {
  bytes: Uint8Array;
  length = 0;

  /** @param bytes memory to write into; more is taken when it is full */
  constructor(bytes: Uint8Array = new Uint8Array(256)) {
    this.bytes = bytes;
  }

  /** Makes room for `size` more bytes. */
  room(size: number): void {
    if (this.length + size <= this.bytes.length) return;
    const larger = new Uint8Array(Math.max(this.bytes.length * 2, this.length + size));
    larger.set(this.bytes.subarray(0, this.length));
    this.bytes = larger;
  }

  byte(value: number): void {
    this.room(1);
    this.bytes[this.length++] = value;
  }

  /** A whole number, 0 to 2^53 - 1. */
  number(value: number): void {
    this.room(8);
    const { bytes } = this;
    let at = this.length;
    let rest = value;
    while (rest > 0x7fffffff) {
      bytes[at++] = (rest % 128) | 128;
      rest = Math.floor(rest / 128);
    }
    while (rest > 127) {
      bytes[at++] = (rest & 127) | 128;
      rest >>>= 7;
    }
    bytes[at++] = rest;
    this.length = at;
  }

  text(text: string): void {
    const size = utf8Length(text);
    this.number(size);
    this.room(size);
    this.length = encodeUtf8Into(text, this.bytes, this.length);
  }

  /** Bytes with their length before them. */
  block(bytes: Uint8Array, start = 0, end = bytes.length): void {
    this.number(end - start);
    this.raw(bytes, start, end);
  }

  /** Bytes as they are. */
  raw(bytes: Uint8Array, start = 0, end = bytes.length): void {
    this.room(end - start);
    this.length = copyBytes(bytes, start, end, this.bytes, this.length);
  }

  /** A copy of what was written. */
  finish(): Uint8Array {
    return this.bytes.slice(0, this.length);
  }
}

/** Reads what {@link ByteWriter} wrote. @throws {RangeError} where the bytes end too early */
export class ByteReader {
  readonly bytes: Uint8Array;
  readonly end: number;
  at: number;

  constructor(bytes: Uint8Array, start = 0, end = bytes.length) {
    this.bytes = bytes;
    this.at = start;
    this.end = end;
  }

  get done(): boolean {
    return this.at >= this.end;
  }

  byte(): number {
    if (this.at >= this.end) throw new RangeError(`the data ends at byte ${this.end}, in the middle of an entry`);
    return this.bytes[this.at++]!;
  }

  number(): number {
    let value = 0;
    for (let factor = 1; factor <= 2 ** 49; factor *= 128) {
      const byte = this.byte();
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
    throw new RangeError(`a number before byte ${this.at} has more than 53 bits`);
  }

  text(): string {
    const bytes = this.block();
    return decodeUtf8(bytes, 0, bytes.length);
  }

  /** Bytes with their length before them: a view, as long-lived as the data. */
  block(): Uint8Array {
    const size = this.number();
    const start = this.at;
    if (start + size > this.end) throw new RangeError(`a block of ${size} bytes runs past byte ${this.end}`);
    this.at = start + size;
    return this.bytes.subarray(start, this.at);
  }
}
