import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { format, inspect } from 'node:util';
import { ConfigError, type ConfigInput, listSettings, loadConfig, parseConfig, plain, Secret } from './index.ts';
import { maskUrl, type SecretInput } from './secret.ts';

const folder = mkdtempSync(join(tmpdir(), 'cauldron-secret-'));
after(() => rmSync(folder, { recursive: true }));
let files = 0;

function file(text: string): string {
  const name = join(folder, `${files++}`);
  writeFileSync(name, text);
  return name;
}

function refusal(action: () => unknown): ConfigError {
  try {
    action();
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    return error;
  }
  return assert.fail('the configuration was accepted');
}

const LDAP = { type: 'ldap', url: 'ldap://d', searchBase: 'dc=x', bindDn: 'cn=x' } as const;
const withPassword = (bindPassword: unknown) =>
  ({ authentication: { providers: [{ ...LDAP, bindPassword }] } }) as ConfigInput;
const variable = (name: string): string => `$\{${name}}`;

function passwordOf(bindPassword: SecretInput, env: Record<string, string> = {}): string | undefined {
  const provider = plain(parseConfig(withPassword(bindPassword), env).authentication.providers[0]!);
  return provider.type === 'ldap' ? provider.bindPassword : assert.fail();
}

test('a secret is written as it is, by the name of a variable, or by the name of a file', () => {
  const env = { PW: 'from the environment' };
  assert.equal(passwordOf('soup'), 'soup');
  assert.equal(passwordOf(variable('PW'), env), 'from the environment');
  assert.equal(passwordOf({ env: 'PW' }, env), 'from the environment');
  assert.equal(passwordOf({ file: file('from a file') }), 'from a file');
  assert.equal(passwordOf(`<${variable('A')}-${variable('B')}>`, { A: '1', B: '2' }), '<1-2>');
  assert.equal(passwordOf(new Secret('given by a program')), 'given by a program');
});

test('of a file the line end at its end is no part of the secret, everything else is', () => {
  assert.equal(passwordOf({ file: file('two\nlines \r\n') }), 'two\nlines ');
  assert.equal(passwordOf({ file: file('x\n\n') }), 'x\n');
});

test('what a variable holds is not looked into: a secret may look like the name of another', () => {
  assert.equal(passwordOf(variable('A'), { A: variable('B'), B: 'wrong' }), variable('B'));
  assert.equal(passwordOf({ env: 'A' }, { A: variable('B') }), variable('B'));
});

test('a secret that is not where it should be is told with the setting and the place, once', () => {
  const toml = file(
    `[[authentication.providers]]\ntype = "ldap"\nurl = "ldap://d"\nsearchBase = "x"\nbindDn = "y"\nbindPassword = "${variable('PW')}"\n`,
  );
  assert.equal(
    refusal(() => loadConfig({ file: toml, env: { PW: '' } })).message,
    `${toml}:6: authentication.providers[0].bindPassword: the environment variable PW is not set; ` +
      'set it to the secret, or write it another way',
  );
  assert.match(
    refusal(() => parseConfig(withPassword({ env: 'PW' }), {})).message,
    /^authentication\.providers\[0\]\.bindPassword: the environment variable PW is not set; [^\n]*$/,
  );
  assert.match(
    refusal(() => parseConfig(withPassword({ file: join(folder, 'none') }), {})).message,
    /bindPassword: the file \S+none cannot be read \(ENOENT\); [^\n]*$/,
  );
  assert.match(refusal(() => parseConfig(withPassword({ file: file('\n') }), {})).message, /is empty/);
  const url = { authentication: { providers: [{ ...LDAP, bindPassword: 'x', url: { env: 'URL' } }] } };
  assert.match(
    refusal(() => parseConfig(url, {})).message,
    /^authentication\.providers\[0\]\.url: .* URL is not set; [^\n]*$/,
  );
});

test('a secret is seen in no form of printing, and neither is the configuration that holds it', () => {
  const secret = new Secret('soup42');
  for (const shown of [
    `${secret}`,
    JSON.stringify({ secret }),
    inspect({ secret }, { showHidden: true }),
    format('%o', secret),
  ])
    assert.doesNotMatch(shown, /soup42/);
  assert.equal(JSON.stringify(secret), '"***"');
  const config = parseConfig(withPassword('soup42'));
  assert.doesNotMatch(inspect(config, { depth: null, showHidden: true }) + JSON.stringify(config), /soup42/);
});

test('the frozen configuration keeps its secrets hidden, and can be given to a broker as it is', () => {
  const config = parseConfig(withPassword({ env: 'PW' }), { PW: 'soup42' });
  assert.ok(Object.isFrozen(config.authentication.providers[0]));
  const again = parseConfig(config as ConfigInput, {});
  assert.deepEqual(plain(again), plain(config));
  assert.match(JSON.stringify(again), /"bindPassword":"\*\*\*"/);
});

