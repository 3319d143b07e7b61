// Users, rules and certificates of the configuration, in a whole broker: who comes in, what they may do, and changes while it runs.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Broker, ConfigInput } from '@cauldron/broker';
import {
  changePasswordFile,
  hashArgon2id,
  nodeHashFunctions,
  PasswordFile,
  parseHash,
} from '@cauldron/broker/passwords';
import { type Client, connect, type NodeClientOptions } from '@cauldron/client';
import { ReasonCode } from '@cauldron/protocol';
import { nextEvent, startBroker, until } from '../support/broker.ts';
import { reasonCodeOf } from '../support/reason-code.ts';
import { tempDir } from '../support/temp-dir.ts';

/** As cheap as a hash can be: what it costs is not what is tested here. */
const CHEAP = { memory: 8, passes: 1, parallelism: 1 };

interface Users {
  readonly file: string;
  set(name: string, password: string): Promise<void>;
  remove(name: string): Promise<void>;
}

async function users(folder: string, given: Readonly<Record<string, string>>): Promise<Users> {
  const file = join(folder, 'passwords');
  writeFileSync(file, '', { mode: 0o600 });
  const change = (edit: (content: PasswordFile) => unknown) =>
    changePasswordFile(file, async (content) => {
      const parsed = await PasswordFile.parse(content?.text ?? '', file);
      edit(parsed);
      return parsed.toString();
    });
  const set = async (name: string, password: string) => {
    const hash = await hashArgon2id(new TextEncoder().encode(password), CHEAP, nodeHashFunctions);
    await change((content) => content.set(name, parseHash(hash)));
  };
  for (const [name, password] of Object.entries(given)) await set(name, password);
  return { file, set, remove: (name) => change((content) => content.remove(name)) };
}

const security = (file: string, authorization: ConfigInput['authorization'] = {}): ConfigInput => ({
  authentication: {
    providers: [{ type: 'password-file', file, upgrade: false }],
    refusalTime: 0,
    failuresBeforeDelay: 0,
  },
  authorization,
});

const as = (username: string, password = 'soup', more: NodeClientOptions = {}): NodeClientOptions => ({
  username,
  password,
  ...more,
});

async function enter(t: TestContext, port: number, options: NodeClientOptions): Promise<Client> {
  const client = await connect(`mqtt://127.0.0.1:${port}`, { reconnect: false, ...options });
  t.after(() => client.end());
  return client;
}

/** What a client got so far, as `topic payload`. */
async function listen(client: Client, filter: string): Promise<string[]> {
  const got: string[] = [];
  await client.on(filter, (message) => void got.push(`${message.topic} ${message.text()}`), { qos: 1 });
  return got;
}

test('a user whose password changes, or who is removed, is disconnected and comes back only with what holds now', async (t) => {
  const list = await users(tempDir(t), { ann: 'soup', ben: 'soup' });
  const { broker, port } = await startBroker(t, security(list.file));
  await enter(t, port, as('ann', 'soup', { clientId: 'a' }));
  await enter(t, port, as('ben', 'soup', { clientId: 'b' }));
  await list.set('ann', 'stew');
  const gone = nextEvent(broker, 'disconnect', (client) => client.clientId === 'a');
  assert.deepEqual(await broker.reload(), { failures: [], needsRestart: [] });
  const [, { reasonCode, reason }] = await gone;
  assert.equal(reasonCode, ReasonCode.notAuthorized);
  assert.match(reason, /removed or has other credentials/);
  await assert.rejects(enter(t, port, as('ann', 'soup')), /0x86|user name/i);
  await enter(t, port, as('ann', 'stew'));
  await list.remove('ben');
  const benGone = nextEvent(broker, 'disconnect', (client) => client.clientId === 'b');
  await broker.reload();
  await benGone;
  await assert.rejects(enter(t, port, as('ben')), /0x86|user name/i);
});

