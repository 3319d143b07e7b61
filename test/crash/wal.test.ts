// The damage of the torn-write tests, on a log SQLite itself wrote: what is said to survive is what SQLite finds.
import assert from 'node:assert/strict';
import { copyFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import { Random } from '@cauldron/testkit/simulation';
import { tempDir } from '../support/temp-dir.ts';
import { applyDamage, type Damage, parseWal, planDamage } from './wal.ts';

/** A database whose rows 1 to `rows` were committed one by one, and copied while it was open. */
function copyOfOpenDatabase(t: TestContext, rows: number): string {
  const folder = tempDir(t);
  const path = join(folder, 'open.db');
  const db = new DatabaseSync(path);
  db.exec('PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0; CREATE TABLE t (n INTEGER, b BLOB)');
  const insert = db.prepare('INSERT INTO t VALUES (?, zeroblob(6000))');
  for (let n = 1; n <= rows; n++) insert.run(n);
  for (const suffix of ['', '-wal', '-shm']) copyFileSync(`${path}${suffix}`, join(folder, `copy.db${suffix}`));
  db.close();
  return join(folder, 'copy.db');
}

const rowsOf = (path: string): number => {
  const db = new DatabaseSync(path);
  const count = db.prepare('SELECT count(*) AS n FROM t').get()?.n as number;
  db.close();
  return count;
};

test('a log is read frame by frame, and transactions are told apart', (t) => {
  const path = copyOfOpenDatabase(t, 5);
  const { frames, pageSize } = parseWal(readFileSync(`${path}-wal`));
  assert.equal(pageSize, 4096);
  assert.equal(frames.filter(({ commits }) => commits).length, 6);
  assert.ok(frames.length > 6);
  assert.throws(() => parseWal(Buffer.alloc(100)), /no write-ahead log/);
});

for (const kind of ['truncate', 'flip', 'garbage'] as const satisfies readonly Damage['kind'][]) {
  test(`after the damage "${kind}" exactly the transactions before it are left`, (t) => {
    for (let seed = 1; seed <= 5; seed++) {
      const random = new Random(seed);
      const path = copyOfOpenDatabase(t, 8);
      const planned = planDamage(path, kind, random)!;
      const { frames } = parseWal(readFileSync(`${path}-wal`));
      const left = frames.filter(({ commits, end }) => commits && end <= planned.survives).length - 1;
      assert.ok(kind === 'garbage' ? left === 8 : left < 8 && left >= 4, `${left} rows`);
      applyDamage(path, planned.damage, random);
      assert.equal(rowsOf(path), left);
    }
  });
}

test('a log that has been moved into the database is left alone', (t) => {
  const path = copyOfOpenDatabase(t, 3);
  const db = new DatabaseSync(path);
  db.exec('PRAGMA wal_checkpoint(PASSIVE)');
  assert.equal(planDamage(path, 'truncate', new Random(1)), null);
  db.close();
});
