import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { tempDir } from '../../../../test/support/temp-dir.ts';
import { acceptedMessage, storeContract } from '../testing/store-contract.ts';
import { sqliteStore } from './sqlite.ts';

for (const { name, check } of storeContract) {
  test(`a store in SQLite: ${name}`, (t) => {
    const path = join(tempDir(t), 'store.db');
    return check(() => sqliteStore(path));
  });
}

const refusals: readonly { name: string; make: (path: string) => void; says: RegExp }[] = [
  {
    name: 'a file that is no database is refused and named',
    make: (path) => writeFileSync(path, 'these are not the bytes of a database, but a note'.repeat(50)),
    says: /store\.db: the file is no SQLite database; name another file/,
  },
  {
    name: "another program's database is refused",
    make: (path) => run(path, 'CREATE TABLE recipes (name TEXT)'),
    says: /another program's database/,
  },
  {
    name: 'the layout of a later version is refused',
    make: (path) => run(path, 'PRAGMA user_version = 2'),
    says: /its layout is version 2, and this client knows 1/,
  },
];

for (const { name, make, says } of refusals) {
  test(name, async (t) => {
    const path = join(tempDir(t), 'store.db');
    if (/version/.test(name)) await opened(path);
    make(path);
    await assert.rejects(sqliteStore(path).open('a', assert.fail), says);
  });
}

test('a folder that is missing is an error that says so', async (t) => {
  const path = join(tempDir(t), 'missing', 'store.db');
  await assert.rejects(sqliteStore(path).open('a', assert.fail), /cannot be opened; check that its folder exists/);
});

test('a write that fails later is told, in words that name the file', async (t) => {
  const path = join(tempDir(t), 'store.db');
  const store = sqliteStore(path);
  const failed = Promise.withResolvers<Error>();
  await store.open('a', failed.resolve);
  const message = acceptedMessage(1, { topic: null as unknown as string }); // refused by the column
  store.add({ kind: 'put', message }, assert.fail);
  assert.match((await failed.promise).message, /store\.db: .*NOT NULL/);
  await store.close();
});

function run(path: string, sql: string): void {
  const database = new DatabaseSync(path);
  database.exec(sql);
  database.close();
}

async function opened(path: string): Promise<void> {
  const store = sqliteStore(path);
  await store.open('a', assert.fail);
  await store.close();
}
