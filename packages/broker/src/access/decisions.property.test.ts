import assert from 'node:assert/strict';
import { test } from 'node:test';
import { matchTopic } from '@cauldron/protocol';
import fc from 'fast-check';
import type { AccessClient } from './directory.ts';
import { isAbout, PATTERN_ALLOWS, type Rule, rankOf, type Tier } from './rule.ts';
import { matchesRule, relationTo } from './rule-match.ts';
import { RuleSet } from './rule-set.ts';
import { isFor, type Standing, type Subject } from './subject.ts';
import { templateLevels } from './topic-template.ts';

const SEED = 41;

const level = fc.constantFrom('a', 'b', '', '$s', '+', '%u', '%c', 'x%u', '%c-%u');
const filters = fc
  .tuple(fc.array(level, { minLength: 1, maxLength: 4 }), fc.boolean())
  .map(([levels, open]) => [...levels, ...(open ? ['#'] : [])].join('/'))
  .filter((filter) => filter !== '');
const plainLevel = fc.constantFrom('a', 'b', '', '$s', 'xa', 'b-a', 'xb');
const topics = fc
  .array(plainLevel, { minLength: 1, maxLength: 4 })
  .map((levels) => levels.join('/'))
  .filter((topic) => topic !== '');
const askedFilters = fc
  .tuple(fc.array(fc.oneof(plainLevel, fc.constant('+')), { maxLength: 3 }), fc.boolean())
  .map(([levels, open]) => [...levels, ...(open ? ['#'] : [])].join('/'))
  .filter((filter) => filter !== '');

const names = fc.constantFrom('a', 'b', '', '$s', 'a/b', '+', '#', 'a+');
const name = (text: string) => ({ text, exact: !text.includes('*') });
const subjects: fc.Arbitrary<Subject> = fc.oneof(
  { weight: 4, arbitrary: fc.constant({}) },
  { weight: 4, arbitrary: fc.constantFrom('a', 'b', '*', 'a*').map((user) => ({ users: [name(user)] })) },
  fc.constantFrom('a', 'b', '*').map((client) => ({ clients: [name(client)] })),
  fc.constant({ anonymous: true as const }),
  fc.constantFrom('r', 'q').map((role) => ({ roles: [role] })),
  fc.constantFrom('g', 'h').map((group) => ({ groups: [group] })),
  fc.constant({ users: [name('a'), name('b')], clients: [name('a*')] }),
  fc.constant({ roles: ['r'], groups: ['g', 'h'] }),
);
const ruleParts = fc.record({
  permission: fc.constantFrom('allow', 'deny'),
  access: fc.constantFrom('read', 'write', 'readwrite'),
  topic: filters,
  subject: subjects,
  tier: fc.constantFrom<Tier>(0, 1, 2),
  substitute: fc.boolean(),
});
const ruleLists = fc.array(ruleParts, { minLength: 1, maxLength: 12 }).map((list) =>
  list.map(
    ({ substitute, ...parts }, index): Rule => ({
      ...parts,
      levels: templateLevels(parts.topic, substitute),
      source: { name: `rule ${index}` },
    }),
  ),
);
const clients: fc.Arbitrary<AccessClient> = fc.record({
  clientId: names,
  username: names,
  verified: fc.boolean(),
  rights: fc.constantFrom(undefined, { key: 'r', roles: ['r'] }, { key: 'g', groups: ['g'], roles: ['q', 'r'] }),
});

const standing = ({ clientId, username, verified, rights }: AccessClient): Standing => ({
  clientId,
  username: verified ? username : undefined,
  roles: new Set(rights?.roles),
  groups: new Set(rights?.groups),
});

