import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { repositoryRoot } from './lib/source-tree.ts';

/** Runs the script as if on this version of Node. */
function runAs(version: string): { status: number | null; stderr: string } {
  const script = join(repositoryRoot, 'scripts', 'require-node.js');
  const pretend = `Object.defineProperty(process, 'versions', { value: { node: ${JSON.stringify(version)} } });`;
  const code = `${pretend} require(${JSON.stringify(script)});`;
  return spawnSync(process.execPath, ['-e', code], { encoding: 'utf8' });
}

test('a Node before 24 is refused in one line that says what to do', () => {
  const { status, stderr } = runAs('22.9.0');
  assert.equal(status, 1);
  assert.match(
    stderr,
    /^Cauldron needs Node\.js 24 or newer, but this is 22\.9\.0 .*install Node\.js 24 or newer\.\n$/,
  );
});

test('Node 24 passes without a word', () => {
  assert.deepEqual([runAs('24.0.0').status, runAs('24.0.0').stderr], [0, '']);
});
