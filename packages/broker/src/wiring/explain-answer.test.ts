import assert from 'node:assert/strict';
import { test } from 'node:test';
import { explain, loadRuleSet } from '../access/index.ts';
import { explanation } from '../admin/schema/index.ts';
import { explainAnswer } from './explain-answer.ts';

const rules = loadRuleSet({
  default: 'deny',
  superusers: ['root'],
  roles: [{ name: 'operator', users: ['ann'] }],
  rules: [
    { deny: 'write', topic: 'secret/#' },
    { allow: 'readwrite', topic: 'a/#', role: 'operator' },
  ],
});

const client = (username: string | undefined) => ({
  clientId: 'c',
  username,
  verified: username !== undefined,
  rights: undefined,
});

const answer = (username: string | undefined, topic: string) =>
  explanation.parse(explainAnswer(explain(rules, client(username), 'publish', topic)));

test('an answer names the rule that decided, its source and the others, line by line', () => {
  const { allowed, decidedBy, rules: named, lines, roles } = answer('ann', 'secret/x');
  assert.deepEqual([allowed, decidedBy, roles], [false, 'rule', ['operator']]);
  assert.deepEqual(named, [
    {
      text: "deny write on 'secret/#' for everybody",
      source: 'authorization.rules[0]',
      relation: 'covers',
      decided: true,
    },
  ]);
  assert.match(lines[0]!, /^DENIED: user 'ann'/);
  assert.ok(lines.every((line) => !line.includes('\n')));
  assert.ok(lines.includes('  written in authorization.rules[0]'), lines.join('\n'));
});

test('an answer says where no rule decided', () => {
  assert.deepEqual([answer('ann', 'b').decidedBy, answer('ann', 'b').allowed], ['default', false]);
  assert.deepEqual([answer('root', 'secret/x').decidedBy, answer('root', 'secret/x').allowed], ['superuser', true]);
  assert.equal(answer('ann', 'a/b').rules[0]?.decided, true);
});
