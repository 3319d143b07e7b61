// docs/security.md names what there is: tests, settings and their defaults; and its settings for an exposed broker work.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type ConfigInput, checkExposure, createBroker, parseConfig, plain } from '@cauldron/broker';
import { hashArgon2id, nodeHashFunctions } from '@cauldron/broker/passwords';
import { type Client, connect, type NodeClientOptions } from '@cauldron/client';
import { ReasonCode } from '@cauldron/protocol';
import { parse } from 'smol-toml';
import { repositoryRoot } from '../../scripts/lib/source-tree.ts';
import { sectionsOf } from '../support/markdown.ts';
import { reasonCodeOf } from '../support/reason-code.ts';
import { makeServerCertificate } from '../support/server-certificate.ts';
import { tempDir } from '../support/temp-dir.ts';

const docs = join(repositoryRoot, 'docs');
const page = readFileSync(join(docs, 'security.md'), 'utf8');

/** The rows of the tables of threats. */
const rows = page
  .split('\n')
  .filter((line) => line.startsWith('| ') && !line.startsWith('| threat |'))
  .map((line) => line.split('|').map((cell) => cell.trim()))
  .map(([, threat, defence, limits, tests]) => ({
    threat: threat!,
    defence: defence!,
    limits: limits!,
    tests: tests!,
  }));

test('every threat has a defence and a test, and every test is there', () => {
  assert.ok(rows.length > 50, `${rows.length}`);
  for (const { threat, defence, tests } of rows) {
    const links = [...tests.matchAll(/\]\(([^)]+)\)/g)].map(([, link]) => link!);
    assert.ok(defence.length > 2 && links.length > 0, threat);
    for (const link of links) assert.ok(/\.test\.ts$/.test(link) && existsSync(join(docs, link)), `${threat}: ${link}`);
  }
});

/** A configuration with one of everything that the page names defaults of. */
const BASE = {
  listeners: [{ tls: { cert: 'cert', key: 'key' }, webSocket: {} }],
  authentication: {
    providers: [
      { type: 'jwt', secret: 'soup' },
      { type: 'http', url: 'https://localhost' },
    ],
  },
};

/** The configuration with one value said aloud; `listeners.` is the listener, `jwt.` and `http.` are the providers. */
function saying(limit: string): ConfigInput {
  const [path, value] = limit.split(' = ') as [string, string];
  const input = structuredClone(BASE) as Record<string, unknown> & typeof BASE;
  const [first, ...more] = path.split('.') as [string, ...string[]];
  const provider = input.authentication.providers.find(({ type }) => type === first);
  let table = (provider ?? (first === 'listeners' ? input.listeners[0]! : (input[first] ??= {}))) as Record<
    string,
    unknown
  >;
  for (const key of more.slice(0, -1)) table = table[key] as Record<string, unknown>;
  table[more.at(-1)!] = parse(`value = ${value}`).value;
  return input as unknown as ConfigInput;
}

test('every limit that the tables name is a setting, with that default', () => {
  const named = rows.flatMap(({ limits }) => [...limits.matchAll(/`([\w.]+ = [^`]+)`/g)].map(([, limit]) => limit!));
  assert.ok(named.length > 40, `${named.length}`);
  const base = plain(parseConfig(BASE as unknown as ConfigInput, {}));
  for (const limit of named) assert.deepEqual(plain(parseConfig(saying(limit), {})), base, limit);
});

test('a limit with another default than the page says would be noticed', () => {
  const base = plain(parseConfig(BASE as unknown as ConfigInput, {}));
  for (const limit of ['limits.maxHalfOpen = 4097', 'listeners.tls.minVersion = "1.3"', 'jwt.requireExpiry = false']) {
    assert.notDeepEqual(plain(parseConfig(saying(limit), {})), base, limit);
  }
  assert.throws(() => parseConfig(saying('limits.maxHalfOpn = 4096'), {}), /maxHalfOpen/);
});

const recommended = sectionsOf(page)
  .find(({ title }) => title.startsWith('Recommended'))!
  .blocks.map(({ text }) => text)
  .join('\n');

/** The recommended settings, with its paths in a folder of this test, which has what they name, and any free port. */
async function settingsHere(folder: string): Promise<{ readonly input: ConfigInput; readonly ca: string }> {
  const { ca } = makeServerCertificate(folder);
  const cheap = { memory: 8, passes: 1, parallelism: 1 };
  const hash = await hashArgon2id(new TextEncoder().encode('soup'), cheap, nodeHashFunctions);
  writeFileSync(join(folder, 'passwords'), ['lamp', 'lock', 'house'].map((user) => `${user}:${hash}\n`).join(''), {
    mode: 0o600,
  });
  const here = recommended
    .replaceAll(/"\/(?:etc|var\/lib|var\/log)\/cauldron\/?/g, `"${folder}/`)
    .replace('0.0.0.0', '127.0.0.1')
    .replace('port = 8883', 'port = 0');
  const input = parse(here) as ConfigInput;
  return { input: { ...input, data: { directory: join(folder, 'data') }, log: { level: 'silent' } }, ca };
}

async function exposed(t: TestContext) {
  const folder = tempDir(t);
  const { input, ca } = await settingsHere(folder);
  const broker = await createBroker(input);
  t.after(() => broker.close());
  const { port } = broker.addresses[0]!;
  const tls = { ca: readFileSync(ca) };
  const come = (login: NodeClientOptions) => connect(`mqtts://127.0.0.1:${port}`, { tls, ...login });
  const enter = async (username: string, password = 'soup'): Promise<Client> => {
    const client = await come({ username, password });
    t.after(() => client.end());
    return client;
  };
  return { broker, come, enter, folder };
}

test('the recommended settings start, without a warning about who can reach the broker', () => {
  const { listeners } = checkExposure(parseConfig(parse(recommended) as ConfigInput, {}));
  assert.deepEqual(
    listeners.map(({ reachable, anonymous, encrypted, proofs }) => ({ reachable, anonymous, encrypted, proofs })),
    [{ reachable: 'network', anonymous: false, encrypted: true, proofs: ['login'] }],
  );
});

test('with the recommended settings devices reach what is theirs, the house everything, and nobody else comes in', async (t) => {
  const { broker, come, enter, folder } = await exposed(t);
  const [lamp, house] = [await enter('lamp'), await enter('house')];
  const publish = (client: Client, topic: string) => reasonCodeOf(client.publish(topic, 'on', { qos: 1 }));
  const got: string[] = [];
  await lamp.on('devices/+/set', ({ topic }) => void got.push(topic), { qos: 1 });
  assert.equal(await publish(lamp, 'devices/lock/set'), ReasonCode.notAuthorized);
  assert.equal(await publish(house, 'devices/lock/set'), ReasonCode.noMatchingSubscribers);
  assert.equal(await publish(house, 'devices/lamp/set'), ReasonCode.success);
  await lamp.publish('devices/lamp/state', 'on', { qos: 1 });
  assert.deepEqual(got, ['devices/lamp/set']);
  await assert.rejects(come({}), /0x87/);
  await assert.rejects(enter('lamp', 'soap'), /0x86/);
  assert.deepEqual(broker.health, { ok: true, findings: [] });
  assert.match(readFileSync(join(folder, 'audit.jsonl'), 'utf8'), /"event":"login","user":"lamp"/);
});
