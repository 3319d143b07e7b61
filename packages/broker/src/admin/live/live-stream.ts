import type { ServerResponse } from 'node:http';
import type { z } from 'zod';
import type { LiveEvents, liveInterest } from '../schema/index.ts';
import type { FeedSource, TrafficService } from '../services.ts';

/** What a page shows, with every default filled in. */
export type Interest = z.output<typeof liveInterest>;

/** What is sent as a whole, again when it changed. */
export type Snapshot = 'overview' | 'topics' | 'clients' | 'client' | 'graph';
export const SNAPSHOTS: readonly Snapshot[] = ['overview', 'topics', 'clients', 'client', 'graph'];

/** What was sent of one kind. */
export interface Sent {
  /** What was asked for, as text. */
  readonly key: string;
  text: string | null;
  /** Milliseconds; not to be looked at before. */
  due: number;
}

/** Bytes of values in one event; the others come with the next ones. */
const VALUES_AT_ONCE = 262_144;
/** Milliseconds without a byte until a sign of life. */
const HEARTBEAT = 15_000;

/** One page that is open: what it shows, what it has, and its connection. */
export class LiveStream {
  readonly id: string;
  readonly response: ServerResponse;
  interest: Interest = {};
  readonly #traffic: TrafficService;
  readonly #sent = new Map<Snapshot, Sent>();
  /** What was sent of each topic. */
  #versions = new Map<string, number>();
  #nextValue = -1;
  #feed: FeedSource | null = null;
  #feedKey = '';
  #release: (() => void)[] = [];
  #wroteAt = 0;

  constructor(id: string, response: ServerResponse, traffic: TrafficService) {
    this.id = id;
    this.response = response;
    this.#traffic = traffic;
  }

  /** Nothing can be sent now: its connection has not taken what it was sent before. */
  get isBusy(): boolean {
    return this.response.writableLength > 0 || this.response.destroyed;
  }

  /** Shows something else from here on. */
  show(interest: Interest, now: number): void {
    const before = this.interest;
    this.interest = interest;
    for (const kind of SNAPSHOTS) {
      const key = keyOf(interest[kind]);
      if (key === undefined) this.#sent.delete(kind);
      else if (this.#sent.get(kind)?.key !== key) this.#sent.set(kind, { key, text: null, due: now });
    }
    if (keyOf(before.values) !== keyOf(interest.values)) {
      this.#versions = new Map();
      this.#nextValue = -1;
    }
    // What goes on being watched must not stop meanwhile.
    const release = this.#release;
    this.#release = this.#hold();
    for (const end of release) end();
    this.#follow(interest.feed ?? []);
  }

  #hold(): (() => void)[] {
    const { topics, values = [], feed = [], graph } = this.interest;
    const watches = topics !== undefined || graph !== undefined || values.length > 0 || feed.length > 0;
    const held = watches ? [this.#traffic.watch()] : [];
    return values.length > 0 ? [...held, this.#traffic.follow(values)] : held;
  }

  #follow(filters: readonly string[]): void {
    const key = filters.length === 0 ? '' : JSON.stringify(filters);
    if (key === this.#feedKey) return;
    this.#feed?.end();
    this.#feedKey = key;
    this.#feed = filters.length === 0 ? null : this.#traffic.feed(filters);
  }

  /** What is to be looked at of a kind; undefined = it is not shown, or its time has not come. */
  due(kind: Snapshot, now: number): Sent | undefined {
    const sent = this.#sent.get(kind);
    return sent !== undefined && sent.due <= now ? sent : undefined;
  }

  /** Whether what was looked at is still shown. */
  isShowing(kind: Snapshot, sent: Sent): boolean {
    return this.#sent.get(kind) === sent;
  }

  /** Sends the values that have changed, up to so many bytes of them; the next ones have their turn first next time. */
  sendValues(now: number): void {
    const { values: topics = [] } = this.interest;
    const texts: string[] = [];
    let bytes = 0;
    for (let looked = 0; looked < topics.length && bytes < VALUES_AT_ONCE; looked += 1) {
      this.#nextValue = (this.#nextValue + 1) % topics.length;
      const text = this.#newsOf(topics[this.#nextValue]!);
      if (text === null) continue;
      texts.push(text);
      bytes += text.length;
    }
    if (texts.length > 0) this.sendText('values', `{"values":[${texts.join(',')}]}`, now);
  }

  /** The value of a topic, where there is one that was not sent yet. */
  #newsOf(topic: string): string | null {
    const version = this.#traffic.version(topic);
    if (this.#versions.get(topic) === version) return null;
    const value = this.#traffic.value(topic);
    this.#versions.set(topic, version);
    return value === null ? null : JSON.stringify(value);
  }

  /** Sends the messages that came. */
  sendFeed(now: number): void {
    if (this.#feed === null) return;
    const { messages, missed } = this.#feed.take();
    if (messages.length > 0 || missed > 0) this.send('feed', { messages, missed }, now);
  }

  send<K extends keyof LiveEvents>(event: K, data: LiveEvents[K], now: number): void {
    this.sendText(event, JSON.stringify(data), now);
  }

  /** @param text JSON, on one line */
  sendText(event: keyof LiveEvents, text: string, now: number): void {
    this.#wroteAt = now;
    this.response.write(`event: ${event}\ndata: ${text}\n\n`);
  }

  /** Says that it is still there, where nothing else did for long. */
  heartbeat(now: number): void {
    if (now - this.#wroteAt < HEARTBEAT) return;
    this.#wroteAt = now;
    this.response.write(':\n\n');
  }

  /** Lets go of everything; the connection ends with what was written. */
  end(): void {
    for (const release of this.#release) release();
    this.#release = [];
    this.#feed?.end();
    this.#feed = null;
    this.#sent.clear();
    this.interest = {};
    this.response.end();
  }
}

/** Tells one wish from another; undefined = there is none. */
const keyOf = (wish: unknown): string | undefined =>
  wish === undefined || wish === false ? undefined : JSON.stringify(wish);
