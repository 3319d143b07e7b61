import { z } from 'zod';
import { BLIND_CACHE_TIME } from '../../auth/authentication-options.ts';
import {
  choice,
  choices,
  count,
  explain,
  flag,
  fromEnvironment,
  oneOrMoreTexts,
  orElse,
  seconds,
  secret,
  secrets,
  sections,
  text,
  url,
} from '../setting.ts';
import { UINT16 } from './shared.ts';

const type = <const T extends string>(name: T) => choice('The kind of provider.', [name]);

const DAY = 86_400;

const cacheTime = (absent: string) =>
  orElse(
    seconds('How long a login that it accepted is remembered; 0 = not at all.', { min: 0, max: DAY, whole: false }),
    absent,
  );
/** Nobody tells us when credentials change elsewhere, so they are not trusted for long. */
const shortCacheTime = () => cacheTime(`\`${BLIND_CACHE_TIME}\`, or \`authentication.cacheTime\` where that is less`);

const time = (help: string, preset: number) => seconds(help, { min: 0.01, max: DAY, whole: false }).default(preset);

const pool = (help: string, preset: number) => count(help, { min: 1, max: 1000 }).default(preset);

const allowPlain = (risk: string) =>
  flag(`Use http:// also to other machines, where anybody on the way can ${risk}.`).default(false);

const caFile = () =>
  orElse(
    text('Certificates of those who sign the certificate of the server; PEM.', 'a path', '/etc/cauldron/ca.pem'),
    "Node's own list",
  );

const passwordFile = z
  .strictObject({
    type: type('password-file'),
    file: text(
      "File of users, made and changed by `cauldron passwd`; mosquitto's password files are read as they are. Read again when it changes.",
      'a path',
      '/etc/cauldron/passwords',
    ),
    upgrade: flag(
      'Replace hashes of older kinds by argon2id when their users log in; the file must then be writable.',
    ).default(true),
    cacheTime: cacheTime('`authentication.cacheTime`'),
  })
  .register(sections, {
    help:
      'Users and hashes of their passwords in a file. Clients log in with user name and password, or by SCRAM-SHA-256 (MQTT 5.0 ' +
      'enhanced authentication).',
  });

