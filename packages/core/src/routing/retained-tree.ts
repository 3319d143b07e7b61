import type { Message } from '../message.ts';

interface Node {
  message: Message | null;
  /** Client identifier of who published it, for No Local. */
  publisher: string | undefined;
  children: Map<string, Node> | null;
}

/** Gets a retained message, and the client identifier of its publisher where it came from a client. */
export type RetainedVisitor = (message: Message, publisher: string | undefined) => void;

/** The last retained message of each topic, found by topic or by filter (section 3.3.1.3). */
export class RetainedTree {
  readonly #root: Node = { message: null, publisher: undefined, children: null };
  #count = 0;
  #bytes = 0;

  get count(): number {
    return this.#count;
  }

  /** Bytes of the retained messages. */
  get bytes(): number {
    return this.#bytes;
  }

  get(topic: string): Message | null {
    let node: Node | undefined = this.#root;
    for (const level of topic.split('/')) {
      node = node.children?.get(level);
      if (node === undefined) return null;
    }
    return node.message;
  }

  /** Keeps a message as its topic's retained one, in place of any before. // [MQTT-3.3.1-5] */
  set(message: Message, publisher?: string): void {
    let node = this.#root;
    for (const level of message.topic.split('/')) {
      node.children ??= new Map();
      let child = node.children.get(level);
      if (child === undefined) {
        child = { message: null, publisher: undefined, children: null };
        node.children.set(level, child);
      }
      node = child;
    }
    if (node.message === null) this.#count += 1;
    else this.#bytes -= node.message.size;
    node.message = message;
    node.publisher = publisher;
    this.#bytes += message.size;
  }

  /** Removes a topic's retained message; false where there was none. // [MQTT-3.3.1-6] */
  delete(topic: string): boolean {
    const path: [parent: Node, level: string][] = [];
    let node = this.#root;
    for (const level of topic.split('/')) {
      const child = node.children?.get(level);
      if (child === undefined) return false;
      path.push([node, level]);
      node = child;
    }
    if (node.message === null) return false;
    this.#count -= 1;
    this.#bytes -= node.message.size;
    node.message = null;
    for (let i = path.length - 1; i >= 0 && node.message === null && node.children === null; i--) {
      const [parent, level] = path[i]!;
      parent.children!.delete(level);
      if (parent.children!.size === 0) parent.children = null;
      node = parent;
    }
    return true;
  }

  /** Calls `visit` for each retained message whose topic matches, expired ones left out. */
  match(filter: string, now: number, visit: RetainedVisitor): void {
    this.#walk(this.#root, filter.split('/'), 0, now, visit);
  }

  #walk(node: Node, levels: readonly string[], depth: number, now: number, visit: RetainedVisitor): void {
    if (depth === levels.length) {
      if (node.message !== null && !node.message.expired(now)) visit(node.message, node.publisher);
      return;
    }
    const level = levels[depth]!;
    if (level === '#') {
      this.#all(node, depth === 0, now, visit);
      return;
    }
    if (node.children === null) return;
    if (level !== '+') {
      const child = node.children.get(level);
      if (child !== undefined) this.#walk(child, levels, depth + 1, now, visit);
      return;
    }
    for (const [name, child] of node.children) {
      if (depth === 0 && name.startsWith('$')) continue; // [MQTT-4.7.2-1]
      this.#walk(child, levels, depth + 1, now, visit);
    }
  }

  #all(node: Node, top: boolean, now: number, visit: RetainedVisitor): void {
    if (node.message !== null && !node.message.expired(now)) visit(node.message, node.publisher);
    if (node.children === null) return;
    for (const [name, child] of node.children) {
      if (top && name.startsWith('$')) continue; // [MQTT-4.7.2-1]
      this.#all(child, false, now, visit);
    }
  }

  /** Removes what expired; returns how many that were. */
  sweep(now: number): number {
    const gone: string[] = [];
    this.#all(this.#root, false, Number.NEGATIVE_INFINITY, (message) => {
      if (message.expired(now)) gone.push(message.topic);
    });
    for (const topic of gone) this.delete(topic);
    return gone.length;
  }
}
