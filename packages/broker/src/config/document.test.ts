import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parse } from 'smol-toml';
import { configurationDocument, exampleConfig } from './document.ts';
import { type ConfigInput, parseConfig } from './index.ts';
import { configTree, type Leaf, leavesOf, nodeAt } from './tree.ts';

const PAGE = new URL('../../../../docs/configuration.md', import.meta.url);

test('docs/configuration.md says what the schema says', () => {
  const refresh = 'refresh it with: npx cauldron config docs > docs/configuration.md';
  assert.ok(readFileSync(PAGE, 'utf8') === configurationDocument(), `docs/configuration.md is out of date; ${refresh}`);
});

test('the example as it stands means the defaults', () => {
  assert.deepEqual(parseConfig(parse(exampleConfig()) as ConfigInput), parseConfig());
});

test('the example with every value taken in is accepted and holds every key', () => {
  const uncommented = exampleConfig().replaceAll(/^#(?=\S)/gm, '');
  const config = parseConfig(parse(uncommented) as ConfigInput);
  const defaults = parseConfig();
  for (const [section, node] of configTree.fields) {
    if (node.type !== 'table') continue;
    for (const [key, { type }] of node.fields) {
      if (type === 'list') continue;
      const value = (config as unknown as Record<string, Record<string, unknown>>)[section]![key];
      const preset = (nodeAt([section, key]) as Leaf).default;
      assert.notEqual(value, undefined, `${section}.${key}`);
      if (preset !== undefined) assert.equal(value, preset, `${section}.${key}`);
    }
  }
  assert.deepEqual(config.listeners[1], defaults.listeners[1]);
  assert.deepEqual(config.data.topics, [{ filter: 'sensors/#', ack: 'memory' }]);
  const listener = nodeAt(['listeners', 0]);
  assert.deepEqual(Object.keys(config.listeners[0]!), listener?.type === 'table' ? [...listener.fields.keys()] : []);
});

test('every setting has a line of help, ends it with a full stop, and its default is one it accepts', () => {
  const all = [...leavesOf({ listeners: [{}], data: { topics: [{}] } })];
  assert.ok(all.length > 40);
  for (const [path, leaf] of all) {
    assert.match(leaf.setting.help, /^[A-Z].*\.$/, path.join('.'));
    const isNeeded = path[1] === 'topics';
    assert.ok(
      isNeeded || leaf.default !== undefined || leaf.absent !== undefined,
      `${path.join('.')} has a default or says what holds`,
    );
  }
  assert.deepEqual(parseConfig(parseConfig() as ConfigInput), parseConfig());
});
