import type { Message } from '../message.ts';
import type { StoredMessage } from '../store/stored-message.ts';

/** A place in the tree of retained messages. */
export interface RetainedNode {
  message: Message | null;
  /** Client identifier of who published it, for No Local. */
  publisher: string | undefined;
  /** When it was published, milliseconds; 0 = before the broker started, or there is no message. */
  setAt: number;
  /** What the store has of it: its record, or the number it had when the broker started; 0 = nothing. */
  kept: StoredMessage | number;
  children: Map<string, RetainedNode> | null;
}

/**
 * Gets a retained message, the client identifier of its publisher where it came from a client, and what the store has of
 * it.
 */
export type RetainedVisitor = (message: Message, publisher: string | undefined, kept: StoredMessage | number) => void;

interface Branch {
  readonly children: Iterator<[string, RetainedNode]>;
  /** Level of the filter that its children are compared with. */
  readonly depth: number;
  /** Everything below matches. */
  readonly all: boolean;
}

/**
 * A search for what matches a filter that can stop anywhere and go on later, while the tree changes: it shows each message
 * as it is when its turn comes, and what is new in the meantime may be missing, since a subscriber gets that live.
 */
export class RetainedWalk {
  readonly #levels: readonly string[];
  #root: RetainedNode | null;
  readonly #branches: Branch[] = [];
  #looked = 0;
  #shown = 0;

  constructor(root: RetainedNode, filter: string) {
    this.#root = root;
    this.#levels = filter.split('/');
  }

  /** Places the last {@link RetainedWalk.next} looked at. */
  get looked(): number {
    return this.#looked;
  }

  /** Messages it showed. */
  get shown(): number {
    return this.#shown;
  }

  /**
   * Shows up to `limit` messages, looking at up to `nodes` places; expired ones are left out.
   *
   * @param now milliseconds
   * @returns true when there is nothing left
   */
  next(limit: number, nodes: number, now: number, visit: RetainedVisitor): boolean {
    this.#looked = 0;
    this.#shown = 0;
    if (this.#root !== null) {
      const root = this.#root;
      this.#root = null;
      this.#enter(root, 0, false, now, visit);
    }
    while (this.#branches.length > 0) {
      if (this.#shown >= limit || this.#looked >= nodes) return false;
      const { children, depth, all } = this.#branches.at(-1)!;
      const next = children.next();
      if (next.done === true) {
        this.#branches.pop();
        continue;
      }
      const [name, child] = next.value;
      if (depth === 0 && name.startsWith('$')) continue; // [MQTT-4.7.2-1]
      this.#enter(child, depth + 1, all, now, visit);
    }
    return true;
  }

  #enter(node: RetainedNode, depth: number, all: boolean, now: number, visit: RetainedVisitor): void {
    this.#looked += 1;
    const level = all ? '#' : this.#levels[depth];
    if (level === undefined || level === '#') this.#show(node, now, visit);
    if (level === undefined || node.children === null) return;
    if (level === '#' || level === '+') {
      this.#branches.push({ children: node.children.entries(), depth, all: level === '#' });
      return;
    }
    const child = node.children.get(level);
    if (child !== undefined) this.#enter(child, depth + 1, false, now, visit);
  }

  #show(node: RetainedNode, now: number, visit: RetainedVisitor): void {
    if (node.message === null || node.message.expired(now)) return;
    this.#shown += 1;
    visit(node.message, node.publisher, node.kept);
  }
}
