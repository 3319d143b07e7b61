interface Node<T> {
  readonly children: Map<string, Node<T>>;
  /** What subscribed to the filter that ends here. */
  readonly values: Set<T>;
}

const node = <T>(): Node<T> => ({ children: new Map(), values: new Set() });

/** Who wants what: filters by level, so that a topic is matched in steps of its own levels (section 4.7). */
export class SubscriptionTrie<T> {
  #root = node<T>();

  add(filter: string, value: T): void {
    let at = this.#root;
    for (const level of filter.split('/')) {
      let next = at.children.get(level);
      if (next === undefined) {
        next = node();
        at.children.set(level, next);
      }
      at = next;
    }
    at.values.add(value);
  }

  remove(filter: string, value: T): void {
    this.#remove(this.#root, filter.split('/'), 0, value);
  }

  /** True when the node is empty and may go. */
  #remove(at: Node<T>, levels: readonly string[], depth: number, value: T): boolean {
    if (depth === levels.length) at.values.delete(value);
    else {
      const child = at.children.get(levels[depth]!);
      if (child !== undefined && this.#remove(child, levels, depth + 1, value)) at.children.delete(levels[depth]!);
    }
    return at.values.size === 0 && at.children.size === 0;
  }

  /** Everything whose filter matches a topic, each once. */
  match(topic: string): T[] {
    const found = new Set<T>();
    this.#match(this.#root, topic.split('/'), 0, found, topic.startsWith('$'));
    return [...found];
  }

  #match(at: Node<T>, levels: readonly string[], depth: number, found: Set<T>, reserved: boolean): void {
    // [MQTT-4.7.2-1] a wildcard in the first level does not match topics that begin with $
    const wild = depth > 0 || !reserved;
    if (wild) collect(at.children.get('#'), found);
    if (depth === levels.length) {
      collect(at, found);
      return;
    }
    const exact = at.children.get(levels[depth]!);
    if (exact !== undefined) this.#match(exact, levels, depth + 1, found, reserved);
    const plus = wild ? at.children.get('+') : undefined;
    if (plus !== undefined) this.#match(plus, levels, depth + 1, found, reserved);
  }
}

function collect<T>(at: Node<T> | undefined, found: Set<T>): void {
  if (at !== undefined) for (const value of at.values) found.add(value);
}
