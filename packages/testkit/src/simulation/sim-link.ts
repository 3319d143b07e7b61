import type { Link, LinkReceiver } from '@cauldron/core';
import type { Random } from './random.ts';

/** What a link needs of the world around it. */
export interface Network {
  /** Milliseconds. */
  readonly now: number;
  readonly random: Random;
  /** Faults are over: bytes arrive soon and nothing lingers. */
  readonly calm: boolean;
  at(time: number, run: () => void): void;
  /** The broker has, or is about to have, nothing more to do with this connection. */
  linkEnding(link: SimLink): void;
}

/** What a client sees of its connection. */
export interface ClientEnd {
  bytes(link: SimLink, chunk: Uint8Array): void;
  /** The connection is over. */
  gone(link: SimLink): void;
}

/**
 * A simulated network connection. Bytes of both directions are cut into chunks anywhere and arrive later, in order; what
 * other connections carry may overtake them.
 *
 *     client --send--> [chunks on their way] --> receiver.feed
 *     client <--bytes-- [chunks on their way] <-- held while the client does not read <-- write  broker
 */
export class SimLink implements Link {
  readonly number: number;
  readonly remoteAddress: string;
  readonly listener = 'simulated';
  receiver!: LinkReceiver;
  pending = 0;
  /** Bytes of the client that the broker was given. */
  fed = 0;
  /** Bytes the client has sent. */
  sent = 0;
  readonly #network: Network;
  readonly #client: ClientEnd;
  /** The last bytes of each direction arrive at this time. */
  #upUntil = 0;
  #downUntil = 0;
  #stalled = false;
  #held: Uint8Array[] = [];
  #spare: Uint8Array | null = null;
  #paused = false;
  #waiting: Uint8Array[] = [];
  /** The wire is cut: nothing travels in either direction. */
  #severed = false;
  #brokerDone = false;
  #clientDone = false;
  #closing = false;
  #closed = false;
  /** The broker was killed. */
  #dead = false;

  constructor(number: number, network: Network, client: ClientEnd) {
    this.number = number;
    this.remoteAddress = `simulated:${number}`;
    this.#network = network;
    this.#client = client;
  }

  /** The broker ended it, or knows that it ended. */
  get brokerDone(): boolean {
    return this.#brokerDone;
  }

  get stalled(): boolean {
    return this.#stalled;
  }

  // ---- the broker's end

  take(size: number): Uint8Array {
    const spare = this.#spare;
    if (spare === null || spare.length < size) return new Uint8Array(size);
    this.#spare = null;
    return spare;
  }

  give(buffer: Uint8Array): void {
    this.#spare = buffer;
  }

  write(buffer: Uint8Array, length: number): void {
    this.#down(buffer.slice(0, length));
    // The buffer is the link's again: whoever still uses it sends nonsense.
    buffer.fill(0xee, 0, length);
    this.#spare = buffer;
  }

  writeShared(bytes: Uint8Array): void {
    this.#down(bytes.slice());
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#network.at(this.#network.now, () => this.#feedWaiting());
  }

  end(): void {
    this.#brokerEnds();
    this.#closing = true;
    if (this.#held.length === 0) this.#closeLater();
  }

  destroy(): void {
    this.#brokerEnds();
    this.#held = [];
    this.pending = 0;
    this.#closeLater();
  }

  #brokerEnds(): void {
    if (this.#brokerDone) return;
    this.#network.linkEnding(this);
    this.#brokerDone = true;
  }

  #closeLater(error?: Error): void {
    const { now, random } = this.#network;
    this.#network.at(now + random.below(20), () => this.#close(error));
    this.#tellClient();
  }

