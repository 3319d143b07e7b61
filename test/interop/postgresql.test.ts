// Against PostgreSQL's server, started for this file.
import assert from 'node:assert/strict';
import { pbkdf2Sync, randomBytes } from 'node:crypto';
import { copyFileSync, readFileSync, rmSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { before, describe, test } from 'node:test';
import { inspect } from 'node:util';
import { loginRequest, providerContract } from '@cauldron/testkit';
import { parse } from 'smol-toml';
import {
  createScramVerifier,
  HashingGate,
  hashArgon2id,
  nodeHashFunctions,
} from '../../packages/broker/src/auth/passwords/index.ts';
import {
  createPasswordVerifier,
  type PostgresqlOptions,
  PostgresqlProvider,
} from '../../packages/broker/src/auth/postgresql/index.ts';
import type { Verdict } from '../../packages/broker/src/auth/provider.ts';
import { until } from '../support/broker.ts';
import { fileCleanup } from '../support/file-cleanup.ts';
import { localUser, loginChain } from '../support/login-chain.ts';
import { sectionsOf } from '../support/markdown.ts';
import { type Postgresql, startPostgresql } from '../support/postgresql.ts';
import { makeServerCertificate } from '../support/server-certificate.ts';
import { tempDir } from '../support/temp-dir.ts';

/** The account of the broker, which may read and nothing else. */
const READER = { user: 'reader', password: 'reader-secret' };
/** Cheap, so that the tests are fast. */
const COST = { memory: 64, passes: 1, parallelism: 1 };
const verify = createPasswordVerifier({ argon2: COST, gate: new HashingGate() });

const TABLES = `
CREATE TABLE mqtt_users (username text PRIMARY KEY, password_hash text, superuser boolean NOT NULL DEFAULT false);
CREATE TABLE mqtt_rules (username text NOT NULL, client text, permission text, access text, topic text);
CREATE TABLE mqtt_roles (username text NOT NULL, role text);
CREATE TABLE numbered (id integer PRIMARY KEY, password_hash text);
CREATE TABLE hidden (username text, password_hash text);
CREATE ROLE ${READER.user} LOGIN PASSWORD '${READER.password}';
GRANT SELECT ON mqtt_users, mqtt_rules, mqtt_roles, numbered TO ${READER.user};
INSERT INTO mqtt_rules VALUES
  ('alice', NULL, 'allow', 'readwrite', 'home/%u/#'), ('alice', 'c1', 'deny', 'write', 'home/alice/lock'),
  ('alice', 'c2', 'allow', 'read', 'other'), ('crooked', NULL, 'Deny', 'read', 'x'), ('hashes', NULL, 'deny', 'read', 'a/#/b');
INSERT INTO mqtt_roles VALUES ('alice', 'operator'), ('alice', 'reader'), ('crooked', NULL);
`;

const cleanup = fileCleanup();
let server: Postgresql;

before(async () => {
  server = await startPostgresql(cleanup);
  const text = (value: string): string => `'${value.replaceAll("'", "''")}'`;
  const salt = randomBytes(12);
  const mosquitto = pbkdf2Sync('mosquitto-secret', salt, 101, 64, 'sha512');
  const users: readonly [string, string | null, boolean][] = [
    ['alice', await hash('alice-secret'), false],
    ['bob', await hash('bob-secret'), false],
    ['root', await hash('root-secret'), true],
    ['crooked', await hash('crooked-secret'), false],
    ['hashes', await hash('hashes-secret'), false],
    ['old', `$7$101$${salt.toString('base64')}$${mosquitto.toString('base64')}`, false],
    ['scram', (await createScramVerifier(Buffer.from('scram-secret'), nodeHashFunctions)).text, false],
    ['locked', null, false],
    ['broken', 'plain-text-password', false],
    ["o'hara; --", await hash('ohara-secret'), false],
  ];
  const rows = users.map(
    ([name, line, superuser]) => `(${text(name)}, ${line === null ? 'NULL' : text(line)}, ${superuser})`,
  );
  await server.run(`${TABLES} INSERT INTO mqtt_users VALUES ${rows.join(', ')}`);
});

const hash = (password: string): Promise<string> => hashArgon2id(Buffer.from(password), COST, nodeHashFunctions);

const PASSWORD_QUERY = 'SELECT password_hash, superuser FROM mqtt_users WHERE username = $1';

const options = (more: Partial<PostgresqlOptions> = {}): PostgresqlOptions => ({
  host: '127.0.0.1',
  port: server.port,
  database: 'postgres',
  ...READER,
  passwordQuery: PASSWORD_QUERY,
  ...more,
});

const open = (more: Partial<PostgresqlOptions> = {}): PostgresqlProvider =>
  new PostgresqlProvider(options(more), { verify, warn: () => {} });

async function tryLogin(
  more: Partial<PostgresqlOptions>,
  username: string,
  password: string,
  { within = 5000, clientId = 'c1' } = {},
): Promise<Verdict> {
  const provider = open(more);
  try {
    return await provider.authenticate(loginRequest({ username, password }, { clientId }), AbortSignal.timeout(within));
  } finally {
    await provider.close();
  }
}

async function assertOutcome(
  verdict: Verdict | Promise<Verdict>,
  outcome: Verdict['outcome'],
  reason = /(?:)/,
): Promise<void> {
  const said = await verdict;
  assert.equal(said.outcome, outcome, inspect(said));
  const text = 'reason' in said ? said.reason : '';
  assert.match(text, reason);
  assert.doesNotMatch(text, /secret|plain-text|v=19/, 'a secret is in the reason');
}

providerContract(
  'postgresql',
  () => ({
    provider: open(),
    right: { username: 'alice', password: 'alice-secret' },
    wrong: [
      { username: 'alice', password: 'bob-secret' },
      { username: 'locked', password: 'alice-secret' },
      { username: 'broken', password: 'plain-text-password' },
    ],
    stranger: { username: 'nobody', password: 'nobody-secret' },
    stall: () => server.daemon.pause(),
    fail: () => server.daemon.stop(),
    dispose: () => server.restore(),
  }),
  { remote: true },
);

describe('passwords', () => {
  test('every form of a stored hash is checked', async () => {
    for (const [name, password] of [
      ['alice', 'alice-secret'],
      ['old', 'mosquitto-secret'],
      ['scram', 'scram-secret'],
      ["o'hara; --", 'ohara-secret'],
    ] as const) {
      assert.deepEqual(await tryLogin({}, name, password), { outcome: 'accept', rights: {} }, name);
      await assertOutcome(tryLogin({}, name, 'other'), 'refuse', /^wrong password$/);
    }
    await assertOutcome(tryLogin({}, 'nobody', 'alice-secret'), 'unknown');
  });

  test('NULL and what is no hash let nobody in', async () => {
    await assertOutcome(tryLogin({}, 'locked', 'x'), 'refuse', /NULL/);
    await assertOutcome(tryLogin({}, 'broken', 'plain-text-password'), 'refuse', /not hashed/);
  });

  test('a name that tries to be SQL is a name', async () => {
    const names = [
      "' OR '1'='1",
      "alice'--",
      "x'; DELETE FROM mqtt_users; --",
      "alice' UNION SELECT password_hash FROM mqtt_users --",
    ];
    for (const name of [...names, '$1', '\\', 'alice\u0000', '%', 'ALICE', 'alice ']) {
      await assertOutcome(tryLogin({}, name, 'alice-secret'), 'unknown');
    }
    const clientId = "c1'); DELETE FROM mqtt_users; --";
    const rulesQuery = 'SELECT permission, access, topic FROM mqtt_rules WHERE username = $1 AND client = $2';
    const verdict = await tryLogin({ rulesQuery }, 'alice', 'alice-secret', { clientId });
    assert.deepEqual(verdict, { outcome: 'accept', rights: { rules: [] } });
  });

  test('a name that is of no use to the query is nobody', async () => {
    const passwordQuery = 'SELECT password_hash FROM numbered WHERE id = $1';
    await assertOutcome(tryLogin({ passwordQuery }, 'alice', 'x'), 'unknown');
    await assertOutcome(tryLogin({ passwordQuery }, '99999999999999', 'x'), 'unknown');
  });

  test('a query that finds several users lets nobody in', async () => {
    const passwordQuery = 'SELECT password_hash FROM mqtt_users WHERE username >= $1';
    await assertOutcome(tryLogin({ passwordQuery }, 'alice', 'alice-secret'), 'unavailable', /more than one row/);
  });

  test('the query may name the user, so that another spelling has the rules of the name', async () => {
    const passwordQuery = 'SELECT password_hash, username FROM mqtt_users WHERE username = lower($1)';
    const rolesQuery = 'SELECT role FROM mqtt_roles WHERE username = $1 ORDER BY role';
    assert.deepEqual(await tryLogin({ passwordQuery, rolesQuery }, 'ALICE', 'alice-secret'), {
      outcome: 'accept',
      username: 'alice',
      rights: { roles: ['operator', 'reader'] },
    });
  });

  test('an unknown user costs the same hashing as a known one', async () => {
    const lines: (string | undefined)[] = [];
    const provider = new PostgresqlProvider(options(), {
      verify: async ({ line }) => {
        lines.push(line);
        return false;
      },
      warn: () => {},
    });
    const signal = AbortSignal.timeout(5000);
    for (const username of ['nobody', 'locked', 'with\0null', 'alice']) {
      await provider.authenticate(loginRequest({ username, password: 'x' }), signal);
    }
    await provider.close();
    assert.deepEqual(lines.slice(0, 3), [undefined, undefined, undefined]);
    assert.match(lines[3] ?? '', /^\$argon2id\$/);
  });
});

describe('rights', () => {
  const rulesQuery = `SELECT permission, access, topic FROM mqtt_rules
    WHERE username = $1 AND (client IS NULL OR client = $2) ORDER BY client NULLS FIRST`;
  const rolesQuery = 'SELECT role FROM mqtt_roles WHERE username = $1 ORDER BY role';

  test('rules of the user and the client, roles, and being a superuser come with the login', async () => {
    const verdict = await tryLogin({ rulesQuery, rolesQuery }, 'alice', 'alice-secret');
    assert.ok(verdict.outcome === 'accept', inspect(verdict));
    const source = (row: number): string => `row ${row} of rulesQuery (postgresql 127.0.0.1:${server.port}/postgres)`;
    assert.deepEqual(verdict.rights, {
      rules: [
        { permission: 'allow', access: 'readwrite', topic: 'home/%u/#', source: source(1) },
        { permission: 'deny', access: 'write', topic: 'home/alice/lock', source: source(2) },
      ],
      roles: ['operator', 'reader'],
    });
    assert.deepEqual(await tryLogin({ rolesQuery }, 'root', 'root-secret'), {
      outcome: 'accept',
      rights: { superuser: true, roles: [] },
    });
  });

  test('a rule or role that means nothing keeps the user out: it might have denied something', async () => {
    const crooked = ['crooked', 'crooked-secret'] as const;
    await assertOutcome(
      tryLogin({ rulesQuery }, ...crooked),
      'unavailable',
      /permission in row 1 .* is not allow or deny/,
    );
    await assertOutcome(tryLogin({ rolesQuery }, ...crooked), 'unavailable', /row 1 of rolesQuery/);
    await assertOutcome(tryLogin({ rulesQuery }, 'hashes', 'hashes-secret'), 'unavailable', /topic in row 1 .* filter/);
    const bare = { rulesQuery: "SELECT 'allow' AS permission, topic FROM mqtt_rules WHERE username = $1" };
    await assertOutcome(tryLogin(bare, 'alice', 'alice-secret'), 'unavailable', /no column "access"/);
    const text = { passwordQuery: "SELECT password_hash, 'yes' AS superuser FROM mqtt_users WHERE username = $1" };
    await assertOutcome(tryLogin(text, 'alice', 'alice-secret'), 'unavailable', /superuser .* not boolean/);
  });
});

describe('the tables of docs/users-elsewhere.md', () => {
  test('they serve the queries of docs/users-elsewhere.md', async (t) => {
    const page = readFileSync(new URL('../../docs/users-elsewhere.md', import.meta.url), 'utf8');
    const blocks = sectionsOf(page).find(({ title }) => title === 'PostgreSQL')!.blocks;
    const [tables, settings] = ['sql', 'toml'].map((name) => blocks.find(({ language }) => language === name)!.text);
    t.after(() => server.run('DROP DATABASE documented WITH (FORCE)'));
    await server.run('CREATE DATABASE documented');
    const line = await hash('ann-secret');
    const rows = `INSERT INTO mqtt_users VALUES ('ann', '${line}', true);
      INSERT INTO mqtt_rules VALUES ('ann', 'c1', 'deny', 'write', 'a/#'), ('ann', 'c2', 'allow', 'read', 'b');
      INSERT INTO mqtt_roles VALUES ('ann', 'cook');`;
    await server.run(`${tables} ${rows}`, 'documented');
    const documented = parse(settings!) as unknown as { authentication: { providers: [PostgresqlOptions] } };
    const queries = documented.authentication.providers[0];
    const place = { ...options(), database: 'documented', user: 'broker', password: 'change me' };
    const { passwordQuery, rulesQuery, rolesQuery } = queries;
    const verdict = await tryLogin({ ...place, passwordQuery, rulesQuery, rolesQuery }, 'ann', 'ann-secret');
    assert.ok(verdict.outcome === 'accept', inspect(verdict));
    const { superuser, roles, rules } = verdict.rights ?? {};
    assert.deepEqual([superuser, roles, rules?.map(({ topic }) => topic)], [true, ['cook'], ['a/#']]);
  });
});

describe('encryption and accounts', () => {
  test('an encrypted connection is used where the certificate leads to the authority and is for the host', async () => {
    const right = ['alice', 'alice-secret'] as const;
    await assertOutcome(tryLogin({ ssl: true, ca: server.ca }, ...right), 'accept');
    await assertOutcome(tryLogin({ ssl: true }, ...right), 'unavailable', /no connection.*[A-Z_]{6}/);
    const localhost = { ssl: true, ca: server.ca, host: 'localhost' };
    await assertOutcome(tryLogin(localhost, ...right), 'unavailable', /ERR_TLS_CERT_ALTNAME_INVALID/);
  });

  test('a Unix socket, and a url, serve as well', async () => {
    const right = ['alice', 'alice-secret'] as const;
    await assertOutcome(tryLogin({ host: server.folder }, ...right), 'accept');
    const { user, password } = READER;
    const url = `postgresql://${user}:${encodeURIComponent(password)}@127.0.0.1:${server.port}/postgres`;
    const provider = new PostgresqlProvider({ url, passwordQuery: PASSWORD_QUERY }, { verify, warn: () => {} });
    const request = loginRequest({ username: right[0], password: right[1] });
    await assertOutcome(provider.authenticate(request, AbortSignal.timeout(5000)), 'accept');
    await provider.close();
  });

  test('what is wrong with the account or the query is said, without the password', async () => {
    const right = ['alice', 'alice-secret'] as const;
    await assertOutcome(tryLogin({ password: 'other-secret' }, ...right), 'unavailable', /28P01.*user and password/);
    await assertOutcome(tryLogin({ password: undefined }, ...right), 'unavailable', /asks for a password/);
    await assertOutcome(tryLogin({ database: 'nowhere' }, ...right), 'unavailable', /3D000, there is no such database/);
    const from = (table: string): Partial<PostgresqlOptions> => ({
      passwordQuery: `SELECT password_hash FROM ${table} WHERE username = $1`,
    });
    await assertOutcome(tryLogin(from('nothing'), ...right), 'unavailable', /42P01, relation "nothing" does not exist/);
    await assertOutcome(tryLogin(from('hidden'), ...right), 'unavailable', /42501.*GRANT SELECT/);
  });

  test('neither environment variables nor a file of passwords stand in for what is not set', async (t) => {
    const before = process.env.PGPASSWORD;
    process.env.PGPASSWORD = READER.password;
    t.after(() => {
      if (before === undefined) delete process.env.PGPASSWORD;
      else process.env.PGPASSWORD = before;
    });
    await assertOutcome(
      tryLogin({ password: undefined }, 'alice', 'alice-secret'),
      'unavailable',
      /asks for a password/,
    );
  });

  test('the authority is read again at a reload, and logins go on through it', async (t) => {
    const ca = `${tempDir(t)}/ca.pem`;
    copyFileSync(makeServerCertificate(tempDir(t)).ca, ca);
    const provider = open({ ssl: true, ca });
    t.after(() => provider.close());
    const login = (): Promise<Verdict> =>
      provider.authenticate(loginRequest({ username: 'alice', password: 'alice-secret' }), AbortSignal.timeout(5000));
    await assertOutcome(login(), 'unavailable', /no connection/);
    copyFileSync(server.ca, ca);
    await provider.reload();
    const logins = Array.from({ length: 8 }, login);
    await provider.reload();
    for (const verdict of await Promise.all([...logins, login()])) await assertOutcome(verdict, 'accept');
    rmSync(ca);
    await assert.rejects(provider.reload(), /cannot read ca .*ENOENT/);
    await assertOutcome(login(), 'accept');
  });
});

describe('a database in trouble', () => {
  const login = (provider: PostgresqlProvider, within: number, username = 'alice'): Promise<Verdict> =>
    provider.authenticate(loginRequest({ username, password: `${username}-secret` }), AbortSignal.timeout(within));

  test('a slow query is given up in time, and its connection is not used again', async (t) => {
    const passwordQuery = `SELECT password_hash FROM mqtt_users
      WHERE username = $1 AND (username <> 'bob' OR pg_sleep(3) IS NOT NULL)`;
    const provider = open({ passwordQuery, poolSize: 1 });
    t.after(() => provider.close());
    await assertOutcome(login(provider, 5000), 'accept');
    const begun = performance.now();
    await assertOutcome(login(provider, 200, 'bob'), 'unavailable', /did not answer in time/);
    await assertOutcome(login(provider, 2000), 'accept');
    assert.ok(performance.now() - begun < 2000, `${performance.now() - begun} ms`);
  });

  test('the server itself ends a query that takes longer than statementTimeout', async () => {
    const passwordQuery = 'SELECT password_hash FROM mqtt_users WHERE username = $1 AND pg_sleep(20) IS NOT NULL';
    const verdict = tryLogin({ passwordQuery, statementTimeout: 0.2 }, 'alice', 'alice-secret');
    await assertOutcome(verdict, 'unavailable', /57014.*statementTimeout/);
  });

  test('one that does not answer is given up in time, and used again when it answers', async (t) => {
    const provider = open({ poolSize: 2 });
    t.after(() => provider.close());
    t.after(() => server.restore());
    await assertOutcome(login(provider, 5000), 'accept');
    server.daemon.pause();
    const begun = performance.now();
    const verdicts = await Promise.all(Array.from({ length: 6 }, () => login(provider, 200)));
    assert.ok(performance.now() - begun < 1500, `${performance.now() - begun} ms`);
    for (const verdict of verdicts) await assertOutcome(verdict, 'unavailable', /did not answer in time/);
    server.daemon.resume();
    await assertOutcome(login(provider, 5000), 'accept');
  });

  test('one that is killed and comes back is connected to again', async (t) => {
    const provider = open();
    t.after(() => provider.close());
    t.after(() => server.restore());
    await assertOutcome(login(provider, 5000), 'accept');
    await server.daemon.stop();
    await assertOutcome(login(provider, 5000), 'unavailable');
    await assertOutcome(login(provider, 5000), 'unavailable', /ECONNREFUSED/);
    await server.restore();
    await assertOutcome(login(provider, 5000), 'accept');
  });

  test('a connection that breaks during a query ends that login only, and one that was unused none', async (t) => {
    const links = new Set<Socket>();
    const relay = createServer((socket) => {
      const onward = connect(server.port, '127.0.0.1');
      for (const [one, other] of [[socket, onward] as const, [onward, socket] as const]) {
        links.add(one);
        // That it breaks is what this test is about; the other half goes with it.
        one.on('error', () => {}).on('close', () => other.destroy());
        one.pipe(other);
      }
    });
    await new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve));
    t.after(() => relay.close());
    const passwordQuery = `SELECT password_hash FROM mqtt_users
      WHERE username = $1 AND (username <> 'bob' OR pg_sleep(3) IS NOT NULL)`;
    const provider = open({ passwordQuery, port: (relay.address() as AddressInfo).port });
    t.after(() => provider.close());
    const slow = login(provider, 10_000, 'bob');
    await assertOutcome(login(provider, 5000), 'accept');
    for (const link of links) link.resetAndDestroy();
    await assertOutcome(slow, 'unavailable', /connection/);
    await assertOutcome(login(provider, 5000), 'accept');
  });

  test('connections that the database ends while they are unused are replaced', async (t) => {
    const provider = open({ poolSize: 1 });
    t.after(() => provider.close());
    await assertOutcome(login(provider, 5000), 'accept');
    await server.run(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '${READER.user}'`);
    await new Promise((resolve) => setTimeout(resolve, 50));
    await assertOutcome(login(provider, 5000), 'accept');
  });

  test('no more connections are made than poolSize', async (t) => {
    const provider = open({ poolSize: 2 });
    t.after(() => provider.close());
    const verdicts = await Promise.all(Array.from({ length: 20 }, () => login(provider, 10_000)));
    for (const verdict of verdicts) await assertOutcome(verdict, 'accept');
    // Division by zero where there are more: the statement then fails, and with it the test.
    await server.run(`SELECT 1 / (count(*) <= 2)::int FROM pg_stat_activity WHERE usename = '${READER.user}'`);
  });

  test('while it does not answer, and when it is gone, users of another provider log in at once', async (t) => {
    const chain = loginChain(t, [localUser('carol', 'carol-secret'), open({ poolSize: 2 })], 0.5);
    t.after(() => server.restore());
    const remote = (): Promise<number> => chain.login('alice', 'alice-secret');
    const local = (): Promise<number> => chain.login('carol', 'carol-secret');
    assert.equal(await remote(), 0);
    server.daemon.pause();
    let answers = 0;
    const waiting = Array.from({ length: 10 }, () => remote().finally(() => answers++));
    for (let times = 0; times < 20; times++) assert.equal(await local(), 0);
    assert.equal(answers, 0);
    // 0x88: server unavailable, within the time the chain allows.
    assert.deepEqual(await Promise.all(waiting), Array(10).fill(0x88));
    await server.daemon.stop();
    assert.deepEqual(await Promise.all([remote(), remote()]), [0x88, 0x88]);
    assert.equal(await local(), 0);
    await server.restore();
    assert.equal(await remote(), 0);
  });

  test('closing the provider ends what it waits for, also when the database does not answer', async (t) => {
    t.after(() => server.restore());
    const provider = open();
    // Two connections, of which one is unused then.
    for (const verdict of await Promise.all([login(provider, 5000), login(provider, 5000)])) {
      await assertOutcome(verdict, 'accept');
    }
    server.daemon.pause();
    const verdict = login(provider, 60_000);
    const begun = performance.now();
    await provider.close();
    assert.ok(performance.now() - begun < 2000, `${performance.now() - begun} ms`);
    await assertOutcome(verdict, 'unavailable');
    // The database is still frozen, so none of them was ended by it.
    await until('that every socket is closed', () => openSockets() === 0, 1000);
  });
});

/** Sockets that keep this process from ending. */
const openSockets = (): number => process.getActiveResourcesInfo().filter((kind) => kind === 'TCPSocketWrap').length;
