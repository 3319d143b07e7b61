import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { formatReference, importStore } from '@cauldron/broker/store';
import { repositoryRoot } from '../../scripts/lib/source-tree.ts';
import { tempDir } from '../support/temp-dir.ts';

const page = readFileSync(join(repositoryRoot, 'docs', 'store.md'), 'utf8');

test('docs/store.md ends with the keys of the lines as the import knows them', () => {
  assert.ok(page.endsWith(`\n${formatReference().trimEnd()}\n`), 'replace the tables by what formatReference() gives');
});

const examples = [...page.matchAll(/```json\n([^`]*)```/g)].map(([, json]) => json!);

test('docs/store.md shows lines', () => assert.ok(examples.length >= 2));

for (const [index, example] of examples.entries()) {
  test(`the lines of example ${index + 1} in docs/store.md can be imported`, async (t) => {
    const lines = example.trimEnd().split('\n');
    const summary = await importStore(
      join(tempDir(t), 'store'),
      lines.map((line) => Buffer.from(line)),
    );
    const taken = Object.values(summary.counts).reduce((sum, count) => sum + count, 0);
    assert.deepEqual([taken, summary.unused], [lines.length, 0]);
  });
}
