import type net from 'node:net';

/** Headers of the broker's answer at most; more is no WebSocket. */
const MOST_HEADERS = 4096;

/**
 * Puts WebSocket frames around what a load peer writes, and takes them off what it reads, at as little cost as may be, so
 * that the load measures the broker: the masking key is 0, which leaves the bytes as they are.
 */
export class WebSocketFraming {
  readonly #socket: net.Socket;
  readonly #write: net.Socket['write'];
  /** What was written before the upgrade. */
  #early: Buffer[] | null = [];
  #headers = Buffer.alloc(0);
  /** Payload bytes of the present frame that have not come yet. */
  #left = 0;
  /** The first bytes of a frame header that is not whole yet. */
  #header = Buffer.alloc(0);

  constructor(socket: net.Socket, host: string, port: number) {
    this.#socket = socket;
    this.#write = socket.write.bind(socket) as net.Socket['write'];
    socket.write = ((chunk: Buffer) => this.#send(chunk)) as net.Socket['write'];
    this.#write(
      `GET /mqtt HTTP/1.1\r\nHost: ${host}:${port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
        'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: mqtt\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
    );
  }

  #send(chunk: Buffer): boolean {
    if (this.#early !== null) {
      this.#early.push(chunk);
      return true;
    }
    this.#socket.cork();
    this.#write(frameHeader(chunk.length));
    const welcome = this.#write(chunk);
    this.#socket.uncork();
    return welcome;
  }

  /** Hands the payload in `buffer[0..end)` to `take`, as ranges of the same buffer. @throws where it is no WebSocket */
  read(buffer: Buffer, end: number, take: (payload: Buffer, length: number) => void): void {
    let at = 0;
    if (this.#early !== null) {
      at = this.#upgrade(buffer, end);
      if (at < 0) return;
    }
    while (at < end) {
      if (this.#left === 0) {
        at = this.#readHeader(buffer, at, end);
        continue;
      }
      const length = Math.min(this.#left, end - at);
      take(buffer.subarray(at, at + length), length);
      this.#left -= length;
      at += length;
    }
  }

  /** Where the frames begin, or -1 while the broker's answer is not whole. */
  #upgrade(buffer: Buffer, end: number): number {
    const before = this.#headers.length;
    this.#headers = Buffer.concat([this.#headers, buffer.subarray(0, end)]);
    const found = this.#headers.indexOf('\r\n\r\n');
    if (found < 0 && this.#headers.length < MOST_HEADERS) return -1;
    if (!this.#headers.subarray(0, 12).equals(Buffer.from('HTTP/1.1 101'))) {
      throw new Error(`no WebSocket: ${this.#headers.subarray(0, 200).toString('latin1')}`);
    }
    const early = this.#early!;
    this.#early = null;
    for (const chunk of early) this.#send(chunk);
    return found + 4 - before;
  }

  #readHeader(buffer: Buffer, at: number, end: number): number {
    const known = this.#header.length;
    const header = known === 0 ? buffer.subarray(at, end) : Buffer.concat([this.#header, buffer.subarray(at, end)]);
    const size = header.length < 2 ? 0 : headerSize(header[1]!);
    if (size === 0 || header.length < size) {
      this.#header = Buffer.from(header);
      return end;
    }
    this.#left = size === 2 ? header[1]! : size === 4 ? header.readUInt16BE(2) : Number(header.readBigUInt64BE(2));
    this.#header = Buffer.alloc(0);
    return at + size - known;
  }
}

const headerSize = (second: number): number => (second < 126 ? 2 : second === 126 ? 4 : 10);

function frameHeader(length: number): Buffer {
  const size = length < 126 ? 2 : length < 65_536 ? 4 : 10;
  const header = Buffer.alloc(size + 4);
  header[0] = 0x82;
  header[1] = 0x80 | (size === 2 ? length : size === 4 ? 126 : 127);
  if (size === 4) header.writeUInt16BE(length, 2);
  if (size === 10) header.writeBigUInt64BE(BigInt(length), 2);
  return header;
}
