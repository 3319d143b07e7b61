import assert from 'node:assert/strict';
import {
  appendFileSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { FileWatcher } from './file-watcher.ts';

function folder(t: TestContext): (name: string) => string {
  const path = mkdtempSync(join(tmpdir(), 'cauldron-watch-'));
  t.after(() => rmSync(path, { recursive: true }));
  return (name) => join(path, name);
}

async function watching(
  t: TestContext,
  ...files: string[]
): Promise<{ watcher: FileWatcher; told: () => number; stop: () => void }> {
  const watcher = new FileWatcher({ interval: 3_600_000, settledAfter: 1 });
  t.after(() => watcher.close());
  let count = 0;
  const stop = await watcher.watch(files, () => {
    count += 1;
  });
  return { watcher, told: () => count, stop };
}

test('a file that is written, replaced, removed or made is told of once; one that stays is not', async (t) => {
  const at = folder(t);
  writeFileSync(at('a'), 'one');
  const { watcher, told } = await watching(t, at('a'));
  const changes = [
    () => writeFileSync(at('a'), 'longer'),
    () => utimesSync(at('a'), 1, 1),
    () => {
      writeFileSync(at('b'), 'LONGER');
      utimesSync(at('b'), 1, 1);
      renameSync(at('b'), at('a'));
    },
    () => unlinkSync(at('a')),
    () => writeFileSync(at('a'), 'back'),
  ];
  for (const [i, change] of changes.entries()) {
    await watcher.look();
    assert.equal(told(), i);
    change();
    await watcher.look();
    assert.equal(told(), i + 1);
  }
});

test('a link that is turned over to another file is a change', async (t) => {
  const at = folder(t);
  writeFileSync(at('old'), 'same');
  writeFileSync(at('new'), 'same');
  symlinkSync(at('old'), at('link'));
  const { watcher, told } = await watching(t, at('link'));
  symlinkSync(at('new'), at('next'));
  renameSync(at('next'), at('link'));
  await watcher.look();
  assert.equal(told(), 1);
});

test('files that change together are told of once', async (t) => {
  const at = folder(t);
  for (const name of ['cert', 'key']) writeFileSync(at(name), 'old');
  const { watcher, told } = await watching(t, at('cert'), at('key'));
  for (const name of ['cert', 'key']) writeFileSync(at(name), 'newer');
  await watcher.look();
  assert.equal(told(), 1);
});

test('a file that is still being written is told of once nothing is added any more, not half', async (t) => {
  const at = folder(t);
  writeFileSync(at('acl'), 'user ann\ntopic read #\ntopic deny secret\n');
  const watcher = new FileWatcher({ interval: 3_600_000, settledAfter: 200 });
  t.after(() => watcher.close());
  const read: string[] = [];
  await watcher.watch([at('acl')], () => read.push(readFileSync(at('acl'), 'utf8')));
  writeFileSync(at('acl'), 'user ann\ntopic read #\n');
  const looking = watcher.look();
  await new Promise((resolve) => setTimeout(resolve, 50));
  appendFileSync(at('acl'), 'topic deny secret\ntopic deny vault\n');
  await looking;
  assert.deepEqual(read, []);
  await watcher.look();
  assert.deepEqual(read, ['user ann\ntopic read #\ntopic deny secret\ntopic deny vault\n']);
});

test('what is not watched any more is not told of', async (t) => {
  const at = folder(t);
  const { watcher, told, stop } = await watching(t, at('a'));
  stop();
  writeFileSync(at('a'), 'x');
  await watcher.look();
  assert.equal(told(), 0);
});

test('it looks by itself, as often as it was told to', async (t) => {
  const at = folder(t);
  const watcher = new FileWatcher({ interval: 5, settledAfter: 1 });
  t.after(() => watcher.close());
  const changed = Promise.withResolvers<void>();
  await watcher.watch([at('a')], changed.resolve);
  writeFileSync(at('a'), 'x');
  // The watcher keeps no process alive, so something else has to.
  const alive = setTimeout(() => changed.reject(new Error('nothing was told within ten seconds')), 10_000);
  await changed.promise;
  clearTimeout(alive);
});
