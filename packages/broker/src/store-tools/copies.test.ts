// Compaction, backups and counts.
import assert from 'node:assert/strict';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import type { OperationWriter } from '@cauldron/core';
import {
  away,
  body,
  contentOf,
  NOW,
  openEngine,
  storeOf,
  tempFolder,
  write,
} from '../../../../test/support/store-tools.ts';
import { FolderInUse, lockFolder } from '../store/folder-lock.ts';
import { SqliteEngine } from '../store/sqlite-engine.ts';
import { backupStore } from './backup.ts';
import { compactStore } from './compact.ts';
import { storeStats } from './stats.ts';

const content = [
  { type: 'session', clientId: 'c' },
  { type: 'subscription', clientId: 'c', filter: 't', qos: 1 },
  { type: 'message', id: 1, topic: 't', payload: 'x', qos: 1 },
  { type: 'queued', clientId: 'c', message: 1 },
  { type: 'retained', topic: 'r', payload: 'kept' },
];

function newSession(writer: OperationWriter, number: number, clientId: string): void {
  writer.sequence(0, number);
  writer.session(away(number, clientId));
}

/** Fills a folder, and takes nearly everything out again. */
function drained(folder: string): void {
  const engine = SqliteEngine.open(join(folder, 'cauldron.db'), { synchronous: false });
  write(engine, (writer) => {
    writer.sequence(4000, 1);
    writer.session(away(1, 'c'));
    for (let id = 1; id <= 2000; id++) {
      writer.message(id, 1, NOW, body('t', `${id}`.padEnd(200)));
      writer.entry({ session: 1, position: 2000 + id, messageId: id, flags: 1, identifiers: null, size: 210 });
    }
  });
  write(engine, (writer) => {
    writer.delivery(1, 3999, Uint8Array.of(0));
    for (let id = 1; id < 2000; id++) writer.done(id);
  });
  engine.close();
}

test('compaction makes the file smaller and changes nothing of what it holds', async (t) => {
  const folder = tempFolder(t);
  drained(folder);
  const before = contentOf(folder);
  const sizes = await compactStore(folder);
  assert.ok(sizes.after < sizes.before / 4, JSON.stringify(sizes));
  assert.equal(statSync(join(folder, 'cauldron.db')).size, sizes.after);
  assert.equal(before.length, 3);
  assert.deepEqual(contentOf(folder), before);
  assert.deepEqual(
    readdirSync(folder).filter((name) => !name.startsWith('lock')),
    ['cauldron.db'],
  );
});

test('compaction takes along what a crash has left in the log', async (t) => {
  const running = tempFolder(t);
  const engine = openEngine(t, running);
  write(engine, (writer) => newSession(writer, 1, 'c'));
  const crashed = tempFolder(t);
  for (const name of ['cauldron.db', 'cauldron.db-wal']) copyFileSync(join(running, name), join(crashed, name));
  await compactStore(crashed);
  assert.equal(existsSync(join(crashed, 'cauldron.db-wal')), false);
  assert.deepEqual(
    contentOf(crashed).map(({ clientId }) => clientId),
    ['c'],
  );
});

test('compaction is refused while a broker has the folder', async (t) => {
  const folder = await storeOf(t, content);
  const lock = lockFolder(folder);
  t.after(() => lock.release());
  await assert.rejects(compactStore(folder), FolderInUse);
});

test('compaction is refused while somebody reads, and leaves the store as it was', async (t) => {
  const folder = tempFolder(t);
  const engine = openEngine(t, folder);
  write(engine, (writer) => newSession(writer, 1, 'c'));
  const before = contentOf(folder);
  await assert.rejects(compactStore(folder), { message: /something reads the store .*Nothing was changed/ });
  assert.deepEqual(contentOf(folder), before);
  assert.equal(existsSync(join(folder, 'new.tmp')), false);
});

test('a damaged store is not compacted, and stays as it is', async (t) => {
  const folder = await storeOf(t, content);
  const db = new DatabaseSync(join(folder, 'cauldron.db'));
  db.exec('DELETE FROM message');
  db.close();
  const before = readFileSync(join(folder, 'cauldron.db'));
  await assert.rejects(compactStore(folder), { message: /is damaged and was left as it is: a message is lost/ });
  assert.deepEqual(readFileSync(join(folder, 'cauldron.db')), before);
});

test('what a compaction that was killed has left does not matter', async (t) => {
  const folder = tempFolder(t);
  drained(folder);
  mkdirSync(join(folder, 'new.tmp'));
  for (const name of ['cauldron.db', 'cauldron.db-journal'])
    writeFileSync(join(folder, 'new.tmp', name), 'half a copy');
  await compactStore(folder);
  assert.equal(contentOf(folder).length, 3);
  assert.equal(existsSync(join(folder, 'new.tmp')), false);
});

