import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configuredRules } from './configured-rules.ts';
import type { RuleOptions } from './options.ts';
import { describeRule, describeSource } from './rule.ts';

const problemsOf = (rule: RuleOptions): string[] =>
  configuredRules({ rules: [rule] }).problems.map(({ path, message }) => `${path}: ${message}`);

test('a rule is one for each of its topics; singular and plural keys add up', () => {
  const { rules, problems } = configuredRules({
    rules: [
      { user: 'a', users: ['b'], role: 'r', client: 's-*', allow: 'read', topic: 'x', topics: ['y', 'z/%u'] },
      { anonymous: true, deny: 'readwrite', topic: '#' },
      { anonymous: false, groups: ['g'], allow: 'write', topic: '+' },
    ],
  });
  assert.deepEqual(problems, []);
  assert.deepEqual(rules.map(describeRule), [
    "allow read on 'x' for user a or b, role r, client s-*",
    "allow read on 'y' for user a or b, role r, client s-*",
    "allow read on 'z/%u' for user a or b, role r, client s-*",
    "deny readwrite on '#' for anonymous clients",
    "allow write on '+' for group g",
  ]);
});

test('a rule knows the line of its topic, or else its own', () => {
  const lines: Record<string, number> = { 'authorization.rules.0': 3, 'authorization.rules.0.topic': 5 };
  const originOf = (path: readonly (string | number)[]) => {
    const line = lines[path.join('.')];
    return line === undefined ? undefined : { file: 'c.toml', line };
  };
  const { rules } = configuredRules({ rules: [{ allow: 'read', topic: 'a', topics: ['b'] }] }, originOf);
  assert.deepEqual(
    rules.map(({ source }) => describeSource(source)),
    ['c.toml:5 (authorization.rules[0])', 'c.toml:3 (authorization.rules[0])'],
  );
});

test('what makes no sense is told with the key and what to write', () => {
  const cases: [RuleOptions, RegExp][] = [
    [{ topic: 'a' }, /^authorization\.rules\[0\]: the rule neither allows nor denies; write either allow/],
    [{ topic: 'a', allow: 'read', deny: 'read' }, /^authorization\.rules\[0\]: the rule both allows and denies/],
    [{ allow: 'read' }, /^authorization\.rules\[0\]: the rule names no topic; write topic/],
    [{ allow: 'read', topic: 'a/#/b' }, /^authorization\.rules\[0\]\.topic: 'a\/#\/b': '#' must be the last level/],
    [{ allow: 'read', topics: ['a', ''] }, /^authorization\.rules\[0\]\.topics\[1\]: '': the topic filter is empty/],
    [{ allow: 'read', topic: '$share/g/a' }, /leave '\$share\/GROUP\/' out/],
    [
      { allow: 'read', topic: 'a', users: [] },
      /^authorization\.rules\[0\]\.users: the list is empty, so the rule is for nobody/,
    ],
    [{ allow: 'read', topic: 'a', role: 'r*' }, /^authorization\.rules\[0\]\.role: 'r\*': roles are named exactly/],
    [
      { allow: 'read', topic: 'a', user: 'u', anonymous: true },
      /^authorization\.rules\[0\]\.anonymous: an anonymous client has no user name/,
    ],
  ];
  for (const [rule, expected] of cases) {
    const found = problemsOf(rule);
    assert.equal(found.length, 1, JSON.stringify(rule));
    assert.match(found[0]!, expected);
  }
});
