// Each `ts` block of docs/embedding.md is run as a program and prints the `text` block behind it.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { BrokerEvents } from '@cauldron/broker';
import { repositoryRoot } from '../../scripts/lib/source-tree.ts';
import { sectionsOf } from '../support/markdown.ts';
import { runTypeScript } from '../support/run-typescript.ts';

const page = readFileSync(join(repositoryRoot, 'docs', 'embedding.md'), 'utf8');
const programs = sectionsOf(page).flatMap(({ title, blocks }) =>
  blocks.flatMap((block, i) => (block.language === 'ts' ? [{ title, block, expected: blocks[i + 1] }] : [])),
);

test('docs/embedding.md has programs', () => {
  assert.ok(programs.length >= 6);
});

for (const { title, block, expected } of programs) {
  test(`embedding, ${title}: the program of line ${block.line} prints what is shown`, async (t) => {
    const program = runTypeScript(t, block.text);
    const { code } = await program.waitForExit();
    assert.equal(code, 0, program.stderr);
    assert.equal(expected?.language, 'text');
    assert.equal(program.stdout.replaceAll(/ +$/gm, '').trimEnd(), expected!.text);
  });
}

test('the table of events has exactly the events there are', () => {
  const events: Record<keyof BrokerEvents, true> = {
    connect: true,
    disconnect: true,
    refuse: true,
    subscribe: true,
    unsubscribe: true,
    deny: true,
    drop: true,
    throttle: true,
    ban: true,
    sessionEnd: true,
    health: true,
  };
  const table = page.slice(page.indexOf('| event |'), page.indexOf('A `client` has'));
  const named = [...table.matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name);
  assert.deepEqual(named, Object.keys(events));
});
