import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, renameSync, rmdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { Checkpointer } from './checkpointer.ts';
import type { CheckpointOptions } from './thread-messages.ts';

const NEVER = 1_000_000;
const GROUP = 50_000;

class Rig {
  readonly path: string;
  readonly db: DatabaseSync;
  readonly checkpointer: Checkpointer;
  rows = 0;

  constructor(context: TestContext, options: CheckpointOptions) {
    const folder = mkdtempSync(join(tmpdir(), 'cauldron-checkpoint-'));
    context.after(() => rmSync(folder, { recursive: true, force: true }));
    this.path = join(folder, 'log.db');
    this.db = new DatabaseSync(this.path);
    this.db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0');
    this.db.exec('CREATE TABLE item (id INTEGER PRIMARY KEY, body BLOB)');
    this.checkpointer = new Checkpointer(this.path, options);
    context.after(() => this.close());
  }

  commit(): void {
    this.db.prepare('INSERT INTO item (body) VALUES (?)').run(new Uint8Array(GROUP));
    this.rows++;
    this.checkpointer.wrote(GROUP);
  }

  get logSize(): number {
    return statSync(`${this.path}-wal`, { throwIfNoEntry: false })?.size ?? 0;
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await delay(2);
  }

  async close(): Promise<void> {
    if (!this.db.isOpen) return;
    this.db.close();
    await this.checkpointer.close();
  }
}

test('under a load that never pauses, the log is moved again and again and its file does not grow on', async (context) => {
  const rig = new Rig(context, { moveAt: 20 * GROUP, idleAfter: NEVER });
  for (let bytes = 0; rig.checkpointer.stats.checkpoints < 5 || rig.logSize > 0.5 * bytes; bytes += GROUP) {
    assert.ok(rig.rows < 5000, `${rig.logSize} bytes of log, ${rig.checkpointer.stats.checkpoints} times moved`);
    rig.commit();
    await delay(0);
  }
});

test('where nothing is written for a while, what the log has is moved, however little', async (context) => {
  const rig = new Rig(context, { idleAfter: 20 });
  rig.commit();
  assert.ok(rig.checkpointer.stats.logBytes >= GROUP);
  await rig.until(() => rig.checkpointer.stats.logBytes === 0);
  assert.equal(rig.checkpointer.stats.checkpoints, 1);
});

test('the log of a process that was killed is moved when its store is opened again', async (context) => {
  const rig = new Rig(context, { idleAfter: NEVER });
  for (let i = 0; i < 5; i++) rig.commit();
  const later = new Checkpointer(rig.path, { idleAfter: 10 });
  assert.ok(later.stats.logBytes >= 5 * GROUP);
  await rig.until(() => later.stats.checkpoints === 1);
  assert.equal(later.stats.logBytes, 0);
  await later.close();
});

test('a log that has grown too long is moved before the next group, whatever it takes', (context) => {
  const rig = new Rig(context, { moveAt: NEVER * GROUP, waitAt: 10 * GROUP, idleAfter: NEVER });
  for (let i = 0; i < 30; i++) rig.commit();
  assert.ok(rig.checkpointer.stats.checkpoints >= 3);
  assert.ok(rig.logSize <= 12 * GROUP, `${rig.logSize} bytes of log`);
});

test('a reader that holds the log back does not make every group try again', async (context) => {
  const rig = new Rig(context, { moveAt: 10 * GROUP, idleAfter: NEVER });
  rig.commit();
  const reader = new DatabaseSync(rig.path, { readOnly: true });
  reader.exec('BEGIN');
  assert.equal(reader.prepare('SELECT count(*) AS n FROM item').get()?.n, 1);
  for (let i = 0; i < 60; i++) {
    rig.commit();
    await delay(1);
  }
  assert.equal(reader.prepare('SELECT count(*) AS n FROM item').get()?.n, 1, 'the reader sees what it saw');
  assert.equal(rig.checkpointer.stats.checkpoints, 0);
  reader.close();
  for (let i = 0; rig.checkpointer.stats.checkpoints === 0; i++) {
    assert.ok(i < 200, 'moved as soon as as much has come again');
    rig.commit();
    await delay(1);
  }
});

test('a group that was not written is an occasion to move the log: a full disk may have room again then', (context) => {
  const rig = new Rig(context, { idleAfter: NEVER });
  rig.commit();
  rig.checkpointer.writeFailed();
  assert.deepEqual(rig.checkpointer.stats, { logBytes: 0, checkpoints: 1, checkpointFailures: 0 });
  rig.checkpointer.writeFailed();
  assert.equal(rig.checkpointer.stats.checkpoints, 1);
});

test('closing in the middle of moving loses nothing and leaves no log', async (context) => {
  const rig = new Rig(context, { moveAt: 30 * GROUP, idleAfter: NEVER });
  while (rig.rows < 45) rig.commit();
  await rig.close();
  assert.equal(rig.logSize, 0);
  const db = new DatabaseSync(rig.path, { readOnly: true });
  assert.equal(db.prepare('SELECT count(*) AS n FROM item').get()?.n, rig.rows);
  assert.equal(db.prepare('PRAGMA integrity_check').get()?.integrity_check, 'ok');
  db.close();
});

test('when the second thread dies, another takes its place', async (context) => {
  const rig = new Rig(context, { moveAt: 10 * GROUP, idleAfter: NEVER });
  renameSync(rig.path, `${rig.path}.away`);
  mkdirSync(rig.path);
  for (let i = 0; i < 11; i++) rig.commit();
  await rig.until(() => rig.checkpointer.stats.checkpointFailures === 1);
  rmdirSync(rig.path);
  renameSync(`${rig.path}.away`, rig.path);
  for (let i = 0; rig.checkpointer.stats.checkpoints === 0; i++) {
    assert.ok(i < 2000);
    rig.commit();
    await delay(1);
  }
});
