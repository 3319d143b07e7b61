import type { GrantedRule } from '@cauldron/core';
import { topicFilterProblem } from '@cauldron/protocol';

/** What came with a login cannot be used as rights. The message is fit for the log: it repeats nothing of what came. */
export class RightsProblem extends Error {
  override readonly name = 'RightsProblem';
}

const ACCESSES: readonly unknown[] = ['read', 'write', 'readwrite'] satisfies GrantedRule['access'][];
const FORM = '{"allow": "read", "topic": "a/#"}, with "allow" or "deny" and "read", "write" or "readwrite"';

/**
 * Rules out of JSON: a list of `{"allow": ACCESS, "topic": FILTER}` or `{"deny": ACCESS, "topic": FILTER}`, and nothing
 * else. There is no second form, and nothing is skipped: a rule that was not understood could have been the one that
 * denies.
 *
 * @param source where they stand, for explanations: `claim "acl" of the token`
 * @throws RightsProblem
 */
export function claimedRules(value: unknown, source: string): readonly GrantedRule[] {
  if (!Array.isArray(value)) throw new RightsProblem(`${source} is no list of rules; write a list of ${FORM}`);
  return value.map((rule, index) => claimedRule(rule, source, `rule ${index + 1} of ${source}`));
}

function claimedRule(value: unknown, source: string, what: string): GrantedRule {
  if (!isRecord(value)) throw new RightsProblem(`${what} is no rule; write ${FORM}`);
  const { allow, deny, topic, ...others } = value;
  if (Object.keys(others).length > 0) {
    throw new RightsProblem(`${what} has more than "allow" or "deny" and "topic"; write ${FORM}`);
  }
  if (Object.hasOwn(value, 'allow') === Object.hasOwn(value, 'deny')) {
    throw new RightsProblem(`${what} needs either "allow" or "deny"; write ${FORM}`);
  }
  const permission = Object.hasOwn(value, 'allow') ? 'allow' : 'deny';
  const access = allow ?? deny;
  if (!isAccess(access)) throw new RightsProblem(`${what} does not say what it is about; write ${FORM}`);
  if (typeof topic !== 'string') throw new RightsProblem(`${what} has no topic; write ${FORM}`);
  const problem = topic.startsWith('$share/')
    ? 'rules are about topics, not about shared subscriptions; leave "$share/GROUP/" out'
    : topicFilterProblem(topic);
  if (problem !== undefined) throw new RightsProblem(`the topic of ${what} cannot be used: ${problem}`);
  return { permission, access, topic, source };
}

/**
 * Names of roles or groups: a list of texts, or one text with spaces between the names (as OAuth writes scopes, RFC 8693
 * section 4.2). A name in a list may hold spaces.
 *
 * @param what says what they are, for the reason: `claim "roles" of the token`
 * @throws RightsProblem
 */
export function claimedNames(value: unknown, what: string): readonly string[] {
  if (typeof value === 'string') return value.split(' ').filter((name) => name !== '');
  if (!Array.isArray(value) || !value.every((name) => typeof name === 'string' && name !== '')) {
    throw new RightsProblem(`${what} is no list of names; write a list of texts, none of them empty`);
  }
  return value;
}

/** Whether it is what JSON calls an object. */
export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isAccess = (value: unknown): value is GrantedRule['access'] => ACCESSES.includes(value);
