import type { Message } from '../message.ts';
import type { RetainedRecord } from '../store/group.ts';
import type { StoredMessage } from '../store/stored-message.ts';
import { type RetainedNode, type RetainedVisitor, RetainedWalk } from './retained-walk.ts';

const emptyNode = (): RetainedNode => ({ message: null, publisher: undefined, setAt: 0, kept: 0, children: null });

/** The last retained message of each topic, found by topic or by filter (section 3.3.1.3). */
export class RetainedTree {
  readonly #root = emptyNode();
  #count = 0;
  /** Messages of the broker itself. */
  #own = 0;
  #bytes = 0;
  #ownBytes = 0;
  /** How many each client identifier published; without those that published none. */
  readonly #byPublisher = new Map<string, number>();
  /** Topics whose message expires some day. */
  readonly #expiring = new Set<string>();

  get count(): number {
    return this.#count;
  }

  /** Those that clients and programs published: without the broker's own values below $SYS. */
  get countOfUsers(): number {
    return this.#count - this.#own;
  }

  /** Bytes of the retained messages. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The same without the broker's own values. */
  get bytesOfUsers(): number {
    return this.#bytes - this.#ownBytes;
  }

  /** How many a client identifier published. */
  countOf(publisher: string): number {
    return this.#byPublisher.get(publisher) ?? 0;
  }

  /** Client identifiers that published any. */
  get publishers(): ReadonlyMap<string, number> {
    return this.#byPublisher;
  }

  /** The client identifier that published what a topic has; undefined where it was no client, or there is nothing. */
  publisherOf(topic: string): string | undefined {
    return this.#find(topic)?.publisher;
  }

  /** When what a topic has was published, milliseconds on the core's clock; 0 = before the broker started, or there is nothing. */
  setAt(topic: string): number {
    return this.#find(topic)?.setAt ?? 0;
  }

  /** A message came (+1) or left (-1). */
  #counted(message: Message, publisher: string | undefined, change: 1 | -1): void {
    const bytes = change * message.size;
    this.#count += change;
    this.#bytes += bytes;
    if (message.topic.startsWith('$SYS/')) {
      this.#own += change;
      this.#ownBytes += bytes;
    }
    if (publisher === undefined) return;
    const count = this.countOf(publisher) + change;
    if (count === 0) this.#byPublisher.delete(publisher);
    else this.#byPublisher.set(publisher, count);
  }

  /** The store has a message now: what was needed to tell it of that is let go. */
  written(record: StoredMessage): void {
    const node = this.#find(record.message.topic);
    if (node?.kept === record) node.kept = record.id;
  }

  get(topic: string): Message | null {
    return this.#find(topic)?.message ?? null;
  }

  #find(topic: string): RetainedNode | null {
    let node: RetainedNode | undefined = this.#root;
    for (const level of topic.split('/')) {
      node = node.children?.get(level);
      if (node === undefined) return null;
    }
    return node;
  }

  /** What the store is to have for a topic; null = nothing. */
  kept(topic: string): RetainedRecord | null {
    const node = this.#find(topic);
    if (node === null || node.message === null || node.kept === 0) return null;
    const messageId = typeof node.kept === 'number' ? node.kept : node.kept.id;
    return { messageId, publisher: node.publisher };
  }

  /**
   * Keeps a message as its topic's retained one, in place of any before. // [MQTT-3.3.1-5]
   *
   * @param kept what the store has of the message; 0 = nothing
   * @param now milliseconds; 0 = it was published before the broker started
   * @returns what the store has of the one before
   */
  set(message: Message, publisher?: string, kept: StoredMessage | number = 0, now = 0): StoredMessage | number {
    let node = this.#root;
    for (const level of message.topic.split('/')) {
      node.children ??= new Map();
      let child = node.children.get(level);
      if (child === undefined) {
        child = emptyNode();
        node.children.set(level, child);
      }
      node = child;
    }
    if (node.message !== null) this.#counted(node.message, node.publisher, -1);
    this.#counted(message, publisher, 1);
    const before = node.kept;
    node.message = message;
    node.publisher = publisher;
    node.kept = kept;
    node.setAt = now;
    if (message.expiryAt >= 0) this.#expiring.add(message.topic);
    else if (this.#expiring.size > 0) this.#expiring.delete(message.topic);
    return before;
  }

  /**
   * Removes a topic's retained message. // [MQTT-3.3.1-6]
   *
   * @returns what the store has of it; null where there was none
   */
  delete(topic: string): StoredMessage | number | null {
    const path: [parent: RetainedNode, level: string][] = [];
    let node = this.#root;
    for (const level of topic.split('/')) {
      const child = node.children?.get(level);
      if (child === undefined) return null;
      path.push([node, level]);
      node = child;
    }
    if (node.message === null) return null;
    this.#counted(node.message, node.publisher, -1);
    const before = node.kept;
    node.message = null;
    node.publisher = undefined;
    node.kept = 0;
    node.setAt = 0;
    this.#expiring.delete(topic);
    for (let i = path.length - 1; i >= 0 && node.message === null && node.children === null; i--) {
      const [parent, level] = path[i]!;
      parent.children!.delete(level);
      if (parent.children!.size === 0) parent.children = null;
      node = parent;
    }
    return before;
  }

  /** A search for what matches a filter, to be taken step by step. */
  walk(filter: string): RetainedWalk {
    return new RetainedWalk(this.#root, filter);
  }

  /** Calls `visit` for each retained message whose topic matches, expired ones left out. */
  match(filter: string, now: number, visit: RetainedVisitor): void {
    this.walk(filter).next(Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, now, visit);
  }

  /** Topics whose message expired at `now` or before. Looks only at messages that expire at all. */
  expired(now: number): string[] {
    const topics: string[] = [];
    for (const topic of this.#expiring) if (this.get(topic)!.expired(now)) topics.push(topic);
    return topics;
  }
}
