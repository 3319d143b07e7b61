import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import { applyGroup, bytesOf, imageOf, publishTo, queueOf, sessionRecord } from '@cauldron/testkit';
import { checkDatabase } from './check.ts';
import { openDatabase, type RefusalReason, StoreRefused } from './database.ts';
import { migrate, versionOf } from './migrations.ts';
import { APPLICATION_ID, SCHEMA, SCHEMA_VERSION } from './schema.ts';
import { SqliteEngine } from './sqlite-engine.ts';

function place(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'cauldron-database-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return join(folder, 'cauldron.db');
}

/** A small store, closed. */
function filled(path: string): void {
  const engine = SqliteEngine.open(path, { synchronous: false });
  applyGroup(engine, (out) => {
    out.sequence(1000, 1);
    out.session(sessionRecord(1));
    for (let id = 10; id < 200; id += 2) publishTo(out, id, [1]);
  });
  engine.close();
}

/** Opening is refused for this reason, with these words, and leaves the file as it is. */
function assertRefused(path: string, reason: RefusalReason, words: RegExp): void {
  const before = readFileSync(path);
  assert.throws(
    () => SqliteEngine.open(path),
    (error) => error instanceof StoreRefused && error.reason === reason && words.test(error.message),
  );
  assert.deepEqual(readFileSync(path), before);
}

test('a store of schema version 1 opens, with everything in it', (t) => {
  const path = place(t);
  const fixture = new DatabaseSync(path);
  fixture.exec(readFileSync(new URL('./fixtures/version-1.sql', import.meta.url), 'utf8'));
  fixture.close();
  const engine = SqliteEngine.open(path, { synchronous: false });
  t.after(() => engine.close());
  assert.equal(versionOf(engine.database), SCHEMA_VERSION);
  const { last, sessions, retained } = imageOf(engine);
  assert.equal(last, 30);
  assert.deepEqual(
    sessions.map(({ record, will, delivery, queued }) => [record.clientId, will?.message, delivery?.state, queued]),
    [
      ['client-1', 'gone', '10 in flight', { count: 3, bytes: 30 }],
      ['client-2', undefined, undefined, { count: 4, bytes: 40 }],
    ],
  );
  assert.deepEqual(sessions[0]!.subscriptions, [{ session: 1, filter: 'ä/#', options: 17, identifiers: [7, 300] }]);
  assert.deepEqual(
    queueOf(engine, 1).map(({ body }) => body),
    ['body 14', 'body 20', 'body 28'],
  );
  assert.deepEqual(retained, [{ messageId: 24, publisher: 'someone', body: 'kept' }]);
  while (engine.maintain());
  assert.deepEqual(checkDatabase(engine.database, { inFlight: () => [10] }), []);
});

test('a migration takes a store to the next version, or leaves it at the one it has', (t) => {
  const db = openDatabase(place(t), { synchronous: false });
  t.after(() => db.close());
  const next = SCHEMA_VERSION + 1;
  const failing = { version: next, up: () => db.exec('CREATE TABLE new (a); SELECT nonsense') };
  assert.throws(() => migrate(db, next, [failing]), /nonsense/);
  assert.equal(versionOf(db), SCHEMA_VERSION);
  migrate(db, next, [{ version: next, up: () => db.exec('CREATE TABLE new (a)') }]);
  assert.equal(versionOf(db), next);
  assert.throws(() => migrate(db, next + 1, []), /no step/);
});

test('a store of a newer version is refused', (t) => {
  const path = place(t);
  filled(path);
  const db = new DatabaseSync(path);
  db.exec(`PRAGMA user_version = ${SCHEMA_VERSION + 1}`);
  db.close();
  assertRefused(path, 'newer', /newer version of Cauldron.*left as it is/);
});

