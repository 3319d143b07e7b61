import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { defaultLimits } from '@cauldron/core';
import { ConfigError, type ConfigInput, listSettings, loadConfig, parseConfig, plain } from '../index.ts';

const folder = mkdtempSync(join(tmpdir(), 'cauldron-security-'));
after(() => rmSync(folder, { recursive: true }));
const path = join(folder, 'c.toml');

function load(toml: string, env: Record<string, string> = {}) {
  writeFileSync(path, toml);
  return loadConfig({ file: path, env });
}

/** The message without the name of the file: `line: key: what is wrong`. */
function refusal(toml: string, env?: Record<string, string>): string {
  try {
    load(toml, env);
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    return error.message.replaceAll(`${path}:`, '');
  }
  return assert.fail(`accepted: ${toml}`);
}

function refusesEach(cases: readonly (readonly [string, RegExp])[]): void {
  for (const [toml, expected] of cases) assert.match(refusal(toml), expected, toml);
}

const PROVIDER = '[[authentication.providers]]\n';

test('a provider without a type, or with one that there is not, is told which there are', () => {
  const types = '"password-file", "jwt", "http", "ldap", "postgresql"';
  assert.equal(
    refusal(`${PROVIDER}file = "x"`),
    `1: authentication.providers[0].type: is missing; it takes one of ${types}`,
  );
  assert.equal(
    refusal(`${PROVIDER}type = "jtw"`),
    `2: authentication.providers[0].type: "jtw" is not accepted; it takes one of ${types}; did you mean "jwt"?`,
  );
  assert.match(
    refusal('authentication.providers = [5]'),
    /1: authentication\.providers\[0\]: 5 is not accepted; it takes a table/,
  );
});

test('an unknown key of a provider is refused with the likely spelling among those of its type, and the line', () => {
  assert.equal(
    refusal(
      `${PROVIDER}type = "password-file"\nfile = "a"\n${PROVIDER}type = "ldap"\nurl = "ldap://d"\nuserDn = "%u"\nserchBase = "x"`,
    ),
    '8: authentication.providers[1].serchBase: unknown key; did you mean searchBase?',
  );
  assert.equal(
    refusal(`${PROVIDER}type = "password-file"\nfile = "a"\nbindDn = "x"`),
    '4: authentication.providers[0].bindDn: unknown key; known here: type, file, upgrade, cacheTime',
  );
});

test('providers keep the order they are written in, and have the defaults of their type', () => {
  const { config } = load(
    `${PROVIDER}type = "jwt"\njwksUrl = "https://id/jwks"\ncacheTime = "1 min"\nissuer = "a"\naudience = ["b", "c"]\n${PROVIDER}type = "password-file"\nfile = "p"`,
  );
  const [jwt, passwords] = plain(config.authentication.providers);
  assert.deepEqual(passwords, { type: 'password-file', file: 'p', upgrade: true });
  assert.deepEqual(jwt, {
    ...{ type: 'jwt', jwksUrl: 'https://id/jwks', cacheTime: 60, issuer: 'a', audience: ['b', 'c'] },
    ...{ usernameClaim: 'sub', rolesClaim: 'roles', rulesClaim: 'acl', from: 'password', clockTolerance: 0 },
    ...{ requireExpiry: true, matchUsername: true, allowPlain: false },
    ...{ jwksMaxAge: 600, jwksStaleTime: 3600, jwksCooldown: 30, timeout: 3 },
  });
});

test('what a provider needs, and what excludes each other, is told', () => {
  const jwt = `${PROVIDER}type = "jwt"\n`;
  const ldap = `${PROVIDER}type = "ldap"\nurl = "ldap://d"\n`;
  const postgresql = `${PROVIDER}type = "postgresql"\npasswordQuery = "SELECT"\n`;
  refusesEach([
    [jwt, /1: authentication\.providers\[0\]: needs one key to check tokens with and has none; give it one of secret,/],
    [`${jwt}secret = "a"\njwksFile = "b"`, /has secret and jwksFile; give it one of/],
    [
      `${jwt}secret = "a"\nalgorithms = ["none"]`,
      /4: .*algorithms\[0\]: "none" is not accepted; it takes one of "HS256"/,
    ],
    [`${jwt}secret = "a"\nalgorithms = []`, /4: .*algorithms: \[\] is not accepted; it takes a list, each one of/],
    [ldap, /needs searchBase, to search for users, or userDn/],
    [`${ldap}searchBase = "a"\nuserDn = "b"`, /give it one of the two/],
    [`${ldap}userDn = "b"\nbindPassword = "x"`, /bindDn: is missing; bindDn and bindPassword go together/],
    [`${jwt}secret = "a"\nissuer = []`, /issuer: \[\] is not accepted; it takes text, or a list of it/],
    [
      `${postgresql}url = "mysql://h"`,
      /url: what is given is not accepted; it takes a URL that starts with postgresql:/,
    ],
    [`${PROVIDER}type = "http"\nurl = "https://h"\nheaders = "x"`, /headers: what is given is not accepted/],
    [
      '[authentication]\nfailureDelay = "10 min"',
      /2: authentication\.failureDelay: is longer than failureDelayMaximum \(300 s\)/,
    ],
  ]);
});

