import { type Rule, rankOf } from './rule.ts';
import { beginsWithName, isPlainLevel, matchesParts, type Names, type Part } from './topic-template.ts';

/** A rule and its place in the order of decision; of equal ranks the first written is named. */
export interface Ranked {
  readonly rule: Rule;
  readonly rank: number;
  readonly order: number;
}

/** Levels with placeholders lead on; allowing and denying rules apart, as names that cannot be a level are taken differently. */
export interface Edge {
  /** The level as written, for finding the edge again. */
  readonly key: string;
  readonly parts: readonly Part[];
  readonly permission: Rule['permission'];
  readonly node: RuleNode;
  /** The strongest rule beyond it. */
  strongest: Ranked;
}

/** What is kept of rules with the same filter: the others never decide. */
export class Strongest {
  /** Of all. */
  any: Ranked;
  /** Of those that allow, which is what counts for somebody who asks for a part of the filter only. */
  allowing: Ranked | null = null;

  constructor(ranked: Ranked) {
    this.any = ranked;
    this.add(ranked);
  }

  add(ranked: Ranked): void {
    this.any = stronger(this.any, ranked);
    if (ranked.rule.permission === 'allow') this.allowing = stronger(this.allowing, ranked);
  }
}

/** One place in the trie. Most have one literal child, which needs no map. */
export class RuleNode {
  /** The rules whose filter ends here. */
  here: Strongest | null = null;
  /** The rules whose filter goes on with `#`. */
  below: Strongest | null = null;
  plus: RuleNode | null = null;
  edges: Edge[] | null = null;
  #level = '';
  #only: RuleNode | null = null;
  #children: Map<string, RuleNode> | null = null;

  child(level: string): RuleNode | undefined {
    if (this.#children !== null) return this.#children.get(level);
    return this.#only !== null && this.#level === level ? this.#only : undefined;
  }

  /** Calls back for every literal level that leads on, until one answers false. */
  everyChild(visit: (node: RuleNode, level: string) => boolean): void {
    if (this.#children === null) {
      if (this.#only !== null) visit(this.#only, this.#level);
      return;
    }
    for (const [level, node] of this.#children) if (!visit(node, level)) return;
  }

  /** Enters a rule whose levels from `at` on lead on from here. */
  add(ranked: Ranked, at: number): void {
    const { levels } = ranked.rule;
    const level = levels[at];
    if (level === undefined) this.here = entered(this.here, ranked);
    else if (level === '#') this.below = entered(this.below, ranked);
    else this.#next(level, ranked).add(ranked, at + 1);
  }

  #next(level: string | readonly Part[], ranked: Ranked): RuleNode {
    if (typeof level !== 'string') return this.#edge(level, ranked);
    if (level === '+') {
      this.plus ??= new RuleNode();
      return this.plus;
    }
    const known = this.child(level);
    if (known !== undefined) return known;
    const node = new RuleNode();
    if (this.#only === null && this.#children === null) {
      this.#level = level;
      this.#only = node;
      return node;
    }
    this.#children ??= new Map([[this.#level, this.#only!]]);
    this.#children.set(level, node);
    return node;
  }

  #edge(parts: readonly Part[], ranked: Ranked): RuleNode {
    const { permission } = ranked.rule;
    const key = JSON.stringify(parts);
    this.edges ??= [];
    const known = this.edges.find((edge) => edge.key === key && edge.permission === permission);
    if (known !== undefined) {
      known.strongest = stronger(known.strongest, ranked);
      return known.node;
    }
    const node = new RuleNode();
    this.edges.push({ key, parts, permission, node, strongest: ranked });
    return node;
  }
}

const stronger = (one: Ranked | null, other: Ranked): Ranked =>
  one === null || other.rank < one.rank || (other.rank === one.rank && other.order < one.order) ? other : one;

function entered(known: Strongest | null, ranked: Ranked): Strongest {
  if (known === null) return new Strongest(ranked);
  known.add(ranked);
  return known;
}

/** The rules about one use of topics, for clients that share them. */
export class RuleTrie {
  readonly root = new RuleNode();
  /** Of the rules that are about every topic there is. */
  everything: Ranked | null = null;
  /** The smallest rank of a rule that allows; Infinity = none does. */
  strongestAllowing = Number.POSITIVE_INFINITY;

  constructor(rules: Iterable<Ranked>) {
    for (const ranked of rules) {
      const { rule, rank } = ranked;
      if (rule.permission === 'allow') this.strongestAllowing = Math.min(this.strongestAllowing, rank);
      if (rule.levels.length === 0) this.everything = stronger(this.everything, ranked);
      else this.root.add(ranked, 0);
    }
  }
}

export const ranked = (rule: Rule, order: number): Ranked => ({ rule, rank: rankOf(rule), order });

/**
 * Finds the rule that decides about a topic. One search serves all clients: its fields hold what a single search is about,
 * so that none makes garbage but the levels of the topic.
 */
export class TopicSearch {
  readonly #levels: string[] = [];
  #count = 0;
  #dollar = false;
  #names!: Names;
  #best: Ranked | null = null;

  /** The strongest rule of the tries that matches the topic; null = none does. */
  find(tries: readonly RuleTrie[], topic: string, names: Names): Ranked | null {
    this.#split(topic);
    this.#dollar = topic.startsWith('$');
    this.#names = names;
    this.#best = null;
    for (const trie of tries) {
      if (trie.everything !== null) this.#consider(trie.everything);
      this.#walk(trie.root, 0);
    }
    return this.#best;
  }

  #split(topic: string): void {
    let count = 0;
    let start = 0;
    for (let end = topic.indexOf('/'); end !== -1; end = topic.indexOf('/', start)) {
      this.#levels[count++] = topic.slice(start, end);
      start = end + 1;
    }
    this.#levels[count++] = topic.slice(start);
    this.#count = count;
  }

  #consider(found: Ranked): void {
    this.#best = stronger(this.#best, found);
  }

  #walk(node: RuleNode, depth: number): void {
    const wildcards = depth > 0 || !this.#dollar; // [MQTT-4.7.2-1]
    if (wildcards && node.below !== null) this.#consider(node.below.any);
    if (depth === this.#count) {
      if (node.here !== null) this.#consider(node.here.any);
      return;
    }
    const level = this.#levels[depth]!;
    const child = node.child(level);
    if (child !== undefined) this.#walk(child, depth + 1);
    if (wildcards && node.plus !== null) this.#walk(node.plus, depth + 1);
    if (node.edges !== null) for (const edge of node.edges) this.#follow(edge, level, depth);
  }

  #follow(edge: Edge, level: string, depth: number): void {
    const denies = edge.permission === 'deny';
    if (denies && !isPlainLevel(edge.parts, this.#names)) this.#consider(edge.strongest);
    else if (!denies && depth === 0 && this.#dollar && beginsWithName(edge.parts)) return;
    else if (matchesParts(edge.parts, level, this.#names)) this.#walk(edge.node, depth + 1);
  }
}