/** Signature algorithms of tokens that are accepted at all: none that proves nothing. */
export const JWT_ALGORITHMS = [
  ...['HS256', 'HS384', 'HS512', 'RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
  ...['ES256', 'ES384', 'ES512', 'EdDSA'],
] as const;

const JWT_KEYS = ['secret', 'secretFile', 'publicKeyFile', 'jwksUrl', 'jwksFile'] as const;

const jwt = z
  .strictObject({
    type: type('jwt'),
    secret: orElse(secret('Secret of HS256, HS384 and HS512 signatures.', 'JWT_SECRET'), 'one of the other keys'),
    secretFile: orElse(
      text('File of that secret, byte for byte.', 'a path', '/etc/cauldron/jwt.secret'),
      'one of the other keys',
      'secret',
    ),
    publicKeyFile: orElse(
      text(
        'File of the public key of RS, PS, ES or EdDSA signatures: PEM, or a JSON Web Key.',
        'a path',
        '/etc/cauldron/jwt.pem',
      ),
      'one of the other keys',
      'secret',
    ),
    jwksUrl: orElse(
      url(
        'Where the public keys are published as a JSON Web Key Set.',
        ['https', 'http'],
        'https://id.example.org/jwks.json',
      ),
      'one of the other keys',
      'secret',
    ),
    jwksFile: orElse(
      text('File of a JSON Web Key Set.', 'a path', '/etc/cauldron/jwks.json'),
      'one of the other keys',
      'secret',
    ),
    ca: caFile(),
    allowPlain: allowPlain('send keys of their own'),
    jwksMaxAge: time('How long keys from `jwksUrl` are used before they are fetched again.', 600),
    jwksStaleTime: time('How long they are used beyond that while they cannot be fetched.', 3600),
    jwksCooldown: time('A token that names an unknown key has them fetched again, at most once in this time.', 30),
    timeout: time('How long fetching them may take.', 3),
    algorithms: orElse(
      choices('Signature algorithms that are accepted.', JWT_ALGORITHMS, ['HS256']),
      'those that fit the kind of key',
    ),
    issuer: orElse(oneOrMoreTexts('Values the `iss` claim may have.', 'text', ['https://id.example.org']), 'any'),
    audience: orElse(oneOrMoreTexts('Values of which the `aud` claim must hold one.', 'text', ['mqtt']), 'any'),
    requireExpiry: flag('Refuse tokens that never expire.').default(true),
    usernameClaim: text('Claim that is the user name.', 'text', 'sub').default('sub'),
    rolesClaim: text('Claim that lists roles.', 'text', 'roles').default('roles'),
    groupsClaim: orElse(text('Claim that lists groups.', 'text', 'groups'), 'none'),
    rulesClaim: text('Claim that lists rules: what the client may read and write.', 'text', 'acl').default('acl'),
    from: choice('Where clients put the token.', ['password', 'username']).default('password'),
    matchUsername: flag(
      'Refuse clients that name another user than their token does; otherwise what they name does not count.',
    ).default(true),
    clockTolerance: seconds('How far the clocks of the issuer and this machine may differ.', {
      min: 0,
      max: 3600,
      whole: false,
    }).default(0),
    cacheTime: shortCacheTime(),
  })
  .superRefine((given, context) => {
    const keys = JWT_KEYS.filter((key) => given[key] !== undefined);
    if (keys.length !== 1) {
      const found = keys.length === 0 ? 'has none' : `has ${keys.join(' and ')}`;
      explain(context, [], `needs one key to check tokens with and ${found}; give it one of ${JWT_KEYS.join(', ')}`);
    }
  })
  .register(sections, { help: 'Signed tokens (JSON Web Tokens). A client is disconnected when its token expires.' });

const http = z
  .strictObject({
    type: type('http'),
    url: url('Asked with a POST of JSON for each login.', ['https', 'http'], 'https://users.example.org/mqtt-login'),
    headers: orElse(
      secrets('Headers sent with each request.', { Authorization: `Bearer ${fromEnvironment('LOGIN_SERVICE_TOKEN')}` }),
      'none beside the usual',
    ),
    ca: caFile(),
    allowPlain: allowPlain('read every password'),
    timeout: time('How long an answer may take.', 5),
    poolSize: pool('Connections to it at the same time; further logins wait.', 16),
    cacheTime: shortCacheTime(),
  })
  .register(sections, { help: 'A web service of your own that knows the users.' });

const ldap = z
  .strictObject({
    type: type('ldap'),
    url: url('The directory.', ['ldaps', 'ldap'], 'ldaps://directory.example.org'),
    startTls: flag('Begin TLS on an ldap:// connection before anything else is said.').default(false),
    ca: caFile(),
    bindDn: orElse(
      text('Who searches for users.', 'a distinguished name', 'cn=broker,dc=example,dc=org'),
      'searches are anonymous',
    ),
    bindPassword: orElse(secret('Password of `bindDn`.', 'LDAP_PASSWORD'), 'none'),
    searchBase: orElse(
      text('Where users are searched for.', 'a distinguished name', 'ou=people,dc=example,dc=org'),
      'none; `userDn` is then needed',
    ),
    searchFilter: text('Finds the user; `%u` stands for the user name, escaped.', 'an LDAP filter', '(uid=%u)').default(
      '(uid=%u)',
    ),
    userDn: orElse(
      text(
        "The user's name in the directory, where it needs no search; `%u` stands for the user name, escaped.",
        'a distinguished name',
        'uid=%u,ou=people,dc=example,dc=org',
      ),
      'it is searched for',
      'searchBase',
    ),
    usernameAttribute: orElse(
      text('Attribute that is the user name in rules.', 'text', 'uid'),
      'the one that `searchFilter` or `userDn` compares with `%u`',
    ),
    groupBase: orElse(
      text('Where groups are searched for.', 'a distinguished name', 'ou=groups,dc=example,dc=org'),
      'groups are not looked up',
    ),
    groupFilter: text(
      "Finds the user's groups; `%d` stands for the user's name in the directory, `%u` for the user name, both escaped.",
      'an LDAP filter',
      '(member=%d)',
    ).default('(member=%d)'),
    groupAttribute: text('Attribute that is the name of a group.', 'text', 'cn').default('cn'),
    poolSize: pool('Connections to it at the same time; further logins wait.', 8),
    cacheTime: shortCacheTime(),
  })
  .superRefine((given, context) => {
    const { searchBase, userDn, bindDn, bindPassword } = given;
    if ((searchBase === undefined) === (userDn === undefined))
      explain(
        context,
        [],
        'needs searchBase, to search for users, or userDn, which names them; give it one of the two',
      );
    if ((bindDn === undefined) !== (bindPassword === undefined))
      explain(
        context,
        [bindDn === undefined ? 'bindDn' : 'bindPassword'],
        'is missing; bindDn and bindPassword go together',
      );
  })
  .register(sections, { help: 'An LDAP directory: who can bind to it with user name and password may come in.' });

const postgresql = z
  .strictObject({
    type: type('postgresql'),
    url: orElse(
      url(
        'The database: postgresql://USER:PASSWORD@HOST:PORT/DATABASE. What is said beside it goes over what is in it.',
        ['postgresql', 'postgres'],
        'postgres://broker@db.example.org/users',
      ),
      'what the following say',
      'host, port, database, user and password',
    ),
    host: orElse(
      text('Host of the database, or the folder of its Unix socket.', 'a host name or path', 'db.example.org'),
      '`"localhost"`',
    ),
    port: orElse(count('Port of the database.', { min: 1, max: UINT16 }), '`5432`'),
    database: orElse(text('Name of the database.', 'text', 'users'), 'the name of the `user`'),
    user: orElse(
      text('User to log in with, who needs SELECT and nothing else.', 'text', 'broker'),
      'who the broker runs as',
    ),
    password: orElse(secret('Password of that user.', 'DATABASE_PASSWORD'), 'none'),
    ssl: orElse(
      flag('Encrypt the connection, and check the certificate of the server.'),
      'yes, except on this machine',
    ),
    ca: caFile(),
    passwordQuery: text(
      'Finds the hash of the password, in the first column; `$1` stands for the user name, `$2` for the client identifier. Further ' +
        'columns count by their names: superuser (boolean), username (the name in rules).',
      'an SQL query',
      'SELECT password FROM users WHERE name = $1',
    ),
    rulesQuery: orElse(
      text(
        'Finds the rules of the user: columns permission (allow, deny), access (read, write, readwrite) and topic.',
        'an SQL query',
        'SELECT permission, access, topic FROM rules WHERE name = $1',
      ),
      'no rules from the database',
    ),
    rolesQuery: orElse(
      text('Finds the roles of the user, one a row.', 'an SQL query', 'SELECT role FROM user_roles WHERE name = $1'),
      'no roles from the database',
    ),
    poolSize: pool('Connections to the database at the same time; further logins wait.', 4),
    connectTimeout: time('How long it may take until a connection, new or free, is there.', 5),
    statementTimeout: time('How long a query may take; the server then ends it.', 5),
    cacheTime: shortCacheTime(),
  })
  .register(sections, {
    help: "Users in a PostgreSQL database, with hashes as `cauldron passwd` or mosquitto's tools make them.",
  });

/** One entry of `[[authentication.providers]]`. */
export const provider = z.discriminatedUnion('type', [passwordFile, jwt, http, ldap, postgresql]);
