import type { TopicNode, TopicRecord } from './topic-node.ts';
import type { TopicTree } from './topic-tree.ts';

interface Place {
  readonly node: TopicNode;
  /** The next of its children. */
  at: number;
}

/**
 * Topics that begin with a prefix, level by level in order. To be taken at once, since the tree must not change meanwhile.
 *
 * @param after begins behind this topic, which begins with the prefix and may be gone by now; null = at the beginning
 */
export function* topicsFrom(tree: TopicTree, prefix: string, after: string | null): Generator<TopicRecord> {
  const slash = prefix.lastIndexOf('/');
  const root = prefix.startsWith('$') ? tree.system : tree.users;
  const base = slash < 0 ? root : tree.find(prefix.slice(0, slash));
  if (base === undefined) return;
  const begins = prefix.slice(slash + 1);
  const stack: Place[] =
    after === null ? [{ node: base, at: base.indexOf(begins) }] : behind(base, after.slice(slash + 1));
  for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
    const child = top.node.children[top.at++];
    if (child === undefined || (top.node === base && !child.key.startsWith(begins))) {
      stack.pop();
      continue;
    }
    if (child.record !== null) yield child.record;
    if (child.size > 0) stack.push({ node: child, at: 0 });
  }
}

/** The places behind a topic, given by its levels below `base`. */
function behind(base: TopicNode, topic: string): Place[] {
  const stack: Place[] = [];
  let node = base;
  for (const level of topic.split('/')) {
    const at = node.indexOf(level);
    const child = node.child(level);
    stack.push({ node, at: child === undefined ? at : at + 1 });
    if (child === undefined) return stack;
    node = child;
  }
  stack.push({ node, at: 0 });
  return stack;
}