  /** The client learns of the end behind the last bytes. */
  #tellClient(): void {
    const { now, random } = this.#network;
    this.#network.at(Math.max(this.#downUntil, now) + random.below(20), () => {
      if (this.#clientDone) return;
      this.#clientDone = true;
      this.#client.gone(this);
    });
  }

  #close(error?: Error): void {
    if (this.#closed) return;
    this.#brokerEnds();
    this.#closed = true;
    this.#severed = true;
    this.receiver.closed(error);
  }

  /**
   * The broker was killed: it takes and gives nothing any more.
   *
   * @param arrives what it had written still comes to the client
   */
  crash(arrives: boolean): void {
    this.#dead = true;
    this.#closed = true;
    this.#brokerDone = true;
    this.#waiting = [];
    this.#held = [];
    this.pending = 0;
    if (this.#clientDone) return;
    if (!arrives) {
      this.#clientDone = true;
      const { now, random } = this.#network;
      this.#network.at(now + random.below(20), () => this.#client.gone(this));
      return;
    }
    this.#tellClient();
  }

  // ---- the client's end

  /** Sends bytes to the broker. */
  send(bytes: Uint8Array): void {
    this.sent += bytes.length;
    const { now, random } = this.#network;
    for (const chunk of chunks(bytes, random)) {
      this.#upUntil = Math.max(this.#upUntil, now + this.#delay());
      this.#network.at(this.#upUntil, () => this.#up(chunk));
    }
  }

  /** The client says nothing more: the broker learns it behind the last bytes. */
  finish(): void {
    this.#clientDone = true;
    this.#network.at(Math.max(this.#upUntil, this.#network.now), () => {
      if (this.#closed || this.#brokerDone || this.#severed) return;
      this.receiver.ended();
    });
  }

  /**
   * The wire breaks: what was on its way is lost, in both directions. The client knows; the broker learns it after
   * `notice` milliseconds, if it has not given up before.
   */
  cut(notice: number): void {
    this.#severed = true;
    this.#clientDone = true;
    this.#held = [];
    this.pending = 0;
    this.#waiting = [];
    this.#network.at(this.#network.now + notice, () => this.#close(new Error('the simulated wire was cut')));
  }

  /** The client lets go without a word, but what it sent still arrives. */
  abandon(notice: number): void {
    this.#clientDone = true;
    const { now } = this.#network;
    this.#network.at(Math.max(this.#upUntil, now + notice), () => this.#close(new Error('the client vanished')));
  }

  /** The client stops reading: what the broker writes stays with it. */
  stall(): void {
    this.#stalled = true;
  }

  /** The client reads again. */
  drain(): void {
    if (!this.#stalled) return;
    this.#stalled = false;
    const held = this.#held;
    this.#held = [];
    this.pending = 0;
    for (const bytes of held) this.#down(bytes);
    if (this.#closed || this.#severed) return;
    if (this.#closing) this.#closeLater();
    else if (!this.#brokerDone) this.receiver.drained();
  }

  // ---- the wire

  #up(chunk: Uint8Array): void {
    if (this.#severed || this.#closed) return;
    if (this.#paused || this.#waiting.length > 0) this.#waiting.push(chunk);
    else this.#feed(chunk);
  }

  #feedWaiting(): void {
    while (!this.#paused && this.#waiting.length > 0) this.#feed(this.#waiting.shift()!);
  }

  #feed(chunk: Uint8Array): void {
    if (this.#severed || this.#closed) return;
    if (!this.#brokerDone) this.fed += chunk.length;
    this.receiver.feed(chunk, chunk.length);
    chunk.fill(0xdd); // a transport reuses its buffer
  }

  #down(bytes: Uint8Array): void {
    if (this.#severed || this.#dead) return;
    if (this.#stalled) {
      this.#held.push(bytes);
      this.pending += bytes.length;
      return;
    }
    const { now, random } = this.#network;
    for (const chunk of chunks(bytes, random)) {
      this.#downUntil = Math.max(this.#downUntil, now + this.#delay());
      this.#network.at(this.#downUntil, () => {
        if (!this.#clientDone) this.#client.bytes(this, chunk);
      });
    }
  }

  /** Mostly short, sometimes as long as a bad radio link takes. */
  #delay(): number {
    const { random, calm } = this.#network;
    if (calm) return random.below(5);
    return random.chance(4) ? random.below(1500) : random.below(40);
  }
}

/** Cuts bytes into pieces at random places; often one piece, now and then byte by byte. */
function chunks(bytes: Uint8Array, random: Random): Uint8Array[] {
  const kind = random.below(32);
  if (kind < 20) return [bytes];
  const pieces: Uint8Array[] = [];
  const longest = kind === 31 && bytes.length < 200 ? 1 : kind > 26 ? 20 : bytes.length;
  for (let at = 0; at < bytes.length; ) {
    const end = Math.min(bytes.length, at + random.between(1, longest));
    pieces.push(bytes.slice(at, end));
    at = end;
  }
  return pieces;
}
