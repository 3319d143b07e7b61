// What the schema says of other folders' options is what their code does.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AuthorizationOptions } from '../../access/options.ts';
import { auditGroups } from '../../audit/audit-events.ts';
import { type AuthenticationOptions, defaultAuthentication } from '../../auth/authentication-options.ts';
import { checkHttpOptions } from '../../auth/http/options.ts';
import { JWT_ALGORITHMS } from '../../auth/jwt/algorithms.ts';
import { checkJwtOptions } from '../../auth/jwt/options.ts';
import { checkLdapOptions } from '../../auth/ldap/options.ts';
import { checkPostgresqlOptions } from '../../auth/postgresql/options.ts';
import { listenerName } from '../../exposure.ts';
import type { ListenerOptions } from '../../transport/listener.ts';
import { DEFAULT_MAX_INFLATED_SIZE, DEFAULT_PATH } from '../../transport/websocket/websocket-layer.ts';
import { type ConfigInput, parseConfig, plain } from '../index.ts';
import { JWT_ALGORITHMS as configured } from './providers.ts';

type ProviderInput = NonNullable<NonNullable<ConfigInput['authentication']>['providers']>[number];

function providerOf<T extends ProviderInput['type']>(input: ProviderInput & { readonly type: T }) {
  const [provider] = plain(parseConfig({ authentication: { providers: [input] } }).authentication.providers);
  return provider as Extract<typeof provider, { readonly type: T }>;
}

test('the defaults of logins are those of the code that treats them, and so is what rules look like', () => {
  const { authentication, authorization } = parseConfig();
  const options: AuthenticationOptions = authentication;
  const { providers, ...rest } = options as typeof authentication;
  assert.deepEqual(rest, defaultAuthentication);
  assert.deepEqual(providers, []);
  const rules: AuthorizationOptions = authorization;
  assert.equal(rules.default, undefined);
});

test('the defaults of each kind of provider are those of its code', () => {
  const jwt = { type: 'jwt', jwksUrl: 'https://id.example.org/jwks' } as const;
  assert.deepEqual(checkJwtOptions(providerOf(jwt)), checkJwtOptions(jwt));
  const http = { type: 'http', url: 'https://users.example.org' } as const;
  assert.deepEqual(checkHttpOptions(providerOf(http)), checkHttpOptions(http));
  const ldap = { type: 'ldap', url: 'ldaps://d', searchBase: 'dc=x', groupBase: 'dc=y' } as const;
  assert.deepEqual(checkLdapOptions(providerOf(ldap)), checkLdapOptions(ldap));
  const query = 'SELECT password FROM users WHERE name = $1';
  const postgresql = { type: 'postgresql', url: 'postgres://u:p@h/d', passwordQuery: query } as const;
  assert.deepEqual(checkPostgresqlOptions(providerOf(postgresql)), checkPostgresqlOptions(postgresql));
});

test('names that are chosen from are those the code knows', () => {
  assert.deepEqual([...configured].sort(), [...JWT_ALGORITHMS].sort());
  assert.deepEqual(parseConfig().audit.events, auditGroups);
});

test('listeners are what the transport takes, with their secrets as text and their permissions in octal', () => {
  const { listeners } = parseConfig({
    listeners: [
      { path: '/s', mode: '600' },
      { tls: { cert: 'c', key: 'k', keyPassword: 'soup' }, proxyProtocol: { from: ['::1'] } },
      { webSocket: {} },
    ],
  });
  const [socket, encrypted, web] = listeners.map((own): ListenerOptions => {
    const { host, port, path, mode, tls, proxyProtocol, webSocket } = plain(own);
    const name = listenerName(own);
    return path === undefined
      ? { name, host, port, tls, proxyProtocol, webSocket }
      : { name, path, mode: Number.parseInt(mode, 8), tls };
  });
  assert.deepEqual(socket, { name: '/s', path: '/s', mode: 0o600, tls: undefined });
  assert.equal(encrypted?.name, '127.0.0.1:8883');
  assert.equal(encrypted?.tls?.keyPassword, 'soup');
  assert.equal(web?.webSocket?.path, DEFAULT_PATH);
  assert.equal(web?.webSocket?.maxInflatedSize, DEFAULT_MAX_INFLATED_SIZE);
});