test('rules that are replaced hold for connected clients: what they publish, what they receive, what they are subscribed to', async (t) => {
  const list = await users(tempDir(t), { ann: 'soup', ben: 'soup' });
  const everything = { rules: [{ users: ['ann', 'ben'], allow: 'readwrite', topic: '#' }] } as const;
  const { broker, port } = await startBroker(t, security(list.file, everything));
  const ann = await enter(t, port, as('ann', 'soup', { clientId: 'a' }));
  const ben = await enter(t, port, as('ben', 'soup', { clientId: 'b' }));
  const got = await listen(ben, '#');
  await ann.publish('cellar/wine', '1', { qos: 1 });
  await until('the first message', () => got.length === 1);
  await broker.replaceRules({
    rules: [
      { user: 'ann', allow: 'readwrite', topic: '#' },
      { user: 'ann', deny: 'write', topic: 'attic/#' },
      { user: 'ben', allow: 'read', topic: 'kitchen/#' },
    ],
  });
  await ann.publish('cellar/wine', '2', { qos: 1 });
  await ann.publish('kitchen/soup', '3', { qos: 1 });
  await until('what he may read', () => got.length === 2);
  assert.deepEqual(got, ['cellar/wine 1', 'kitchen/soup 3']);
  assert.equal(await reasonCodeOf(ann.publish('attic/box', 'x', { qos: 1 })), ReasonCode.notAuthorized);
  const gone = nextEvent(broker, 'disconnect', (client) => client.clientId === 'b');
  await broker.replaceRules({ rules: [{ user: 'ann', allow: 'readwrite', topic: '#' }] });
  const [, { reasonCode, reason }] = await gone;
  assert.equal(reasonCode, ReasonCode.notAuthorized);
  assert.match(reason, /no longer subscribe to '#'/);
  assert.equal(
    broker.explain({ username: 'ben', verified: true, clientId: 'b', rights: undefined }, 'receive', 'a')?.allowed,
    false,
  );
  await assert.rejects(broker.replaceRules({ rules: [{ allow: 'read', topic: 'a/#/b' }] }), /'#'/);
  assert.equal(await reasonCodeOf(ann.publish('attic/box', 'x', { qos: 1 })), ReasonCode.noMatchingSubscribers);
});

test('a reload applies what can be used, says what cannot, and leaves that as it was', async (t) => {
  const folder = tempDir(t);
  const list = await users(folder, { ann: 'soup' });
  const acl = join(folder, 'acl');
  writeFileSync(acl, 'user ann\ntopic readwrite kitchen/#\n');
  const config = security(list.file, { aclFiles: [acl] });
  const { broker, port } = await startBroker(t, config);
  const ann = await enter(t, port, as('ann'));
  const code = (topic: string) => reasonCodeOf(ann.publish(topic, '', { qos: 1 }));
  assert.equal(await code('cellar'), ReasonCode.notAuthorized);
  writeFileSync(acl, 'user ann\ntopic readwrite kitchen/#\ntopic maybe cellar\n');
  const { failures } = await broker.reload();
  assert.match(failures.join(), /acl:3/);
  assert.deepEqual([broker.health.ok, broker.health.findings[0]?.code], [false, 'reload-failed']);
  assert.equal(await code('kitchen/a'), ReasonCode.noMatchingSubscribers);
  writeFileSync(acl, 'user ann\ntopic write cellar\n');
  const given = { ...broker.config, limits: { ...broker.config.limits, maxConnections: 7 } } as unknown as ConfigInput;
  assert.deepEqual(await broker.reload(given), { failures: [], needsRestart: ['limits'] });
  assert.equal(broker.health.ok, true);
  assert.equal(await code('cellar'), ReasonCode.noMatchingSubscribers);
  assert.equal(await code('kitchen/a'), ReasonCode.notAuthorized);
});

test('files are watched, those that a reload brought along too: who did not change stays connected and remembered', async (t) => {
  const folder = tempDir(t);
  const list = await users(folder, { ann: 'soup', ben: 'soup' });
  const acl = join(folder, 'acl');
  writeFileSync(acl, 'user ann\ntopic readwrite kitchen\n');
  const { broker, port } = await startBroker(t, security(list.file));
  await enter(t, port, as('ben', 'soup', { clientId: 'b' }));
  const ann = await enter(t, port, as('ann', 'soup', { clientId: 'a' }));
  await broker.reload(security(list.file, { aclFiles: [acl] }));
  assert.equal(await reasonCodeOf(ann.publish('cellar', '', { qos: 1 })), ReasonCode.notAuthorized);
  const benGone = nextEvent(broker, 'disconnect', (client) => client.clientId === 'b');
  writeFileSync(acl, 'user ann\ntopic readwrite cellar\n');
  await list.remove('ben');
  await benGone;
  let allowed = false;
  for (let i = 0; i < 500 && !allowed; i++) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    allowed = (await reasonCodeOf(ann.publish('cellar', '', { qos: 1 }))) === ReasonCode.noMatchingSubscribers;
  }
  assert.ok(allowed);
  await enter(t, port, as('ann', 'soup', { clientId: 'a2' }));
  const cached = broker.logins.loginsCached;
  await list.set('ben', 'stew');
  let back = false;
  for (let i = 0; i < 40 && !back; i++) {
    await new Promise((resolve) => setTimeout(resolve, 200));
    back = await enter(t, port, as('ben', 'stew')).then(
      () => true,
      () => false,
    );
  }
  assert.ok(back);
  await enter(t, port, as('ann', 'soup', { clientId: 'a3' }));
  assert.equal(broker.logins.loginsCached, cached + 1);
});

