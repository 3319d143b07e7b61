import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { timeFsync, watchFsync } from './fsync.ts';

const folder = mkdtempSync(path.join(os.tmpdir(), 'bench-fsync-'));
after(() => rmSync(folder, { recursive: true, force: true }));

test('the disk is timed as often as asked, and nothing is left in the folder', () => {
  const times = timeFsync(folder, 20);
  assert.equal(times.length, 20);
  assert.ok(times.every((time) => time > 0));
  assert.deepEqual(readdirSync(folder), []);
});

test('a watch measures beside the program until it is stopped', async () => {
  const stop = watchFsync(folder);
  while (readdirSync(folder).length === 0) await sleep(5);
  await sleep(200);
  const times = await stop();
  assert.ok(times.length > 0);
  assert.deepEqual(readdirSync(folder), []);
});

test('a folder that is not there is an error of the watch, not of the program', async () => {
  await assert.rejects(watchFsync(path.join(folder, 'missing'))(), /ENOENT/);
});