test('the list of settings has stars for secrets, and for the password in a URL', () => {
  const url = 'postgres://broker:so%20up@db/users?sslpassword=x&application_name=y';
  const loaded = loadConfig({
    overrides: [
      {
        from: 'test',
        input: {
          authentication: {
            providers: [
              { type: 'postgresql', url, passwordQuery: 'SELECT 1' },
              { type: 'http', url: 'https://u', headers: { Authorization: 'Bearer 42' } },
            ],
          },
        },
      },
    ],
  });
  const shown = JSON.stringify(Object.fromEntries(listSettings(loaded).map(({ key, value }) => [key, value])));
  assert.ok(shown.includes('"postgres://broker:***@db/users?sslpassword=***&application_name=y"'), shown);
  assert.ok(shown.includes('"authentication.providers[1].headers":{"Authorization":"***"}'), shown);
  assert.deepEqual(plain(loaded.config.authentication.providers[0]), {
    ...{ type: 'postgresql', url, passwordQuery: 'SELECT 1', poolSize: 4, connectTimeout: 5, statementTimeout: 5 },
  });
});

test('a secret in the wrong form, place or file is refused without being shown', () => {
  const cases: [string, RegExp][] = [
    ['bindPassword = 424242', /bindPassword: what is given is not accepted; it takes text, in which/],
    ['bindPassword = ["424242"]', /what is given is not accepted/],
    ['bindPassword = { environment = "424242" }', /what is given is not accepted/],
    ['bindPassword = ""', /what is given is not accepted/],
    ['bindPasword = "424242"', /:6: .*bindPasword: unknown key; did you mean bindPassword\?/],
    ['url = "ldapx://u:424242@d"', /url: what is given is not accepted; it takes a URL that starts with ldaps:/],
    ['bindPassword = "424242', /:6: not valid TOML/],
  ];
  for (const [line, expected] of cases) {
    const urlLine = line.startsWith('url') ? '#' : '';
    const toml = `[[authentication.providers]]\ntype = "ldap"\n${urlLine}url = "ldap://d"\nsearchBase = "x"\n#\n${line}\n`;
    const error = refusal(() => loadConfig({ file: file(toml) }));
    assert.match(error.message, expected);
    assert.doesNotMatch(inspect(error, { depth: null }), /424242/, line);
  }
  const header = '[[authentication.providers]]\ntype = "http"\nurl = "https://u"\nheaders = { A = 424242 }\n';
  const inHeader = refusal(() => loadConfig({ file: file(header) }));
  assert.match(inHeader.message, /:4: .*headers\.A: what is given is not accepted; it takes text, in which/);
  assert.doesNotMatch(inspect(inHeader, { depth: null }), /424242/);
  assert.match(
    refusal(() => loadConfig({ file: file('authentication = "424242"') })).message,
    /: a text is not accepted/,
  );
  const misplaced = file('[authentication]\nproviders = { type = "ldap", bindPassword = "424242" }\n');
  const error = refusal(() => loadConfig({ file: misplaced }));
  assert.match(
    error.message,
    /providers: a table is not accepted; it takes a list of tables, written \[\[authentication\.providers\]\]/,
  );
  assert.doesNotMatch(inspect(error, { depth: null }), /424242/);
});

test('an environment variable of the broker gives a secret too, as it is or by another name', () => {
  const toml = file('[[authentication.providers]]\ntype = "ldap"\nurl = "ldap://d"\nsearchBase = "x"\nbindDn = "y"\n');
  const load = (CAULDRON_AUTHENTICATION_PROVIDERS_0_BIND_PASSWORD: string) =>
    loadConfig({ file: toml, env: { CAULDRON_AUTHENTICATION_PROVIDERS_0_BIND_PASSWORD, PW: 'pea' } });
  const [literal, named] = ['soup', variable('PW')].map((text) =>
    plain(load(text).config.authentication.providers[0]!),
  );
  assert.deepEqual(
    [literal, named].map((provider) => provider?.type === 'ldap' && provider.bindPassword),
    ['soup', 'pea'],
  );
  assert.equal(
    listSettings(load('soup')).find(({ key }) => key.endsWith('bindPassword'))?.from,
    'CAULDRON_AUTHENTICATION_PROVIDERS_0_BIND_PASSWORD',
  );
});

test('of a URL the password is hidden, also one with characters that ought to be escaped', () => {
  const cases: [string, string][] = [
    ['ldap://d', 'ldap://d'],
    ['http://h:8080/path?x=1', 'http://h:8080/path?x=1'],
    ['postgres://u@h/d', 'postgres://u@h/d'],
    ['postgres://u:p@h/d', 'postgres://u:***@h/d'],
    ['postgres://u:p/w@rd#1@h/d', 'postgres://u:***@h/d'],
    ['https://h/login?token=abc&x=1', 'https://h/login?token=***&x=1'],
  ];
  for (const [url, shown] of cases) assert.equal(maskUrl(url), shown);
});

test('a private key that is given in place of its path is refused, and neither error nor settings show it', () => {
  const pem = '-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkq424242\n-----END PRIVATE KEY-----\n';
  const variables = {
    CAULDRON_LISTENERS_0_TLS_CERT: 'server.pem',
    CAULDRON_LISTENERS_0_TLS_KEY: pem,
    CAULDRON_LISTENERS_0_TLS_PSK_FILE: 'ann:424242\nbob:424242\n',
  };
  const error = refusal(() => loadConfig({ env: variables }));
  assert.doesNotMatch(inspect(error, { depth: null }), /424242|BEGIN/);
  assert.deepEqual(
    error.problems.map(({ path, source }) => [path, source]),
    [
      ['listeners[0].tls.key', 'CAULDRON_LISTENERS_0_TLS_KEY'],
      ['listeners[0].tls.psk.file', 'CAULDRON_LISTENERS_0_TLS_PSK_FILE'],
    ],
  );
  assert.match(error.message, /takes a path, .*; name the file/);
});