test('logins, refusals, denials and what operators do are in the audit log; no password is', async (t) => {
  const folder = tempDir(t);
  const list = await users(folder, { ann: 'soup' });
  const file = join(folder, 'audit.jsonl');
  const rules = [{ user: 'ann', allow: 'readwrite', topic: 'kitchen/#' }] as const;
  const { broker, port } = await startBroker(t, { ...security(list.file, { rules }), audit: { file } });
  const ann = await enter(t, port, as('ann', 'soup', { clientId: 'a' }));
  await reasonCodeOf(ann.publish('cellar', 'x', { qos: 1 }));
  await assert.rejects(enter(t, port, as('ann', 'secret-guess', { clientId: 'g' })));
  assert.deepEqual([broker.logins.loginsAccepted, broker.logins.loginsRefused], [1, 1]);
  assert.equal(broker.disconnectUser('ann', 'maintenance'), 1);
  await enter(t, port, as('ann', 'soup', { clientId: 'b' }));
  assert.deepEqual([broker.disconnect('b'), broker.disconnect('nobody')], [true, false]);
  await broker.reload();
  await broker.close();
  const text = readFileSync(file, 'utf8');
  const lines = text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  const events = lines.map(({ event }) => event);
  for (const event of ['start', 'login', 'denied', 'refused', 'kicked', 'logout', 'reload', 'stop']) {
    assert.ok(events.includes(event), `${event} is missing in ${events.join()}`);
  }
  assert.deepEqual(lines.find(({ event }) => event === 'refused')?.client, 'g');
  assert.deepEqual(
    lines.filter(({ event }) => event === 'kicked').map(({ client, by }) => [client, by]),
    [
      ['a', 'broker'],
      ['b', 'api'],
    ],
  );
  assert.doesNotMatch(text, /soup|secret-guess/);
});

test('a token that expires ends the connection, and one in place of the user name is never shown', async (t) => {
  const { SignJWT } = await import('jose');
  const secret = 'a secret of at least thirty-two bytes';
  const file = join(tempDir(t), 'audit.jsonl');
  const logged: string[] = [];
  const note = (message: string) => void logged.push(message);
  const log = { error: note, warn: note, info: note, debug: note } as unknown as NonNullable<
    Parameters<typeof startBroker>[2]
  >['log'];
  const authentication = { providers: [{ type: 'jwt', secret, from: 'username' }], refusalTime: 0 } as const;
  const { broker, port } = await startBroker(t, { authentication, audit: { file } }, { log: log! });
  const now = Math.floor(Date.now() / 1000);
  const token = (exp: number) =>
    new SignJWT({ sub: 'ann' })
      .setProtectedHeader({ alg: 'HS256' })
      .setExpirationTime(exp)
      .sign(new TextEncoder().encode(secret));
  const old = await token(now - 10);
  await assert.rejects(enter(t, port, { username: old }));
  const fresh = await token(now + 2);
  const gone = nextEvent(broker, 'disconnect');
  await enter(t, port, { username: fresh, clientId: 'a' });
  const [client, { reasonCode, reason }] = await gone;
  assert.deepEqual([client.username, reasonCode], ['ann', ReasonCode.maximumConnectTime]);
  assert.match(reason, /expired/);
  await broker.close();
  const written = readFileSync(file, 'utf8') + logged.join('\n');
  for (const one of [old, fresh]) assert.ok(!written.includes(one.slice(0, 60)));
});

test('a listener that others can reach does not open without a way to log in; said aloud, it is shown in the health', async (t) => {
  const open = { listeners: [{ host: '0.0.0.0', port: 0 }] };
  await assert.rejects(startBroker(t, open), /choose one of three/);
  const { broker } = await startBroker(t, { listeners: [{ host: '0.0.0.0', port: 0, allowAnonymous: true }] });
  const finding = (one: Broker) => one.health.findings.map(({ code }) => code);
  assert.deepEqual([broker.health.ok, finding(broker)], [true, ['anonymous-exposed']]);
});

test('the log names the rule that denied, and no rule where something else did', async (t) => {
  const said: string[] = [];
  const note = (message: string) => void said.push(message);
  const log = { error: note, warn: note, info: note, debug: () => {}, isEnabled: () => true };
  const rules = [
    { allow: 'readwrite', topic: '#' },
    { deny: 'write', topic: 'attic' },
  ] as const;
  const { port } = await startBroker(t, { authorization: { rules } }, { log });
  const client = await enter(t, port, { clientId: 'c' });
  await reasonCodeOf(client.publish('attic', '', { qos: 1 }));
  await reasonCodeOf(client.publish('$SYS/mine', '', { qos: 1 }));
  assert.match(said[0]!, /may not publish 'attic'.*\(denied by .*attic/);
  assert.match(said[1]!, /'\$SYS\/mine': topics below \$SYS belong to the broker; publish to another topic$/);
});
