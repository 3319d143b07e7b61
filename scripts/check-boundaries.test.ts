import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import { tempTree } from '../test/support/temp-dir.ts';
import { run } from './lib/run.ts';
import { repositoryRoot } from './lib/source-tree.ts';

const MANIFESTS = {
  'packages/protocol/package.json': '{ "name": "@cauldron/protocol" }',
  'packages/core/package.json': '{ "name": "@cauldron/core" }',
  'packages/client/package.json': '{ "name": "@cauldron/client" }',
  'packages/testkit/package.json': '{ "name": "@cauldron/testkit" }',
  'packages/broker/package.json': '{ "name": "@cauldron/broker", "dependencies": { "ws": "1" } }',
  'packages/cli/package.json': '{ "name": "cauldron" }',
};

/** Runs the check on a tree that holds only these files, and returns its exit code and output. */
async function check(t: TestContext, files: Record<string, string>): Promise<{ code: number; output: string }> {
  const root = tempTree(t, { ...MANIFESTS, ...files });
  return run(process.execPath, [join(repositoryRoot, 'scripts/check-boundaries.ts'), root], repositoryRoot);
}

const refused: readonly { name: string; files: Record<string, string>; says: RegExp }[] = [
  {
    name: 'protocol importing core is refused: the direction is never reversed',
    files: { 'packages/protocol/src/a.ts': "\nimport type { X } from '@cauldron/core';\n" },
    says: /packages\/protocol\/src\/a\.ts:2 {2}packages\/protocol may not import @cauldron\/core/,
  },
  {
    name: 'core importing node:net is refused',
    files: { 'packages/core/src/a.ts': "import { createServer } from 'node:net';\n" },
    says: /a\.ts:1 {2}packages\/core must run without Node/,
  },
  {
    name: 'a dynamic import of a Node module is refused in protocol',
    files: { 'packages/protocol/src/a.ts': "const fs = await import('node:fs');\n" },
    says: /packages\/protocol must run without Node/,
  },
  {
    name: "the client's core and its browser part importing a Node module is refused",
    files: {
      'packages/client/src/client.ts': "import { setTimeout } from 'node:timers/promises';\n",
      'packages/client/src/stores/indexeddb.ts': "import 'node:v8';\n",
    },
    says: /client\.ts must run without Node[\s\S]*indexeddb\.ts must run without Node/,
  },
  {
    name: "the client's core importing what only Node loads is refused",
    files: {
      'packages/client/src/client.ts': "import { openSocket } from './node/socket.ts';\n",
      'packages/client/src/node/socket.ts': "import 'node:net';\n",
    },
    says: /client\.ts:1 {2}packages\/client\/src\/client\.ts must run without Node, but imports .*node\/socket\.ts/,
  },
  {
    name: 'the broker importing the testkit outside tests is refused',
    files: { 'packages/broker/src/a.ts': "import {\n  fake,\n} from '@cauldron/testkit';\n" },
    says: /a\.ts:3 {2}only tests may import @cauldron\/testkit/,
  },
  {
    name: 'an npm package that is not declared is refused',
    files: { 'packages/broker/src/a.ts': "import x from 'left-pad/lib';\n" },
    says: /"left-pad" is not a dependency of packages\/broker/,
  },
  {
    name: 'one edge of the broker importing another is refused',
    files: { 'packages/broker/src/transport/tcp.ts': "import '../store/memory.ts';\n" },
    says: /the edge transport may not import the edge store/,
  },
  {
    name: 'an edge importing the composition root is refused',
    files: { 'packages/broker/src/auth/a.ts': "export { x } from '../server.ts';\n" },
    says: /the edge auth may not import packages\/broker\/src\/server\.ts/,
  },
  {
    name: 'an edge importing values of the configuration is refused',
    files: { 'packages/broker/src/auth/a.ts': "import { schema } from '../config/schema.ts';\n" },
    says: /the edge auth may import only types of config/,
  },
  {
    name: 'a relative import into another package is refused',
    files: { 'packages/core/src/a.ts': "import '../../protocol/src/b.ts';\n" },
    says: /a relative import leaves packages\/core/,
  },
  {
    name: 'production code importing a test is refused',
    files: { 'packages/core/src/a.ts': "import './b.test.ts';\n" },
    says: /imports the test packages\/core\/src\/b\.test\.ts/,
  },
  {
    name: 'the command pub importing the broker is refused',
    files: { 'packages/cli/src/commands/pub.ts': "import { createBroker } from '@cauldron/broker';\n" },
    says: /packages\/cli may not import @cauldron\/broker/,
  },
  {
    name: 'three files that import each other in a ring are refused',
    files: {
      'packages/core/src/a.ts': "import './b.ts';\n",
      'packages/core/src/b.ts': "import { type D, C } from './c.ts';\n",
      'packages/core/src/c.ts': "export * from './a.ts';\n",
    },
    says: /import cycle: packages\/core\/src\/a\.ts -> .*b\.ts -> .*c\.ts -> packages\/core\/src\/a\.ts/,
  },
  {
    name: 'a file of 401 lines is refused',
    files: { 'packages/core/src/a.ts': '// line\n'.repeat(401) },
    says: /a\.ts:401 {2}401 lines, more than the 400/,
  },
];

for (const { name, files, says } of refused) {
  test(name, async (t) => {
    const { code, output } = await check(t, files);
    assert.equal(code, 1, output);
    assert.match(output, says);
    assert.match(output, / {4}fix: /);
  });
}

test('a tree that keeps the rules passes', async (t) => {
  const { code, output } = await check(t, {
    'packages/protocol/src/index.ts': 'export type X = 1;\n',
    'packages/core/src/a.ts': "// import 'node:fs' is only a comment\nimport type { X } from '@cauldron/protocol';\n",
    'packages/core/src/a.test.ts': "import 'node:fs';\nimport '@cauldron/testkit';\n",
    'packages/broker/src/transport/ws.ts': "import 'ws';\nimport type { C } from '../config/schema.ts';\n",
    'packages/cli/src/commands/broker.ts': "import '@cauldron/broker';\n",
    'packages/client/src/node/socket.ts': "import 'node:net';\n",
    'packages/client/src/stores/sqlite-file.ts': "import 'node:sqlite';\n",
    'packages/client/src/index.node.ts': "import 'node:v8';\nimport './node/socket.ts';\n",
    'packages/client/src/index.browser.ts': "import './browser/platform.ts';\n",
    'packages/core/src/b.ts': "import './c.ts';\n",
    'packages/core/src/c.ts': "import type { B } from './b.ts';\n",
    'packages/core/src/long.test.ts': '// line\n'.repeat(500),
  });
  assert.equal(code, 0, output);
  assert.match(output, /boundaries hold/);
});
