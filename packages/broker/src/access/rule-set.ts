import { parseSharedFilter } from '@cauldron/protocol';
import { BoundedMap } from './bounded-map.ts';
import { type AccessClient, Directory } from './directory.ts';
import { searchFilter } from './filter-search.ts';
import type { AuthorizationOptions } from './options.ts';
import { grantedRules, PATTERN_ALLOWS, type Rule, type Use } from './rule.ts';
import { type Applicable, RuleBucket, RuleIndex } from './rule-index.ts';
import { type Ranked, type RuleTrie, ranked, TopicSearch } from './rule-trie.ts';
import type { Standing } from './subject.ts';
import type { Names } from './topic-template.ts';

/** Kinds of clients whose rules are kept compiled at the same time. */
const PROFILES = 10_000;
/** The rank of no rule. */
const NONE = Number.POSITIVE_INFINITY;

/** The compiled rules of all clients that the same rules are for. */
interface Profile {
  readonly read: readonly RuleTrie[];
  readonly write: readonly RuleTrie[];
}

/** What is remembered of a client. */
interface Known {
  readonly superuser: boolean;
  readonly names: Names;
  readonly profile: Profile;
  /** What holds where no rule says anything. */
  readonly allowed: boolean;
  /** Mosquitto lets no pattern allow anything to a client one of whose names has a wildcard in it. */
  readonly withoutPatterns: boolean;
}

/** What the rules say, and which of them said it. */
export interface Ruling {
  readonly allowed: boolean;
  /** The rule that decided; undefined = none did, so the default holds, or the client may do everything. */
  readonly rule: Rule | undefined;
  /** So many rules could be about a filter that it was allowed without looking at all of them. */
  readonly unsure?: true;
}

/** All rules of a broker, compiled; never changed, but replaced as a whole. */
export class RuleSet {
  readonly rules: readonly Rule[];
  /** Whether what no rule speaks of is allowed, for clients whose login brought no rules. */
  readonly allowsByDefault: boolean;
  readonly #explicitDefault: 'allow' | 'deny' | undefined;
  readonly #directory: Directory;
  readonly #index: RuleIndex;
  readonly #search = new TopicSearch();
  readonly #profiles = new BoundedMap<Profile>(PROFILES);
  readonly #known = new WeakMap<AccessClient, Known>();

  /**
   * @param options superusers, roles, groups and the default; an ACL file counts as rules even where it is empty
   * @param rules those of the configuration and of all ACL files
   */
  constructor(options: AuthorizationOptions, rules: readonly Rule[]) {
    this.rules = rules;
    this.#explicitDefault = options.default;
    const anyRules = rules.length > 0 || (options.aclFiles ?? []).length > 0;
    this.allowsByDefault = options.default === undefined ? !anyRules : options.default === 'allow';
    this.#directory = new Directory(options);
    this.#index = new RuleIndex(rules.map(ranked));
  }

  /** Whether a client may read or write a topic. */
  allows(client: AccessClient, use: Use, topic: string): boolean {
    const known = this.#knownOf(client);
    if (known.superuser) return true;
    const found = this.#find(known, use, topic);
    return found === null ? known.allowed : found.rule.permission === 'allow';
  }

  /** As {@link allows}, with the rule that decided. */
  ruling(client: AccessClient, use: Use, topic: string): Ruling {
    const known = this.#knownOf(client);
    const found = known.superuser ? null : this.#find(known, use, topic);
    if (found === null) return { allowed: known.superuser || known.allowed, rule: undefined };
    return { allowed: found.rule.permission === 'allow', rule: found.rule };
  }

  /**
   * Whether a client may subscribe to a filter: some of it may be readable, as far as single rules tell. What of it is not
   * readable is kept back when it is sent; so a filter whose wildcards lead to too many rules is allowed unseen.
   *
   * @param filter may be a shared subscription
   */
  subscribeRuling(client: AccessClient, filter: string): Ruling {
    const known = this.#knownOf(client);
    if (known.superuser) return { allowed: true, rule: undefined };
    const topics = parseSharedFilter(filter)?.filter ?? filter;
    const { allows, denies, unseen } = searchFilter(known.profile.read, topics, known.names);
    const allowing = this.#holds(known, allows?.rank) ? allows : null;
    const unsure = allowing === null && this.#holds(known, unseen);
    if (denies !== null && denies.rank < Math.min(allowing?.rank ?? NONE, this.#holds(known, unseen) ? unseen : NONE)) {
      return { allowed: false, rule: denies.rule };
    }
    const allowed = allowing !== null || unsure || known.allowed;
    return { allowed, rule: allowing?.rule, ...(unsure && { unsure }) };
  }

  /** The rules that are for a client, whatever they are about, in their order; those of its login last. */
  rulesFor(client: AccessClient): readonly Rule[] {
    const { shared, own } = this.#applicable(client, this.#directory.standingOf(client));
    const all = [...shared.flatMap(({ rules }) => rules), ...own];
    return [...new Set(all)].sort((a, b) => a.order - b.order).map(({ rule }) => rule);
  }

  /** Who the client is to the rules. */
  standingOf(client: AccessClient): Standing & { readonly superuser: boolean } {
    return { ...this.#directory.standingOf(client), superuser: this.#directory.isSuperuser(client) };
  }

  /** What holds for this client where no rule says anything. */
  defaultFor({ rights }: AccessClient): boolean {
    return this.allowsByDefault && (this.#explicitDefault === 'allow' || rights?.rules === undefined);
  }

  #find(known: Known, use: Use, topic: string): Ranked | null {
    const tries = use === 'read' ? known.profile.read : known.profile.write;
    if (tries.length === 0) return null; // a broker without rules takes no topic apart
    const found = this.#search.find(tries, topic, known.names);
    return this.#holds(known, found?.rank) ? found : null;
  }

  /** Whether a rule of this rank is there and counts for the client. */
  #holds = (known: Known, rank = NONE): boolean => rank < (known.withoutPatterns ? PATTERN_ALLOWS : NONE);

  #knownOf(client: AccessClient): Known {
    const remembered = this.#known.get(client);
    if (remembered !== undefined) return remembered;
    const standing = this.#directory.standingOf(client);
    const { username, clientId } = standing;
    const known = {
      superuser: this.#directory.isSuperuser(client),
      names: { username, clientId },
      profile: this.#profileOf(client, standing),
      allowed: this.defaultFor(client),
      withoutPatterns: /[+#]/.test(`${username ?? ''}${clientId}`),
    };
    this.#known.set(client, known);
    return known;
  }

  #profileOf(client: AccessClient, standing: Standing): Profile {
    const { shared, own } = this.#applicable(client, standing);
    const key = JSON.stringify([
      standing.username === undefined,
      [...standing.roles].sort(),
      [...standing.groups].sort(),
      own.map(({ order }) => order),
      client.rights?.rules ?? null,
    ]);
    return this.#profiles.get(key, () => {
      const buckets = own.length === 0 ? shared : [...shared, new RuleBucket(own)];
      return { read: buckets.map((one) => one.trie('read')), write: buckets.map((one) => one.trie('write')) };
    });
  }

  #applicable(client: AccessClient, standing: Standing): Applicable {
    const { shared, own } = this.#index.applicable(standing);
    const granted = grantedRules(client.rights?.rules ?? []);
    return { shared, own: [...own, ...granted.map((rule, at) => ranked(rule, this.rules.length + at))] };
  }
}
