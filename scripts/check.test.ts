import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { tempTree } from '../test/support/temp-dir.ts';
import { run } from './lib/run.ts';
import { repositoryRoot } from './lib/source-tree.ts';

const compiler = join(repositoryRoot, 'node_modules', '.bin', 'tsc');
const settings = (path: string): string => readFileSync(join(repositoryRoot, path), 'utf8');

for (const name of ['protocol', 'core']) {
  test(`timers, Buffer, process and node:net do not compile in ${name}, and its tests are left to the root project`, async (t) => {
    const root = tempTree(t, {
      'tsconfig.base.json': settings('tsconfig.base.json'),
      [`packages/${name}/tsconfig.json`]: settings(`packages/${name}/tsconfig.json`),
      [`packages/${name}/src/a.ts`]: [
        'setTimeout(() => {}, 1);',
        'Buffer.alloc(1);',
        'process.exit();',
        "import 'node:net';",
        "import { x } from 'node:net';",
        'x;',
      ].join('\n'),
      [`packages/${name}/src/a.test.ts`]: "import 'node:test';\nprocess.exit();\n",
    });
    const { code, output } = await run(compiler, ['-p', join(root, 'packages', name)], root);
    assert.notEqual(code, 0);
    assert.match(output, /a\.ts\(1,1\): error.*'setTimeout'/);
    assert.match(output, /a\.ts\(2,1\): error.*'Buffer'/);
    assert.match(output, /a\.ts\(3,1\): error.*'process'/);
    assert.match(output, /a\.ts\(5,19\): error.*'node:net'/);
    assert.doesNotMatch(output, /a\.test\.ts/);
  });
}

test("timers, sockets, pages and Node do not compile in the client's core; what all surroundings have does", async (t) => {
  const root = tempTree(t, {
    'tsconfig.base.json': settings('tsconfig.base.json'),
    'packages/client/tsconfig.json': settings('packages/client/tsconfig.json'),
    'packages/client/web-globals.d.ts': settings('packages/client/web-globals.d.ts'),
    'packages/client/src/a.ts': [
      "new WebSocket('ws://localhost');",
      'setTimeout(() => {}, 1);',
      'document.title;',
      'process.exit();',
      'new URL(new TextDecoder().decode());',
    ].join('\n'),
    'packages/client/src/node/b.ts': 'process.exit();\n',
    'packages/client/src/browser/c.ts': 'document.title;\n',
  });
  const { code, output } = await run(compiler, ['-p', join(root, 'packages/client')], root);
  assert.notEqual(code, 0);
  const lines = [...output.matchAll(/a\.ts\((\d+),/g)].map(([, line]) => Number(line));
  assert.deepEqual(lines, [1, 2, 3, 4], output);
  assert.doesNotMatch(output, /[bc]\.ts/);
});
