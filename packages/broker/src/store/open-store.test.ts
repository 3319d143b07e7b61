import assert from 'node:assert/strict';
import fs, { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import { ByteWriter, decodeOperations, OperationIgnorer, OperationWriter, type StoreReceiver } from '@cauldron/core';
import { measureSync } from './disk-speed.ts';
import { FolderInUse } from './folder-lock.ts';
import { type OpenedStore, type OpenStoreOptions, openStore } from './open-store.ts';
import { DATABASE_FILE } from './schema.ts';

function temporaryFolder(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'cauldron-open-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, 'data');
}

async function open(context: TestContext, folder: string, options: OpenStoreOptions = {}): Promise<OpenedStore> {
  const opened = await openStore(folder, options);
  context.after(() => opened.close());
  return opened;
}

/** Writes a group and waits for its answer. @returns null, or why it was not written */
function write(opened: OpenedStore, fill: (out: OperationWriter) => void): Promise<string | null> {
  const out = new ByteWriter(opened.store.take(1000));
  fill(new OperationWriter(out));
  return new Promise((resolve) => {
    const receiver: StoreReceiver = {
      written: () => resolve(null),
      writeFailed: ({ kind, message }) => resolve(`${kind}: ${message}`),
      entriesRead: () => assert.fail('nothing was read'),
      readFailed: () => assert.fail('nothing was read'),
    };
    opened.store.connect(receiver);
    opened.store.write(out.bytes, out.length);
  });
}

const session = {
  connected: false,
  expiryInterval: 3600,
  endsAt: 9_000_000_000_000,
  willDueAt: 0,
  will: null,
  username: null,
} as const;

async function clientIds(opened: OpenedStore): Promise<string[]> {
  const ids: string[] = [];
  const visitor = new OperationIgnorer();
  visitor.session = ({ clientId }) => void ids.push(clientId);
  for await (const part of opened.snapshot) decodeOperations(part, 0, part.length, visitor);
  return ids;
}

test('a store makes its folder, for its owner only, and says in it what it is', async (context) => {
  const folder = temporaryFolder(context);
  const { folder: path } = await open(context, join(folder, 'deeper'));
  assert.equal(path, join(folder, 'deeper'));
  assert.equal(statSync(path).mode & 0o777, 0o700);
  assert.match(readFileSync(join(path, 'README.txt'), 'utf8'), /data of a Cauldron broker/);
});

test('a folder that was there keeps its mode and its README', async (context) => {
  const folder = join(temporaryFolder(context), '..');
  writeFileSync(join(folder, 'README.txt'), 'mine');
  const opened = await openStore(folder);
  await opened.close();
  assert.equal(readFileSync(join(folder, 'README.txt'), 'utf8'), 'mine');
});

test('what was written comes back as the snapshot of the next opening', async (context) => {
  const folder = temporaryFolder(context);
  const first = await openStore(folder);
  assert.deepEqual(await clientIds(first), []);
  const failure = await write(first, (out) => {
    out.session({ number: 1, clientId: 'kitchen', ...session });
    out.session({ number: 2, clientId: 'cellar', ...session });
    out.sequence(5, 2);
  });
  assert.equal(failure, null);
  await first.close();
  assert.deepEqual((await clientIds(await open(context, folder))).sort(), ['cellar', 'kitchen']);
});

test('a folder has one broker at a time; the next may have it when the first has closed', async (context) => {
  const folder = temporaryFolder(context);
  const first = await openStore(folder);
  await assert.rejects(openStore(folder), FolderInUse);
  await first.close();
  await first.close();
  await open(context, folder);
});

test('a database of something else is refused with one clear error, and the folder is free again', async (context) => {
  const folder = temporaryFolder(context);
  const opened = await openStore(folder);
  await opened.close();
  const path = join(folder, DATABASE_FILE);
  writeFileSync(path, 'Dear diary, '.repeat(1000));
  for (let i = 0; i < 2; i++) {
    await assert.rejects(openStore(folder), { name: 'StoreError', reason: 'foreign', message: /is no database/ });
  }
  assert.equal(readFileSync(path, 'utf8'), 'Dear diary, '.repeat(1000));
});

test('where no folder can be made, the error says which and why', async (context) => {
  const folder = temporaryFolder(context);
  writeFileSync(folder, 'a file');
  await assert.rejects(openStore(join(folder, 'data')), {
    name: 'StoreError',
    kind: 'io',
    message: new RegExp(`cannot make the data folder ${folder}/data: ${folder} is not a folder`),
  });
  // The system says ENOENT here although the folder above is there.
  await assert.rejects(openStore('/proc/cauldron/data'), { name: 'StoreError', message: /data folder .*: ENOENT/ });
});

test('closing moves the log into the database and leaves no log behind', async (context) => {
  const folder = temporaryFolder(context);
  const opened = await openStore(folder);
  await write(opened, (out) => out.session({ number: 1, clientId: 'kitchen', ...session }));
  assert.ok(statSync(join(folder, `${DATABASE_FILE}-wal`)).size > 0);
  await opened.close();
  assert.deepEqual(readdirSync(folder).sort(), ['README.txt', DATABASE_FILE, 'lock.db', 'lock.json'].sort());
});

test('who only reads the database may do so while the store is open, and closing waits for nobody', async (context) => {
  const folder = temporaryFolder(context);
  const opened = await openStore(folder);
  await write(opened, (out) => out.session({ number: 1, clientId: 'kitchen', ...session }));
  const reader = new DatabaseSync(join(folder, DATABASE_FILE), { readOnly: true });
  reader.exec('BEGIN');
  const count = (): unknown => reader.prepare('SELECT count(*) AS count FROM session').get()?.count;
  assert.equal(count(), 1);
  assert.equal(await write(opened, (out) => out.session({ number: 2, clientId: 'cellar', ...session })), null);
  assert.equal(count(), 1, 'a reader sees one state');
  await opened.close();
  reader.close();
  assert.equal((await clientIds(await open(context, folder))).length, 2);
});

test('an injected failure is answered as a real one would be', async (context) => {
  const opened = await open(context, temporaryFolder(context), { inject: { write: 1, kind: 'io' } });
  const one = (out: OperationWriter): void => out.session({ number: 1, clientId: 'kitchen', ...session });
  assert.match((await write(opened, one)) ?? '', /^io: /);
  assert.equal(await write(opened, one), null);
});

test('a disk is measured by what it takes to append and sync, and nothing is left of it', (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'cauldron-sync-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  const { median, p99, appends, size } = measureSync(folder, 11, 8192);
  assert.deepEqual({ appends, size }, { appends: 11, size: 8192 });
  assert.ok(median > 0 && p99 >= median);
  assert.deepEqual(readdirSync(folder), []);
});

test('a new data folder is on the disk before anything is acknowledged: every folder that got an entry is synced', async (t) => {
  const root = mkdtempSync(join(tmpdir(), 'cauldron-open-'));
  t.after(() => rmSync(root, { recursive: true }));
  const synced: number[] = [];
  const { mock } = t.mock.method(fs, 'fsyncSync', (file: number) => synced.push(fs.fstatSync(file).ino));
  syncBuiltinESMExports();
  t.after(() => {
    mock.restore();
    syncBuiltinESMExports();
  });
  const { close } = await openStore(join(root, 'a', 'b'));
  await close();
  assert.deepEqual(synced, [statSync(root).ino, statSync(join(root, 'a')).ino]);
});
