import { isUtf8 } from 'node:buffer';
import { CloseCode, FIN, isCloseCode, LONGEST_CONTROL, MASKED, Opcode, RSV1 } from './frame.ts';
import { unmask } from './unmask.ts';

/** What a client's frames come to. Bytes are valid during the call. */
export interface FrameReceiver {
  /** Bytes of binary messages, from however many frames: `chunk` from `start` to `end`. */
  payload(chunk: Uint8Array, start: number, end: number): void;
  /** Some bytes of a compressed message. */
  compressed(bytes: Uint8Array): void;
  /** The compressed message is whole. False: parse no further before the others had their turn. */
  compressedEnd(): boolean;
  ping(payload: Uint8Array): void;
  /** A close frame; nothing that came behind it counts. @param code 1005 = it had none */
  closed(code: number): void;
  /** The client breaks a rule of WebSocket; what came before it was handed over. @param code to close with */
  violated(code: number, reason: string): void;
}

/** The longest header of a client: length of 8 bytes, mask of 4. */
const LONGEST_HEADER = 14;
/** Above this the upper half of a length makes it more than a safe integer. */
const MOST_UPPER = 0x1f_ffff;
const RESERVED = 0x70;
const NOTHING = new Uint8Array(0);

/**
 * Reads the frames of a client (RFC 6455) as they come, in any pieces, and takes their masks off in the buffer they came
 * in. No message is put together: packets need not line up with frames, so payload goes on as it arrives, and that of
 * all frames in one read goes on as one: what is fed at once is what gets a share of the turn. // [MQTT-6.0.0-2]
 *
 * ```
 *   chunk   | header | payload | header | payload | header | pay
 *   on      |        [payload payload  pay]        moved together, one call
 * ```
 *
 * Kept between two reads: a header that came in part (14 bytes), a control frame that did (125 bytes).
 */
export class FrameParser {
  readonly #receiver: FrameReceiver;
  readonly #deflate: boolean;
  /** Bytes of the frame's payload that have yet to come. */
  #remaining = 0;
  /** The masking key of the next byte of payload, first byte lowest. */
  #key = 0;
  #opcode: Opcode = Opcode.binary;
  #fin = true;
  /** A message has begun, and its last frame has not. */
  #inMessage = false;
  #isCompressed = false;
  /** A header of which only some bytes came, and how many. */
  #header: Uint8Array | null = null;
  #headerLength = 0;
  /** A control frame of which only some bytes came, and how many. */
  #control: Uint8Array | null = null;
  #controlLength = 0;
  /** What is ready to be handed over of the chunk that is being read. */
  #from = 0;
  #to = 0;
  #stopped = false;
  #yielded = false;

  /** @param deflate messages may be compressed */
  constructor(receiver: FrameReceiver, deflate = false) {
    this.#receiver = receiver;
    this.#deflate = deflate;
  }

  /** Reads no more, whatever comes. */
  stop(): void {
    this.#stopped = true;
  }

  /**
   * Takes the first `end` bytes of `chunk`, which are changed.
   *
   * @returns how many were read: fewer only where the receiver wants to go on later, with what is left
   */
  push(chunk: Uint8Array, end: number): number {
    let at = 0;
    this.#yielded = false;
    while (at < end && !this.#stopped && !this.#yielded) {
      at = this.#remaining === 0 ? this.#readHeader(chunk, at, end) : this.#readPayload(chunk, at, end);
    }
    this.#handOver(chunk);
    return this.#stopped ? end : at;
  }

