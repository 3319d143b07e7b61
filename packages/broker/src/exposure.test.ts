import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { ConfigError, type ConfigInput, loadConfig, parseConfig } from './config/index.ts';
import { createBroker } from './create-broker.ts';
import {
  allowsAnonymous,
  anonymousFinding,
  checkExposure,
  exposureOf,
  exposureWarnings,
  isLoopback,
  listenerUrl,
} from './exposure.ts';

const folder = mkdtempSync(join(tmpdir(), 'cauldron-exposure-'));
after(() => rmSync(folder, { recursive: true }));

type Listener = NonNullable<ConfigInput['listeners']>[number];

const OPEN = { host: '0.0.0.0' };
const USERS: ConfigInput = { authentication: { providers: [{ type: 'password-file', file: 'passwords' }] } };
const TLS = { cert: 'c', key: 'k' };

/** Who may come in through one listener: `refused`, or reachable by whom and whether anonymous clients may. */
function judged(listener: Listener, input: ConfigInput = {}, hasAuthenticator = false): string {
  const [one] = exposureOf(parseConfig({ ...input, listeners: [listener] }), { hasAuthenticator }).listeners;
  return one!.refusal === undefined ? `${one!.reachable}, ${one!.anonymous ? 'anonymous' : 'login'}` : 'refused';
}

function refusal(config: ConfigInput): ConfigError {
  try {
    checkExposure(parseConfig(config));
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    return error;
  }
  return assert.fail('it may start');
}

test('without configuration only this machine reaches the broker, and anonymous clients may come in', () => {
  const exposure = checkExposure(parseConfig());
  assert.deepEqual(
    exposure.listeners.map(({ reachable, anonymous, url }) => [reachable, anonymous, url]),
    [
      ['this machine', true, 'mqtt://127.0.0.1:1883'],
      ['this machine', true, 'mqtt://[::1]:1883'],
      ['this machine', true, 'ws://127.0.0.1:8083/mqtt'],
      ['this machine', true, 'ws://[::1]:8083/mqtt'],
    ],
  );
  assert.deepEqual([anonymousFinding(exposure), exposureWarnings(exposure)], [undefined, []]);
});

test('who reaches a listener, and whether anonymous clients may come in, is decided by host, users, transport and what was said', () => {
  const all: ConfigInput = { authentication: { allowAnonymous: true } };
  const nobody: ConfigInput = { authentication: { ...USERS.authentication, allowAnonymous: false } };
  const required = { ...TLS, ca: 'a', clientCertificate: 'require' } as const;
  const cases: [string, Listener, ConfigInput, string][] = [
    ['loopback', {}, {}, 'this machine, anonymous'],
    ['localhost', { host: 'localhost' }, {}, 'this machine, anonymous'],
    ['a Unix socket', { path: '/s' }, {}, 'this machine, anonymous'],
    ['loopback with users', {}, USERS, 'this machine, login'],
    ['loopback with users, and anonymous ones', { allowAnonymous: true }, USERS, 'this machine, anonymous'],
    ['every address', OPEN, {}, 'refused'],
    ['WebSocket on loopback', { webSocket: {} }, {}, 'this machine, anonymous'],
    ['WebSocket on every address', { ...OPEN, webSocket: {} }, {}, 'refused'],
    ['WebSocket on every address with users', { ...OPEN, webSocket: {} }, USERS, 'network, login'],
    ['every IPv6 address', { host: '::' }, {}, 'refused'],
    ['a host name', { host: 'broker.example.org' }, {}, 'refused'],
    ['every address with users', OPEN, USERS, 'network, login'],
    ['every address, said aloud', { ...OPEN, allowAnonymous: true }, {}, 'network, anonymous'],
    ['every address, said aloud for all', OPEN, all, 'network, anonymous'],
    ['every address, said aloud for all but this', { ...OPEN, allowAnonymous: false }, all, 'refused'],
    ['a listener over the section', { ...OPEN, allowAnonymous: true }, nobody, 'network, anonymous'],
    ['TLS alone proves nothing of the client', { ...OPEN, tls: TLS }, {}, 'refused'],
    ['required certificates', { ...OPEN, tls: required }, {}, 'network, login'],
    ['certificates one may leave out', { ...OPEN, tls: { ...required, clientCertificate: 'optional' } }, {}, 'refused'],
    ['certificates that name nobody', { ...OPEN, tls: { ...required, usernameFrom: 'none' } }, {}, 'refused'],
    ['TLS keys', { ...OPEN, tls: { psk: { file: 'p' } } }, {}, 'network, login'],
    ['loopback with required certificates', { tls: required }, {}, 'this machine, login'],
    ['loopback behind a proxy', { proxyProtocol: { from: ['127.0.0.1'] } }, {}, 'refused'],
  ];
  for (const [name, listener, input, expected] of cases) assert.equal(judged(listener, input), expected, name);
});

test('a program that decides itself who may connect may listen everywhere', () => {
  assert.equal(judged(OPEN, {}, true), 'network, login');
});

