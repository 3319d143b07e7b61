import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { tempDir } from '../test/support/temp-dir.ts';
import { repositoryRoot } from './lib/source-tree.ts';

test('without apt-get, a missing tool ends the script with 1 and the command to run', (t) => {
  const result = spawnSync(process.execPath, [join(repositoryRoot, 'scripts/ensure-tools.ts')], {
    env: { PATH: tempDir(t) },
    encoding: 'utf8',
  });
  assert.equal(result.status, 1, result.stderr);
  assert.match(result.stderr, /The tests need .*mosquitto-clients.*Run this/);
  assert.match(result.stderr, /apt-get install -y --no-install-recommends .*mosquitto-clients/);
});
