import type { Use } from './rule.ts';
import { isAbout } from './rule.ts';
import { type Ranked, RuleTrie } from './rule-trie.ts';
import { isFor, type Standing, type Subject } from './subject.ts';

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
  readonly #byUser = new Map<string, RuleBucket>();
  readonly #byClient = new Map<string, RuleBucket>();
  readonly #others: Ranked[] = [];

  constructor(rules: readonly Ranked[]) {
    for (const ranked of rules) for (const bucket of this.#bucketsOf(ranked.rule.subject)) bucket.push(ranked);
  }

  /** What is for this client. */
  applicable(client: Standing): Applicable {
    const shared = [this.#everybody];
    if (client.username === undefined) shared.push(this.#anonymous);
    for (const role of client.roles) shared.push(...bucketAt(this.#byRole, role));
    for (const group of client.groups) shared.push(...bucketAt(this.#byGroup, group));
    const candidates = [
      ...bucketAt(this.#byUser, client.username),
      ...bucketAt(this.#byClient, client.clientId),
      { rules: this.#others },
    ];
    const own = candidates.flatMap(({ rules }) => rules.filter(({ rule }) => isFor(rule.subject, client)));
    return { shared: shared.filter(({ rules }) => rules.length > 0), own };
  }

  /** Where a rule for this subject is looked for. */
  #bucketsOf(subject: Subject): Ranked[][] {
    const { users, roles, groups, clients, anonymous } = subject;
    const conditions = [users, roles, groups, clients, anonymous].filter((one) => one !== undefined).length;
    if (conditions === 0) return [this.#everybody.rules];
    if (conditions === 1 && anonymous) return [this.#anonymous.rules];
    if (conditions === 1 && roles !== undefined) return entries(this.#byRole, roles);
    if (conditions === 1 && groups !== undefined) return entries(this.#byGroup, groups);
    if (users?.every(({ exact }) => exact))
      return entries(
        this.#byUser,
        users.map(({ text }) => text),
      );
    if (clients?.every(({ exact }) => exact))
      return entries(
        this.#byClient,
        clients.map(({ text }) => text),
      );
    return [this.#others];
  }
}

/** The lists of these names, each once, made where there are none. */
const entries = (buckets: Map<string, RuleBucket>, names: readonly string[]): Ranked[][] =>
  [...new Set(names)].map((name) => {
    const bucket = buckets.get(name) ?? new RuleBucket();
    buckets.set(name, bucket);
    return bucket.rules;
  });

function bucketAt(buckets: ReadonlyMap<string, RuleBucket>, name: string | undefined): readonly RuleBucket[] {
  const bucket = name === undefined ? undefined : buckets.get(name);
  return bucket === undefined ? [] : [bucket];
}
