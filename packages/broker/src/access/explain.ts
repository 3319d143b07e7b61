import { parseSharedFilter } from '@cauldron/protocol';
import type { AccessClient } from './directory.ts';
import { describeRule, describeSource, isAbout, PATTERN_ALLOWS, type Rule, rankOf } from './rule.ts';
import { matchesRule, relationTo } from './rule-match.ts';
import type { RuleSet } from './rule-set.ts';
import type { Names } from './topic-template.ts';

/** What a client wants to do. */
export type Action = 'publish' | 'subscribe' | 'receive';

/** A rule that speaks of what was asked. */
export interface Considered {
  readonly rule: Rule;
  /** `covers`: of all of it; `overlaps`: of some of the topics that were asked for with a filter. */
  readonly relation: 'covers' | 'overlaps';
}

/** A decision, and how it came about. */
export interface Explanation {
  readonly allowed: boolean;
  readonly action: Action;
  readonly topic: string;
  readonly client: AccessClient;
  /**
   * What decided: a rule, that the client may do everything, what holds where no rule matches, or (`unsure`) that too many
   * rules could be about a filter to look at them all before a subscription is allowed.
   */
  readonly decidedBy: Rule | 'superuser' | 'default' | 'unsure';
  readonly roles: readonly string[];
  readonly groups: readonly string[];
  /** The rules for this client that speak of the topic, in the order of their weight. */
  readonly considered: readonly Considered[];
  /** How many rules are for this client, whatever they are about. */
  readonly applicable: number;
}

/**
 * Says what the rules decide and why; the decision is made by the same code as for real clients.
 *
 * @param topic a topic name, or for `subscribe` a topic filter; both have to be valid
 */
export function explain(rules: RuleSet, client: AccessClient, action: Action, topic: string): Explanation {
  const standing = rules.standingOf(client);
  const use = action === 'publish' ? 'write' : 'read';
  const { allowed, rule, unsure } =
    action === 'subscribe' ? rules.subscribeRuling(client, topic) : rules.ruling(client, use, topic);
  const applicable = rules.rulesFor(client);
  const asked = action === 'subscribe' ? (parseSharedFilter(topic)?.filter ?? topic) : topic;
  const considered = applicable
    .filter((one) => isAbout(one, use))
    .flatMap((one) => consider(one, action, asked, standing))
    .sort((a, b) => rankOf(a.rule) - rankOf(b.rule));
  const decidedBy = standing.superuser ? 'superuser' : (rule ?? (unsure ? 'unsure' : 'default'));
  const roles = [...standing.roles].sort();
  const groups = [...standing.groups].sort();
  return { allowed, action, topic, client, decidedBy, roles, groups, considered, applicable: applicable.length };
}

function consider(rule: Rule, action: Action, topic: string, names: Names): Considered[] {
  if (rankOf(rule) === PATTERN_ALLOWS && /[+#]/.test(`${names.username ?? ''}${names.clientId}`)) return [];
  const relation =
    action === 'subscribe' ? relationTo(rule, topic, names) : matchesRule(rule, topic, names) ? 'covers' : undefined;
  return relation === undefined ? [] : [{ rule, relation }];
}

/** The explanation for people, line by line: the decision, what made it, and what to do about a denial. */
export function describeExplanation(explanation: Explanation): readonly string[] {
  const { allowed, action, topic, decidedBy, considered } = explanation;
  const others = considered.filter(({ rule }) => rule !== decidedBy);
  return [
    `${allowed ? 'ALLOWED' : 'DENIED'}: ${who(explanation)} ${allowed ? 'may' : 'may not'} ${VERBS[action]} '${topic}'`,
    `  because ${because(explanation)}`,
    ...others.map((other) => `  ${decidedBy === 'superuser' ? 'without that' : 'also matches'}: ${line(other)}`),
    ...(allowed ? caution(explanation) : ['', ...advice(explanation)]),
  ];
}

const VERBS: Readonly<Record<Action, string>> = {
  publish: 'publish to',
  subscribe: 'subscribe to',
  receive: 'receive messages of',
};

function who({ client, roles, groups }: Explanation): string {
  const user = client.verified && client.username !== undefined ? `user '${client.username}'` : 'an anonymous client';
  const more = [
    roles.length > 0 ? `roles ${roles.join(', ')}` : '',
    groups.length > 0 ? `groups ${groups.join(', ')}` : '',
  ];
  const belongs = more.filter((part) => part !== '').join('; ');
  return `${user} with client identifier '${client.clientId}'${belongs === '' ? '' : ` (${belongs})`}`;
}

const line = ({ rule, relation }: Considered): string =>
  `${describeRule(rule)}, ${describeSource(rule.source)}${relation === 'overlaps' ? ', for some of its topics' : ''}`;

function because({ decidedBy, allowed, applicable, action }: Explanation): string {
  if (decidedBy === 'superuser') return 'it is a superuser, whom no rule limits';
  if (decidedBy === 'unsure') return 'its wildcards lead to too many rules to look at all of them for a subscription';
  if (decidedBy !== 'default')
    return `of the rule: ${describeRule(decidedBy)}\n  written in ${describeSource(decidedBy.source)}`;
  const use = action === 'publish' ? 'write' : 'read';
  if (allowed) return `no rule speaks of it, and what no rule speaks of is allowed (authorization.default)`;
  const none =
    applicable === 0
      ? 'no rule is for this client at all'
      : `none of the ${applicable} rules for this client is about ${use} on it`;
  return `${none}, and what no rule allows is denied (authorization.default)`;
}

/** A subscription may stand for more than what is readable. */
function caution({ action, considered, decidedBy }: Explanation): readonly string[] {
  const keptBack = considered.some(({ rule }) => rule.permission === 'deny');
  const partly =
    considered.length > 0 &&
    !considered.some(({ rule, relation }) => rule.permission === 'allow' && relation === 'covers');
  if (action !== 'subscribe' || !(keptBack || partly || decidedBy === 'unsure')) return [];
  return ['', 'Messages of topics it may not read are kept back; ask with --receive TOPIC about one of them.'];
}

function advice({ decidedBy, action, topic, client }: Explanation): readonly string[] {
  const access = action === 'publish' ? 'write' : 'read';
  const denies = typeof decidedBy === 'object';
  const place = denies ? describeSource(decidedBy.source) : '';
  if (denies && decidedBy.tier === 0) {
    return [`A rule that allows does not win over it: remove the denying rule, ${place}, or narrow its topic filter.`];
  }
  const asked = parseSharedFilter(topic)?.filter ?? topic;
  const user = client.verified ? client.username : undefined;
  const toml = user === undefined ? 'anonymous = true' : `user = ${JSON.stringify(user)}`;
  const lines = [
    '  [[authorization.rules]]',
    `  ${toml}`,
    `  allow = "${access}"`,
    `  topic = ${JSON.stringify(asked)}`,
  ];
  if (denies && decidedBy.tier === 1) {
    return [
      `To allow it, remove the denying line, ${place}, or write in the configuration, which comes before ACL files:`,
      ...lines,
    ];
  }
  const acl = [...(user === undefined ? [] : [`  user ${user}`]), `  topic ${access} ${asked}`];
  const before = user === undefined ? ", before its first 'user' line" : '';
  return ['To allow it, write in the configuration:', ...lines, `or in an ACL file${before}:`, ...acl];
}
