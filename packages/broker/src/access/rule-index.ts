import type { Use } from './rule.ts';
import { isAbout } from './rule.ts';
import { type Ranked, RuleTrie } from './rule-trie.ts';
import { isFor, type NamePattern, type Standing } from './subject.ts';

/** Rules that one condition decides about, compiled when somebody needs them. */
export class RuleBucket {
  readonly rules: Ranked[] = [];
  #read: RuleTrie | null = null;
  #write: RuleTrie | null = null;

  constructor(rules: Iterable<Ranked> = []) {
    this.rules.push(...rules);
  }

  trie(use: Use): RuleTrie {
    const about = () => new RuleTrie(this.rules.filter(({ rule }) => isAbout(rule, use)));
    if (use === 'read') {
      this.#read ??= about();
      return this.#read;
    }
    this.#write ??= about();
    return this.#write;
  }
}

/** What of the rules is for one client. */
export interface Applicable {
  /** Shared with everybody they are for. */
  readonly shared: readonly RuleBucket[];
  /** The others, in their order. */
  readonly own: readonly Ranked[];
}

/**
 * Finds the rules that are for a client without trying them all. Rules with one condition that many clients meet (everybody,
 * anonymous, a role, a group) are compiled once; the others are found by user or client identifier, or, where those are
 * patterns, tried.
 */
export class RuleIndex {
  readonly #everybody = new RuleBucket();
  readonly #anonymous = new RuleBucket();
  readonly #byRole = new Map<string, RuleBucket>();
  readonly #byGroup = new Map<string, RuleBucket>();
  readonly #byUser = new Map<string, Ranked[]>();
  readonly #byClient = new Map<string, Ranked[]>();
  readonly #others: Ranked[] = [];

  constructor(rules: readonly Ranked[]) {
    for (const ranked of rules) this.#enter(ranked);
  }

  /** What is for this client. */
  applicable(client: Standing): Applicable {
    const shared = [this.#everybody];
    if (client.username === undefined) shared.push(this.#anonymous);
    for (const role of client.roles) shared.push(...bucketAt(this.#byRole, role));
    for (const group of client.groups) shared.push(...bucketAt(this.#byGroup, group));
    const byUser = client.username === undefined ? [] : (this.#byUser.get(client.username) ?? []);
    const candidates = [...byUser, ...(this.#byClient.get(client.clientId) ?? []), ...this.#others];
    const own = candidates.filter(({ rule }) => isFor(rule.subject, client));
    return { shared: shared.filter(({ rules }) => rules.length > 0), own };
  }

  #enter(ranked: Ranked): void {
    const { users, roles, groups, clients, anonymous } = ranked.rule.subject;
    const conditions = [users, roles, groups, clients, anonymous].filter((one) => one !== undefined).length;
    if (conditions === 0) this.#everybody.rules.push(ranked);
    else if (conditions === 1 && anonymous) this.#anonymous.rules.push(ranked);
    else if (conditions === 1 && roles !== undefined) intoBuckets(this.#byRole, roles, ranked);
    else if (conditions === 1 && groups !== undefined) intoBuckets(this.#byGroup, groups, ranked);
    else if (users?.every(({ exact }) => exact)) intoLists(this.#byUser, users, ranked);
    else if (clients?.every(({ exact }) => exact)) intoLists(this.#byClient, clients, ranked);
    else this.#others.push(ranked);
  }
}

function intoBuckets(buckets: Map<string, RuleBucket>, names: readonly string[], ranked: Ranked): void {
  for (const name of new Set(names)) {
    const bucket = buckets.get(name) ?? new RuleBucket();
    buckets.set(name, bucket);
    bucket.rules.push(ranked);
  }
}

function intoLists(lists: Map<string, Ranked[]>, names: readonly NamePattern[], ranked: Ranked): void {
  for (const name of new Set(names.map(({ text }) => text))) {
    const list = lists.get(name);
    if (list === undefined) lists.set(name, [ranked]);
    else list.push(ranked);
  }
}

const bucketAt = (buckets: ReadonlyMap<string, RuleBucket>, name: string): readonly RuleBucket[] => {
  const bucket = buckets.get(name);
  return bucket === undefined ? [] : [bucket];
};