/** The rules that count for a client, each tried by itself. */
function counting(rules: readonly Rule[], client: AccessClient, use: 'read' | 'write'): Rule[] {
  const who = standing(client);
  const unsafe = /[+#]/.test(`${who.username ?? ''}${who.clientId}`);
  return rules.filter(
    (rule) => isAbout(rule, use) && isFor(rule.subject, who) && !(unsafe && rankOf(rule) === PATTERN_ALLOWS),
  );
}

const strongest = (rules: readonly Rule[]): Rule | undefined =>
  rules.reduce<Rule | undefined>(
    (best, rule) => (best === undefined || rankOf(rule) < rankOf(best) ? rule : best),
    undefined,
  );

test('the trie decides as trying every rule does, and names the same rule', () => {
  fc.assert(
    fc.property(ruleLists, clients, topics, fc.constantFrom('read', 'write'), (rules, client, topic, use) => {
      const matching = counting(rules, client, use).filter((rule) => matchesRule(rule, topic, standing(client)));
      const expected = strongest(matching);
      const set = new RuleSet({}, rules);
      const { allowed, rule } = set.ruling(client, use, topic);
      assert.equal(rule?.source.name, expected?.source.name);
      assert.equal(allowed, expected?.permission === 'allow');
      assert.equal(set.allows(client, use, topic), allowed);
    }),
    { numRuns: 4000, seed: SEED },
  );
});

test('a subscription is judged as trying every rule does: the strongest allowing overlap against the strongest denying cover', () => {
  fc.assert(
    fc.property(ruleLists, clients, askedFilters, fc.boolean(), (rules, client, filter, open) => {
      const kept = counting(rules, client, 'read');
      const relation = (rule: Rule) => relationTo(rule, filter, standing(client));
      const allows = strongest(kept.filter((rule) => rule.permission === 'allow' && relation(rule) !== undefined));
      const denies = strongest(kept.filter((rule) => rule.permission === 'deny' && relation(rule) === 'covers'));
      const denied = denies !== undefined && (allows === undefined || rankOf(denies) < rankOf(allows));
      const set = new RuleSet(open ? { default: 'allow' } : {}, rules);
      assert.equal(set.subscribeRuling(client, filter).allowed, !denied && (allows !== undefined || open));
      assert.equal(
        set.subscribeRuling(client, `$share/g/${filter}`).allowed,
        !denied && (allows !== undefined || open),
      );
    }),
    { numRuns: 4000, seed: SEED },
  );
});

test('a subscription is never refused where some topic of it may be received', () => {
  fc.assert(
    fc.property(ruleLists, clients, askedFilters, topics, (rules, client, filter, topic) => {
      const set = new RuleSet({}, rules);
      if (!matchTopic(filter, topic) || !set.allows(client, 'read', topic)) return;
      assert(set.subscribeRuling(client, filter).allowed, `${filter} ${topic}`);
    }),
    { numRuns: 4000, seed: SEED },
  );
});

test('no name gives a client more than what its own level of an allowing rule stands for', () => {
  const values = fc.oneof(
    names,
    fc.string({ minLength: 1, maxLength: 6, unit: fc.constantFrom('a', '+', '#', '/', '$', '%', 'u') }),
  );
  fc.assert(
    fc.property(filters, values, values, topics, (topic, username, clientId, asked) => {
      const levels = templateLevels(topic, true);
      const set = new RuleSet({}, [
        { permission: 'allow', access: 'readwrite', topic, levels, subject: {}, tier: 0, source: { name: '' } },
      ]);
      if (!set.allows({ clientId, username, verified: true, rights: undefined }, 'write', asked)) return;
      const widest = levels.map((one) => (typeof one === 'string' ? one : '+')).join('/');
      assert(matchTopic(widest, asked), `${topic} as ${username} ${clientId}: ${asked}`);
      for (const [at, one] of levels.entries()) {
        if (typeof one === 'string') continue;
        const filled = one.map((part) => (part === 0 ? username : part === 1 ? clientId : part)).join('');
        assert.equal(asked.split('/')[at], filled);
      }
    }),
    { numRuns: 4000, seed: SEED },
  );
});
