import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { tempTree } from '../test/support/temp-dir.ts';
import { repositoryRoot } from './lib/source-tree.ts';

test('a failing test and a file that does not load are shown with their errors, and the totals come last', (t) => {
  const cwd = tempTree(t, {
    'a.test.mjs': [
      "import { test } from 'node:test';",
      "test('holds', () => {});",
      "test('outer', async (t) => {",
      "  await t.test('inner breaks', () => { throw new Error('the reason'); });",
      '});',
    ].join('\n'),
    'b.test.mjs': 'this is no JavaScript',
  });
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const reporter = join(repositoryRoot, 'scripts', 'test-reporter.ts');
  const result = spawnSync(process.execPath, ['--test', `--test-reporter=${reporter}`, 'a.test.mjs', 'b.test.mjs'], {
    cwd,
    env,
    encoding: 'utf8',
  });
  assert.equal(result.status, 1, result.stdout);
  assert.match(result.stdout, /✖ inner breaks\n {2}a\.test\.mjs:4\n {4}Error: the reason/);
  assert.match(result.stdout, /SyntaxError/);
  assert.match(result.stdout, /✖ a\.test\.mjs: 1 of 3/);
  assert.match(result.stdout, /# pass 1\n# fail 3\n[\s\S]*# duration_ms [\d.]+\n$/);
});
