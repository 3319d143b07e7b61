import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { ClientInfo, GrantedRule, Rights } from '@cauldron/core';
import { loadRuleSet } from './load.ts';
import type { AuthorizationOptions } from './options.ts';
import { AccessError } from './problem.ts';
import { RuleAuthorizer } from './rule-authorizer.ts';

/** A client as the core sees it; without a name it is anonymous. */
const client = (username?: string, more: Partial<ClientInfo> = {}): ClientInfo => ({
  clientId: 'c',
  username,
  verified: username !== undefined,
  rights: undefined,
  protocolVersion: 5,
  remoteAddress: '127.0.0.1:1',
  listener: 'default',
  keepAlive: 0,
  cleanStart: true,
  ...more,
});

const authorizer = (options: AuthorizationOptions) => new RuleAuthorizer(loadRuleSet(options));
const may = (options: AuthorizationOptions, who: ClientInfo, topic: string): string => {
  const asked = authorizer(options);
  const letters = [
    asked.authorizePublish(who, topic) === true ? 'p' : '-',
    asked.authorizeSubscribe(who, topic) === true ? 's' : '-',
    asked.authorizeReceive(who, topic) ? 'r' : '-',
  ];
  return letters.join('');
};
const granted = (rules: GrantedRule[] | undefined, more: Partial<Rights> = {}): Pick<ClientInfo, 'rights'> => ({
  rights: { key: JSON.stringify(rules ?? null), ...(rules !== undefined && { rules }), ...more },
});

test('without any rule everything is allowed, and nothing that no rule allows once there is one', () => {
  assert.equal(may({}, client(), 'a'), 'psr');
  const rules = [{ user: 'u', allow: 'read', topic: 'a' }] as const;
  assert.equal(may({ rules }, client(), 'a'), '---');
  assert.equal(may({ rules }, client('u'), 'a'), '-sr');
  assert.equal(may({ rules, default: 'allow' }, client(), 'a'), 'psr');
  assert.equal(may({ default: 'deny' }, client(), 'a'), '---');
});

test('in topics of the server too, reading has to be allowed once there are rules', () => {
  const rules = [
    { allow: 'readwrite', topic: '#' },
    { user: 'ops', allow: 'read', topic: '$SYS/#' },
  ] as const;
  assert.equal(may({ rules }, client(), '$SYS/broker/uptime'), '---');
  assert.equal(may({ rules }, client('ops'), '$SYS/broker/uptime'), '-sr');
});

test('a name that nobody verified gives no rights', () => {
  const options = { rules: [{ user: 'u', allow: 'readwrite', topic: '#' }], superusers: ['s'] } as const;
  assert.equal(may(options, client('u', { verified: false }), 'a'), '---');
  assert.equal(may(options, client('s', { verified: false }), 'a'), '---');
  assert.equal(may(options, client('u'), 'a'), 'psr');
});

test('a superuser may do everything, by name or by rights', () => {
  const options = { rules: [{ deny: 'readwrite', topic: '#' }], superusers: ['root'] } as const;
  assert.equal(may(options, client('root'), '$SYS/x'), 'psr');
  assert.equal(may(options, client('u', granted(undefined, { superuser: true })), 'a'), 'psr');
  assert.equal(may(options, client('u'), 'a'), '---');
});

test('roles come from users, from groups and from the login', () => {
  const options: AuthorizationOptions = {
    groups: [{ name: 'staff', users: ['ann'] }],
    roles: [{ name: 'reader', users: ['bob'], groups: ['staff'] }, { name: 'unused' }],
    rules: [
      { role: 'reader', allow: 'read', topic: 'a' },
      { group: 'staff', allow: 'write', topic: 'a' },
    ],
  };
  assert.equal(may(options, client('bob'), 'a'), '-sr');
  assert.equal(may(options, client('ann'), 'a'), 'psr');
  assert.equal(may(options, client('eve'), 'a'), '---');
  assert.equal(may(options, client('eve', granted(undefined, { roles: ['reader'] })), 'a'), '-sr');
  assert.equal(may(options, client('eve', granted(undefined, { groups: ['staff'] })), 'a'), 'psr');
  assert.equal(may(options, client('ann', { verified: false }), 'a'), '---');
});