test('a refusal names the listener and holds the lines of the three ways out, each of which is accepted', () => {
  const { code, message, problems } = refusal({ listeners: [{}, { host: '0.0.0.0', port: 1884 }] });
  assert.equal(code, 'CONFIG_UNSAFE');
  assert.deepEqual(
    problems.map(({ path }) => path),
    ['listeners[1]'],
  );
  assert.match(message, /^listeners\[1\]: mqtt:\/\/0\.0\.0\.0:1884 can be reached from other machines/);
  const lines = (start: string, count: number): string => {
    const all = message.split('\n');
    const at = all.findIndex((line) => line.trim().startsWith(start));
    return all
      .slice(at, at + count)
      .map((line) => line.trim())
      .join('\n');
  };
  const withLines = (inListener: string, after = '') => {
    const name = join(folder, 'fixed.toml');
    writeFileSync(name, `[[listeners]]\nport = 1884\n${inListener}\n${after}\n`);
    return checkExposure(loadConfig({ file: name }).config).listeners[0]!;
  };
  assert.equal(withLines(lines('host =', 1)).reachable, 'this machine');
  assert.equal(withLines('host = "0.0.0.0"', lines('[[authentication', 3)).anonymous, false);
  assert.equal(withLines(`host = "0.0.0.0"\n${lines('allowAnonymous', 1)}`).anonymous, true);
});

test('every listener that must not be opened is told, with the line of its host', () => {
  const name = join(folder, 'two.toml');
  writeFileSync(name, '[[listeners]]\nport = 1\nhost = "0.0.0.0"\n[[listeners]]\n[[listeners]]\nhost = "::"\n');
  const loaded = loadConfig({ file: name });
  assert.throws(
    () => checkExposure(loaded.config, loaded),
    ({ problems }: ConfigError) =>
      problems.length === 2 && problems[0]!.line === 3 && problems[1]!.line === 6 && problems[1]!.file === name,
  );
});

test('behind a proxy the way to keep others out is to leave the proxy out', () => {
  const { message } = refusal({ listeners: [{ proxyProtocol: { from: ['10.0.0.0/8'] } }] });
  assert.match(message, /leave its proxyProtocol out/);
  assert.doesNotMatch(message, /host = "127/);
});

test('that anonymous clients come in from elsewhere is a finding, which says what they may do', () => {
  const open = exposureOf(parseConfig({ listeners: [{ ...OPEN, port: 0, allowAnonymous: true }, {}] }));
  const finding = anonymousFinding(open, [{ name: '0.0.0.0:0', url: 'mqtt://0.0.0.0:4711' }]);
  assert.equal(finding?.code, 'anonymous-exposed');
  assert.match(finding.message, /^anyone who reaches mqtt:\/\/0\.0\.0\.0:4711 may read and publish everything/);
  const ruled = exposureOf(
    parseConfig({ listeners: [{ ...OPEN, allowAnonymous: true }], authorization: { aclFiles: ['acl'] } }),
  );
  assert.match(anonymousFinding(ruled)!.message, /do what the rules let such clients do/);
});

test('passwords that can be overheard are warned of: not on this machine, not with TLS, not behind a proxy', () => {
  const warnings = (listener: Listener) =>
    exposureWarnings(exposureOf(parseConfig({ ...USERS, listeners: [listener] })));
  assert.match(warnings(OPEN).join(), /^user names and passwords come over mqtt:\/\/0\.0\.0\.0:1883 unencrypted/);
  for (const quiet of [{}, { ...OPEN, tls: TLS }, { ...OPEN, proxyProtocol: { from: ['10.0.0.1'] } }])
    assert.deepEqual(warnings(quiet), []);
});

test('listeners that share a name let anonymous clients in only where all of them say so', () => {
  const of = (second: Listener) => exposureOf(parseConfig({ listeners: [{ port: 0 }, { port: 0, ...second }] }));
  assert.equal(allowsAnonymous(of({}), '127.0.0.1:0'), true);
  assert.equal(allowsAnonymous(of({ allowAnonymous: false }), '127.0.0.1:0'), false);
  assert.equal(allowsAnonymous(of({}), 'unknown'), false);
});

test('only this machine reaches loopback addresses', () => {
  for (const host of ['127.0.0.1', '127.9.9.9', '::1', 'localhost', 'LOCALHOST', '::ffff:127.0.0.1'])
    assert.ok(isLoopback(host), host);
  for (const host of ['0.0.0.0', '::', '192.168.1.1', '128.0.0.1', 'example.org', '127.0.0.1.example.org'])
    assert.ok(!isLoopback(host), host);
});

test('a URL says how a listener is reached', () => {
  const url = (listener: Listener) => listenerUrl(parseConfig({ listeners: [listener] }).listeners[0]!);
  assert.equal(url({ host: '::', port: 1 }), 'mqtt://[::]:1');
  assert.equal(url({ tls: TLS }), 'mqtts://127.0.0.1:8883');
  assert.equal(url({ path: '/run/c.sock' }), 'mqtt+unix:///run/c.sock');
  const tls = { cert: 'cert.pem', key: 'key.pem' };
  assert.equal(url({ path: '/run/c.sock', tls }), 'mqtts+unix:///run/c.sock');
});

test('a broker in a program follows the same policy, and opens nothing where it refuses', async () => {
  const error = { name: 'ConfigError', code: 'CONFIG_UNSAFE' };
  await assert.rejects(createBroker({ listeners: [{ host: '0.0.0.0', port: 0 }] }), error);
});