test('a backup holds what the store holds, and a broker can go on from it', async (t) => {
  const folder = await storeOf(t, content);
  const to = join(tempFolder(t), 'deep', 'backup');
  const { bytes } = await backupStore(folder, to);
  assert.equal(statSync(join(to, 'cauldron.db')).size, bytes);
  assert.deepEqual(contentOf(to), contentOf(folder));
  const engine = openEngine(t, to);
  write(engine, (writer) => newSession(writer, 2, 'new'));
});

test('a backup holds what is in the log of a store in use', async (t) => {
  const folder = tempFolder(t);
  const engine = openEngine(t, folder);
  write(engine, (writer) => newSession(writer, 1, 'c'));
  assert.ok(statSync(join(folder, 'cauldron.db-wal')).size > 0);
  const to = join(tempFolder(t), 'backup');
  await backupStore(folder, to);
  write(engine, (writer) => newSession(writer, 2, 'later'));
  assert.deepEqual(
    contentOf(to).map(({ clientId }) => clientId),
    ['c'],
  );
});

test('a backup replaces nothing', async (t) => {
  const folder = await storeOf(t, content);
  const other = await storeOf(t, [{ type: 'retained', topic: 'other', payload: '1' }]);
  await assert.rejects(backupStore(folder, other), {
    message: /holds a store already, which a backup does not replace/,
  });
  await assert.rejects(backupStore(folder, folder), { message: /is the store itself/ });
  assert.equal(contentOf(other)[0]!.topic, 'other');
  rmSync(join(other, 'cauldron.db'));
  writeFileSync(join(other, 'cauldron.db-wal'), 'the log of a store that is lost');
  await assert.rejects(backupStore(folder, other), { message: /holds a store already/ });
});

test('a backup holds the dashboards, and nothing else that lies beside the store', async (t) => {
  const folder = await storeOf(t, content);
  mkdirSync(join(folder, 'dashboards'));
  for (const file of ['demo.json', 'kitchen.json', 'demo.json.tmp', 'Not One.json', 'notes.txt']) {
    writeFileSync(join(folder, 'dashboards', file), `this is ${file}`);
  }
  const to = join(tempFolder(t), 'backup');
  assert.equal((await backupStore(folder, to)).dashboards, 2);
  assert.deepEqual(readdirSync(join(to, 'dashboards')), ['demo.json', 'kitchen.json']);
  assert.equal(readFileSync(join(to, 'dashboards', 'demo.json'), 'utf8'), 'this is demo.json');
  const { dashboards } = await backupStore(await storeOf(t, content), join(tempFolder(t), 'none'));
  assert.equal(dashboards, 0);
});

test('a backup whose dashboards cannot be copied says so, and can be made again', async (t) => {
  const folder = await storeOf(t, content);
  writeFileSync(join(folder, 'dashboards'), 'a file where the folder should be');
  const to = join(tempFolder(t), 'backup');
  await assert.rejects(backupStore(folder, to), {
    message: /^cannot copy the dashboards in .*ENOTDIR.*run the command again/,
  });
  rmSync(join(folder, 'dashboards'));
  assert.equal((await backupStore(folder, to)).dashboards, 0);
});

test('a backup of nothing makes nothing', async (t) => {
  const to = join(tempFolder(t), 'backup');
  await assert.rejects(backupStore(tempFolder(t), to), { reason: 'missing' });
  assert.equal(existsSync(to), false);
});

test('stats count what waits, each message once where it is stored and in every queue where it is queued', async (t) => {
  const folder = await storeOf(t, [
    ...content,
    { type: 'session', clientId: 'd', connected: true, will: { topic: 'w' } },
    { type: 'queued', clientId: 'd', message: 1 },
    { type: 'queued', clientId: 'd', message: 1 },
    { type: 'inflight', clientId: 'd', sent: [{ packetId: 1, message: 1 }] },
  ]);
  const { file, folder: path, ...stats } = storeStats(folder);
  assert.equal(path, folder);
  assert.deepEqual(stats, {
    schemaVersion: 2,
    sessions: { total: 2, connected: 1, away: 1 },
    subscriptions: 1,
    queued: { messages: 3, bytes: 15 },
    inflight: 1,
    messages: { total: 2, bytes: 13 },
    retained: 1,
    wills: 1,
    longestQueues: [
      { clientId: 'd', connected: true, messages: 2, bytes: 10 },
      { clientId: 'c', connected: false, messages: 1, bytes: 5 },
    ],
  });
  assert.deepEqual([file.bytes, file.logBytes], [file.pages * 4096, 0]);
});

test('stats count the queue of a session that has taken part of it', (t) => {
  const folder = tempFolder(t);
  drained(folder);
  assert.deepEqual(storeStats(folder).queued, { messages: 1, bytes: 210 });
  assert.ok(storeStats(folder).file.freePages > 50);
});
