import type net from 'node:net';
import type { BufferPool } from '../buffer-pool.ts';
import { type Intake, PlainSocket, readInto, SocketLink } from '../tcp.ts';
import { CloseCode, closeFrame, controlFrame, FIN, LONGEST_HEADER, Opcode, RSV1, writeHeaderBefore } from './frame.ts';
import { FrameParser, type FrameReceiver } from './frame-parser.ts';
import { DeflatedMessage, deflateOutput } from './message-deflate.ts';

const BINARY = FIN | Opcode.binary;
/** A buffer larger than this is of no pool any more with a header before it. */
const LARGEST_WITH_HEADER = 65_536 - LONGEST_HEADER;

/** Bytes of compressed messages in one turn, and what a small one counts: reading it costs more than its bytes. */
const MOST_INFLATED = 65_536;
const SMALLEST_SHARE = 4096;

/** What was agreed on when a connection became WebSocket. */
export interface Upgrade {
  /** What answers the request. */
  readonly response: string;
  /** What came behind the request. */
  readonly head: Uint8Array;
  /** Bytes a message may be where messages may be compressed; null = they may not. */
  readonly maxInflatedSize: number | null;
  /** Bytes of a compressed message from a client that was answered nothing yet. */
  readonly maxConnectSize: number;
}

/**
 * A WebSocket connection as the core's link: MQTT in binary frames. Before it is upgraded nothing can be sent through it.
 *
 * ```
 *  HTTP request --> upgrade --> frames --> the client's close frame, or its end ---> receiver.ended
 *                                  |                                                      |
 *                                  +--> rule broken: receiver.malformed                   v
 *                                                       +--------------------------> end: close frame, FIN
 * ```
 */
export class WebSocketLink extends SocketLink implements Intake, FrameReceiver {
  readonly #drainAbove: number;
  /** null = it is no WebSocket yet. */
  #parser: FrameParser | null = null;
  /** The compressed message that is coming in; null where none may be. */
  #message: DeflatedMessage | null = null;
  /** Bytes such a message may be. */
  #maxInflatedSize = 0;
  /** Bytes that compressed messages came to since others had their turn. */
  #inflated = 0;
  /** What came and is to be read in a later turn. */
  #rest: Uint8Array | null = null;
  /** The pong that is owed: only the last ping is answered. // RFC 6455, section 5.5.3 */
  #pong: Buffer | null = null;
  #closeCode: number = CloseCode.normal;
  #closeReason = '';

  constructor(
    socket: net.Socket,
    from: { readonly listener: string; readonly remoteAddress: string },
    pool: BufferPool,
    links: Set<SocketLink>,
    drainAbove: number,
  ) {
    super(socket, from, pool, links, false);
    this.#drainAbove = drainAbove;
  }

  /**
   * From here on it is WebSocket.
   *
   * @returns whether it goes on with the socket that it had; what happens to that one is of no matter otherwise
   */
  upgrade({ response, head, maxInflatedSize, maxConnectSize }: Upgrade): boolean {
    const { socket } = this;
    socket.setTimeout(0);
    this.#parser = new FrameParser(this, maxInflatedSize !== null);
    if (maxInflatedSize !== null) {
      this.#maxInflatedSize = maxInflatedSize;
      this.#message = new DeflatedMessage(Math.min(maxInflatedSize, maxConnectSize));
    }
    this.#takeSocket(socket);
    this.socket.write(response);
    if (head.length > 0) this.feed(head, head.length);
    return this.socket === socket;
  }

  /** A plain socket's handle gets a socket that reads into the shared buffer; a TLS socket stays what it is. */
  #takeSocket(socket: net.Socket): void {
    const owner = socket as unknown as { _handle: object | null; encrypted?: boolean };
    const handle = owner._handle;
    if (handle !== null && owner.encrypted !== true) {
      owner._handle = null;
      const plain = new PlainSocket(handle, this.#drainAbove);
      this.adopt(plain);
      plain.start(this, this);
      return;
    }
    readInto(socket, this, this);
    socket.resume();
  }

  // ---- input

  feed(chunk: Uint8Array, end: number): void {
    if (this.#rest !== null) {
      // The socket had more in hand when it stopped reading.
      this.#rest = Buffer.concat([this.#rest, chunk.subarray(0, end)]);
      return;
    }
    const read = this.#parser!.push(chunk, end);
    if (read < end && !this.ending) {
      this.#rest = Uint8Array.prototype.slice.call(chunk, read, end);
      this.awaitTurn();
    }
    this.#answerPing();
  }

