import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { claimedNames, claimedRules, RightsProblem } from './claimed-rights.ts';

const SOURCE = 'claim "acl" of the token';

test('a rule allows or denies reading, writing or both, of one topic filter', () => {
  const given = [
    { allow: 'read', topic: 'kitchen/%u/#' },
    { topic: '+/door', deny: 'write' },
    { allow: 'readwrite', topic: 'a' },
  ];
  assert.deepEqual(claimedRules(given, SOURCE), [
    { permission: 'allow', access: 'read', topic: 'kitchen/%u/#', source: SOURCE },
    { permission: 'deny', access: 'write', topic: '+/door', source: SOURCE },
    { permission: 'allow', access: 'readwrite', topic: 'a', source: SOURCE },
  ]);
  assert.deepEqual(claimedRules([], SOURCE), []);
});

test('what is no list of such rules is refused, and never skipped or repeated', () => {
  const fine = { allow: 'read', topic: 'a' };
  const wrong: readonly unknown[] = [
    ...[null, 'read a', {}, 7, { 0: fine, length: 1 }, [null], ['read a'], [[fine]], [{}]],
    ...[[{ topic: 'a' }], [{ allow: 'read' }], [{ allow: 'read', deny: 'write', topic: 'a' }]],
    ...[
      [{ allow: 'read', deny: undefined, topic: 'a' }],
      [{ allow: 'publish', topic: 'a' }],
      [{ allow: true, topic: 'a' }],
    ],
    ...[[{ allow: ['read'], topic: 'a' }], [{ allow: 'Read', topic: 'a' }], [{ allow: 'toString', topic: 'a' }]],
    ...[[{ ...fine, topic: ['a'] }], [{ ...fine, topic: 7 }], [{ ...fine, topic: '' }], [{ ...fine, topic: 'a/#/b' }]],
    ...[[{ ...fine, topic: 'a+' }], [{ ...fine, topic: '\0' }], [{ ...fine, topic: '$share/hunter2/a' }]],
    ...[
      [{ ...fine, topic: 'hunter2/#x' }],
      [{ ...fine, qos: [1] }],
      [{ permission: 'allow', access: 'read', topic: 'a' }],
    ],
    [fine, { allow: 'hunter2', topic: 'a' }],
  ];
  for (const value of wrong) {
    assert.throws(
      () => claimedRules(value, SOURCE),
      (error) => error instanceof RightsProblem && error.message.includes(SOURCE) && !error.message.includes('hunter2'),
      inspect(value),
    );
  }
  assert.throws(() => claimedRules([fine, { allow: 'x', topic: 'a' }], SOURCE), /rule 2 of claim "acl"/);
});

test('names are a list of texts, or one text with spaces between them', () => {
  assert.deepEqual(claimedNames(['cook', 'head of kitchen'], 'roles'), ['cook', 'head of kitchen']);
  assert.deepEqual(claimedNames('cook  guest', 'roles'), ['cook', 'guest']);
  assert.deepEqual(claimedNames('', 'roles'), []);
  for (const wrong of [null, 7, {}, [''], ['cook', 7], [['cook']]]) {
    assert.throws(() => claimedNames(wrong, 'roles'), /roles is no list of names/, inspect(wrong));
  }
});
