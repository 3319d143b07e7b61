import net from 'node:net';
import type { Link, LinkReceiver, PeerIdentity } from '@cauldron/core';
import type { BufferPool } from './buffer-pool.ts';
import { type Reader, readNextTurn } from './read-turns.ts';

/** Bytes read at once; one buffer serves every plain connection, since the core copies what it keeps. */
const READ_BUFFER = 65_536;

const readBuffer = Buffer.allocUnsafeSlow(READ_BUFFER);

/** Whatever bytes go to: the core, or what comes before it. The buffer is used again when the call returns. */
export interface Intake {
  feed(chunk: Uint8Array, end: number): void;
}

/**
 * A plain socket, TCP or Unix: hop 1 of a message's way. Reads go through `onread` into one buffer for all connections; a
 * `data` event would allocate for each of them, and an idle connection would keep a buffer. // [MQTT-4.2.0-1]
 */
export class PlainSocket extends net.Socket {
  link!: SocketLink;
  intake!: Intake;

  /**
   * @param handle as the system accepted it
   * @param drainAbove unsent bytes above which it says when it has drained
   */
  constructor(handle: unknown, drainAbove: number) {
    super({ handle, onread, writableHighWaterMark: drainAbove } as unknown as net.SocketConstructorOpts);
  }

  /** Begins to read. */
  start(link: SocketLink, intake: Intake): void {
    this.link = link;
    this.intake = intake;
    this.setNoDelay(true);
    this.on('end', onEnd);
    this.on('error', onError);
    this.on('close', onClose);
    this.on('drain', onDrain);
    this.resume();
  }
}

const onread: net.OnReadOpts = { buffer: readBuffer, callback: onRead };

// One function each for all sockets, called with the socket as `this`: a connection costs no closures.

function onRead(this: PlainSocket, length: number, buffer: Uint8Array): boolean {
  this.intake.feed(buffer, length);
  // A full buffer: there is more, and libuv would read it before anything else.
  return length < READ_BUFFER || !this.link.yieldTurn();
}

function onEnd(this: PlainSocket): void {
  // MQTT has no half-open connections.
  this.link.receiver.ended();
}

function onError(this: PlainSocket, error: Error): void {
  this.link.error = error;
}

function onClose(this: PlainSocket): void {
  this.link.gone();
}

function onDrain(this: PlainSocket): void {
  this.link.drained();
}

/** Has a socket that is no {@link PlainSocket} give what it reads to a link, as MQTT or what frames it. */
export function readInto(socket: net.Socket, link: SocketLink, intake: Intake): void {
  socket.on('data', (chunk: Buffer) => {
    intake.feed(chunk, chunk.length);
    link.took(chunk.length);
  });
  socket.on('end', () => link.receiver.ended());
  socket.on('drain', () => link.drained());
}

/** A connection over a socket, plain or TLS, as the core's link. */
export class SocketLink implements Link, Reader {
  readonly listener: string;
  receiver!: LinkReceiver;
  remoteAddress: string;
  peer: PeerIdentity | undefined = undefined;
  /** What broke the connection, for `closed`. */
  error: Error | undefined = undefined;
  #socket: net.Socket;
  readonly #pool: BufferPool;
  readonly #links: Set<SocketLink>;
  /** Bytes of MQTT may come: whatever goes before them, such as a TLS handshake, is done. */
  #open: boolean;
  /** The core, or the listener, wants it closed. */
  #ending = false;
  #paused = false;
  /** It had its share of this turn, and reads on in the next one. */
  #yielded = false;
  /** Bytes that came since it yielded last, where the socket does not say when a read was full. */
  #taken = 0;

  /**
   * @param links where it is noted until it is gone
   * @param open false where something goes before MQTT: {@link SocketLink.opened} follows
   */
  constructor(
    socket: net.Socket,
    from: { readonly listener: string; readonly remoteAddress: string },
    pool: BufferPool,
    links: Set<SocketLink>,
    open: boolean,
  ) {
    this.#socket = socket;
    this.listener = from.listener;
    this.remoteAddress = from.remoteAddress;
    this.#pool = pool;
    this.#links = links;
    this.#open = open;
    links.add(this);
  }

  get pending(): number {
    return this.#socket.writableLength;
  }

  /** Somebody here decided that it ends. */
  get ending(): boolean {
    return this.#ending;
  }

  /** The core has been told that it is closed. */
  get isGone(): boolean {
    return !this.#links.has(this);
  }

  /** The core wants no bytes now. */
  protected get paused(): boolean {
    return this.#paused;
  }

  /** What it speaks through. */
  protected get socket(): net.Socket {
    return this.#socket;
  }

  take(size: number): Uint8Array {
    return this.#pool.take(size);
  }

  give(buffer: Uint8Array): void {
    this.#pool.give(buffer);
  }

  write(buffer: Uint8Array, length: number): void {
    this.send(buffer, 0, length);
  }

  /** Sends the bytes from `start` to `end` of a buffer of the pool, which gets it back. */
  protected send(buffer: Uint8Array, start: number, end: number): void {
    const pool = this.#pool;
    const small = pool.small(buffer, start, end);
    if (small !== null) {
      pool.give(buffer);
      this.#socket.write(small);
      return;
    }
    this.#socket.write(buffer.subarray(start, end), () => pool.give(buffer));
  }

  writeShared(bytes: Uint8Array): void {
    this.#socket.write(bytes);
  }

  pause(): void {
    this.#paused = true;
    this.#socket.pause();
  }

  resume(): void {
    this.#paused = false;
    if (!this.#yielded) this.#socket.resume();
  }

  end(): void {
    if (!this.#open) {
      this.destroy();
      return;
    }
    this.#ending = true;
    this.#paused = false;
    // Paused or not: only a socket that is read from sees the peer's end and closes.
    this.#socket.resume();
    this.#socket.end();
  }

  destroy(): void {
    this.#ending = true;
    this.#socket.destroy();
  }

  // ---- what the socket's side calls

  /** From here on it speaks through another socket, which has taken over the one it had. */
  adopt(socket: net.Socket): void {
    this.#socket = socket;
  }

  /** What goes before MQTT is done. */
  opened(): void {
    this.#open = true;
  }

  /** Has it read on when the others had their turn. False: it is paused, and whoever paused it resumes it. */
  yieldTurn(): boolean {
    if (this.#paused || this.#ending) return false;
    if (!this.#yielded) {
      this.#yielded = true;
      readNextTurn(this);
    }
    return true;
  }

  /** Counts bytes that came, and stops reading for this turn where they are as many as it may take. */
  took(bytes: number): void {
    this.#taken += bytes;
    if (this.#taken < READ_BUFFER) return;
    this.#taken = 0;
    this.awaitTurn();
  }

  /** Stops reading until the others had their turn. */
  protected awaitTurn(): void {
    if (this.yieldTurn()) this.#socket.pause();
  }

  /** What was written has gone, as far as the socket wants to say so. */
  drained(): void {
    this.receiver.drained();
  }

  readOn(): void {
    this.#yielded = false;
    if (!this.#paused) this.#socket.resume();
  }

  /** The socket closed. */
  gone(): void {
    if (this.#links.delete(this)) this.receiver.closed(this.error);
  }
}
