import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { FolderInUse, lockFolder } from './folder-lock.ts';

function temporaryFolder(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'cauldron-lock-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A process that locks a folder and stays. */
async function holder(context: TestContext, folder: string): Promise<ChildProcess> {
  const script = `
    import { lockFolder } from ${JSON.stringify(new URL('./folder-lock.ts', import.meta.url).href)};
    globalThis.lock = lockFolder(${JSON.stringify(folder)});
    console.log('locked');
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  context.after(() => child.kill('SIGKILL'));
  await once(child.stdout!, 'data');
  return child;
}

test('a folder locked by another process is refused, naming folder and process', async (context) => {
  const folder = temporaryFolder(context);
  const child = await holder(context, folder);
  assert.throws(
    () => lockFolder(folder),
    (error: unknown) => {
      assert.ok(error instanceof FolderInUse);
      assert.equal(error.folder, folder);
      assert.equal(error.holder?.pid, child.pid);
      assert.ok(error.message.includes(folder) && error.message.includes(`process ${child.pid} (since 20`));
      return true;
    },
  );
});

test('a lock goes with its process, also with kill -9, and leaves nothing that has to be removed', async (context) => {
  const folder = temporaryFolder(context);
  for (let i = 0; i < 2; i++) {
    const child = await holder(context, folder);
    child.kill('SIGKILL');
    await once(child, 'exit');
    lockFolder(folder).release();
  }
});

test('a folder is locked once, also within one process, until the lock is released', (context) => {
  const folder = temporaryFolder(context);
  const lock = lockFolder(folder);
  assert.throws(() => lockFolder(folder), { message: new RegExp(`in use by process ${process.pid} `) });
  // A refused try must not have taken the lock away.
  assert.throws(() => lockFolder(folder), FolderInUse);
  lock.release();
  lock.release();
  lockFolder(folder).release();
});

test('a holder that could not leave its name still holds: the refusal does without', (context) => {
  const folder = temporaryFolder(context);
  const lock = lockFolder(folder);
  context.after(() => lock.release());
  for (const broken of ['', '{', '[]', '{"pid":"7"}']) {
    writeFileSync(join(folder, 'lock.json'), broken);
    assert.throws(() => lockFolder(folder), { message: /in use by another process: / });
  }
});

test('where no lock can be made, the error names the folder', (context) => {
  const folder = temporaryFolder(context);
  mkdirSync(join(folder, 'lock.db'));
  assert.throws(() => lockFolder(folder), { name: 'StoreError', message: new RegExp(`cannot lock .*${folder}`) });
});

test('a lock writes its two small files and nothing beside them', (context) => {
  const folder = temporaryFolder(context);
  const lock = lockFolder(folder);
  assert.deepEqual(readdirSync(folder).sort(), ['lock.db', 'lock.json']);
  lock.release();
  assert.deepEqual(readdirSync(folder).sort(), ['lock.db', 'lock.json']);
});
