import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parse } from 'smol-toml';
import { configurationDocument, exampleConfig } from './document.ts';
import { type ConfigInput, parseConfig, plain } from './index.ts';
import { configTree, formatPath, type Leaf, leavesOf, type Node, type Path, valueAt } from './tree.ts';

const PAGE = new URL('../../../../docs/configuration.md', import.meta.url);

test('docs/configuration.md says what the schema says', () => {
  const refresh = 'refresh it with: npx cauldron config docs > docs/configuration.md';
  assert.ok(readFileSync(PAGE, 'utf8') === configurationDocument(), `docs/configuration.md is out of date; ${refresh}`);
});

test('the example as it stands means the defaults', () => {
  assert.deepEqual(parseConfig(parse(exampleConfig()) as ConfigInput), parseConfig());
});

/** Environment variables that the example names for secrets. */
const EXAMPLE_ENV = {
  TLS_KEY_PASSWORD: 'a',
  JWT_SECRET: 'b',
  LOGIN_SERVICE_TOKEN: 'c',
  LDAP_PASSWORD: 'd',
  DATABASE_PASSWORD: 'e',
};

test('the example with every value taken in is accepted and holds every key, of alternatives the first', () => {
  const uncommented = exampleConfig().replaceAll(/^#(?=\S)/gm, '');
  const config = parseConfig(parse(uncommented) as ConfigInput, EXAMPLE_ENV);
  const isLaterListener = ([path]: [Path, Leaf]) => path[0] === 'listeners' && path[1] !== 0;
  const missing = [...leavesOf(config)].filter(
    (found) => valueAt(config, found[0]) === undefined && !isLaterListener(found),
  );
  assert.deepEqual(
    missing.filter(([, { insteadOf }]) => insteadOf === undefined).map(([path]) => formatPath(path)),
    [],
  );
  const alternatives = missing.map(([path]) => formatPath(path));
  for (const key of ['listeners[0].path', 'authorization.rules[0].deny', 'authentication.providers[1].jwksUrl'])
    assert.ok(alternatives.includes(key), key);
  for (const [path, leaf] of leavesOf(config)) {
    const isSection = configTree.fields.get(String(path[0]))?.type === 'table' && path.length === 2;
    const hasDefault = leaf.default !== undefined && !(Array.isArray(leaf.default) && leaf.default.length === 0);
    if (isSection && hasDefault) assert.deepEqual(valueAt(config, path), leaf.default, formatPath(path));
  }
  assert.deepEqual(config.listeners.slice(1), parseConfig().listeners.slice(1));
  assert.deepEqual(config.data.topics, [{ filter: 'sensors/#', ack: 'memory' }]);
  assert.deepEqual(
    config.authentication.providers.map(({ type }) => type),
    ['password-file', 'jwt', 'http', 'ldap', 'postgresql'],
  );
  assert.deepEqual(plain(config.authentication.providers[2]), {
    type: 'http',
    url: 'https://users.example.org/mqtt-login',
    headers: { Authorization: 'Bearer c' },
    ca: '/etc/cauldron/ca.pem',
    allowPlain: false,
    timeout: 5,
    poolSize: 16,
    cacheTime: 10,
  });
});

test('the reference has a section for each kind of provider, and for tables inside tables', () => {
  const page = configurationDocument();
  for (const name of [
    '[listeners.tls]',
    '[listeners.tls.psk]',
    '[[listeners.tls.sni]]',
    '[[authentication.providers]]',
  ])
    assert.ok(page.includes(`\n## ${name}\n\n`), name);
  for (const type of ['password-file', 'jwt', 'http', 'ldap', 'postgresql'])
    assert.ok(page.includes(`\n### type = "${type}"\n\n`), type);
  assert.match(page, /^\| `cert` .* `CAULDRON_LISTENERS_0_TLS_SNI_0_CERT` \|$/m);
});

test('every setting has a line of help, ends it with a full stop, and its default is one it accepts', () => {
  const all = allLeaves(configTree, []);
  assert.ok(all.length > 150);
  for (const [path, leaf] of all) {
    assert.match(leaf.setting.help, /^[A-Z].*\.$/, path.join('.'));
    assert.ok(
      NEEDED.has(path.join('.')) || leaf.default !== undefined || leaf.absent !== undefined,
      `${path.join('.')} has a default or says what holds`,
    );
  }
  assert.deepEqual(parseConfig(parseConfig() as ConfigInput), parseConfig());
});

/** What has to be given in each table of a list. */
const NEEDED = new Set([
  ...['listeners.proxyProtocol.from', 'listeners.tls.psk.file'],
  ...['host', 'cert', 'key'].map((key) => `listeners.tls.sni.${key}`),
  ...['type', 'file', 'url', 'passwordQuery'].map((key) => `authentication.providers.${key}`),
  ...['authorization.roles.name', 'authorization.groups.name', 'authorization.groups.users'],
  ...['data.topics.filter', 'data.topics.ack'],
]);

function allLeaves(node: Node, path: readonly string[]): [readonly string[], Leaf][] {
  if (node.type === 'leaf') return [[path, node]];
  if (node.type === 'list') return allLeaves(node.item, path);
  if (node.type === 'union') return [...node.variants.values()].flatMap((variant) => allLeaves(variant, path));
  return [...node.fields].flatMap(([key, field]) => allLeaves(field, [...path, key]));
}