test('environment variables reach into providers, lists and tables inside tables', () => {
  const { config } = load(`${PROVIDER}type = "jwt"\nsecret = "s"\n`, {
    CAULDRON_AUTHENTICATION_PROVIDERS_0_ALGORITHMS: 'HS256, HS512',
    CAULDRON_AUTHENTICATION_PROVIDERS_1_TYPE: 'password-file',
    CAULDRON_AUTHENTICATION_PROVIDERS_1_FILE: 'p',
    CAULDRON_AUTHORIZATION_SUPERUSERS: 'ann',
    CAULDRON_LISTENERS_0_TLS_CERT: 'c',
    CAULDRON_LISTENERS_0_TLS_KEY: 'k',
    CAULDRON_LISTENERS_0_TLS_SNI_0_HOST: 'h',
    CAULDRON_LISTENERS_0_TLS_SNI_0_CERT: 'c0',
    CAULDRON_LISTENERS_0_TLS_SNI_0_KEY: 'k0',
  });
  const [jwt, file] = config.authentication.providers;
  assert.deepEqual(jwt?.type === 'jwt' && jwt.algorithms, ['HS256', 'HS512']);
  assert.deepEqual(file, { type: 'password-file', file: 'p', upgrade: true });
  assert.deepEqual(config.authorization.superusers, ['ann']);
  assert.deepEqual(config.listeners[0]?.tls?.sni, [{ host: 'h', cert: 'c0', key: 'k0' }]);
  assert.match(
    refusal('', { CAULDRON_LISTENERS_0_TLS_SNI_1_CERT: 'c' }),
    /there is no listeners\[0\]\.tls\.sni\[0\] before it; number the entries of listeners\[0\]\.tls\.sni from 0/,
  );
  assert.match(
    refusal('', { CAULDRON_LISTENERS_3_TLS_SNI_1_CRET: 'c' }),
    /did you mean CAULDRON_LISTENERS_3_TLS_SNI_1_CERT\?/,
  );
});

test('a flag that gives a list takes the place of the one in the file, and is shown as its source', () => {
  writeFileSync(
    path,
    '[authorization]\naclFiles = ["a", "b"]\n[[authentication.providers]]\ntype = "jwt"\nsecret = "s"\n',
  );
  const loaded = loadConfig({
    file: path,
    overrides: [
      { from: '--acl-file', input: { authorization: { aclFiles: ['c'] } } },
      { from: '--password-file', input: { authentication: { providers: [{ type: 'password-file', file: 'p' }] } } },
    ],
  });
  assert.deepEqual(loaded.config.authorization.aclFiles, ['c']);
  assert.deepEqual(loaded.config.authentication.providers, [{ type: 'password-file', file: 'p', upgrade: true }]);
  const from = Object.fromEntries(listSettings(loaded).map((setting) => [setting.key, setting.from]));
  assert.equal(from['authorization.aclFiles'], '--acl-file');
  assert.equal(from['authentication.providers[0].file'], '--password-file');
});

const LISTENER = '[[listeners]]\n';

