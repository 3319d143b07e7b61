import { hasWildcard, matchTopic } from '@cauldron/protocol';
import { rateAt } from '../rate.ts';
import type { TopicNode, TopicRecord } from '../topic-node.ts';
import { TopicTree } from '../topic-tree.ts';

/** Topics that a graph is drawn of when its filter has wildcards in the middle, and levels looked at for them. */
const MATCHES = 2000;
const LOOKED = 20_000;

/** What of a tree a filter matches. */
export interface FilteredTopics {
  readonly root: TopicNode;
  readonly topics: number;
  /** The record there of a topic of the whole tree; undefined = it does not match. */
  recordOf(record: TopicRecord): TopicRecord | undefined;
}

/** Everything, or a copy of the branches that match: the graph cuts both in the same way. */
export function filterTopics(tree: TopicTree, filter: string, now: number): FilteredTopics {
  if (filter === '#') {
    const { users } = tree;
    return { root: users, topics: users.topics, recordOf: (record) => (isBelow(record, users) ? record : undefined) };
  }
  const copy = new TopicTree(tree.epoch, now);
  const copies = new Map<TopicRecord, TopicRecord>();
  const system = filter.startsWith('$');
  for (const record of matching(system ? tree.system : tree.users, filter)) {
    const twin = copy.add(record.key, record.since, now);
    takeOver(twin, record, now);
    copies.set(record, twin);
  }
  const root = system ? copy.system : copy.users;
  return { root, topics: root.topics, recordOf: (record) => copies.get(record) };
}

function isBelow(record: TopicRecord, root: TopicNode): boolean {
  return (record.key.charCodeAt(0) === 36) === (root.key === '$');
}

/** The twin knows what the graph asks of a record, and its rate is counted in its branch. */
function takeOver(twin: TopicRecord, record: TopicRecord, now: number): void {
  twin.retained = record.retained;
  twin.publisherNow = record.publisherNow;
  twin.otherPublishers = record.otherPublishers;
  twin.rate = rateAt(record, now);
  for (let node: TopicNode | null = twin.node; node !== null; node = node.parent) node.rate += twin.rate;
}

/** Topics that match, the first so many, without entering branches that cannot. */
function matching(root: TopicNode, filter: string): TopicRecord[] {
  const found: TopicRecord[] = [];
  const levels = filter.split('/');
  let looked = 0;
  const enter = (node: TopicNode, depth: number): void => {
    looked += 1;
    if (node.record !== null && matchTopic(filter, node.record.key)) found.push(node.record);
    const level = levels[Math.min(depth, levels.length - 1)]!;
    const open = level === '#' || (depth < levels.length && level === '+');
    if (!open && depth >= levels.length) return;
    const next = open || hasWildcard(level) ? node.children : [node.child(level)];
    for (const child of next) {
      if (found.length >= MATCHES || looked >= LOOKED) return;
      if (child !== undefined) enter(child, depth + 1);
    }
  };
  enter(root, 0);
  return found;
}
