import { type MqttError, malformed } from '../error.ts';
import { copyOf } from './bytes.ts';
import { decodeUtf8 } from './utf8.ts';

/**
 * Reads the data types of MQTT (5.0 section 1.5) from a range of bytes, front to back.
 *
 * The bytes stay the caller's: nothing that is returned shares memory with them.
 * Every method throws MqttError MALFORMED_PACKET where the range ends too early; the optional `what` names the field
 * in that error's text.
 */
export class Reader {
  readonly bytes: Uint8Array;
  /** Offset of the next byte. */
  at: number;
  /** Offset after the last byte. */
  readonly end: number;

  constructor(bytes: Uint8Array, start: number, end: number) {
    this.bytes = bytes;
    this.at = start;
    this.end = end;
  }

  /** Bytes not yet read. */
  remaining(): number {
    return this.end - this.at;
  }

  byte(what = 'a byte'): number {
    if (this.at >= this.end) throw this.#endsInside(what, 1);
    return this.bytes[this.at++]!;
  }

  uint16(what = 'a two byte integer'): number {
    const at = this.#take(2, what);
    return (this.bytes[at]! << 8) | this.bytes[at + 1]!;
  }

  uint32(what = 'a four byte integer'): number {
    const at = this.#take(4, what);
    const { bytes } = this;
    return bytes[at]! * 0x1000000 + ((bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!);
  }

  /** A variable byte integer, 0..268,435,455 (section 1.5.5). */
  varint(what = 'a variable byte integer'): number {
    let value = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.byte(what);
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) {
        if (byte === 0 && shift > 0) {
          // [MQTT-1.5.5-1]
          throw malformed(`${what} is written with more bytes than it needs`, 'MQTT-1.5.5-1');
        }
        return value;
      }
    }
    throw malformed(`${what} goes on after four bytes, the most a variable byte integer may take`);
  }

  /** A UTF-8 encoded string with its two byte length (section 1.5.4). */
  utf8(what = 'a string'): string {
    const length = this.uint16(`the length of ${what}`);
    const start = this.#take(length, what);
    return decodeUtf8(this.bytes, start, start + length);
  }

  /** Binary data with its two byte length (section 1.5.6), as a copy. */
  binary(what = 'binary data'): Uint8Array {
    const length = this.uint16(`the length of ${what}`);
    const start = this.#take(length, what);
    return copyOf(this.bytes, start, start + length);
  }

  /** A string pair: name and value (section 1.5.7). */
  pair(what = 'a string pair'): [string, string] {
    // [MQTT-1.5.7-1] Both are strings under the rules of section 1.5.4.
    return [this.utf8(`the name in ${what}`), this.utf8(`the value in ${what}`)];
  }

  /** A copy of everything that remains. */
  rest(): Uint8Array {
    const start = this.at;
    this.at = this.end;
    return copyOf(this.bytes, start, this.end);
  }

  #take(length: number, what: string): number {
    const start = this.at;
    if (start + length > this.end) throw this.#endsInside(what, length);
    this.at = start + length;
    return start;
  }

  #endsInside(what: string, needed: number): MqttError {
    return malformed(`the packet ends inside ${what} (bytes needed: ${needed}, left: ${this.remaining()})`);
  }
}
