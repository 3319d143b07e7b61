import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { checkPostgresqlOptions, type PostgresqlOptions } from './options.ts';
import { PostgresqlProvider } from './postgresql-provider.ts';

const passwordQuery = 'SELECT password_hash FROM users WHERE username = $1';
const provide = (options: PostgresqlOptions, warn: (text: string) => void = () => {}): PostgresqlProvider =>
  new PostgresqlProvider(options, { verify: async () => false, warn });

test('what is missing has its default', () => {
  const settings = checkPostgresqlOptions({ user: 'broker', passwordQuery });
  const { host, port, database, password, ssl, poolSize, connectTimeout, statementTimeout } = settings;
  assert.deepEqual([host, port, database, password], ['localhost', 5432, 'broker', '']);
  assert.deepEqual([ssl, poolSize, connectTimeout, statementTimeout], [false, 4, 5, 5]);
});

test('connections to another machine are encrypted unless that is said otherwise, and then it is warned of', () => {
  const ssl = (host: string): boolean => checkPostgresqlOptions({ host, passwordQuery }).ssl;
  assert.deepEqual(['localhost', '127.0.0.1', '::1', '/run/postgresql'].map(ssl), [false, false, false, false]);
  assert.deepEqual(['db.example.org', '127.example.org', '192.0.2.1', '::2'].map(ssl), [true, true, true, true]);
  const warnings: string[] = [];
  provide({ host: 'db.example.org', passwordQuery }, (text) => warnings.push(text));
  provide({ host: 'localhost', ssl: false, passwordQuery }, (text) => warnings.push(text));
  assert.equal(warnings.length, 0);
  provide({ host: 'db.example.org', ssl: false, passwordQuery }, (text) => warnings.push(text));
  assert.match(warnings.join(), /^The connection to PostgreSQL at db\.example\.org:5432 is not encrypted.*ssl = true/);
});

test('a url says where the database is, and what stands beside it counts before that', () => {
  const url = 'postgresql://broker:p%40ss@db.example.org:6432/mqtt';
  const { host, port, database, user, password, ssl } = checkPostgresqlOptions({ url, passwordQuery });
  assert.deepEqual(
    [host, port, database, user, password, ssl],
    ['db.example.org', 6432, 'mqtt', 'broker', 'p@ss', true],
  );
  const beside = checkPostgresqlOptions({ url, database: 'other', password: 'x', host: undefined, passwordQuery });
  assert.deepEqual([beside.host, beside.database, beside.password], ['db.example.org', 'other', 'x']);
  assert.equal(checkPostgresqlOptions({ url: 'postgres://[::1]/mqtt', passwordQuery }).host, '::1');
});

test('a query takes the parameters that it names, and not what stands in quotes or comments', () => {
  const parameters = (text: string): number => checkPostgresqlOptions({ passwordQuery: text }).passwordQuery.parameters;
  assert.equal(parameters(passwordQuery), 1);
  assert.equal(parameters('SELECT h FROM u WHERE n = $1 AND (c = $2 OR c IS NULL)'), 2);
  assert.equal(parameters("SELECT h FROM u WHERE n = $1 AND x <> '$2' -- not $3\n /* $4 */"), 1);
});

test('options that cannot work are refused with what to write instead, and no secret', () => {
  const cases: readonly [Partial<PostgresqlOptions>, RegExp][] = [
    [{ url: 'postgresql://broker:hidden-secret@db/mqtt?sslmode=disable' }, /ssl and ca are settings of their own/],
    [{ url: 'http://broker:hidden-secret@db/mqtt' }, /postgresql:\/\/USER/],
    [{ url: 'postgresql://broker:hidden-secret%@db/mqtt' }, /write %25/],
    [{ passwordQuery: "SELECT h FROM u WHERE n = '$1'" }, /passwordQuery must hold \$1.*without quotes/],
    [{ passwordQuery: "SELECT h FROM u WHERE n = '%u'" }, /passwordQuery must hold \$1/],
    [{ rulesQuery: 'SELECT 1 WHERE x = $2' }, /rulesQuery must hold \$1/],
    [{ rolesQuery: 'SELECT 1 WHERE x = $1 AND y = $3' }, /rolesQuery holds \$3/],
    [{ poolSize: 0 }, /poolSize/],
    [{ port: 70_000 }, /port/],
    [{ connectTimeout: 0 }, /connectTimeout/],
    [{ statementTimeout: Number.NaN }, /statementTimeout/],
    [{ host: '/run/postgresql', ssl: true }, /Unix socket/],
    [{ host: 'localhost', ca: 'x.pem' }, /set ssl = true/],
    [{ host: 'localhost', ssl: true, ca: '/no/such/file.pem' }, /cannot read ca "\/no\/such\/file.pem" \(ENOENT\)/],
  ];
  for (const [options, says] of cases) {
    assert.throws(
      () => provide({ passwordQuery, ...options }),
      (error: Error) => says.test(error.message) && !inspect(error).includes('hidden-secret'),
      String(says),
    );
  }
});

test('the name of a provider tells the database from others, and the password is in nothing that is printed', async () => {
  const provider = provide({ url: 'postgresql://broker:hidden-secret@[::1]:6432/mqtt', passwordQuery });
  assert.equal(provider.name, 'postgresql [::1]:6432/mqtt');
  assert.ok(!inspect(provider, { depth: 10, showHidden: true }).includes('hidden-secret'));
  await provider.close();
});
