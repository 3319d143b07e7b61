import { rateAt } from '../rate.ts';
import type { TopicNode, TopicRecord } from '../topic-node.ts';
import { ranges } from './prefix-ranges.ts';

/**
 * A node of the graph that stands for topics: one topic, everything below a level, or some of what is right below a level,
 * chosen by how it begins.
 */
export type TopicUnit =
  | { readonly kind: 'topic'; readonly id: string; readonly record: TopicRecord }
  | {
      readonly kind: 'below' | 'bucket';
      readonly id: string;
      readonly label: string;
      readonly node: TopicNode;
      /** Of the levels right below `node`: `[from, to)`. */
      readonly from: number;
      readonly to: number;
    };

type Group = Exclude<TopicUnit, { readonly kind: 'topic' }>;

export const topicsId = (prefix: string): string => `topics:${prefix}`;

/** Levels of a bucket that are added up; a larger one counts as many topics as it has levels. */
const ADDED_UP = 5000;

/** How many topics a unit stands for, and the messages a second that come there. */
export function weightOf(unit: TopicUnit, now: number): { readonly size: number; readonly rate: number } {
  if (unit.kind === 'topic') return { size: 1, rate: rateAt(unit.record, now) };
  const { node, from, to } = unit;
  if (unit.kind === 'below') {
    const own = node.record === null ? 0 : rateAt(node.record, now);
    return { size: node.topics, rate: Math.max(0, rateAt(node, now) - own) };
  }
  let [size, rate] = [0, 0];
  for (const child of node.children.slice(from, Math.min(to, from + ADDED_UP))) {
    size += child.topics + (child.record === null ? 0 : 1);
    rate += rateAt(child, now);
  }
  return { size: size + Math.max(0, to - from - ADDED_UP), rate };
}

/** What a cut through the tree is made by. */
export interface CutOptions {
  /** Most units. */
  readonly limit: number;
  /** Groups that somebody opened, by id. */
  readonly open: ReadonlySet<string>;
  /** Groups that were opened because there was room for what is in them; this one and the next cut go by it. */
  readonly opened: Set<string>;
}

/**
 * Cuts a tree of topics into at most `limit` units: small levels are opened until there is no room left, and what was open
 * the last time stays open if it can, so that a graph which is drawn again and again does not jump.
 */
export function cutTopics(root: TopicNode, { limit, open: asked, opened }: CutOptions): TopicUnit[] {
  let units: TopicUnit[] = unitsOf(root);
  const open = new Set([...asked, topicsId('')]); // one group of everything would say nothing
  const tried = new Set<string>();
  const before = new Set(opened);
  opened.clear();
  for (;;) {
    const group = nextToOpen(units, tried, open, before, limit - units.length);
    if (group === null) return units;
    tried.add(group.id);
    const parts = partsOf(group, open.has(group.id), limit - units.length + 1);
    if (parts === null) continue;
    if (!open.has(group.id)) opened.add(group.id);
    units = units.flatMap((unit) => (unit === group ? parts : [unit]));
  }
}

/** What a root, or a level that is opened, is first: one group, where there is anything. */
function unitsOf(root: TopicNode): TopicUnit[] {
  return root.size === 0 ? [] : [below(root)];
}

/** Everything below a level; levels that lead nowhere else are gone down at once. */
function below(node: TopicNode): TopicUnit {
  let top = node;
  while (top.size === 1 && top.children[0]!.record === null) top = top.children[0]!;
  if (top.size === 1 && top.children[0]!.size === 0) return single(top.children[0]!.record!);
  const { path } = top;
  const prefix = top.parent === null ? '' : `${path}/`;
  return { kind: 'below', id: topicsId(prefix), label: `${prefix}#`, node: top, from: 0, to: top.size };
}

const single = (record: TopicRecord): TopicUnit => ({ kind: 'topic', id: `topic:${record.key}`, record });

/** The units that a level right below a group makes: the topic that ends there, and what is below it. */
function childUnits(node: TopicNode): TopicUnit[] {
  const own = node.record === null ? [] : [single(node.record)];
  return node.size === 0 ? own : [...own, below(node)];
}

/**
 * First what somebody opened, then what was open, then what needs least room; of groups of one size all or none, since they
 * are mostly alike.
 */
function nextToOpen(
  units: readonly TopicUnit[],
  tried: ReadonlySet<string>,
  open: ReadonlySet<string>,
  before: ReadonlySet<string>,
  room: number,
): Group | null {
  const closed = units.filter((unit) => unit.kind !== 'topic' && !tried.has(unit.id)) as Group[];
  const asked = closed.find(({ id }) => open.has(id)) ?? closed.find(({ id }) => before.has(id));
  if (asked !== undefined) return asked;
  const levels = closed.filter(({ kind }) => kind === 'below');
  const least = Math.min(...levels.map(({ from, to }) => to - from));
  const alike = levels.filter(({ from, to }) => to - from === least);
  return alike.length * (least - 1) <= room ? (alike[0] ?? null) : null;
}

/** What a group is made of; null = there is no room for it. `asked`: in buckets, where there is none for all. */
function partsOf(group: Group, asked: boolean, room: number): TopicUnit[] | null {
  if (group.to - group.from <= room) {
    const parts = group.node.children.slice(group.from, group.to).flatMap(childUnits);
    if (parts.length <= room) return parts;
  }
  if (!asked) return null;
  const buckets = bucketsOf(group);
  return buckets.length > 1 && buckets.length <= room ? buckets : null;
}

/** The same levels by the first character in which they differ. */
function bucketsOf({ node, from, to }: Group): TopicUnit[] {
  const { children } = node;
  const prefix = node.parent === null ? '' : `${node.path}/`;
  return ranges(children, from, to).flatMap((range): TopicUnit[] => {
    if (range.to - range.from === 1) return childUnits(children[range.from]!);
    const begins = `${prefix}${range.prefix}`;
    return [{ kind: 'bucket', id: topicsId(begins), label: `${begins}*`, node, from: range.from, to: range.to }];
  });
}
