import { matchTopic } from '@cauldron/protocol';

interface Node<T> {
  children: Map<string, Node<T>> | undefined;
  /** What subscribed to the filter that ends here. */
  values: T[] | undefined;
}

/** Up to so many filters are compared one by one: most clients have a few, and a list takes a tenth of the memory. */
const FEW = 8;

/** Who wants what: filters by level, so that a topic is matched in steps of its own levels (section 4.7). */
export class SubscriptionTrie<T> {
  /** Replaced as a whole: an array that grows keeps room for 16. */
  #few: readonly (readonly [filter: string, value: T])[] = [];
  #root: Node<T> | undefined;

  add(filter: string, value: T): void {
    if (this.#root === undefined && this.#few.length < FEW) {
      this.#few = this.#few.concat([[filter, value]]);
      return;
    }
    if (this.#root === undefined) {
      this.#root = emptyNode();
      for (const [known, its] of this.#few) this.#insert(known, its);
      this.#few = [];
    }
    this.#insert(filter, value);
  }

  #insert(filter: string, value: T): void {
    let at = this.#root!;
    for (const level of filter.split('/')) {
      at.children ??= new Map();
      let next = at.children.get(level);
      if (next === undefined) {
        next = emptyNode();
        at.children.set(level, next);
      }
      at = next;
    }
    at.values ??= [];
    at.values.push(value);
  }

  remove(filter: string, value: T): void {
    this.#few = this.#few.filter(([known, its]) => known !== filter || its !== value);
    if (this.#root !== undefined) remove(this.#root, filter.split('/'), 0, value);
  }

  /** Everything whose filter matches a topic, each once. */
  match(topic: string): T[] {
    const found = new Set<T>();
    for (const [filter, value] of this.#few) if (matchTopic(filter, topic)) found.add(value);
    if (this.#root !== undefined) match(this.#root, topic.split('/'), 0, found, topic.startsWith('$'));
    return [...found];
  }
}

const emptyNode = <T>(): Node<T> => ({ children: undefined, values: undefined });

/** True when the node is empty and may go. */
function remove<T>(at: Node<T>, levels: readonly string[], depth: number, value: T): boolean {
  if (depth === levels.length) {
    const index = at.values?.indexOf(value) ?? -1;
    if (index >= 0) at.values!.splice(index, 1);
  } else {
    const child = at.children?.get(levels[depth]!);
    if (child !== undefined && remove(child, levels, depth + 1, value)) at.children!.delete(levels[depth]!);
  }
  return !at.values?.length && !at.children?.size;
}

function match<T>(at: Node<T>, levels: readonly string[], depth: number, found: Set<T>, reserved: boolean): void {
  // [MQTT-4.7.2-1] a wildcard in the first level does not match topics that begin with $
  const wild = depth > 0 || !reserved;
  if (wild) collect(at.children?.get('#'), found);
  if (depth === levels.length) {
    collect(at, found);
    return;
  }
  const exact = at.children?.get(levels[depth]!);
  if (exact !== undefined) match(exact, levels, depth + 1, found, reserved);
  const plus = wild ? at.children?.get('+') : undefined;
  if (plus !== undefined) match(plus, levels, depth + 1, found, reserved);
}

function collect<T>(at: Node<T> | undefined, found: Set<T>): void {
  if (at?.values !== undefined) for (const value of at.values) found.add(value);
}
