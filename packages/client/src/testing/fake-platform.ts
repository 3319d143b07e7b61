import { Fifo } from '../fifo.ts';
import { parseUrl } from '../node/url.ts';
import type { ParsedUrl, Platform, Target, Timer, TransportReceiver } from '../platform.ts';
import { FakeTransport } from './fake-transport.ts';

/** Events that one call of `settle` may run: more is a loop that never ends. */
const MOST_EVENTS = 1_000_000;

interface FakeTimer extends Timer {
  readonly at: number;
  readonly callback: () => void;
}

/**
 * A platform without network, clock or chance: time passes when the test says so, the same seed gives the same run, and
 * every event has a turn of its own, as in an event loop.
 *
 * @example
 * const platform = new FakePlatform();
 * const broker = new ScriptedBroker(platform);
 * const client = new Client(platform, 'mqtt://broker', {});
 * void client.start(false);
 * await platform.settle();
 */
export class FakePlatform implements Platform {
  /** Every connection that was opened, in order. */
  readonly transports: FakeTransport[] = [];
  /** What `random` answered, in order. */
  readonly randoms: number[] = [];
  /** What becomes of a new connection; nothing until a test sets it, so that it hangs. */
  accept: (transport: FakeTransport) => void = () => undefined;
  /** Nothing but this platform and promises is at work, so that nobody else's events need a turn: faster. */
  isAlone = false;
  #now = 0;
  #seed: number;
  #timers: FakeTimer[] = [];
  #deferred: (() => void)[] = [];
  readonly #events = new Fifo<() => void>();
  readonly #yielded = new Fifo<() => void>();
  readonly #watchers = new Set<() => void>();

  constructor(seed = 1) {
    this.#seed = seed;
  }

  parse(url: string): ParsedUrl {
    return parseUrl(url);
  }

  open(target: Target, subprotocol: string, receiver: TransportReceiver): FakeTransport {
    const transport = new FakeTransport(this, target, subprotocol, receiver);
    this.transports.push(transport);
    this.event(() => this.accept(transport));
    return transport;
  }

  now(): number {
    return this.#now;
  }

  setTimer(ms: number, callback: () => void): Timer {
    if (!(ms >= 0)) throw new RangeError(`a timer of ${ms} ms`);
    const timer = { at: this.#now + ms, callback, cancel: () => this.#cancel(timer) };
    this.#timers.push(timer);
    return timer;
  }

  #cancel(timer: FakeTimer): void {
    this.#timers = this.#timers.filter((other) => other !== timer);
  }

  defer(callback: () => void): void {
    this.#deferred.push(callback);
  }

  yield(callback: () => void): void {
    this.#yielded.push(callback);
  }

  random(): number {
    const value = this.chance();
    this.randoms.push(value);
    return value;
  }

  onNetworkBack(callback: () => void): () => void {
    this.#watchers.add(callback);
    return () => this.#watchers.delete(callback);
  }

  // ---- for tests

  /** From 0 up to but not including 1, from the seed (mulberry32). */
  chance(): number {
    this.#seed = (this.#seed + 0x6d2b79f5) | 0;
    let x = Math.imul(this.#seed ^ (this.#seed >>> 15), 1 | this.#seed);
    x = (x + Math.imul(x ^ (x >>> 7), 61 | x)) ^ x;
    return ((x ^ (x >>> 14)) >>> 0) / 0x1_0000_0000;
  }

  /** Timers that are set: a client that is over leaves none behind. */
  get timers(): number {
    return this.#timers.length;
  }

  /** Milliseconds until the next timer, undefined where there is none. */
  get nextTimer(): number | undefined {
    return this.#timers.length === 0 ? undefined : Math.min(...this.#timers.map(({ at }) => at)) - this.#now;
  }

  /** Functions that wait for the network to come back. */
  get watchers(): number {
    return this.#watchers.size;
  }

  networkBack(): void {
    for (const watcher of [...this.#watchers]) watcher();
  }

  /** Something that happens in a turn of its own. */
  event(callback: () => void): void {
    this.#events.push(callback);
  }

  /** Lets everything happen that happens without time passing. */
  async settle(): Promise<void> {
    await this.#idle();
    for (let events = 0; events < MOST_EVENTS; events++) {
      if (!this.#step()) {
        await this.#idle();
        if (!this.#step()) return;
      }
      await turn();
    }
    throw new Error(`after ${MOST_EVENTS} events there are still more: something goes round and round`);
  }

  async #idle(): Promise<void> {
    if (!this.isAlone) return idle();
    await turn();
    return turn();
  }

  /** One turn: what was deferred goes before events, and what yielded goes last. False where nothing is left. */
  #step(): boolean {
    const deferred = this.#deferred;
    if (deferred.length > 0) {
      this.#deferred = [];
      for (const callback of deferred) callback();
      return true;
    }
    const next = this.#events.shift() ?? this.#yielded.shift();
    next?.();
    return next !== undefined;
  }

  /** Lets `ms` milliseconds pass, timer by timer. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    await this.settle();
    for (;;) {
      const due = this.#timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (due === undefined) break;
      this.#cancel(due);
      this.#now = Math.max(this.#now, due.at);
      due.callback();
      await this.settle();
    }
    this.#now = end;
  }
}

/** Promises that can go on have gone on when it is over; called where only promises have run since the last event. */
const turn = () => new Promise<void>((resolve) => process.nextTick(resolve));
/** The same from anywhere, and the program's own events had their turn too. */
const idle = () => new Promise<void>((resolve) => setImmediate(resolve));