  override resume(): void {
    super.resume();
    if (this.#rest !== null) this.awaitTurn();
  }

  override readOn(): void {
    super.readOn();
    const rest = this.#rest;
    if (rest === null || this.paused) return;
    this.#rest = null;
    if (!this.ending) this.feed(rest, rest.length);
  }

  payload(chunk: Uint8Array, start: number, end: number): void {
    this.receiver.feed(chunk.subarray(start, end), end - start);
  }

  compressed(bytes: Uint8Array): void {
    if (!this.#message!.add(bytes)) this.#tooBig();
  }

  compressedEnd(): boolean {
    const message = this.#message!.finish();
    if (message === 'too big') this.#tooBig();
    else if (message === 'damaged') this.violated(CloseCode.invalidPayload, 'a compressed message cannot be read');
    else {
      this.receiver.feed(message, message.length);
      this.#inflated += Math.max(message.length, SMALLEST_SHARE);
    }
    if (this.#inflated < MOST_INFLATED && !this.paused) return true;
    this.#inflated = 0;
    return false;
  }

  #tooBig(): void {
    const limit =
      this.#message!.most < this.#maxInflatedSize ? 'limits.maxConnectPacketSize' : 'webSocket.maxInflatedSize';
    this.violated(CloseCode.tooBig, `a compressed message is larger than ${limit}`);
  }

  ping(payload: Uint8Array): void {
    this.#pong = controlFrame(Opcode.pong, payload);
  }

  /** One pong for all pings of a read, and none while the client takes nothing: so pings cannot pile up answers. */
  #answerPing(): void {
    const pong = this.#pong;
    if (pong === null || this.socket.writableNeedDrain) return;
    this.#pong = null;
    if (!this.ending) this.socket.write(pong);
  }

  closed(code: number): void {
    this.#closeCode = code;
    this.receiver.ended();
  }

  violated(code: number, reason: string): void {
    this.#closeCode = code;
    this.#closeReason = reason;
    this.#parser!.stop();
    this.receiver.malformed(reason);
  }

  override drained(): void {
    this.#answerPing();
    super.drained();
  }

  // ---- output

  /** With room for a header before it, where that leaves it a buffer of the pool. */
  override take(size: number): Uint8Array {
    if (size > LARGEST_WITH_HEADER) return super.take(size);
    return super.take(size + LONGEST_HEADER).subarray(LONGEST_HEADER);
  }

  override give(buffer: Uint8Array): void {
    super.give(wholeOf(buffer));
  }

  override write(buffer: Uint8Array, length: number): void {
    const whole = wholeOf(buffer);
    if (this.#parser === null || this.ending) super.give(whole);
    else if (this.#wroteCompressed(buffer.subarray(0, length), false)) super.give(whole);
    else if (buffer.byteOffset > 0) {
      const end = LONGEST_HEADER + length;
      this.send(whole, writeHeaderBefore(whole, LONGEST_HEADER, BINARY, length), end);
    } else {
      this.#together(BINARY, length, () => super.write(buffer, length));
    }
  }

  override writeShared(bytes: Uint8Array): void {
    if (this.#parser === null || this.ending || this.#wroteCompressed(bytes, true)) return;
    this.#together(BINARY, bytes.length, () => super.writeShared(bytes));
  }

  #wroteCompressed(bytes: Uint8Array, shared: boolean): boolean {
    const message = this.#message;
    if (message === null) return false;
    message.most = this.#maxInflatedSize; // it is answered: it has got further than its first packet
    const payload = deflateOutput(bytes, shared);
    if (payload !== null) this.#together(BINARY | RSV1, payload.length, () => super.writeShared(payload));
    return payload !== null;
  }

  /** A header and its payload in one system call. */
  #together(first: number, length: number, write: () => void): void {
    const header = Buffer.allocUnsafe(LONGEST_HEADER);
    const start = writeHeaderBefore(header, LONGEST_HEADER, first, length);
    this.socket.cork();
    this.socket.write(header.subarray(start));
    write();
    this.socket.uncork();
  }

  override end(): void {
    const parser = this.#parser;
    if (parser !== null && !this.ending) {
      parser.stop();
      this.#rest = null;
      this.#message?.forget();
      this.socket.write(closeFrame(this.#closeCode, this.#closeReason));
    }
    super.end();
  }
}

/** The pool's buffer that a buffer is all or the end of. */
function wholeOf(buffer: Uint8Array): Buffer {
  return Buffer.from(buffer.buffer as ArrayBuffer);
}