test('rules of a login count beside those of the configuration, and only for that login', () => {
  const allow: GrantedRule = { permission: 'allow', access: 'write', topic: 'to/%u', source: 'token' };
  const deny: GrantedRule = { permission: 'deny', access: 'read', topic: 'a/#', source: 'token' };
  const options = { rules: [{ allow: 'read', topic: 'a/#' }] } as const;
  const asked = authorizer(options);
  const [with1, without] = [client('u', granted([allow, deny])), client('u')];
  assert.equal(asked.authorizePublish(with1, 'to/u'), true);
  assert.notEqual(asked.authorizePublish(without, 'to/u'), true);
  assert.equal(asked.authorizeReceive(with1, 'a/b'), false);
  assert.equal(asked.authorizeReceive(without, 'a/b'), true);
});

test('two logins that bring as many rules each have their own', () => {
  const asked = authorizer({});
  for (const topic of ['a', 'b', 'a']) {
    const who = client('u', granted([{ permission: 'allow', access: 'write', topic, source: 'token' }]));
    assert.deepEqual(
      ['a', 'b'].filter((one) => asked.authorizePublish(who, one) === true),
      [topic],
    );
  }
});

test('a login that brings rules, even none, is denied what they do not allow', () => {
  assert.equal(may({}, client('u', granted([])), 'a'), '---');
  assert.equal(may({}, client('u', granted(undefined)), 'a'), 'psr');
  assert.equal(may({ default: 'allow' }, client('u', granted([])), 'a'), 'psr');
});

test('a rule of a login that makes no sense allows nothing, and denies everything', () => {
  const broken = (permission: 'allow' | 'deny'): GrantedRule => ({
    permission,
    access: 'readwrite',
    topic: 'a/#/b',
    source: 't',
  });
  const rules = [{ allow: 'readwrite', topics: ['#', '$x/#'] }] as const;
  assert.equal(may({}, client('u', granted([broken('allow')])), 'a'), '---');
  assert.equal(may({ rules }, client('u', granted([broken('allow')])), 'a'), 'psr');
  for (const topic of ['a', '$x/y', 'z'])
    assert.equal(may({ rules }, client('u', granted([broken('deny')])), topic), '---');
});

test('a client that shares its rules with others still has its own names in them', () => {
  const asked = authorizer({ rules: [{ allow: 'write', topic: 'home/%u/%c' }] });
  const [ann, bob] = [client('ann', { clientId: '1' }), client('bob', { clientId: '2' })];
  for (const [who, topic, expected] of [
    [ann, 'home/ann/1', true],
    [bob, 'home/bob/2', true],
    [ann, 'home/bob/2', false],
    [bob, 'home/ann/1', false],
    [ann, 'home/ann/1', true],
  ] as const) {
    assert.equal(asked.authorizePublish(who, topic) === true, expected, topic);
  }
});

test('names with wildcards or levels in them widen no rule (CVE-2017-7650), and evade none that denies', () => {
  const rules = [
    { allow: 'readwrite', topics: ['home/%u/#', 'open/#', '%c/x'] },
    { deny: 'readwrite', topic: 'open/%u/secret' },
  ] as const;
  for (const name of ['+', '#', 'ann/x', 'a+', '$SYS']) {
    const who = client(name, { clientId: name });
    for (const topic of ['home/ann/x', 'home/bob', '$SYS/x', 'q/x'])
      assert.equal(may({ rules }, who, topic), '---', `${name} ${topic}`);
  }
  assert.equal(may({ rules }, client('ann/x'), 'open/ann/x/secret'), '---');
  assert.equal(may({ rules }, client('ann'), 'open/ann/secret'), '---');
  assert.equal(may({ rules }, client('ann'), 'open/bob/secret'), 'psr');
});

test('a subscription is refused where a rule denies all of it or none allows any of it', () => {
  const asked = authorizer({
    rules: [
      { allow: 'read', topic: 'a/#' },
      { deny: 'read', topic: 'a/secret/#' },
    ],
  });
  const allowed = (filter: string): boolean => asked.authorizeSubscribe(client(), filter) === true;
  for (const filter of ['a/#', '#', '+/b', 'a', '+', '$share/g/a/b', 'a/+/b']) assert(allowed(filter), filter);
  for (const filter of ['a/secret', 'a/secret/#', 'a/secret/+', '$share/g/a/secret', 'b/#', '$SYS/#'])
    assert(!allowed(filter), filter);
});

