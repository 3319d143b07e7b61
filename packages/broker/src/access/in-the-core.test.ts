// The rules where they belong: in a broker core, with clients that log in.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Authenticator } from '@cauldron/core';
import { PacketType, ReasonCode, type SubackPacket } from '@cauldron/protocol';
import { TestBroker, type TestClient } from '@cauldron/testkit';
import { loadRuleSet } from './load.ts';
import type { RuleOptions } from './options.ts';
import { RuleAuthorizer } from './rule-authorizer.ts';

/** Believes everybody who gives a name. */
const authenticator: Authenticator = {
  authenticate: ({ username }) => ({ outcome: 'accept', anonymous: username === undefined }),
};

const RULES: readonly RuleOptions[] = [
  { user: 'ann', allow: 'readwrite', topic: 'a/#' },
  { deny: 'read', topic: 'a/secret' },
  { user: 'boss', allow: 'readwrite', topic: '#' },
];

function start(rules: readonly RuleOptions[] = RULES): { broker: TestBroker; authorizer: RuleAuthorizer } {
  const authorizer = new RuleAuthorizer(loadRuleSet({ rules }));
  return { broker: new TestBroker({ authenticator, authorizer }), authorizer };
}

const topicsOf = (client: TestClient): string[] => client.takeMessages().map(({ topic }) => topic);

test('a client granted a/# does not receive what its rules deny, live or retained', () => {
  const { broker } = start();
  const boss = broker.connect('b', { username: 'boss' });
  boss.publish('a/secret', 'x', { retain: true });
  boss.publish('a/open', 'x', { retain: true });
  const ann = broker.connect('a', { username: 'ann' });
  ann.subscribe('a/#');
  assert.deepEqual(topicsOf(ann), ['a/open']);
  boss.publish('a/secret', 'y');
  boss.publish('a/open', 'y');
  assert.deepEqual(topicsOf(ann), ['a/open']);
});

test('refusals are 0x87 in 5.0 and 0x80 in 3.1.1, and nothing that is refused is routed', () => {
  for (const version of [4, 5] as const) {
    const { broker } = start();
    const ann = broker.connect('a', { username: 'ann', version });
    const boss = broker.connect('b', { username: 'boss' });
    boss.subscribe('#');
    const refused = version === 5 ? ReasonCode.notAuthorized : 0x80;
    assert.deepEqual((ann.subscribe('b/#') as SubackPacket).reasonCodes, [refused]);
    assert.deepEqual((ann.subscribe('$share/g/a/secret') as SubackPacket).reasonCodes, [refused]);
    ann.publish('b', 'x', { qos: 1, packetId: 9 });
    const puback = ann.takeOne() as { type: number; reasonCode: number };
    assert.deepEqual(
      [puback.type, puback.reasonCode],
      [PacketType.puback, version === 5 ? ReasonCode.notAuthorized : 0],
    );
    assert.deepEqual(topicsOf(boss), []);
    ann.publish('a/1', 'x');
    assert.deepEqual(topicsOf(boss), ['a/1']);
  }
});

test('other rules hold at once for connected clients', () => {
  const { broker, authorizer } = start();
  const boss = broker.connect('b', { username: 'boss' });
  const ann = broker.connect('a', { username: 'ann' });
  ann.subscribe('a/#');
  boss.publish('a/1', 'x');
  assert.deepEqual(topicsOf(ann), ['a/1']);
  authorizer.replace(loadRuleSet({ rules: [...RULES, { user: 'ann', deny: 'read', topic: 'a/1' }] }));
  broker.core.rulesChanged();
  boss.publish('a/1', 'x');
  boss.publish('a/2', 'x');
  assert.deepEqual(topicsOf(ann), ['a/2']);
});