  #handOver(chunk: Uint8Array): void {
    const from = this.#from;
    const to = this.#to;
    this.#from = 0;
    this.#to = 0;
    if (to > from) this.#receiver.payload(chunk, from, to);
  }

  /** What came before the mistake counts; then nothing does. */
  #violated(chunk: Uint8Array, code: number, reason: string): void {
    this.#handOver(chunk);
    if (this.#stopped) return;
    this.#stopped = true;
    this.#receiver.violated(code, reason);
  }

  // ---- headers

  #readHeader(chunk: Uint8Array, start: number, end: number): number {
    let at = start;
    if (this.#header === null && end - at >= 2) {
      const length = headerLength(chunk[at + 1]!);
      if (end - at >= length) {
        this.#begin(chunk, chunk, at);
        return at + length;
      }
    }
    const header = (this.#header ??= new Uint8Array(LONGEST_HEADER));
    while (at < end) {
      header[this.#headerLength++] = chunk[at++]!;
      if (this.#headerLength < 2 || this.#headerLength < headerLength(header[1]!)) continue;
      this.#header = null;
      this.#headerLength = 0;
      this.#begin(chunk, header, 0);
      break;
    }
    return at;
  }

  /** A frame begins, whose whole header is at `at`. */
  #begin(chunk: Uint8Array, header: Uint8Array, at: number): void {
    const first = header[at]!;
    const second = header[at + 1]!;
    const opcode = first & 15;
    const problem =
      (second & MASKED) === 0
        ? 'its frames are not masked (RFC 6455, 5.1)'
        : opcode >= Opcode.close
          ? controlProblem(first, second)
          : this.#dataProblem(first);
    if (problem !== null) {
      this.#violated(chunk, CloseCode.protocolError, problem);
      return;
    }
    if (opcode === Opcode.text) {
      // [MQTT-6.0.0-1]
      const reason = 'it sent a text frame, and MQTT goes in binary frames only (MQTT 5.0, section 6)';
      this.#violated(chunk, CloseCode.unsupportedData, reason);
      return;
    }
    const length = payloadLength(header, at);
    if (length < 0) {
      const reason = 'the length of a frame is not in its shortest form, or larger than any (RFC 6455, 5.2)';
      this.#violated(chunk, CloseCode.protocolError, reason);
      return;
    }
    this.#opcode = opcode as Opcode;
    this.#fin = (first & FIN) !== 0;
    if (opcode === Opcode.binary) this.#isCompressed = (first & RSV1) !== 0;
    if (opcode < Opcode.close) this.#inMessage = true;
    this.#remaining = length;
    const key = at + headerLength(second) - 4;
    this.#key = header[key]! | (header[key + 1]! << 8) | (header[key + 2]! << 16) | (header[key + 3]! << 24);
    if (length === 0) this.#ended(chunk);
  }

  #dataProblem(first: number): string | null {
    const opcode = first & 15;
    const allowed = this.#deflate && opcode !== Opcode.continuation ? RSV1 : 0;
    if ((first & RESERVED & ~allowed) !== 0) return 'a frame has reserved bits set (RFC 6455, 5.2)';
    if (opcode > Opcode.binary) return `a frame has the reserved opcode ${opcode} (RFC 6455, 5.2)`;
    if (opcode === Opcode.continuation && !this.#inMessage) return 'a message begins with a continuation frame';
    if (opcode !== Opcode.continuation && this.#inMessage) return 'a message begins before the last one ended';
    return null;
  }

  // ---- payload

  #readPayload(chunk: Uint8Array, at: number, end: number): number {
    const length = Math.min(this.#remaining, end - at);
    const stop = at + length;
    if (this.#opcode >= Opcode.close) this.#readControl(chunk, at, stop);
    else if (this.#isCompressed) {
      this.#handOver(chunk);
      this.#key = unmask(chunk, at, stop, at, this.#key);
      this.#receiver.compressed(chunk.subarray(at, stop));
    } else this.#readBinary(chunk, at, stop);
    this.#remaining -= length;
    if (this.#remaining === 0) this.#ended(chunk);
    return stop;
  }

  #readBinary(chunk: Uint8Array, at: number, stop: number): void {
    if (this.#to === this.#from) {
      this.#from = at;
      this.#to = at;
    }
    const to = this.#to;
    this.#key = unmask(chunk, at, stop, to, this.#key);
    this.#to = to + stop - at;
  }

  #readControl(chunk: Uint8Array, at: number, stop: number): void {
    this.#key = unmask(chunk, at, stop, at, this.#key);
    const bytes = chunk.subarray(at, stop);
    if (this.#control === null) {
      // A frame that is whole is used at once, where it is.
      this.#control = bytes.length === this.#remaining ? bytes : new Uint8Array(LONGEST_CONTROL);
      if (this.#control !== bytes) this.#control.set(bytes);
    } else this.#control.set(bytes, this.#controlLength);
    this.#controlLength += bytes.length;
  }

  /** A frame is whole. */
  #ended(chunk: Uint8Array): void {
    if (this.#opcode >= Opcode.close) this.#controlEnded(chunk);
    else if (this.#fin) {
      this.#inMessage = false;
      if (this.#isCompressed && !this.#stopped) this.#yielded = !this.#receiver.compressedEnd();
    }
  }

  #controlEnded(chunk: Uint8Array): void {
    const payload = this.#control?.subarray(0, this.#controlLength) ?? NOTHING;
    this.#control = null;
    this.#controlLength = 0;
    // Nobody is asked anything, so a pong answers nothing. // RFC 6455, section 5.5.3
    if (this.#opcode === Opcode.ping) this.#receiver.ping(payload);
    else if (this.#opcode === Opcode.close) this.#closeEnded(chunk, payload);
  }

  #closeEnded(chunk: Uint8Array, payload: Uint8Array): void {
    const code = payload.length === 0 ? CloseCode.none : (payload[0]! << 8) | (payload[1] ?? 0);
    if (payload.length === 1 || (payload.length > 0 && !isCloseCode(code))) {
      this.#violated(chunk, CloseCode.protocolError, 'its close frame has no valid code (RFC 6455, 7.4)');
    } else if (!isUtf8(payload.subarray(2))) {
      this.#violated(chunk, CloseCode.invalidPayload, 'the reason of its close frame is no UTF-8 (RFC 6455, 5.5.1)');
    } else {
      this.#handOver(chunk);
      if (this.#stopped) return;
      this.#stopped = true;
      this.#receiver.closed(code);
    }
  }
}

/** Bytes of a header whose second byte is `second`; where that has no mask, it is wrong, and needs no more of them. */
function headerLength(second: number): number {
  if ((second & MASKED) === 0) return 2;
  const length = second & 127;
  return length < 126 ? 6 : length === 126 ? 8 : LONGEST_HEADER;
}

/** The length of a frame's payload; -1 = it is not written in the shortest form, or more than a safe integer. */
function payloadLength(header: Uint8Array, at: number): number {
  const short = header[at + 1]! & 127;
  if (short < 126) return short;
  if (short === 126) {
    const length = (header[at + 2]! << 8) | header[at + 3]!;
    return length < 126 ? -1 : length;
  }
  const view = new DataView(header.buffer, header.byteOffset + at + 2, 8);
  const upper = view.getUint32(0);
  const length = upper * 2 ** 32 + view.getUint32(4);
  return upper > MOST_UPPER || length < 65_536 ? -1 : length;
}

function controlProblem(first: number, second: number): string | null {
  const opcode = first & 15;
  if (opcode > Opcode.pong) return `a frame has the reserved opcode ${opcode} (RFC 6455, 5.2)`;
  if ((first & RESERVED) !== 0) return 'a frame has reserved bits set (RFC 6455, 5.2)';
  if ((first & FIN) === 0) return 'a control frame is fragmented (RFC 6455, 5.5)';
  return (second & 127) > LONGEST_CONTROL ? 'a control frame is longer than 125 bytes (RFC 6455, 5.5)' : null;
}
