import type { GrantedRule } from '@cauldron/core';
import type { Access } from './options.ts';
import { describeSubject, EVERYBODY, type Subject } from './subject.ts';
import { type Level, templateLevels, templateProblem } from './topic-template.ts';

/**
 * Which rules are asked first: 0 those of the configuration and of the login, 1 what ACL files say of users and of
 * anonymous clients, 2 the patterns of ACL files. The first tier with a rule that matches decides; in it, deny wins.
 */
export type Tier = 0 | 1 | 2;

/** Where a rule was written. */
export interface RuleSource {
  /** `authorization.rules[2]`, the line of an ACL file, or what the login came with. */
  readonly name: string;
  readonly file?: string;
  /** From 1. */
  readonly line?: number;
}

/** One rule about one topic filter, whatever it was read from. */
export interface Rule {
  readonly permission: 'allow' | 'deny';
  readonly access: Access;
  /** The topic filter as written. */
  readonly topic: string;
  /** None = every topic there is. */
  readonly levels: readonly Level[];
  readonly subject: Subject;
  readonly tier: Tier;
  readonly source: RuleSource;
}

/** What a client does to a topic. */
export type Use = 'read' | 'write';

/** Whether the rule speaks of reading, or of writing. */
export const isAbout = (rule: Rule, use: Use): boolean => rule.access === use || rule.access === 'readwrite';

/** Its place in the order of decision: the smallest of all that match decides. */
export const rankOf = ({ tier, permission }: Rule): number => tier * 2 + (permission === 'deny' ? 0 : 1);

/** The rank of an allowing pattern of an ACL file, the last of all. */
export const PATTERN_ALLOWS = 5;

/**
 * Rules that came with a login. One whose topic filter makes no sense allows nothing, and denies everything: whoever
 * wrote it wanted less to be possible, not more.
 */
export const grantedRules = (granted: readonly GrantedRule[]): readonly Rule[] =>
  granted.flatMap(({ permission, access, topic, source }): Rule[] => {
    const rule = { permission, access, topic, subject: EVERYBODY, tier: 0, source: { name: source } } as const;
    if (templateProblem(topic) === undefined) return [{ ...rule, levels: templateLevels(topic, true) }];
    if (permission === 'allow') return [];
    return [{ ...rule, levels: [] }];
  });

/** `deny write on 'plant/#' for role guests` */
export const describeRule = ({ permission, access, topic, subject }: Rule): string =>
  `${permission} ${access} on '${topic}' for ${describeSubject(subject)}`;

/** `cauldron.toml:12 (authorization.rules[0])` */
export function describeSource({ file, line, name }: RuleSource): string {
  if (file === undefined) return name;
  return `${line === undefined ? file : `${file}:${line}`} (${name})`;
}
