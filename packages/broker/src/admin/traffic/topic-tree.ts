import { TopicNode, TopicRecord } from './topic-node.ts';

/** Below so many levels, putting them in order takes no time worth speaking of. */
const LARGE = 256;

/**
 * All topics that are known, by name and level by level. Those that begin with `$` hang from a root of their own: they are
 * not shown with the others.
 *
 *     users:  house --+-- kitchen --- temp (record)        system:  $SYS --- broker --- uptime (record)
 *                     +-- hall (record)
 */
export class TopicTree {
  readonly users: TopicNode;
  readonly system: TopicNode;
  readonly epoch: number;
  /** In no order; a record knows its place. */
  readonly records: TopicRecord[] = [];
  /** How many records were removed. */
  removals = 0;
  readonly #byName = new Map<string, TopicRecord>();
  /** Levels below which new ones came. */
  readonly #unsettled = new Set<TopicNode>();

  /** @param epoch tells its records from those of other trees; not 0 */
  constructor(epoch: number, now: number) {
    this.epoch = epoch;
    this.users = new TopicNode('', null, now);
    this.system = new TopicNode('$', null, now);
  }

  get size(): number {
    return this.records.length;
  }

  get(topic: string): TopicRecord | undefined {
    return this.#byName.get(topic);
  }

  /** The level at a path; undefined = there is none. */
  find(path: string): TopicNode | undefined {
    let node: TopicNode | undefined = this.#rootOf(path);
    for (const level of path.split('/')) {
      node = node.child(level);
      if (node === undefined) return undefined;
    }
    return node;
  }

  #rootOf(topic: string): TopicNode {
    return topic.charCodeAt(0) === 36 ? this.system : this.users;
  }

  /** Adds a topic that {@link get} does not find. `since` is what its version counts from. */
  add(topic: string, since: number, now: number): TopicRecord {
    let node = this.#rootOf(topic);
    for (const level of topic.split('/')) {
      const before = node.size;
      const next = node.ensure(level, now);
      if (node.size !== before) this.#unsettled.add(node);
      node = next;
    }
    const record = new TopicRecord(topic, node, this.records.length, this.epoch, since, now);
    node.record = record;
    for (let up = node.parent; up !== null; up = up.parent) up.topics += 1;
    this.records.push(record);
    this.#byName.set(topic, record);
    return record;
  }

  /** Puts what is new in order, so that whoever looks next need not. */
  settle(): void {
    for (const node of this.#unsettled) if (node.size >= LARGE) node.settle();
    this.#unsettled.clear();
  }

  /** Forgets a topic, and the levels that nothing else needs. */
  remove(record: TopicRecord): void {
    record.epoch = 0;
    this.removals += 1;
    this.#byName.delete(record.key);
    const last = this.records.pop()!;
    if (last !== record) {
      this.records[record.index] = last;
      last.index = record.index;
    }
    let { node } = record;
    node.record = null;
    for (let up = node.parent; up !== null; up = up.parent) up.topics -= 1;
    while (node.parent !== null && node.record === null && node.size === 0) {
      node.parent.drop(node);
      node = node.parent;
    }
  }
}
