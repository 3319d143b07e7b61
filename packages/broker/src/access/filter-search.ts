import type { Edge, Ranked, RuleNode, RuleTrie } from './rule-trie.ts';
import { beginsWithName, isPlainLevel, type Names, resolveParts } from './topic-template.ts';

/**
 * Places a search goes to before it gives up: wildcards lead everywhere, and somebody who subscribes to thousands of them at
 * once must not hold up the others.
 */
const PLACES = 200;

/** What the rules say of a topic filter somebody subscribes to. */
export interface FilterFindings {
  /** The strongest allowing rule that has a topic in common with the filter. */
  readonly allows: Ranked | null;
  /** The strongest denying rule that every topic of the filter matches. */
  readonly denies: Ranked | null;
  /** The smallest rank of an allowing rule that may not have been seen; Infinity = there is none such. */
  readonly unseen: number;
}

/** Looks up what tries say of a topic filter, without `$share/GROUP/`. */
export function searchFilter(tries: readonly RuleTrie[], filter: string, names: Names): FilterFindings {
  const overlap = new OverlapSearch(filter, names);
  const cover = new CoverSearch(filter, names);
  for (const trie of tries) {
    cover.consider(trie.everything);
    cover.walk(trie.root, 0);
    overlap.search(trie);
  }
  return { allows: overlap.best, denies: cover.best, unseen: overlap.unseen };
}

class Search {
  best: Ranked | null = null;
  protected readonly levels: readonly string[];
  protected readonly dollar: boolean;
  protected readonly names: Names;
  readonly #permission: 'allow' | 'deny';

  constructor(filter: string, names: Names, permission: 'allow' | 'deny') {
    this.levels = filter.split('/');
    this.dollar = filter.startsWith('$');
    this.names = names;
    this.#permission = permission;
  }

  consider(found: Ranked | null | undefined): void {
    if (found == null || found.rule.permission !== this.#permission) return;
    const { best } = this;
    if (best === null || found.rank < best.rank || (found.rank === best.rank && found.order < best.order)) {
      this.best = found;
    }
  }
}

/** Follows every way through a trie that some topic of the filter takes. */
class OverlapSearch extends Search {
  unseen = Number.POSITIVE_INFINITY;
  #places = PLACES;
  /** What it searches cannot have a stronger rule. */
  #enough = 0;

  constructor(filter: string, names: Names) {
    super(filter, names, 'allow');
  }

  search(trie: RuleTrie): void {
    this.#enough = trie.strongestAllowing;
    if (this.#isDone()) return;
    this.walk(trie.root, 0, false);
    if (this.#places <= 0 && !this.#hasEnough()) this.unseen = Math.min(this.unseen, this.#enough);
  }

  #hasEnough = (): boolean => this.#enough === Number.POSITIVE_INFINITY || (this.best?.rank ?? 99) <= this.#enough;

  #isDone = (): boolean => this.#places <= 0 || this.#hasEnough();

  /** @param afterEmpty whether the way here is one empty level, so that the place itself is no topic // [MQTT-4.7.3-1] */
  walk(node: RuleNode, depth: number, afterEmpty: boolean): void {
    if (this.#isDone()) return;
    this.#places -= 1;
    const level = this.levels[depth];
    const isTopic = depth > 0 && !(depth === 1 && afterEmpty);
    if (level === undefined || level === '#') {
      if (isTopic) this.consider(node.here?.allowing);
      if (isTopic || level === '#') this.consider(node.below?.allowing);
      if (level === '#') this.#everything(node, depth);
      return;
    }
    if (!this.#barsWildcards(depth)) this.consider(node.below?.allowing);
    if (level === '+') this.#beyond(node, depth, (next, taken) => this.walk(next, depth + 1, taken === ''));
    else this.#oneLevel(node, level, depth);
  }

  /** A filter for topics that begin with `$` meets no leading wildcard, and the other way round. // [MQTT-4.7.2-1] */
  #barsWildcards = (depth: number): boolean => depth === 0 && this.dollar;

  #oneLevel(node: RuleNode, level: string, depth: number): void {
    const child = node.child(level);
    if (child !== undefined) this.walk(child, depth + 1, level === '');
    if (node.plus !== null && !this.#barsWildcards(depth)) this.walk(node.plus, depth + 1, level === '');
    for (const edge of node.edges ?? []) {
      if (this.#textOf(edge, depth) === level) this.walk(edge.node, depth + 1, level === '');
    }
  }

  /** Whatever lies beyond `#`. */
  #everything(node: RuleNode, depth: number): void {
    this.#beyond(node, depth, (next, taken) => {
      this.#places -= 1;
      if (depth > 0 || taken !== '') this.consider(next.here?.allowing);
      this.consider(next.below?.allowing);
      this.#everything(next, depth + 1);
    });
  }

  /** Calls back for every place that any one level leads to, with the level where it is a certain one. */
  #beyond(node: RuleNode, depth: number, visit: (next: RuleNode, level: string | null) => void): void {
    node.everyChild((child, level) => {
      if (depth > 0 || !level.startsWith('$')) visit(child, level); // [MQTT-4.7.2-1]
      return !this.#isDone();
    });
    if (node.plus !== null && !this.#isDone()) visit(node.plus, null);
    for (const edge of node.edges ?? []) {
      const level = this.#isDone() ? undefined : this.#textOf(edge, depth);
      if (level !== undefined && (depth > 0 || !level.startsWith('$'))) visit(edge.node, level);
    }
  }

  /** The level an allowing edge stands for; undefined = it stands for none, so that it allows nothing. */
  #textOf({ parts, permission }: Edge, depth: number): string | undefined {
    if (permission === 'deny' || !isPlainLevel(parts, this.names)) return undefined;
    const text = resolveParts(parts, this.names);
    return depth === 0 && beginsWithName(parts) && text?.startsWith('$') ? undefined : text;
  }
}

/** Follows the ways through a trie whose filters every topic of the filter matches. */
class CoverSearch extends Search {
  constructor(filter: string, names: Names) {
    super(filter, names, 'deny');
  }

  walk(node: RuleNode, depth: number): void {
    const wildcards = depth > 0 || !this.dollar; // [MQTT-4.7.2-1]
    if (wildcards) this.consider(node.below?.any);
    const level = this.levels[depth];
    if (level === undefined) {
      this.consider(node.here?.any);
      return;
    }
    if (level === '#') {
      if (!this.#hasParent(depth)) this.#coverOpenEnd(node);
      return;
    }
    if (level !== '+') {
      const child = node.child(level);
      if (child !== undefined) this.walk(child, depth + 1);
    }
    if (node.plus !== null && wildcards) this.walk(node.plus, depth + 1);
    for (const edge of node.edges ?? []) this.#follow(edge, level, depth);
  }

  /** Without a topic as its parent level, `+/#` is as wide as `#`. // [MQTT-4.7.3-1] */
  #coverOpenEnd(node: RuleNode): void {
    this.consider(node.plus?.below?.any);
    for (const { parts, permission, strongest } of node.edges ?? []) {
      if (permission === 'deny' && !isPlainLevel(parts, this.names)) this.consider(strongest);
    }
  }

  #hasParent = (depth: number): boolean => depth > 1 || (depth === 1 && this.levels[0] !== '');

  #follow({ parts, permission, strongest, node }: Edge, level: string, depth: number): void {
    if (permission === 'allow') return;
    // Names that cannot be a level leave a denying rule no way to say what it means: it denies from there on.
    if (!isPlainLevel(parts, this.names)) this.consider(strongest);
    else if (level !== '+' && resolveParts(parts, this.names) === level) this.walk(node, depth + 1);
  }
}