test('a listener has an address or the path of a Unix socket, never both', () => {
  const { listeners } = load(`${LISTENER}path = "/s"\n${LISTENER}path = "/t"\nmode = "600"\n${LISTENER}`).config;
  assert.deepEqual(listeners, [
    { path: '/s', mode: '0660' },
    { path: '/t', mode: '600' },
    { host: '127.0.0.1', port: 1883 },
  ]);
  refusesEach([
    [
      `${LISTENER}path = "/s"\nport = 1`,
      /3: listeners\[0\]\.port: the listener has a path, so it listens on no address/,
    ],
    [`${LISTENER}host = "::1"\npath = "/s"`, /2: listeners\[0\]\.host: the listener has a path/],
    [
      `${LISTENER}path = "/s"\nproxyProtocol = { from = ["::1"] }`,
      /3: listeners\[0\]\.proxyProtocol: is for host and port/,
    ],
    [`${LISTENER}path = "/s"\n[listeners.webSocket]`, /3: listeners\[0\]\.webSocket: is for host and port/],
    [`${LISTENER}webSocket = { path = "mqtt" }`, /2: listeners\[0\]\.webSocket\.path: .*begins with \//],
    [
      `${LISTENER}webSocket = { path = "/mqtt?x" }`,
      /2: listeners\[0\]\.webSocket\.path: .*without spaces, \?, # and %/,
    ],
    [`${LISTENER}webSocket = { path = "/a?b" }`, /webSocket\.path: .*begins with \//],
    [`${LISTENER}webSocket = { names = ["https://h"] }`, /webSocket\.names: "https:\/\/h" is no host name/],
    [`${LISTENER}webSocket = { origins = ["app.example"] }`, /webSocket\.origins: "app\.example" is no origin/],
    [`${LISTENER}webSocket = { maxInflatedSize = 5 }`, /webSocket\.maxInflatedSize: 5 is not accepted/],
    [`${LISTENER}mode = "0600"`, /2: listeners\[0\]\.mode: is for Unix sockets/],
    [`${LISTENER}path = "/s"\nmode = "0888"`, /mode: "0888" is not accepted; it takes permissions in octal/],
    [
      `${LISTENER}path = "/s"\n${LISTENER}path = "/s"`,
      /4: listeners\[1\]\.path: \/s is already taken by listeners\[0\]/,
    ],
  ]);
});

test('a WebSocket listener is on port 8083, with TLS on 8084, where nothing else is said', () => {
  const { listeners } = load(
    `${LISTENER}webSocket = {}\n${LISTENER}webSocket = {}\ntls = { cert = "c", key = "k" }`,
  ).config;
  assert.deepEqual(
    listeners.map(({ host, port }) => [host, port]),
    [
      ['127.0.0.1', 8083],
      ['127.0.0.1', 8084],
    ],
  );
});

test('a TLS listener is on port 8883 where nothing else is said, and has a certificate with its key, or keys of its own', () => {
  const { listeners } = load(
    `${LISTENER}tls = { cert = "c", key = "k" }\n${LISTENER}port = 1\n[listeners.tls.psk]\nfile = "p"`,
  ).config;
  const defaults = { minVersion: '1.2', clientCertificate: 'none', usernameFrom: 'cn', sni: [] };
  assert.deepEqual(listeners, [
    { host: '127.0.0.1', port: 8883, tls: { cert: 'c', key: 'k', ...defaults } },
    { host: '127.0.0.1', port: 1, tls: { psk: { file: 'p' }, ...defaults } },
  ]);
  const tls = `${LISTENER}[listeners.tls]\n`;
  const pair = `${tls}cert = "c"\nkey = "k"\n`;
  refusesEach([
    [tls, /2: listeners\[0\]\.tls: has no certificate; give it cert and key, or psk/],
    [`${tls}cert = "c"`, /tls\.key: is missing; cert needs its private key/],
    [`${tls}key = "k"\npsk = { file = "p" }`, /tls\.cert: is missing; key is of no use/],
    [`${pair}clientCertificate = "require"`, /tls\.ca: is missing; clientCertificate = "require" needs it/],
    [`${pair}crl = "x"`, /tls\.ca: is missing; crl is about certificates it signed/],
    [`${pair}clientCertificate = "required"`, /"required" is not accepted; .*; did you mean "require"\?/],
    [
      `${tls}psk = { file = "p" }\nclientCertificate = "optional"\nca = "a"`,
      /tls\.cert: is missing; client certificates/,
    ],
    [`${tls}psk = { file = "p" }\nsni = [{ host = "h", cert = "c", key = "k" }]`, /tls\.cert: is missing; sni needs/],
    [
      `${pair}[[listeners.tls.sni]]\nhost = "h"\ncret = "c"`,
      /7: listeners\[0\]\.tls\.sni\[0\]\.cret: unknown key; did you mean cert/,
    ],
    [`${pair}sni = 5`, /tls\.sni: 5 is not accepted; it takes a list of tables, written \[\[listeners\.tls\.sni\]\]/],
    [
      `${LISTENER}tls = true`,
      /2: listeners\[0\]\.tls: true is not accepted; it takes a table, written \[listeners\.tls\] in TOML/,
    ],
  ]);
});

test('proxies are named by addresses or networks, at least one', () => {
  const of = (from: string) => `${LISTENER}proxyProtocol = { from = ${from} }`;
  assert.deepEqual(load(of('["10.0.0.0/8", "::1", "fe80::/10"]')).config.listeners[0]?.proxyProtocol, {
    from: ['10.0.0.0/8', '::1', 'fe80::/10'],
  });
  refusesEach([
    [of('[]'), /proxyProtocol\.from: \[\] is not accepted; it takes a list, each an IP address or a network/],
    [
      of('["10.0.0.1", "10.0.0.0/33"]'),
      /from\[1\]: "10\.0\.0\.0\/33" is not accepted; it takes an IP address or a network/,
    ],
    [of('["proxy.example.org"]'), /from\[0\]: "proxy\.example\.org" is not accepted/],
    [of('["::/129"]'), /"::\/129" is not accepted/],
    [`${LISTENER}proxyProtocol = {}`, /proxyProtocol\.from: is missing/],
  ]);
});

const RULE = '[[authorization.rules]]\n';

test('a rule says once whom it is for, what it does, and what it is about', () => {
  const { rules } = load(
    `${RULE}user = "ann"\nallow = "read"\ntopic = "kitchen/%u/#"\n${RULE}anonymous = true\ndeny = "readwrite"\ntopics = ["a/%c", "b/+"]`,
  ).config.authorization;
  assert.deepEqual(rules, [
    { user: 'ann', allow: 'read', topic: 'kitchen/%u/#' },
    { anonymous: true, deny: 'readwrite', topics: ['a/%c', 'b/+'] },
  ]);
  const whole = `${RULE}allow = "read"\ntopic = "a"\n`;
  refusesEach([
    [`${RULE}topic = "a"`, /1: authorization\.rules\[0\]: says neither allow nor deny/],
    [`${whole}deny = "write"`, /4: authorization\.rules\[0\]\.deny: stands beside allow; a rule has one of the two/],
    [`${RULE}allow = "read"`, /rules\[0\]: names no topic; give it topic or topics/],
    [`${whole}topics = ["b"]`, /topics: stands beside topic/],
    [`${whole}user = "a"\nusers = ["b"]`, /users: stands beside user/],
    [`${whole}users = []`, /users: \[\] is not accepted; it takes a list, each a name/],
    [`${whole}user = ""`, /user: "" is not accepted/],
    [`${whole}anonymous = true\ngroup = "g"`, /group: can never hold for an anonymous client/],
    [`${RULE}allow = "read"\ntopic = "a/#/b"`, /3: .*topic: "a\/#\/b" is not accepted: '#' must be the last level/],
    [`${RULE}allow = "read"\ntopics = ["a", "a+"]`, /3: .*topics\[1\]: "a\+" is not accepted/],
    [
      `${RULE}allow = "raed"\ntopic = "a"`,
      /"raed" is not accepted; it takes one of "read", "write", "readwrite"; did you mean "read"\?/,
    ],
  ]);
});

test('roles and groups have names of their own', () => {
  const { roles, groups } = load(
    '[[authorization.roles]]\nname = "cook"\nusers = ["ann"]\ngroups = ["kitchen"]\n[[authorization.groups]]\nname = "kitchen"\nusers = ["ben"]',
  ).config.authorization;
  assert.deepEqual(
    [roles, groups],
    [[{ name: 'cook', users: ['ann'], groups: ['kitchen'] }], [{ name: 'kitchen', users: ['ben'] }]],
  );
  refusesEach([
    [
      '[[authorization.roles]]\nname = "a"\n[[authorization.roles]]\nname = "a"',
      /4: authorization\.roles\[1\]\.name: there is a role of the name "a" already/,
    ],
    ['[[authorization.groups]]\nname = "a"', /1: authorization\.groups\[0\]\.users: is missing/],
  ]);
});

test('every limit of the core can be set, 0 switches rates off, and a listener may have rates of its own', () => {
  const zero = { maxConnectRate: 0, maxConnectRatePerAddress: 0, maxMessageRate: 0, maxByteRate: 0, maxReconnects: 0 };
  assert.deepEqual({ ...parseConfig({ limits: zero }).limits, ...zero }, parseConfig({ limits: zero }).limits);
  for (const [key, value] of Object.entries(defaultLimits)) {
    const { limits } = parseConfig({ limits: { [key]: value } as NonNullable<ConfigInput['limits']> });
    assert.equal((limits as Record<string, unknown>)[key], value, key);
  }
  const own = {
    maxConnectRate: 1,
    maxConnectRatePerAddress: 2,
    maxMessageRate: 3,
    maxByteRate: 4,
    allowAnonymous: false,
  };
  assert.deepEqual(parseConfig({ listeners: [own] }).listeners[0], { host: '127.0.0.1', port: 1883, ...own });
  assert.equal(parseConfig({ limits: { maxMemory: '1 GiB' } }).limits.maxMemory, 2 ** 30);
  assert.equal(parseConfig().limits.maxMemory, undefined);
});

test('the audit log is off where no file is named, and about everything where nothing is chosen', () => {
  const events = ['login', 'refusal', 'denial', 'ban', 'administration'];
  assert.deepEqual(parseConfig().audit, { events });
  assert.deepEqual(load('[audit]\nfile = "a"\nevents = ["login"]').config.audit, { file: 'a', events: ['login'] });
  refusesEach([['[audit]\nevents = ["logins"]', /events\[0\]: "logins" is not accepted; it takes one of "login"/]]);
});
