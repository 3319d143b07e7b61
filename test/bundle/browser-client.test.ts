import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Bundle, bundleForBrowsers } from '../../scripts/lib/bundle.ts';
import { repositoryRoot as root } from '../../scripts/lib/source-tree.ts';

const app = (name: string): string => join(root, 'test/bundle/apps', name);
const page = await bundleForBrowsers(app('cauldron.ts'), { root });

/** What a browser does not have. Its error texts name none of these either. */
const NODE_ONLY = /\bnode:|\bBuffer\b|\bprocess\b|\brequire\b|\bsetImmediate\b|\b__dirname\b/;

/** Which files of a bundle match. */
const held = (bundle: Bundle, pattern: RegExp): string[] =>
  [...bundle.modules.keys()].filter((path) => pattern.test(path));

test('a page that connects, publishes and subscribes holds nothing of Node and no polyfill for it', () => {
  assert.doesNotMatch(page.code, NODE_ONLY);
  assert.deepEqual(held(page, /node_modules|packages\/client\/src\/node/), []);
});

test('it holds no decoder of what clients send, no encoder of what servers send, and nothing that routes', () => {
  const servers =
    /decode\/(connect|subscribe|unsubscribe|pingreq|publish)\.ts|encode\/(connack|suback|unsuback|pingresp)\.ts/;
  assert.deepEqual(held(page, servers), []);
  assert.deepEqual(held(page, /from-clients|publish-view|frame-limits/), []);
  // The patterns are of files that are there: the other direction is held.
  assert.equal(held(page, /decode\/(connack|suback|unsuback|pingresp)\.ts/).length, 4);
});

test('SCRAM and the durable queue are imports of their own: only who imports them has them', async () => {
  assert.deepEqual(held(page, /scram|saslprep|indexeddb|sqlite/), []);
  for (const [name, file] of [
    ['cauldron-scram.ts', /src\/scram-exchange\.ts/],
    ['cauldron-indexeddb.ts', /src\/stores\/indexeddb\.ts/],
  ] as const) {
    const bundle = await bundleForBrowsers(app(name), { root });
    assert.equal(held(bundle, file).length, 1, name);
    assert.doesNotMatch(bundle.code, NODE_ONLY, name);
  }
});
