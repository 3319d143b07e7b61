import { protocolError } from '../error.ts';
import { encodeUtf8Into, utf8Length } from './utf8.ts';

/** The longest string or binary field: its length has two bytes (MQTT 5.0 sections 1.5.4 and 1.5.6). */
export const maximumFieldLength = 65_535;

/** The greatest variable byte integer (section 1.5.5). */
export const maximumVarint = 268_435_455;

/** How many bytes a variable byte integer takes: 1..4. */
export function varintSize(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  return value < 0x200000 ? 3 : 4;
}

/** A buffer for reuse that grew beyond this is given back, in bytes. */
export const largestScratch = 65_536;

/**
 * Writes a variable byte integer to `target` at `at` and returns where it ended.
 * // [MQTT-1.5.5-1] Stops at the last group that is not zero: never more bytes than the value needs.
 */
export function putVarint(target: Uint8Array, at: number, value: number): number {
  let rest = value;
  let next = at;
  for (; rest > 0x7f; rest >>>= 7) target[next++] = (rest & 0x7f) | 0x80;
  target[next++] = rest;
  return next;
}

/**
 * Writes the data types of MQTT (5.0 section 1.5) into a buffer that grows, with the vocabulary of `Reader`.
 * Numbers out of range and fields too long are refused with MqttError PROTOCOL_ERROR rather than cut.
 *
 * @example
 * const writer = new Writer();
 * writer.utf8('kitchen/temperature');
 * // 2 bytes of length, 19 bytes of text:
 * writer.finish().length // 21
 */
export class Writer {
  #buffer: Uint8Array;
  #at = 0;

  constructor(capacity = 64) {
    this.#buffer = new Uint8Array(capacity);
  }

  /** Bytes written so far. */
  get length(): number {
    return this.#at;
  }

  /** Bytes that fit before the buffer grows. */
  get capacity(): number {
    return this.#buffer.length;
  }

  /** Starts over in the same memory: what `finish` gave before is overwritten. */
  clear(): void {
    this.#at = 0;
  }

  byte(value: number): void {
    requireRange(value, 0xff, 'a byte');
    this.#room(1);
    this.#buffer[this.#at++] = value;
  }

  uint16(value: number): void {
    requireRange(value, 0xffff, 'a two byte integer');
    this.#room(2);
    this.#putUint16(value);
  }

  uint32(value: number): void {
    requireRange(value, 0xffffffff, 'a four byte integer');
    this.#room(4);
    this.#putUint16(value >>> 16);
    this.#putUint16(value & 0xffff);
  }

  varint(value: number): void {
    requireRange(value, maximumVarint, 'a variable byte integer');
    this.#room(varintSize(value));
    this.#at = putVarint(this.#buffer, this.#at, value);
  }

  utf8(text: string): void {
    const length = utf8Length(text);
    requireFieldLength(length, 'a string');
    this.#room(2 + length);
    this.#putUint16(length);
    this.#at = encodeUtf8Into(text, this.#buffer, this.#at);
  }

  binary(data: Uint8Array): void {
    requireFieldLength(data.length, 'binary data');
    this.#room(2 + data.length);
    this.#putUint16(data.length);
    this.#put(data);
  }

  pair(pair: readonly [name: string, value: string]): void {
    this.utf8(pair[0]);
    this.utf8(pair[1]);
  }

  /** Bytes as they are, without a length before them. */
  bytes(data: Uint8Array): void {
    this.#room(data.length);
    this.#put(data);
  }

  /** What was written. Shares memory with the writer, which must not be written to afterwards. */
  finish(): Uint8Array {
    return this.#buffer.subarray(0, this.#at);
  }

  #put(data: Uint8Array): void {
    this.#buffer.set(data, this.#at);
    this.#at += data.length;
  }

  #putUint16(value: number): void {
    this.#buffer[this.#at++] = value >>> 8;
    this.#buffer[this.#at++] = value & 0xff;
  }

  #room(length: number): void {
    const needed = this.#at + length;
    if (needed <= this.#buffer.length) return;
    const grown = new Uint8Array(Math.max(needed, this.#buffer.length * 2));
    grown.set(this.#buffer.subarray(0, this.#at));
    this.#buffer = grown;
  }
}

function requireRange(value: number, maximum: number, what: string): void {
  if (Number.isInteger(value) && value >= 0 && value <= maximum) return;
  throw protocolError(`${value} does not fit ${what}; pass an integer from 0 to ${maximum}`);
}

function requireFieldLength(length: number, what: string): void {
  if (length <= maximumFieldLength) return;
  throw protocolError(
    `${what} of ${length} bytes is too long: MQTT carries at most ${maximumFieldLength} bytes in one field; shorten it`,
  );
}