/** What a first start leaves that is cut off while it makes the store, right before that is complete. */
function halfMade(path: string): void {
  const db = new DatabaseSync(path);
  db.exec('PRAGMA cache_size = 1; BEGIN IMMEDIATE');
  db.exec(SCHEMA);
  // More than fits the cache, so that the journal is on the disk as it is when the database's pages are being written.
  db.exec('CREATE TABLE large (bytes); INSERT INTO large VALUES (zeroblob(400000)); DROP TABLE large');
  db.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${SCHEMA_VERSION}`);
  const journal = readFileSync(`${path}-journal`);
  db.exec('COMMIT');
  db.close();
  writeFileSync(`${path}-journal`, journal);
}

for (const [when, change] of [
  ['by the end of its process', () => {}],
  ['by a power cut before its pages were written', (bytes: Buffer) => bytes.fill(0)],
] as const) {
  test(`a store whose making was cut off ${when} is made anew`, (t) => {
    const path = place(t);
    halfMade(path);
    const bytes = readFileSync(path);
    change(bytes);
    writeFileSync(path, bytes);
    filled(path);
    const engine = SqliteEngine.open(path);
    t.after(() => engine.close());
    assert.equal(queueOf(engine, 1).length, 95);
  });
}

test('a file that is no database is refused', (t) => {
  const path = place(t);
  writeFileSync(path, 'my notes, which nobody may overwrite\n'.repeat(100));
  assertRefused(path, 'foreign', /no database/);
});

test("another program's database is refused", (t) => {
  const path = place(t);
  const db = new DatabaseSync(path);
  db.exec('CREATE TABLE recipes (name)');
  db.close();
  assertRefused(path, 'foreign', /another program/);
});

test('an emptied database whose log is still there is refused', (t) => {
  const path = place(t);
  filled(path);
  truncateSync(path, 0);
  writeFileSync(`${path}-wal`, 'what was written last');
  assertRefused(path, 'damaged', /is empty, but its log/);
  assert.equal(readFileSync(`${path}-wal`, 'utf8'), 'what was written last');
});

test('a damaged store is refused with the way to check and repair it', (t) => {
  const path = place(t);
  filled(path);
  const bytes = readFileSync(path);
  bytes.fill(0x55, 4096, 3 * 4096);
  writeFileSync(path, bytes);
  assertRefused(path, 'damaged', /cauldron store check .*restore a backup.*cauldron store export/s);
});

/** A store as a process leaves it that was killed: with a log; where its messages begin, which is not in the log, it is damaged. */
function killedAndDamaged(t: TestContext): { path: string; bytes: Buffer; log: Buffer } {
  const alive = place(t);
  filled(alive);
  const engine = SqliteEngine.open(alive, { synchronous: false });
  engine.database.exec('PRAGMA wal_autocheckpoint = 0');
  applyGroup(engine, (out) => out.session(sessionRecord(2)));
  const path = place(t);
  for (const suffix of ['', '-wal']) copyFileSync(`${alive}${suffix}`, `${path}${suffix}`);
  engine.close();
  const bytes = readFileSync(path);
  bytes.fill(0x55, 4096, 2 * 4096);
  writeFileSync(path, bytes);
  const log = readFileSync(`${path}-wal`);
  assert.ok(log.length > 4096);
  return { path, bytes, log };
}

test('a damaged store is refused with its log, which stays as it is', (t) => {
  const { path, log } = killedAndDamaged(t);
  assertRefused(path, 'damaged', /cauldron store check/);
  assert.deepEqual(readFileSync(`${path}-wal`), log);
});

test('a store whose damage shows only when it is read keeps its log when it is closed', (t) => {
  const { path, bytes, log } = killedAndDamaged(t);
  const engine = SqliteEngine.open(path, { quickCheckBytes: 0 });
  assert.throws(
    () => engine.read({ session: 1, messages: [198], after: 0, limit: 1, maxBytes: 1 }),
    (error) => error instanceof StoreRefused && error.reason === 'damaged',
  );
  engine.close();
  assert.deepEqual(readFileSync(path), bytes);
  assert.deepEqual(readFileSync(`${path}-wal`), log);
});

test('a store that lost its end is refused', (t) => {
  const path = place(t);
  filled(path);
  truncateSync(path, 3 * 4096);
  assertRefused(path, 'damaged', /cauldron store check/);
});

test('a store that is not there is not made where it is only to be read', (t) => {
  const path = place(t);
  assert.throws(() => openDatabase(path, { readOnly: true }), { reason: 'missing' });
  assert.throws(() => openDatabase(path, { create: false }), { reason: 'missing' });
});

test('the check finds what does not fit together', (t) => {
  const path = place(t);
  const engine = SqliteEngine.open(path, { synchronous: false, foldEntries: 3 });
  t.after(() => engine.close());
  applyGroup(engine, (out) => {
    out.sequence(100, 1);
    out.session(sessionRecord(1));
    for (let id = 10; id < 20; id += 2) publishTo(out, id, [1]);
    out.delivery(1, 11, bytesOf('10'));
  });
  const db = engine.database;
  const inFlight = (): number[] => [10];
  const findings = (damage: string): string[] => {
    db.exec(`SAVEPOINT damage; ${damage}`);
    const found = checkDatabase(db, { inFlight }).map(({ kind }) => kind);
    db.exec('ROLLBACK TO damage; RELEASE damage');
    return found;
  };
  assert.deepEqual(findings(''), []);
  assert.deepEqual(findings('DELETE FROM message WHERE id = 14'), ['missing']);
  assert.deepEqual(findings('UPDATE message SET refs = 2 WHERE id = 14'), ['references']);
  assert.deepEqual(findings('DELETE FROM delivery'), ['references']);
  assert.deepEqual(findings("INSERT INTO subscription VALUES (9, 'a', 0, NULL)"), ['orphan']);
  assert.deepEqual(findings("INSERT INTO delivery VALUES (9, 0, X'00')"), ['orphan', 'references']);
  assert.deepEqual(findings('UPDATE sequence SET last = 12, last_session = 0'), ['sequence', 'sequence']);
  assert.deepEqual(findings('UPDATE chunk SET count = count + 1'), ['queue']);
  assert.deepEqual(findings("INSERT INTO tail VALUES (99, X'01')"), ['queue']);
  assert.deepEqual(findings("INSERT INTO retained VALUES ('t', 77, NULL)"), ['missing']);
  assert.deepEqual(findings('DELETE FROM session'), ['orphan', 'orphan']);
});

test('a failed commit is told apart from a full disk, and writing goes on behind it', (t) => {
  const path = place(t);
  const engine = SqliteEngine.open(path, { synchronous: false });
  t.after(() => engine.close());
  applyGroup(engine, (out) => {
    out.session(sessionRecord(1));
    publishTo(out, 10, [1]);
  });
  const pages = Number(engine.database.prepare('PRAGMA page_count').get()!.page_count);
  engine.database.exec(`PRAGMA max_page_count = ${pages}`);
  const large = (): void => applyGroup(engine, (out) => out.message(20, 1, 0, new Uint8Array(100_000)));
  assert.throws(large, { kind: 'full', message: /no room left/ });
  assert.deepEqual(
    queueOf(engine, 1).map(({ messageId }) => messageId),
    [10],
  );
  engine.database.exec('PRAGMA max_page_count = 1000000');
  large();
  assert.equal(
    engine.read({ session: 1, messages: [20], after: 0, limit: 1, maxBytes: 1 }).entries.length > 100_000,
    true,
  );
});

test('opening a store again in the same process drops no lock: another process cannot have the store for itself', (t) => {
  const path = place(t);
  const first = SqliteEngine.open(path);
  t.after(() => first.close());
  applyGroup(first, (out) => out.session(sessionRecord(1)));
  const again = openDatabase(path, { create: false, again: true });
  t.after(() => again.close());
  const visit = `const { DatabaseSync } = require('node:sqlite');
    const db = new DatabaseSync(${JSON.stringify(path)}, { timeout: 0 });
    try { db.exec('PRAGMA locking_mode = EXCLUSIVE; SELECT * FROM session'); } catch (error) { console.log(error.message); }`;
  assert.match(spawnSync(process.execPath, ['-e', visit], { encoding: 'utf8' }).stdout, /locked/);
  assert.equal(existsSync(`${path}-wal`), true);
});
