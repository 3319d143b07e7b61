import net from 'node:net';
import { type FrameHandler, FrameReader } from './frames.ts';
import { connectPacket, disconnectPacket, type Login, subscribePacket, type Version } from './packets.ts';
import { WebSocketFraming } from './websocket.ts';

/** Every socket of the process reads into this one buffer: a chunk is used up before the next read starts. */
const readBuffer = Buffer.allocUnsafeSlow(512 * 1024);
const SLAB_BYTES = 256 * 1024;

export interface PeerOptions {
  readonly host: string;
  readonly port: number;
  readonly version: Version;
  readonly clientId: string;
  readonly keepAlive?: number;
  /** Count PUBLISH packets only (`peer.received`), the fastest way to take them. */
  readonly countPublishes: boolean;
  /** False: the broker keeps the session when the connection ends, and gives it back. Default true. */
  readonly clean?: boolean;
  /** Who it is; default: anonymous. */
  readonly login?: Login;
  /** MQTT over WebSocket. */
  readonly webSocket?: boolean;
  /** Called before anything is sent, to set handlers: a session that returns gets messages right behind its CONNACK. */
  readonly prepare?: (peer: Peer) => void;
}

/** What went wrong in this process, shortest form of each kind with its number. */
export class Failures {
  readonly #counts = new Map<string, number>();

  add(what: string): void {
    this.#counts.set(what, (this.#counts.get(what) ?? 0) + 1);
  }

  get total(): number {
    return [...this.#counts.values()].reduce((sum, n) => sum + n, 0);
  }

  list(): string[] {
    return [...this.#counts].map(([what, n]) => (n === 1 ? what : `${what} (${n} times)`));
  }
}

/** One MQTT connection of the load: sends prepared bytes and finds the frames that come back. */
export class Peer {
  /** Called for frames after CONNACK that are not counted or awaited. */
  onFrame: FrameHandler | null = null;
  /** Called after each chunk, when its frames have been handled. */
  onChunkEnd: (() => void) | null = null;
  readonly socket: net.Socket;
  readonly #reader: FrameReader;
  readonly #framing: WebSocketFraming | null;
  readonly #failures: Failures;
  readonly #version: Version;
  #settle: { done: (codes: number[]) => void; fail: (error: Error) => void } | null = null;
  #closing = false;
  #slab = Buffer.alloc(0);
  #slabStart = 0;
  #slabEnd = 0;
  #ownSlab = false;

  private constructor(options: PeerOptions, failures: Failures) {
    this.#failures = failures;
    this.#version = options.version;
    this.#reader = new FrameReader(options.countPublishes, (buffer, start, body, end) =>
      this.#frame(buffer, start, body, end),
    );
    this.socket = net.connect({
      host: options.host,
      port: options.port,
      noDelay: true,
      onread: { buffer: readBuffer, callback: (length) => this.#chunk(length) },
    });
    this.socket.on('error', (error: NodeJS.ErrnoException) => this.#lost(error.code ?? error.message));
    this.socket.on('end', () => this.#lost('closed by the broker'));
    this.#framing = options.webSocket ? new WebSocketFraming(this.socket, options.host, options.port) : null;
    options.prepare?.(this);
    const { version, clientId, keepAlive = 60, clean = true, login = null } = options;
    this.socket.write(connectPacket(version, clientId, keepAlive, clean, login));
  }

  /** Connects and waits for the CONNACK; rejects with the reason when it is refused. */
  static async open(options: PeerOptions, failures: Failures): Promise<Peer> {
    const peer = new Peer(options, failures);
    const codes = await peer.#answer();
    if (codes[0] !== 0) throw new Error(`the broker refused a CONNECT with code ${codes[0]}`);
    return peer;
  }

  /** PUBLISH packets counted so far. */
  get received(): number {
    return this.#reader.publishes;
  }

  /** Subscribes and waits for the SUBACK; rejects when any filter is refused. One call at a time. */
  async subscribe(id: number, filters: readonly string[], qos: number): Promise<void> {
    this.socket.write(subscribePacket(this.#version, id, filters, qos));
    const refused = (await this.#answer()).filter((code) => code >= 128);
    if (refused.length > 0) throw new Error(`the broker refused ${refused.length} subscriptions, code ${refused[0]}`);
  }

  /** Queues a four-byte acknowledgement; it leaves with `flushAcks`. */
  ack(first: number, idHigh: number, idLow: number): void {
    if (this.#slabEnd + 4 > this.#slab.length) {
      this.flushAcks();
      // A fresh slab, never a reused one: earlier cuts of it may still wait in the socket.
      this.#slab = Buffer.allocUnsafeSlow(this.#ownSlab ? SLAB_BYTES : 4096);
      this.#ownSlab = true;
      this.#slabStart = 0;
      this.#slabEnd = 0;
    }
    this.#slab[this.#slabEnd] = first;
    this.#slab[this.#slabEnd + 1] = 2;
    this.#slab[this.#slabEnd + 2] = idHigh;
    this.#slab[this.#slabEnd + 3] = idLow;
    this.#slabEnd += 4;
  }

  flushAcks(): void {
    if (this.#slabEnd === this.#slabStart) return;
    this.socket.write(this.#slab.subarray(this.#slabStart, this.#slabEnd));
    this.#slabStart = this.#slabEnd;
  }

  close(): void {
    this.#closing = true;
    this.socket.destroy();
  }

  /** Says goodbye and waits until the broker has closed the connection. */
  leave(): Promise<void> {
    this.#closing = true;
    return new Promise((resolve) => {
      this.socket.once('close', () => resolve());
      this.socket.end(disconnectPacket);
    });
  }

  #answer(): Promise<number[]> {
    return new Promise((done, fail) => {
      this.#settle = { done, fail };
    });
  }

  #chunk(length: number): boolean {
    try {
      if (this.#framing === null) this.#reader.push(readBuffer, length);
      else this.#framing.read(readBuffer, length, (payload, size) => this.#reader.push(payload, size));
      this.onChunkEnd?.();
    } catch (error) {
      this.#lost((error as Error).message);
      this.socket.destroy();
    }
    return true;
  }

  #frame(buffer: Buffer, start: number, body: number, end: number): void {
    const type = buffer[start]! >> 4;
    if (this.#settle !== null && (type === 2 || type === 9)) {
      const codes = type === 2 ? [buffer[body + 1]!] : subackCodes(buffer, body, end, this.#version);
      const { done } = this.#settle;
      this.#settle = null;
      done(codes);
      return;
    }
    if (type === 14) this.#failures.add(`DISCONNECT from the broker, code ${end > body ? buffer[body] : 0}`);
    else this.onFrame?.(buffer, start, body, end);
  }

  #lost(why: string): void {
    if (this.#closing) return;
    this.#closing = true;
    this.#failures.add(`connection lost: ${why}`);
    this.#settle?.fail(new Error(`connection lost: ${why}`));
  }
}

function subackCodes(buffer: Buffer, body: number, end: number, version: Version): number[] {
  // A load never asks for SUBACK properties, but a broker may send them: skip a length of one byte (they are short).
  const start = body + 2 + (version === 5 ? 1 + buffer[body + 2]! : 0);
  return [...buffer.subarray(start, end)];
}

/** Runs `make(0)` to `make(count - 1)` with at most `limit` under way, and returns the results in order. */
export async function eachLimited<T>(count: number, limit: number, make: (i: number) => Promise<T>): Promise<T[]> {
  const results = new Array<T>(count);
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) {
      const i = next++;
      results[i] = await make(i);
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, count) }, worker));
  return results;
}