test('a filter whose wildcards lead to hundreds of rules is allowed without trying all; what may not be read is kept back', () => {
  const rules = Array.from({ length: 1000 }, (_, at) => ({ allow: 'read', topic: `site-${at}/open` }) as const);
  const denied = { deny: 'read', topic: 'site-7/#' } as const;
  const asked = authorizer({ rules: [...rules, denied] });
  assert.equal(asked.authorizeSubscribe(client(), '+/nowhere'), true);
  assert.equal(asked.authorizeReceive(client(), 'site-8/nowhere'), false);
  assert.notEqual(asked.authorizeSubscribe(client(), 'site-8/nowhere'), true);
  assert.notEqual(asked.authorizeSubscribe(client(), 'site-7/+'), true);
  assert.equal(authorizer({ rules: rules.slice(0, 100) }).authorizeSubscribe(client(), '+/nowhere') === true, false);
});

test('the client is told what was refused and whom to ask, and nothing of the rules', () => {
  const asked = authorizer({ rules: [{ user: 'hidden', deny: 'write', topic: 'a/#' }] });
  assert.deepEqual(asked.authorizePublish(client(), 'a/b'), {
    reasonCode: 0x87,
    reason: "not allowed to publish to 'a/b'; ask the operator of the broker for a rule",
  });
  const refused = asked.authorizeSubscribe(client(), `a/${'é'.repeat(500)}`);
  assert(refused !== true && refused.reason.length < 200);
  const halved = asked.authorizeSubscribe(client(), '😀'.repeat(100).replace(/^/, 'x'));
  assert(halved !== true && halved.reason.isWellFormed());
});

test('other rules hold at once for clients that are known already, and the epoch tells', () => {
  const asked = authorizer({ rules: [{ allow: 'write', topic: 'a' }] });
  const who = client();
  assert.equal(asked.authorizePublish(who, 'a'), true);
  const before = asked.epoch;
  asked.replace(loadRuleSet({ rules: [{ allow: 'write', topic: 'b' }] }));
  assert.notEqual(asked.epoch, before);
  assert.notEqual(asked.authorizePublish(who, 'a'), true);
  assert.equal(asked.authorizePublish(who, 'b'), true);
});

function fileIn(t: TestContext, content: string | Buffer): string {
  const folder = mkdtempSync(join(tmpdir(), 'cauldron-test-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'acl');
  writeFileSync(file, content);
  return file;
}

test('tiers: the configuration decides before users of an ACL file, and those before its patterns', (t) => {
  const file = fileIn(t, 'user u\ntopic deny a\ntopic read b\npattern deny b\npattern readwrite c\n');
  const options = { aclFiles: [file], rules: [{ user: 'u', allow: 'read', topic: 'a' }] } as const;
  assert.equal(may(options, client('u'), 'a'), '-sr');
  assert.equal(may(options, client('u'), 'b'), '-sr');
  assert.equal(may(options, client('u'), 'c'), 'psr');
  assert.equal(may(options, client('v'), 'b'), '---');
});

test('an empty ACL file denies everything, as in mosquitto', (t) => {
  assert.equal(may({ aclFiles: [fileIn(t, '')] }, client('u'), 'a'), '---');
});

test('rules with a mistake are refused as a whole, with every problem and its place', (t) => {
  const file = fileIn(t, 'topic a\nnonsense\n');
  const latin1 = fileIn(t, Buffer.from('topic a\ntopic stra\xdfe\n', 'latin1'));
  const missing = join(file, '..', 'missing');
  const load = () => loadRuleSet({ aclFiles: [file, latin1, missing], rules: [{ topic: 'a' }] });
  assert.throws(load, (error: unknown) => {
    assert(error instanceof AccessError);
    const lines = error.message.split('\n');
    assert.equal(lines.length, 4);
    assert.match(lines[0]!, /^authorization\.rules\[0\]: the rule neither/);
    assert.equal(lines[1]!.startsWith(`${file}:2: 'nonsense' is none`), true);
    assert.equal(lines[2]!.startsWith(`${latin1}:2: the line is not UTF-8`), true);
    assert.match(lines[3]!, /^authorization\.aclFiles\[2\]: cannot read the ACL file: ENOENT/);
    return true;
  });
});
